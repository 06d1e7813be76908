#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "unsay/conversation.h"
#include "unsay/operator.h"

#include <stdatomic.h>
#include <time.h>

/* What a callback was told, copied by the test's own function before it is counted. */
static atomic_uint answers;

static void wait_for_answer(unsigned count)
{
    struct timespec pause = {0, 1000000};
    for (int i = 0; i < 20000 && atomic_load(&answers) < count; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(atomic_load(&answers), count);
}

static int setup(void **state)
{
    atomic_store(&answers, 0);
    fixture_setup(state);
    fixture_start(*state);
    return 0;
}

static const wire_client_frame *last_frame(struct fixture *fixture)
{
    static struct arena arena;
    static bool is_ready;
    if (!is_ready)
        arena_init(&arena);
    is_ready = true;
    arena_reset(&arena);
    return fake_server_last(&fixture->server, &arena);
}

static void on_appended(void *context, const struct unsay_error *error,
                        const struct unsay_appended *appended)
{
    struct unsay_appended *to = context;
    if (error->result == UNSAY_OK)
        *to = *appended;
    else
        assert_string_equal(error->refusal, "not_permitted");
    atomic_fetch_add(&answers, 1);
}

static void members_are_changed(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_appended appended = {.seq = 0};
    struct unsay_member members[] = {{.user = "bob", .role = UNSAY_ROLE_ADMIN}, {.user = "carol"}};
    assert_int_equal(
        unsay_change_members(fixture->client, "g:1", members, 2, on_appended, &appended), UNSAY_OK);
    wait_for_answer(1);
    assert_int_equal(appended.seq, 7);
    assert_int_equal(appended.time_ms, 1700000000007);
    const wire_change_members *change = last_frame(fixture)->change_members;
    assert_int_equal(change->n_members, 2);
    assert_int_equal(change->members[0]->role, WIRE(ROLE, ADMIN));
    assert_int_equal(change->members[1]->role, WIRE(ROLE, UNSPECIFIED));

    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_REFUSES);
    assert_int_equal(
        unsay_change_members(fixture->client, "g:1", members, 2, on_appended, &appended), UNSAY_OK);
    wait_for_answer(2);
    assert_int_equal(unsay_change_members(fixture->client, "g:1", members, 0, NULL, NULL),
                     UNSAY_INVALID);
    assert_int_equal(unsay_change_members(fixture->client, "g:1", members, 1001, NULL, NULL),
                     UNSAY_INVALID);
}

static void on_members(void *context, const struct unsay_error *error,
                       const struct unsay_member_page *page)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(page->count, 1);
    assert_string_equal(page->members[0].user, "bob");
    assert_int_equal(page->members[0].role, UNSAY_ROLE_ADMIN);
    assert_true(page->more);
    atomic_fetch_add(&answers, 1);
}

static void members_are_listed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(unsay_list_members(fixture->client, "g:1", "adam", 1, on_members, NULL),
                     UNSAY_OK);
    wait_for_answer(1);
    assert_string_equal(last_frame(fixture)->list_members->after, "adam");
    assert_int_equal(unsay_list_members(fixture->client, "g:1", NULL, 201, NULL, NULL),
                     UNSAY_INVALID);
}

static void on_pins(void *context, const struct unsay_error *error, const struct unsay_pins *pins)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(pins->count, 1);
    assert_int_equal(pins->targets[0].origin, 1);
    assert_int_equal(pins->targets[0].seq, 5);
    atomic_fetch_add(&answers, 1);
}

static void pins_are_changed_and_listed(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_appended appended = {.seq = 0};
    struct unsay_target target = {.seq = 5};
    assert_int_equal(
        unsay_change_pin(fixture->client, "g:1", &target, true, on_appended, &appended), UNSAY_OK);
    wait_for_answer(1);
    assert_int_equal(last_frame(fixture)->change_pin->target->seq, 5);
    assert_true(last_frame(fixture)->change_pin->is_pinned);
    assert_int_equal(unsay_list_pins(fixture->client, "g:1", on_pins, NULL), UNSAY_OK);
    wait_for_answer(2);
    target.seq = 0;
    assert_int_equal(unsay_change_pin(fixture->client, "g:1", &target, true, NULL, NULL),
                     UNSAY_INVALID);
}

static void on_range(void *context, const struct unsay_error *error,
                     const struct unsay_range_progress *progress)
{
    struct unsay_range_progress *to = context;
    assert_int_equal(error->result, UNSAY_OK);
    *to = *progress;
    assert_string_equal(progress->request_id, "job");
    assert_string_equal(progress->refusal, "window_closed");
    atomic_fetch_add(&answers, 1);
}

static void a_range_is_taken_back_by_asking_again(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_range_progress progress;
    struct unsay_recall_range range = {
        .conversation = "g:1", .user = "bob", .from_ms = 5, .request_id = "job"};
    assert_int_equal(unsay_recall_range(fixture->client, &range, on_range, &progress), UNSAY_OK);
    wait_for_answer(1);
    assert_false(progress.is_done);
    assert_int_equal(unsay_recall_range(fixture->client, &range, on_range, &progress), UNSAY_OK);
    wait_for_answer(2);
    assert_true(progress.is_done);
    assert_int_equal(progress.recalled, 18);
    range.until_ms = 5;
    assert_int_equal(unsay_recall_range(fixture->client, &range, NULL, NULL), UNSAY_INVALID);
    range.until_ms = 0;
    range.request_id = "";
    assert_int_equal(unsay_recall_range(fixture->client, &range, NULL, NULL), UNSAY_INVALID);
}

