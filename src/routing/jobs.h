/* What an owner works on across commits and restarts; each job goes on where its row says. */
#ifndef UNSAY_ROUTING_JOBS_H
#define UNSAY_ROUTING_JOBS_H

#include "base/list.h"
#include "core/range.h"
#include "routing/take_backs.h"

struct worker;

/* A recall of a user's messages in a range of time, a step a commit. */
struct range {
    struct list ranges;
    uint64_t after_group; /* may run once this group is committed */
    struct uuid position; /* id of the last message that was examined */
    struct arena arena;
    wire_range_job *state; /* in the arena; its position is the one above */
};

struct jobs {
    struct list ranges; /* struct range, in turn */
    size_t range_count;
    struct take_backs take_backs;
    bool are_loaded;
};

void jobs_init(struct jobs *jobs);

/* Forgets them all; the rows stay, and are looked for again. */
void jobs_fini(struct jobs *jobs);

/* What is in a job's row; NULL where it is damaged. */
wire_job *job_decode(struct view row, struct arena *arena);

/* Works on them, unless a commit is under way; changes are in the open group. */
void jobs_run(struct worker *worker);

/* ---- Between the parts ---- */

/* Takes a range up from its row, unless it is done. */
void ranges_add(struct jobs *jobs, struct view row, uint64_t after_group);

void ranges_fini(struct jobs *jobs);

/* Does a step of the next range, if there is one. */
void ranges_run(struct worker *worker);

#endif
