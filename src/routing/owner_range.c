/* Recalls of a user's messages in a range of time: asked for, and done step by step. */
#include "base/memory.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "routing/worker.h"

#include <stdlib.h>

enum { RANGE_STEP = 100 };

static void range_free(struct jobs *jobs, struct range *range)
{
    list_remove(&range->ranges);
    jobs->range_count--;
    arena_fini(&range->arena);
    free(range);
}

void ranges_fini(struct jobs *jobs)
{
    while (!list_is_empty(&jobs->ranges))
        range_free(jobs, LIST_ITEM(jobs->ranges.next, struct range, ranges));
}

/* NULL: it is damaged, or of another kind. */
static wire_range_job *range_decode(struct view row, struct arena *arena)
{
    const wire_job *job = job_decode(row, arena);
    if (job == NULL || job->kind_case != UNSAY__V1__JOB__KIND_RANGE)
        return NULL;
    return job->range->request == NULL || job->range->progress == NULL ? NULL : job->range;
}

void ranges_add(struct jobs *jobs, struct view row, uint64_t after_group)
{
    struct range *range = memory_new(sizeof(*range));
    arena_init(&range->arena);
    list_push_back(&jobs->ranges, &range->ranges);
    jobs->range_count++;
    range->after_group = after_group;
    range->state = range_decode(arena_copy(&range->arena, row), &range->arena);
    if (range->state == NULL || range->state->progress->is_done) {
        range_free(jobs, range);
        return;
    }
    if (range->state->position.len == UUID_BYTES)
        memcpy(range->position.bytes, range->state->position.data, UUID_BYTES);
    range->state->position = bytes_of(uuid_view(&range->position));
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
        struct take_back what = {&request, author, &ruling, rules};
        status = owner_let_go(worker, owned, seq, &what);
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
static enum status range_step(struct worker *worker, struct range *range)
{
    wire_range_job *state = range->state;
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
                                   &range->position, RANGE_STEP, &worker->scratch, ids, &count);
    if (status != STATUS_OK)
        return status;
    struct group *group = owner_group(worker);
    owned->touched = group->number;
    while (done < count && status == STATUS_OK) {
        status = range_recall(worker, owned, member, &author, state, ids[done].row.seq);
        if (status == STATUS_OK)
            range->position = ids[done++].id;
    }
    if (status != STATUS_OK && done == 0)
        return status;
    state->progress->is_done = status == STATUS_OK && count < RANGE_STEP;
    range_save(&owned->conversation, state, &group->effects);
    group->requests++;
    return STATUS_OK;
}

void ranges_run(struct worker *worker)
{
    struct jobs *jobs = &worker->owner.jobs;
    if (list_is_empty(&jobs->ranges))
        return;
    struct range *range = LIST_ITEM(jobs->ranges.next, struct range, ranges);
    list_remove(&range->ranges);
    list_push_back(&jobs->ranges, &range->ranges);
    if (range->after_group > worker->owner.committed)
        return;
    if (range_step(worker, range) == STATUS_OK && range->state->progress->is_done)
        range_free(jobs, range);
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
    *state = range_decode(bytes, &worker->scratch);
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
    if (jobs->range_count >= LIMIT_JOBS_MAX) {
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
    ranges_add(jobs, group->effects.changes.last->bytes, group->number);
    range_answer(worker, request, &progress);
}
