/* The schedule: what is still to happen, by time and, at one time, in the order of planning. The
 * clock of the simulation is the time of the last step taken out. */
#ifndef UNSAY_SIM_SCHEDULE_H
#define UNSAY_SIM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_ACT,          /* a user does something */
    STEP_DEVICE_START, /* device, incarnation */
    STEP_DEVICE_WAKE,  /* device, incarnation */
    STEP_DEVICE_TOKEN, /* device, incarnation: signs in with a new token */
    STEP_DEVICE_NUDGE, /* device, incarnation: the network came back */
    STEP_LINK_UP,      /* link */
    STEP_DELIVER_UP,   /* link: the next frame reaches the server */
    STEP_DELIVER_DOWN, /* link: the next frame reaches the device */
    STEP_SERVER_EOF,   /* link: the server learns that it is gone */
    STEP_CLIENT_EOF,   /* link: the device learns that it is gone */
    STEP_MAIL,         /* sender and receiver, server generation */
    STEP_TURN_END,     /* worker, server generation */
    STEP_COMMIT,       /* server generation */
    STEP_TICK,         /* server generation */
    STEP_SERVER_START,
    STEP_CALM_CHECK
};

struct step {
    uint64_t at_ms;
    uint64_t order;
    uint64_t generation; /* what it was planned for may be gone since */
    enum step_kind kind;
    uint32_t subject;
};

struct schedule {
    struct step *heap; /* owned */
    size_t count;
    size_t capacity;
    uint64_t orders;
};

void schedule_fini(struct schedule *schedule);

void schedule_put(struct schedule *schedule, uint64_t at_ms, enum step_kind kind, uint32_t subject,
                  uint64_t generation);

/* False when nothing is left. */
bool schedule_take(struct schedule *schedule, struct step *step);

#endif
