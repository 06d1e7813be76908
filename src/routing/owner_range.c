/* Recalls of a user's messages in a range of time: asked for, and done step by step. */
#include "base/memory.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "routing/worker.h"

#include <stdlib.h>

enum { RANGE_STEP = 100 };

void jobs_init(struct jobs *jobs)
{
    *jobs = (struct jobs){.count = 0};
    list_init(&jobs->jobs);
}

static void job_free(struct jobs *jobs, struct job *job)
{
    list_remove(&job->jobs);
    jobs->count--;
    arena_fini(&job->arena);
    free(job);
}

void jobs_fini(struct jobs *jobs)
{
    while (!list_is_empty(&jobs->jobs))
        job_free(jobs, LIST_ITEM(jobs->jobs.next, struct job, jobs));
    jobs->are_loaded = false;
}

static wire_range_job *job_decode(struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    wire_range_job *state = unsay__v1__range_job__unpack(&allocator, bytes.size, bytes.data);
    return state == NULL || state->request == NULL || state->progress == NULL ? NULL : state;
}

/* Takes the job up, from its row. */
static void jobs_add(struct jobs *jobs, struct view bytes, uint64_t after_group)
{
    struct job *job = memory_new(sizeof(*job));
    arena_init(&job->arena);
    list_push_back(&jobs->jobs, &job->jobs);
    jobs->count++;
    job->after_group = after_group;
    job->state = job_decode(arena_copy(&job->arena, bytes), &job->arena);
    if (job->state == NULL || job->state->progress->is_done) {
        job_free(jobs, job);
        return;
    }
    if (job->state->position.len == UUID_BYTES)
        memcpy(job->position.bytes, job->state->position.data, UUID_BYTES);
    job->state->position = bytes_of(uuid_view(&job->position));
}

static enum status jobs_load(struct worker *worker)
{
    struct jobs *jobs = &worker->owner.jobs;
    struct store_job rows[RANGE_STEP];
    struct store_job after = {.conversation = {NULL, 0}};
    size_t count = RANGE_STEP;
    while (count == RANGE_STEP) {
        enum status status =
            store_list_jobs(worker->store, &after, RANGE_STEP, &worker->scratch, rows, &count);
        if (status != STATUS_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (worker_of(worker, rows[i].conversation) == worker->index)
                jobs_add(jobs, rows[i].bytes, 0);
        }
        if (count > 0)
            after = rows[count - 1];
    }
    jobs->are_loaded = true;
    return STATUS_OK;
}

static enum status range_recall(struct worker *worker, struct owned_conversation *owned,
                                struct owned_member *operator_member, const struct author *author,
                                wire_range_job *state, uint64_t seq)
{
    wire_event *event;
    enum status status = owner_read_event(worker, owned, seq, &event);
    if (status != STATUS_OK || !range_covers(state, event))
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    struct owned_member scratch;
    struct owned_member *sender;
    status = owner_load_member(worker, owned, event->message->sender, &scratch, &sender);
    if (status != STATUS_OK)
        return status;
    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target named = UNSAY__V1__TARGET__INIT;
    wire_target_outcome outcome = UNSAY__V1__TARGET_OUTCOME__INIT;
    request.conversation = owned->id;
    request.request_id = state->request->request_id;
    request.reason = state->request->reason;
    target.origin = event->origin;
    target.seq = seq;
    outcome.target = &named;
    struct recall_facts facts = {
        .author = author,
        .member = &operator_member->member,
        .event = event,
        .target_role = sender->member.is_member ? sender->member.row.role : WIRE(ROLE, UNSPECIFIED),
        .audience = owner_audience(worker, owned),
        .now_ms = worker->now.wall_ms,
    };
    if (facts.audience == NULL)
        return STATUS_IO;
    const struct rulebook *rules = &worker->settings.rules;
    struct recall_ruling ruling =
        recall_judge(&owned->conversation, &request, &target, &facts, rules);
    if (ruling.step == RECALL_APPLY) {
        status = owner_let_go(worker, owned, seq, &request, author, &ruling, rules);
        if (status != STATUS_OK)
            return status;
    }
    recall_carry_out(&owned->conversation, &operator_member->member, &request, &target, &facts,
                     &ruling, rules, &owner_group(worker)->effects, &outcome);
    owner_count_recall(worker, &ruling);
    range_count(state, &ruling);
    return STATUS_OK;
}

