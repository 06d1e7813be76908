/* A profile: how much of what goes wrong in one seed. Seeds differ in kind, not only in luck. */
#ifndef UNSAY_SIM_PROFILE_H
#define UNSAY_SIM_PROFILE_H

#include "base/prng.h"

#include <stdbool.h>

/* Two people with a legal mandate, of one device each, come after the users. */
enum { USERS_MAX = 4, DEVICES_PER_USER_MAX = 3, OFFICERS = 2 };
enum { DEVICES_MAX = USERS_MAX * DEVICES_PER_USER_MAX + OFFICERS };
enum { SIM_WORKERS_MAX = 3, SIM_RECALL_WINDOW_MS = 120000 };

struct profile {
    unsigned users;
    unsigned devices_of[USERS_MAX];
    unsigned workers;
    unsigned actions;
    uint32_t heartbeat_ms;
    uint32_t heartbeat_max_ms; /* what a device may ask for */
    uint64_t ticket_life_ms;
    uint32_t sign_ins_per_second; /* at each worker; 0: without limit */
    unsigned storms;              /* of 1000 actions: everyone's network changes at once */
    uint64_t pause_max_ms;        /* between two actions */
    unsigned night;               /* of 1000 pauses: one of hours */
    unsigned commit_fails;        /* of 1000 commits */
    unsigned server_dies;         /* of 1000 actions */
    unsigned reloads;             /* of 1000 actions: another policy */
    unsigned device_dies;         /* of 1000 transactions */
    unsigned link_cuts;           /* of 1000 frames */
    unsigned frame_lost;          /* of 1000 frames, out of the middle of a connection */
    unsigned frame_doubled;
    unsigned frame_swapped;
    unsigned mailbox_full; /* of 1000 mails that may be refused */
    unsigned slow_links;   /* of 100 connections */
    uint64_t network_ms;   /* delays at most, mostly */
    uint64_t commit_ms;
    uint64_t mail_ms;
    uint64_t clock_jump_ms;   /* of the server's wall clock */
    unsigned clock_jumps;     /* of 1000 actions */
    uint32_t receipt_members; /* of a small conversation */
    bool hides_displayed;     /* the server, of everyone */
    uint64_t retention_ms;    /* 0: sync gives everything */
    unsigned late_devices;    /* of 100: come when much has been written */
    unsigned departures;      /* of 100 actions: people come and go */
    bool is_hostile;          /* frames inside a connection are lost, doubled, swapped */
    bool is_bulky;            /* large bodies, so that lanes overflow */
    bool is_narrow; /* much at once in few conversations, with slow connections and mail */
};

/* Seeds beyond this one: devices are away for longer than the retention, or come late, and fetch
 * what they skipped. The stories of the others do not depend on it. */
enum { SEEDS_AWAY = 1000000 };

void profile_draw_absence(struct profile *profile, struct prng *prng);

struct profile profile_draw(struct prng *prng);

#endif