static void on_exposure(void *context, const struct unsay_error *error,
                        const struct unsay_exposure *exposure)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(exposure->recall_seq, 9);
    assert_int_equal(exposure->recall_time_ms, 1700000000009);
    assert_int_equal(exposure->totals->outstanding, 1);
    assert_int_equal(exposure->count, 1);
    assert_int_equal(exposure->devices[0].reach, UNSAY_REACH_DISPLAYED);
    assert_int_equal(exposure->devices[0].receipt, UNSAY_RECEIPT_SIGNED);
    assert_true(exposure->devices[0].is_applied);
    assert_false(exposure->more);
    atomic_fetch_add(&answers, 1);
}

static void exposure_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_exposure_query query = {
        .conversation = "g:1", .seq = 9, .after = {"bob", "desk"}, .limit = 10};
    assert_int_equal(unsay_exposure(fixture->client, &query, on_exposure, NULL), UNSAY_OK);
    wait_for_answer(1);
    assert_string_equal(last_frame(fixture)->read_exposure->after->device, "desk");
    query.seq = 0;
    assert_int_equal(unsay_exposure(fixture->client, &query, NULL, NULL), UNSAY_INVALID);
}

static void on_recalls(void *context, const struct unsay_error *error,
                       const struct unsay_recall_page *page)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(page->count, 1); /* an entry without content is left out */
    assert_int_equal(page->next, 10);
    assert_int_equal(page->entries[0].index, 11);
    assert_int_equal(page->entries[0].actor, UNSAY_ACTOR_ADMIN);
    assert_int_equal(page->entries[0].outcome, UNSAY_OUTCOME_REFUSED);
    assert_string_equal(page->entries[0].refusal, "window_closed");
    assert_string_equal(page->entries[0].rule, "admins");
    assert_int_equal(page->entries[0].policy_version[2], 3);
    atomic_fetch_add(&answers, 1);
}

static void attempts_are_listed(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_recalls_query query = {
        .outcome = UNSAY_OUTCOME_REFUSED, .refusal = "window_closed", .operator_user = "bob"};
    assert_int_equal(unsay_list_recalls(fixture->client, &query, on_recalls, NULL), UNSAY_OK);
    wait_for_answer(1);
    const wire_list_recalls *list = last_frame(fixture)->list_recalls;
    assert_int_equal(list->outcome, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(list->refusal, WIRE(ERROR_CODE, WINDOW_CLOSED));
    assert_string_equal(list->operator_, "bob");
    query.refusal = "no_such_refusal";
    assert_int_equal(unsay_list_recalls(fixture->client, &query, NULL, NULL), UNSAY_INVALID);
}

static void on_evidence(void *context, const struct unsay_error *error,
                        const struct unsay_evidence *evidence)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(evidence->approvals_needed, 0);
    assert_int_equal(evidence->body_bytes, 4);
    assert_memory_equal(evidence->body, "kept", 4);
    atomic_fetch_add(&answers, 1);
}

static void evidence_is_opened(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(unsay_open_evidence(fixture->client, "g:1", 0, 5, on_evidence, NULL),
                     UNSAY_OK);
    wait_for_answer(1);
    assert_int_equal(last_frame(fixture)->open_evidence->origin, 1);
    assert_int_equal(unsay_open_evidence(fixture->client, "g:1", 0, 0, NULL, NULL), UNSAY_INVALID);
}

static void on_policy(void *context, const struct unsay_error *error,
                      const struct unsay_policy *policy)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_string_equal(policy->content, "rules:");
    assert_int_equal(policy->current.since_ms, 2);
    assert_int_equal(policy->count, 1);
    assert_int_equal(policy->versions[0].since_ms, 1);
    atomic_fetch_add(&answers, 1);
}

static void the_policy_is_read(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t version[32] = {9};
    assert_int_equal(unsay_policy(fixture->client, UNSAY_POLICY_GET, version, on_policy, NULL),
                     UNSAY_OK);
    wait_for_answer(1);
    assert_int_equal(last_frame(fixture)->policy->version.data[0], 9);
    assert_int_equal(unsay_policy(fixture->client, UNSAY_POLICY_RELOAD, NULL, on_policy, NULL),
                     UNSAY_OK);
    wait_for_answer(2);
    assert_int_equal(last_frame(fixture)->policy->action, WIRE(POLICY_ACTION, RELOAD));
    assert_int_equal(unsay_policy(fixture->client, (enum unsay_policy_action)3, NULL, NULL, NULL),
                     UNSAY_INVALID);
}

static void count_stopped(void *context, const struct unsay_error *error,
                          const struct unsay_policy *policy)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_STOPPED);
    assert_null(policy);
    atomic_fetch_add(&answers, 1);
}

static void a_request_that_waits_is_answered_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    assert_int_equal(unsay_policy(fixture->client, UNSAY_POLICY_LIST, NULL, count_stopped, NULL),
                     UNSAY_OK);
    fixture_close(fixture);
    wait_for_answer(1);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(members_are_changed),
        fixture_test(members_are_listed),
        fixture_test(pins_are_changed_and_listed),
        fixture_test(a_range_is_taken_back_by_asking_again),
        fixture_test(exposure_is_told),
        fixture_test(attempts_are_listed),
        fixture_test(evidence_is_opened),
        fixture_test(the_policy_is_read),
        fixture_test(a_request_that_waits_is_answered_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
