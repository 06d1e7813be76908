/* Recalls over a range of time: what a request may hold, which messages it is about, its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "core/range.h"
#include "decided.h"

static wire_recall_range a_range(void)
{
    wire_recall_range range = UNSAY__V1__RECALL_RANGE__INIT;
    range.conversation = string_of("c");
    range.user = string_of("ann");
    range.from_ms = NOW_MS;
    range.until_ms = NOW_MS + 10;
    range.request_id = bytes_of(view_of("r1"));
    range.reason = string_of("spam");
    return range;
}

static void assert_refused(const wire_recall_range *range, refusal_code refusal, const char *field)
{
    const char *detail = NULL;
    assert_int_equal(range_check(range, &detail), refusal);
    assert_memory_equal(detail, field, strlen(field));
    if (refusal == REFUSAL_NONE)
        assert_string_equal(detail, "");
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    static const uint8_t long_id[LIMIT_REQUEST_ID_BYTES_MAX + 1];
    static char long_reason[LIMIT_REASON_BYTES_MAX + 2];
    wire_recall_range range = a_range();
    assert_refused(&range, REFUSAL_NONE, "");
    range.conversation = string_of("no id");
    assert_refused(&range, REFUSAL_CODE(INVALID_ID), "conversation");
    range = a_range();
    range.user = string_of("");
    assert_refused(&range, REFUSAL_CODE(INVALID_ID), "user");
    range = a_range();
    range.request_id.len = 0;
    assert_refused(&range, REFUSAL_CODE(INVALID_ID), "request_id");
    range.request_id = bytes_of(view_make(long_id, sizeof(long_id)));
    assert_refused(&range, REFUSAL_CODE(INVALID_ID), "request_id");
    range.request_id.len--;
    assert_refused(&range, REFUSAL_NONE, "");
    range = a_range();
    range.until_ms = range.from_ms;
    assert_refused(&range, REFUSAL_CODE(FIELD_INVALID), "until_ms");
    range.until_ms = 0;
    assert_refused(&range, REFUSAL_NONE, "");
    range = a_range();
    range.reason = string_of("\xff");
    assert_refused(&range, REFUSAL_CODE(FIELD_INVALID), "reason");
    memset(long_reason, 'x', LIMIT_REASON_BYTES_MAX);
    range.reason = long_reason;
    assert_refused(&range, REFUSAL_NONE, "");
    long_reason[LIMIT_REASON_BYTES_MAX] = 'x';
    assert_refused(&range, REFUSAL_CODE(FIELD_INVALID), "reason");
}

/* A job as it begins. */
struct begun {
    wire_recall_range request;
    wire_range_job job;
    wire_recall_range kept;
    wire_range_progress progress;
};

static void begun_init(struct begun *begun, const struct author *author, uint64_t until_ms)
{
    begun->request = a_range();
    begun->request.until_ms = until_ms;
    range_begin(&begun->request, author, NOW_MS + 500, &begun->job, &begun->kept, &begun->progress);
}

static void it_covers_the_users_messages_of_that_time(void **state)
{
    (void)state;
    struct decided decided;
    struct begun begun;
    decided_init(&decided);
    begun_init(&begun, &decided.author, NOW_MS + 10);
    wire_event *event = decided_message(&decided);
    static const struct {
        uint64_t time_ms;
        bool is_covered;
    } times[] = {{NOW_MS - 1, false}, {NOW_MS, true}, {NOW_MS + 9, true}, {NOW_MS + 10, false}};
    for (size_t i = 0; i < 4; i++) {
        event->time = hlc_next(0, times[i].time_ms);
        assert_int_equal(range_covers(&begun.job, event), times[i].is_covered);
    }
    event->time = hlc_next(0, NOW_MS);
    event->message->sender = string_of("bob");
    assert_false(range_covers(&begun.job, event));
    event->message->sender = string_of("ann");
    event->message->state = WIRE(MESSAGE_STATE, RECALLED);
    assert_false(range_covers(&begun.job, event));
    wire_recall recall = UNSAY__V1__RECALL__INIT;
    event->kind_case = EVENT_KIND(RECALL);
    event->recall = &recall;
    assert_false(range_covers(&begun.job, event));
    decided_fini(&decided);
}

