/* The world of one seed: a server, devices, a network between them, clocks, and what goes wrong.
 * One thread, one generator: the seed decides everything, and the same seed gives the same story.
 */
#ifndef UNSAY_SIM_WORLD_H
#define UNSAY_SIM_WORLD_H

#include "base/prng.h"
#include "device.h"
#include "history.h"
#include "mutation.h"
#include "network.h"
#include "profile.h"
#include "questions.h"
#include "schedule.h"
#include "server.h"

struct world {
    uint64_t seed;
    uint64_t now_ms; /* true time since the beginning; nobody in the simulation sees it */
    uint64_t steps;
    uint64_t hash; /* of the story so far */
    bool is_traced;
    bool is_calm;    /* the faults are over */
    bool is_settled; /* everything has come to rest */
    uint64_t calm_since_ms;
    uint64_t settled_since_ms;
    uint64_t actions_left;
    enum mutation mutation;
    struct prng prng;
    struct profile profile;
    struct schedule schedule;
    struct network network;
    struct server server;
    struct device devices[DEVICES_MAX];
    size_t device_count;
    struct history history;
    struct questions unanswered;
    const char *broken; /* the promise that did not hold; NULL so far */
    char reason[512];
};

/* Runs one seed to its end; true when every promise held. */
bool world_run(struct world *world, uint64_t seed, enum mutation mutation, bool is_traced);
void world_fini(struct world *world);

/* Plans a step `delay_ms` from now. */
void world_plan(struct world *world, uint64_t delay_ms, enum step_kind kind, uint32_t subject,
                uint64_t generation);

/* True with this probability, and never in the calm. */
bool world_mishap(struct world *world, unsigned permille);

/* The same, in the calm too. */
bool world_chance(struct world *world, unsigned percent);

/* From 1 to `max_ms`, mostly short. */
uint64_t world_delay(struct world *world, uint64_t max_ms);

/* A line of the story. */
void world_tell(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A checker found `promise` ("P4 final") broken. The first one is kept. */
void world_break(struct world *world, const char *promise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Mixes a number into the hash of the story. */
void world_mix(struct world *world, uint64_t number);

#endif
