/* Pins: who may, what may be pinned, and exactly what a pin leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/frame.h"
#include "core/pin.h"
#include "decided.h"

struct pin_case {
    struct decided decided;
    wire_reference target;
    wire_change_pin request;
    wire_message message;
    wire_event event;
    struct pin_facts facts;
    wire_appended answer;
};

static void case_init(struct pin_case *the)
{
    decided_init(&the->decided);
    the->decided.conversation.type = WIRE(CONVERSATION_TYPE, DIRECT);
    unsay__v1__reference__init(&the->target);
    unsay__v1__change_pin__init(&the->request);
    unsay__v1__message__init(&the->message);
    unsay__v1__event__init(&the->event);
    unsay__v1__appended__init(&the->answer);
    the->target.seq = 2;
    the->request.conversation = string_of("c");
    the->request.target = &the->target;
    the->request.is_pinned = true;
    the->message.state = WIRE(MESSAGE_STATE, NORMAL);
    the->event.seq = 2;
    the->event.kind_case = EVENT_KIND(MESSAGE);
    the->event.message = &the->message;
    the->facts = (struct pin_facts){.author = &the->decided.author,
                                    .member = &the->decided.member,
                                    .event = &the->event,
                                    .now_ms = NOW_MS};
}

static refusal_code case_decide(struct pin_case *the)
{
    const char *detail = NULL;
    refusal_code refusal = pin_change(&the->decided.conversation, &the->request, &the->facts,
                                      &the->decided.effects, &the->answer, &detail);
    assert_non_null(detail);
    return refusal;
}

static void assert_refused(struct pin_case *the, refusal_code refusal)
{
    assert_int_equal(case_decide(the), refusal);
    assert_int_equal(the->decided.effects.changes.count, 0);
    assert_int_equal(the->decided.conversation.head, 4);
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    struct pin_case the;
    const char *detail;
    case_init(&the);
    assert_int_equal(pin_check(&the.request, &detail), REFUSAL_NONE);
    the.target.seq = 0;
    assert_int_equal(pin_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.target = NULL;
    assert_int_equal(pin_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.conversation = string_of("no id");
    assert_int_equal(pin_check(&the.request, &detail), REFUSAL_CODE(INVALID_ID));
    decided_fini(&the.decided);
}

static void who_may_pin(void **state)
{
    (void)state;
    for (int type = WIRE(CONVERSATION_TYPE, DIRECT); type <= WIRE(CONVERSATION_TYPE, CHANNEL);
         type++) {
        for (int role = WIRE(ROLE, UNSPECIFIED); role <= WIRE(ROLE, GUEST); role++) {
            for (int is_system = 0; is_system < 2; is_system++) {
                struct pin_case the;
                case_init(&the);
                the.decided.conversation.type = (Unsay__V1__ConversationType)type;
                the.decided.member.row.role = (Unsay__V1__Role)role;
                the.decided.member.is_member = role != WIRE(ROLE, UNSPECIFIED);
                if (is_system)
                    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
                bool may = is_system || type == WIRE(CONVERSATION_TYPE, DIRECT) ||
                           role <= WIRE(ROLE, MODERATOR);
                refusal_code expected = may ? REFUSAL_NONE : REFUSAL_CODE(NOT_PERMITTED);
                if (!the.decided.member.is_member && !is_system)
                    expected = REFUSAL_CODE(NOT_A_MEMBER);
                assert_int_equal(case_decide(&the), expected);
                decided_fini(&the.decided);
            }
        }
    }
}

static void a_pin_is_an_event_and_a_row(void **state)
{
    (void)state;
    struct pin_case the;
    case_init(&the);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 5);
    assert_int_equal(the.decided.effects.changes.count, 2);
    const struct change *row = decided_change(&the.decided, CHANGE_PIN);
    assert_int_equal(row->seq, 2);
    assert_int_equal(row->origin, 1);
    assert_false(row->is_removal);
    assert_int_equal(row->pin.pin_seq, 5);
    assert_true(view_equal(row->pin.user, view_of("ann")));
    const wire_event *event =
        event_decode(decided_change(&the.decided, CHANGE_EVENT)->bytes, &the.decided.arena);
    assert_int_equal(event->pin->target->seq, 2);
    assert_true(event->pin->is_pinned);

    the.facts.is_pinned = true;
    the.request.is_pinned = false;
    the.message.state = WIRE(MESSAGE_STATE, RECALLED);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 6);
    assert_true(decided_change(&the.decided, CHANGE_PIN)->is_removal);
    decided_fini(&the.decided);
}

static void what_is_so_already_changes_nothing(void **state)
{
    (void)state;
    struct pin_case the;
    case_init(&the);
    the.facts.is_pinned = true;
    assert_refused(&the, REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 0);
    the.facts.is_pinned = false;
    the.request.is_pinned = false;
    the.facts.event = NULL;
    assert_refused(&the, REFUSAL_NONE);
    assert_string_equal(the.answer.conversation, "c");
    decided_fini(&the.decided);
}

static void only_a_message_that_is_there_can_be_pinned(void **state)
{
    (void)state;
    struct pin_case the;
    case_init(&the);
    the.facts.event = NULL;
    assert_refused(&the, REFUSAL_CODE(UNKNOWN_MESSAGE));
    the.facts.event = &the.event;
    the.event.kind_case = EVENT_KIND(RECALL);
    assert_refused(&the, REFUSAL_CODE(NOT_A_MESSAGE));
    the.event.kind_case = EVENT_KIND(MESSAGE);
    the.message.state = WIRE(MESSAGE_STATE, RECALLED);
    assert_refused(&the, REFUSAL_CODE(RECALLED));
    the.message.state = WIRE(MESSAGE_STATE, ERASED);
    assert_refused(&the, REFUSAL_CODE(RECALLED));
    the.message.state = WIRE(MESSAGE_STATE, NORMAL);
    the.facts.pin_count = LIMIT_PINS_MAX;
    assert_refused(&the, REFUSAL_CODE(TOO_MANY_PINS));
    the.facts.pin_count--;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    decided_fini(&the.decided);
}

static void a_dropped_pin_is_a_row_that_goes(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    pin_drop(&decided.conversation, 3, &decided.effects);
    const struct change *row = decided_change(&decided, CHANGE_PIN);
    assert_int_equal(row->seq, 3);
    assert_int_equal(row->origin, 1);
    assert_true(row->is_removal);
    assert_int_equal(decided.effects.changes.count, 1);
    decided_fini(&decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(who_may_pin),
        cmocka_unit_test(a_pin_is_an_event_and_a_row),
        cmocka_unit_test(what_is_so_already_changes_nothing),
        cmocka_unit_test(only_a_message_that_is_there_can_be_pinned),
        cmocka_unit_test(a_dropped_pin_is_a_row_that_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