static void without_an_end_it_ends_now(void **state)
{
    (void)state;
    struct decided decided;
    struct begun begun;
    decided_init(&decided);
    begun_init(&begun, &decided.author, 0);
    wire_event *event = decided_message(&decided);
    event->time = hlc_next(0, NOW_MS + 500);
    assert_true(range_covers(&begun.job, event));
    event->time = hlc_next(0, NOW_MS + 501);
    assert_false(range_covers(&begun.job, event));
    decided_fini(&decided);
}

static void it_counts_what_became_of_each(void **state)
{
    (void)state;
    struct decided decided;
    struct begun begun;
    decided_init(&decided);
    begun_init(&begun, &decided.author, 0);
    range_count(&begun.job, &(struct recall_ruling){.step = RECALL_APPLY});
    range_count(&begun.job, &(struct recall_ruling){.step = RECALL_REFUSE,
                                                    .refusal = REFUSAL_CODE(WINDOW_CLOSED)});
    range_count(&begun.job, &(struct recall_ruling){.step = RECALL_REFUSE,
                                                    .refusal = REFUSAL_CODE(NOT_PERMITTED)});
    assert_int_equal(begun.progress.examined, 3);
    assert_int_equal(begun.progress.recalled, 1);
    assert_int_equal(begun.progress.refused, 2);
    assert_int_equal(begun.progress.refusal, REFUSAL_CODE(WINDOW_CLOSED)); /* of the first */
    decided_fini(&decided);
}

/* A restart knows nothing but the row. */
static void its_row_holds_all_that_the_job_needs(void **state)
{
    (void)state;
    struct decided decided;
    struct begun begun;
    ProtobufCAllocator allocator;
    decided_init(&decided);
    decided.author.authority = WIRE(ACTOR, COMPLIANCE);
    begun_init(&begun, &decided.author, 0);
    struct uuid position = decided_id(9);
    begun.job.position = bytes_of(uuid_view(&position));
    begun.progress.examined = 7;
    range_save(&decided.conversation, &begun.job, &decided.effects);
    const struct change *row = decided_change(&decided, CHANGE_JOB);
    assert_true(view_equal(row->conversation, view_of("c")));
    assert_true(view_equal(row->user, view_of("ann")));
    assert_true(view_equal(row->request_id, view_of("r1")));
    assert_false(row->is_removal);
    arena_allocator(&decided.arena, &allocator);
    const wire_job *kept = unsay__v1__job__unpack(&allocator, row->bytes.size, row->bytes.data);
    assert_int_equal(kept->kind_case, UNSAY__V1__JOB__KIND_RANGE);
    const wire_range_job *job = kept->range;
    assert_string_equal(job->operator_, "ann");
    assert_string_equal(job->device, "phone");
    assert_string_equal(job->address, "192.0.2.1:7");
    assert_int_equal(job->authority, WIRE(ACTOR, COMPLIANCE));
    assert_true(view_equal(bytes_view(job->position), uuid_view(&position)));
    assert_string_equal(job->request->conversation, "c");
    assert_string_equal(job->request->user, "ann");
    assert_string_equal(job->request->reason, "spam");
    assert_int_equal(job->request->from_ms, NOW_MS);
    assert_int_equal(job->request->until_ms, NOW_MS + 501);
    assert_true(view_equal(bytes_view(job->request->request_id), view_of("r1")));
    assert_string_equal(job->progress->conversation, "c");
    assert_true(view_equal(bytes_view(job->progress->request_id), view_of("r1")));
    assert_int_equal(job->progress->examined, 7);
    assert_false(job->progress->is_done);
    decided_fini(&decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(it_covers_the_users_messages_of_that_time),
        cmocka_unit_test(without_an_end_it_ends_now),
        cmocka_unit_test(it_counts_what_became_of_each),
        cmocka_unit_test(its_row_holds_all_that_the_job_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
