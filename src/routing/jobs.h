/* The jobs that an owner works on, a step a commit: each goes on where its row says, also after a
 * restart. */
#ifndef UNSAY_ROUTING_JOBS_H
#define UNSAY_ROUTING_JOBS_H

#include "base/list.h"
#include "core/range.h"

struct worker;

struct job {
    struct list jobs;
    uint64_t after_group; /* may run once this group is committed */
    struct uuid position; /* id of the last message that was examined */
    struct arena arena;
    wire_range_job *state; /* in the arena; its position is the one above */
};

struct jobs {
    struct list jobs; /* struct job, in turn */
    size_t count;
    bool are_loaded;
};

void jobs_init(struct jobs *jobs);

/* Forgets them all; the rows stay. */
void jobs_fini(struct jobs *jobs);

/* Does a step of the next job, if there is one and no commit is under way; the step's changes are
 * in the open group. */
void jobs_run(struct worker *worker);

#endif
