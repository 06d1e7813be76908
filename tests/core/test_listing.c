/* The user's own list: who may set what, what a setting leaves, and how a list is ordered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/listing.h"
#include "decided.h"

#define CHANGE(name) UNSAY__V1__CHANGE_LISTING__CHANGE_##name

struct listing_case {
    struct decided decided;
    wire_change_listing request;
    struct listing_facts facts;
    wire_listing answer;
};

static void case_init(struct listing_case *the)
{
    decided_init(&the->decided);
    unsay__v1__change_listing__init(&the->request);
    the->request.conversation = string_of("c");
    the->facts = (struct listing_facts){
        .author = &the->decided.author, .member = &the->decided.member, .now_ms = NOW_MS};
}

static refusal_code case_decide(struct listing_case *the)
{
    const char *detail = NULL;
    refusal_code refusal = listing_change(&the->decided.conversation, &the->request, &the->facts,
                                          &the->decided.effects, &the->answer, &detail);
    assert_non_null(detail);
    return refusal;
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    struct listing_case the;
    const char *detail;
    case_init(&the);
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.change_case = CHANGE(IS_PINNED);
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_NONE);
    the.request.change_case = CHANGE(HIDING);
    the.request.hiding = WIRE(HIDING, ALWAYS);
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_NONE);
    the.request.hiding = (Unsay__V1__Hiding)3;
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.hiding = (Unsay__V1__Hiding)-1;
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.conversation = string_of("no id");
    assert_int_equal(listing_check(&the.request, &detail), REFUSAL_CODE(INVALID_ID));
    decided_fini(&the.decided);
}

static void a_setting_is_a_row_and_news_for_the_user_alone(void **state)
{
    (void)state;
    struct listing_case the;
    case_init(&the);
    the.request.change_case = CHANGE(MUTED_UNTIL_MS);
    the.request.muted_until_ms = UINT64_MAX;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.decided.effects.changes.count, 1);
    const struct change *row = decided_change(&the.decided, CHANGE_MEMBER);
    assert_string_equal((const char *)row->user.data, "ann");
    assert_int_equal(row->member.listing.version, 1);
    assert_true(row->member.listing.muted_until_ms == UINT64_MAX);
    assert_int_equal(the.answer.version, 1);
    assert_int_equal(the.decided.conversation.head, 4);
    assert_int_equal(decided_publications(&the.decided), 1);
    assert_string_equal(the.decided.effects.first->only_user, "ann");
    decided_fini(&the.decided);
}

static void what_is_so_already_changes_nothing(void **state)
{
    (void)state;
    struct listing_case the;
    case_init(&the);
    the.request.change_case = CHANGE(IS_PINNED);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.version, 0);
    the.request.is_pinned = true;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    the.facts.now_ms += 1000;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.version, 1);
    assert_int_equal(the.answer.pinned_ms, NOW_MS);
    assert_int_equal(the.decided.effects.changes.count, 1);
    assert_int_equal(decided_publications(&the.decided), 1);
    the.request.is_pinned = false;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.version, 2);
    assert_int_equal(the.answer.pinned_ms, 0);
    decided_fini(&the.decided);
}

static void hiding_goes_as_far_as_the_device_has_seen(void **state)
{
    (void)state;
    static const struct {
        uint64_t seen;
        uint64_t hidden_seq;
    } cases[] = {{0, 4}, {3, 3}, {4, 4}, {5, 4}, {UINT64_MAX, 4}};
    struct listing_case the;
    case_init(&the);
    the.request.change_case = CHANGE(HIDING);
    the.request.hiding = WIRE(HIDING, UNTIL_MESSAGE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        the.request.hidden_seq = cases[i].seen;
        assert_int_equal(case_decide(&the), REFUSAL_NONE);
        assert_int_equal(the.answer.hidden_seq, cases[i].hidden_seq);
    }
    const struct listing_row *row = &the.decided.member.row.listing;
    assert_true(listing_is_hidden(row, 4));
    assert_false(listing_is_hidden(row, 5));
    the.request.hiding = WIRE(HIDING, ALWAYS);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_true(listing_is_hidden(row, UINT64_MAX));
    assert_int_equal(row->hidden_seq, 0);
    the.request.hiding = WIRE(HIDING, NONE);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_false(listing_is_hidden(row, 0));
    decided_fini(&the.decided);
}

static void only_members_have_a_list(void **state)
{
    (void)state;
    struct listing_case the;
    case_init(&the);
    the.decided.member.is_member = false;
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    the.request.change_case = CHANGE(IS_PINNED);
    the.request.is_pinned = true;
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    assert_int_equal(the.decided.effects.changes.count, 0);
    assert_int_equal(decided_publications(&the.decided), 0);
    decided_fini(&the.decided);
}

static void pinned_ones_first_then_the_latest(void **state)
{
    (void)state;
    static const struct {
        uint64_t pinned_ms;
        uint64_t activity;
        const char *conversation;
    } order[] = {{9, 1, "d"}, {8, 7, "b"}, {8, 2, "a"}, {0, 8, "c"}, {0, 5, "a"}, {0, 5, "b"}};
    size_t count = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct listing_place a = {order[i].pinned_ms, order[i].activity,
                                      view_of(order[i].conversation)};
            struct listing_place b = {order[j].pinned_ms, order[j].activity,
                                      view_of(order[j].conversation)};
            int sign = listing_compare(&a, &b);
            assert_int_equal((sign > 0) - (sign < 0), (i > j) - (i < j));
        }
    }
}

/* Found without a walk: the row is written by what follows a message first, and by nothing else. */
static void what_follows_a_message_notes_it(void **state)
{
    (void)state;
    struct decided decided;
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_pin pin = UNSAY__V1__PIN__INIT;
    wire_reference reference = UNSAY__V1__REFERENCE__INIT;
    pin.target = &reference;
    decided_init(&decided);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            event.kind_case = EVENT_KIND(MESSAGE);
            event.message = &message;
            conversation_append(&decided.conversation, &event, NOW_MS, &decided.effects);
            assert_int_equal(decided_count(&decided, CHANGE_LAST_MESSAGE), round);
        }
        uint64_t time = event.time;
        for (int i = 0; i < 2; i++) {
            event.kind_case = EVENT_KIND(PIN);
            event.pin = &pin;
            conversation_append(&decided.conversation, &event, NOW_MS, &decided.effects);
            assert_int_equal(decided_count(&decided, CHANGE_LAST_MESSAGE), round + 1);
        }
        const struct change *row = decided_change(&decided, CHANGE_LAST_MESSAGE);
        assert_int_equal(row->origin, 1);
        assert_int_equal(row->last_message.seq, decided.conversation.head - 2);
        assert_true(row->last_message.time == time);
    }
    decided_fini(&decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(a_setting_is_a_row_and_news_for_the_user_alone),
        cmocka_unit_test(what_is_so_already_changes_nothing),
        cmocka_unit_test(hiding_goes_as_far_as_the_device_has_seen),
        cmocka_unit_test(only_members_have_a_list),
        cmocka_unit_test(pinned_ones_first_then_the_latest),
        cmocka_unit_test(what_follows_a_message_notes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
