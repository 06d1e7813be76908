#include "routing/jobs.h"

#include "core/frame.h"
#include "core/take_back.h"
#include "routing/worker.h"

enum { JOBS_READ = 100 };

void jobs_init(struct jobs *jobs)
{
    *jobs = (struct jobs){.range_count = 0};
    list_init(&jobs->ranges);
    take_backs_init(&jobs->take_backs);
}

void jobs_fini(struct jobs *jobs)
{
    ranges_fini(jobs);
    take_backs_fini(&jobs->take_backs);
    jobs->are_loaded = false;
}

wire_job *job_decode(struct view row, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    return unsay__v1__job__unpack(&allocator, row.size, row.data);
}

static void jobs_add(struct jobs *jobs, const struct store_job *row)
{
    uint64_t seq =
        view_equal(row->user, view_of(TAKE_BACK_USER)) ? take_back_seq(row->request_id) : 0;
    if (seq == 0)
        ranges_add(jobs, row->bytes, 0);
    else
        take_backs_add(&jobs->take_backs, row->conversation, seq, 0);
}

static enum status jobs_load(struct worker *worker)
{
    struct jobs *jobs = &worker->owner.jobs;
    struct store_job rows[JOBS_READ];
    struct store_job after = {.conversation = {NULL, 0}};
    size_t count = JOBS_READ;
    while (count == JOBS_READ) {
        enum status status =
            store_list_jobs(worker->store, &after, JOBS_READ, &worker->scratch, rows, &count);
        if (status != STATUS_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (worker_of(worker, rows[i].conversation) == worker->index)
                jobs_add(jobs, &rows[i]);
        }
        if (count > 0)
            after = rows[count - 1];
    }
    jobs->are_loaded = true;
    return STATUS_OK;
}

void jobs_run(struct worker *worker)
{
    struct owner *owner = &worker->owner;
    struct jobs *jobs = &owner->jobs;
    if (owner->in_flight != NULL || worker->is_draining)
        return;
    arena_reset(&worker->scratch);
    if (!jobs->are_loaded && jobs_load(worker) != STATUS_OK) {
        jobs_fini(jobs);
        return;
    }
    if (!take_backs_are_full(&jobs->take_backs))
        ranges_run(worker);
    take_backs_run(worker);
}
