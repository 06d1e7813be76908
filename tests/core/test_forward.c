/* Forwarding, the side of the source: what may be handed out, and the row that it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/forward.h"
#include "decided.h"

static void only_a_member_hands_out_only_what_is_there(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    const char *detail;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    message.state = WIRE(MESSAGE_STATE, NORMAL);
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    struct forward_facts facts = {
        .author = &decided.author, .member = &decided.member, .event = &event};
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_NONE);

    facts.forward_count = LIMIT_FORWARDS_MAX;
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(NOT_PERMITTED));
    facts.forward_count--;
    facts.depth = LIMIT_FORWARD_DEPTH_MAX;
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(NOT_PERMITTED));
    facts.depth--;
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_NONE);

    message.state = WIRE(MESSAGE_STATE, RECALLED);
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(RECALLED));
    message.state = WIRE(MESSAGE_STATE, ERASED);
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(RECALLED));
    event.kind_case = EVENT_KIND(CREATION);
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(NOT_A_MESSAGE));
    facts.event = NULL;
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(UNKNOWN_MESSAGE));
    /* A stranger does not even hear whether it is there. */
    facts.event = &event;
    decided.member.is_member = false;
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(NOT_A_MEMBER));
    decided.author.authority = WIRE(ACTOR, SYSTEM);
    assert_int_equal(forward_judge(&facts, &detail), REFUSAL_CODE(NOT_A_MEMBER));
    decided_fini(&decided);
}

static void the_server_copies_and_remembers_where_to(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    struct uuid id = decided_id(7);
    wire_source asked = UNSAY__V1__SOURCE__INIT;
    wire_source source;
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    asked.conversation = string_of("c");
    asked.seq = 3;
    send.conversation = string_of("there");
    send.message_id = bytes_of(uuid_view(&id));
    send.forward = &asked;
    message.content_type = WIRE(CONTENT_TYPE, IMAGE);
    message.body = bytes_of(view_of("picture"));
    event.conversation = string_of("c");
    event.origin = 1;
    event.seq = 3;
    event.message = &message;

    wire_send filled = forward_fill(&send, &event, &source);
    assert_int_equal(filled.content_type, WIRE(CONTENT_TYPE, IMAGE));
    assert_true(view_equal(bytes_view(filled.body), view_of("picture")));
    assert_string_equal(filled.conversation, "there");
    assert_int_equal(filled.forward->origin, 1);
    assert_int_equal(filled.forward->seq, 3);

    forward_note(&decided.conversation, &decided.author, &send, &decided.effects);
    const struct change *row = decided_change(&decided, CHANGE_FORWARD);
    assert_int_equal(decided.effects.changes.count, 1);
    assert_int_equal(row->seq, 3);
    assert_int_equal(row->origin, 1);
    assert_true(view_equal(row->conversation, view_of("c")));
    assert_true(view_equal(row->forward.conversation, view_of("there")));
    assert_true(view_equal(row->forward.user, view_of("ann")));
    assert_int_equal(uuid_compare(&row->forward.message_id, &id), 0);
    assert_true(decided_lacks(&decided, "picture"));
    decided_fini(&decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_member_hands_out_only_what_is_there),
        cmocka_unit_test(the_server_copies_and_remembers_where_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
