/* Taking forwards along: the row of the job, and all that a restart finds in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/take_back.h"
#include "decided.h"

static const struct policy_rule rule = {
    .name = "along",
    .allows = true,
    .window_ms = 1000,
    .keep = POLICY_SEAL,
    .keep_ms = 7000,
    .vanishes = true,
    .withdraws_notifications = true,
    .forwards = POLICY_FORWARDS_RECALLED,
};
static const struct policy policy = {.version = {42, 1}, .rules = &rule, .rule_count = 1};
static const struct rulebook rules = {&policy, "eu", true};

static const struct change *begin(struct decided *decided)
{
    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target *targets[] = {&target};
    request.conversation = (char[]){"c"};
    request.request_id = bytes_of(view_of("r1"));
    request.reason = (char[]){"typo"};
    request.extension = bytes_of(view_of("more"));
    request.targets = targets;
    request.n_targets = 1;
    struct recall_ruling ruling = {.step = RECALL_APPLY,
                                   .verdict = {.rule = &rule, .actor = WIRE(ACTOR, COMPLIANCE)}};
    decided->author.authority = WIRE(ACTOR, COMPLIANCE);
    struct take_back what = {&request, &decided->author, &ruling, &rules};
    take_back_begin(&decided->conversation, 0x0102, &what, &decided->effects);
    return decided_change(decided, CHANGE_JOB);
}

static void its_row_holds_the_decision(void **state)
{
    (void)state;
    struct decided decided;
    struct take_back what;
    decided_init(&decided);
    const struct change *row = begin(&decided);
    assert_true(view_equal(row->conversation, view_of("c")));
    assert_true(view_equal(row->user, view_of(TAKE_BACK_USER)));
    assert_int_equal(take_back_seq(row->request_id), 0x0102);
    assert_false(row->is_removal);

    struct rulebook current = {&policy_default, "us", false};
    assert_true(take_back_decode(row->bytes, &current, &decided.arena, &what));
    assert_string_equal(what.author->user, "ann");
    assert_string_equal(what.author->device, "phone");
    assert_string_equal(what.author->address, "192.0.2.1:7");
    assert_int_equal(what.author->authority, WIRE(ACTOR, COMPLIANCE));
    assert_true(view_equal(bytes_view(what.request->request_id), view_of("r1")));
    assert_string_equal(what.request->reason, "typo");
    assert_true(view_equal(bytes_view(what.request->extension), view_of("more")));
    assert_int_equal(what.request->n_targets, 0);
    assert_int_equal(what.ruling->step, RECALL_APPLY);
    assert_int_equal(what.ruling->verdict.actor, WIRE(ACTOR, COMPLIANCE));
    assert_string_equal(what.ruling->verdict.rule->name, "along");
    assert_int_equal(what.ruling->verdict.rule->keep, POLICY_SEAL);
    assert_int_equal(what.ruling->verdict.rule->keep_ms, 7000);
    assert_true(what.ruling->verdict.rule->vanishes);
    assert_true(what.ruling->verdict.rule->withdraws_notifications);
    assert_int_equal(what.ruling->verdict.rule->forwards, POLICY_FORWARDS_RECALLED);
    assert_memory_equal(what.rules->policy->version, policy.version, POLICY_VERSION_BYTES);
    assert_true(what.rules->clock_is_unsure);
    assert_string_equal(what.rules->region, "us");
    decided_fini(&decided);
}

static void the_same_row_goes(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    struct view id = begin(&decided)->request_id;
    take_back_end(&decided.conversation, 0x0102, &decided.effects);
    const struct change *row = decided_change(&decided, CHANGE_JOB);
    assert_true(row->is_removal);
    assert_true(view_equal(row->user, view_of(TAKE_BACK_USER)));
    assert_true(view_equal(row->request_id, id));
    decided_fini(&decided);
}

/* Cut anywhere, or with another byte anywhere, it is read or not, and nothing worse. */
static void a_damaged_row_is_told(void **state)
{
    (void)state;
    struct decided decided;
    struct take_back what;
    wire_job range = UNSAY__V1__JOB__INIT;
    wire_range_job empty = UNSAY__V1__RANGE_JOB__INIT;
    uint8_t bytes[16];
    decided_init(&decided);
    struct view row = begin(&decided)->bytes;
    for (size_t size = 0; size < row.size; size++)
        (void)take_back_decode(view_make(row.data, size), &rules, &decided.arena, &what);
    uint8_t *damaged = arena_alloc(&decided.arena, row.size);
    memcpy(damaged, row.data, row.size);
    for (size_t i = 0; i < row.size; i++) {
        damaged[i] ^= 0x55;
        (void)take_back_decode(view_make(damaged, row.size), &rules, &decided.arena, &what);
        damaged[i] ^= 0x55;
    }
    assert_false(take_back_decode(view_make(row.data, 0), &rules, &decided.arena, &what));
    assert_false(
        take_back_decode(view_make(row.data, row.size - 1), &rules, &decided.arena, &what));
    range.kind_case = UNSAY__V1__JOB__KIND_RANGE;
    range.range = &empty;
    size_t size = unsay__v1__job__pack(&range, bytes);
    assert_false(take_back_decode(view_make(bytes, size), &rules, &decided.arena, &what));
    assert_int_equal(take_back_seq(view_of("r1")), 0);
    assert_int_equal(take_back_seq(view_of("123456789")), 0);
    decided_fini(&decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_row_holds_the_decision),
        cmocka_unit_test(the_same_row_goes),
        cmocka_unit_test(a_damaged_row_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