/* One page of the user's message ids, as far as the store brings them. */
static enum status range_step(struct worker *worker, struct job *job)
{
    wire_range_job *state = job->state;
    struct author author = {state->operator_, state->device, state->authority, state->address};
    struct store_message_id ids[RANGE_STEP];
    struct owned_member scratch;
    struct owned_member *member;
    refusal_code refusal;
    size_t count = 0;
    size_t done = 0;
    struct owned_conversation *owned =
        owner_load(worker, view_of(state->request->conversation), &refusal);
    if (owned == NULL)
        return STATUS_IO;
    enum status status = owner_load_member(worker, owned, author.user, &scratch, &member);
    if (status == STATUS_OK)
        status =
            store_list_message_ids(worker->store, view_of(owned->id), view_of(state->request->user),
                                   &job->position, RANGE_STEP, &worker->scratch, ids, &count);
    if (status != STATUS_OK)
        return status;
    struct group *group = owner_group(worker);
    owned->touched = group->number;
    while (done < count && status == STATUS_OK) {
        status = range_recall(worker, owned, member, &author, state, ids[done].row.seq);
        if (status == STATUS_OK)
            job->position = ids[done++].id;
    }
    if (status != STATUS_OK && done == 0)
        return status;
    state->progress->is_done = status == STATUS_OK && count < RANGE_STEP;
    range_save(&owned->conversation, state, &group->effects);
    group->requests++;
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
    if (list_is_empty(&jobs->jobs))
        return;
    struct job *job = LIST_ITEM(jobs->jobs.next, struct job, jobs);
    list_remove(&job->jobs);
    list_push_back(&jobs->jobs, &job->jobs);
    if (job->after_group > owner->committed)
        return;
    if (range_step(worker, job) == STATUS_OK && job->state->progress->is_done)
        job_free(jobs, job);
}

static void range_answer(struct worker *worker, const struct request *request,
                         wire_range_progress *progress)
{
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    answer.body_case = SERVER_FRAME(RANGE);
    answer.range = progress;
    owner_group(worker)->tells_recall = true;
    owner_answer(worker, request, &answer);
}

/* The job of this request id as it stands; NOT_FOUND where there is none. */
static enum status range_find(struct worker *worker, const struct request *request,
                              const struct owned_conversation *owned, wire_range_job **state)
{
    struct change probe = {.kind = CHANGE_JOB,
                           .conversation = view_of(owned->id),
                           .user = view_of(request->author.user),
                           .request_id = bytes_view(request->frame->recall_range->request_id)};
    const struct change *change = owner_find(&worker->owner, &probe);
    struct view bytes;
    if (change != NULL) {
        bytes = change->bytes;
    } else {
        enum status status = store_get_job(worker->store, probe.conversation, probe.user,
                                           probe.request_id, &worker->scratch, &bytes);
        if (status != STATUS_OK)
            return status;
    }
    *state = job_decode(bytes, &worker->scratch);
    return *state == NULL ? STATUS_CORRUPT : STATUS_OK;
}

/* Now, and after every message so far, also where the clock went back since. */
static uint64_t range_now_ms(const struct worker *worker, const struct owned_conversation *owned)
{
    uint64_t last_ms = hlc_ms(owned->conversation.last_time);
    return last_ms > worker->now.wall_ms ? last_ms : worker->now.wall_ms;
}

void owner_range(struct worker *worker, const struct request *request)
{
    const wire_recall_range *range = request->frame->recall_range;
    struct jobs *jobs = &worker->owner.jobs;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, range->conversation, &owned, &scratch, &member))
        return;
    if (!member->member.is_member && request->author.authority == WIRE(ACTOR, UNSPECIFIED)) {
        owner_refuse(worker, request, REFUSAL_CODE(NOT_A_MEMBER), "");
        return;
    }
    wire_range_job *found;
    enum status status = range_find(worker, request, owned, &found);
    if (status == STATUS_OK) {
        range_answer(worker, request, found->progress);
        return;
    }
    if (status != STATUS_NOT_FOUND) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    if (jobs->count >= LIMIT_JOBS_MAX) {
        owner_refuse(worker, request, REFUSAL_CODE(OVERLOADED),
                     "recall_range: the server works on as many jobs as it takes; try again later");
        return;
    }
    wire_range_job job;
    wire_recall_range kept;
    wire_range_progress progress;
    struct group *group = owner_group(worker);
    range_begin(range, &request->author, range_now_ms(worker, owned), &job, &kept, &progress);
    range_save(&owned->conversation, &job, &group->effects);
    owned->touched = group->number;
    jobs_add(jobs, group->effects.changes.last->bytes, group->number);
    range_answer(worker, request, &progress);
}
