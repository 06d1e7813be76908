/* Sending: what a request may hold, and exactly what an accepted one leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "core/send.h"
#include "core/take_back.h"
#include "decided.h"

static uint8_t long_body[LIMIT_BODY_BYTES_MAX + 1];
static struct uuid id_1;
static struct uuid id_2;

static wire_send a_send(void)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    send.conversation = string_of("c");
    send.message_id = bytes_of(uuid_view(&id_1));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of("secret"));
    return send;
}

static void assert_refused(const wire_send *send, refusal_code refusal, const char *field)
{
    const char *detail = NULL;
    assert_int_equal(send_check(send, &detail), refusal);
    assert_memory_equal(detail, field, strlen(field));
    if (refusal == REFUSAL_NONE)
        assert_string_equal(detail, "");
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    static const uint8_t zero[UUID_BYTES];
    wire_send send = a_send();
    assert_refused(&send, REFUSAL_NONE, "");
    send.conversation = string_of("");
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "conversation");
    send.conversation = string_of("no id");
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "conversation");

    send = a_send();
    send.message_id.len = 15;
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "message_id");
    send.message_id.len = 0;
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "message_id");
    send.message_id = bytes_of(view_make(zero, sizeof(zero)));
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "message_id");

    send = a_send();
    send.after = bytes_of(view_make(id_2.bytes, 15));
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "after");
    send.after = bytes_of(uuid_view(&id_2));
    assert_refused(&send, REFUSAL_NONE, "");

    send = a_send();
    send.content_type = WIRE(CONTENT_TYPE, UNSPECIFIED);
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "content_type");
    send.content_type = (Unsay__V1__ContentType)8;
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "content_type");
    send.content_type = (Unsay__V1__ContentType)-1;
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "content_type");
    send.content_type = WIRE(CONTENT_TYPE, CUSTOM);
    assert_refused(&send, REFUSAL_NONE, "");

    send = a_send();
    send.body = bytes_of(view_make(long_body, LIMIT_BODY_BYTES_MAX));
    assert_refused(&send, REFUSAL_NONE, "");
    send.body.len++;
    assert_refused(&send, REFUSAL_CODE(BODY_TOO_LARGE), "body");
    send.body.len = 0;
    assert_refused(&send, REFUSAL_NONE, "");
}

static refusal_code decide(struct decided *decided, const wire_send *send,
                           const struct message_id_row *known, bool after_is_known,
                           wire_accepted *answer)
{
    struct send_facts facts = {&decided->author, known, after_is_known, NOW_MS};
    struct rulebook rules = {.policy = &policy_default, .region = ""};
    unsay__v1__accepted__init(answer);
    return send_decide(&decided->conversation, &decided->member, send, &facts, &rules,
                       &decided->effects, answer);
}

static void every_wrong_reference_has_its_refusal(void **state)
{
    (void)state;
    static char *mentions[LIMIT_MENTIONS_MAX + 1];
    for (size_t i = 0; i <= LIMIT_MENTIONS_MAX; i++)
        mentions[i] = string_of("bob");
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    wire_send send = a_send();
    send.quote = &quote;
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "quote");
    quote.seq = 1;
    assert_refused(&send, REFUSAL_NONE, "");

    wire_source source = UNSAY__V1__SOURCE__INIT;
    source.conversation = string_of("no id");
    source.seq = 1;
    send = a_send();
    send.content_type = WIRE(CONTENT_TYPE, UNSPECIFIED);
    send.forward = &source;
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "forward");
    source.conversation = string_of("other");
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "body");
    send.body.len = 0;
    assert_refused(&send, REFUSAL_NONE, "");
    source.seq = 0;
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "forward");

    send = a_send();
    send.mentions = mentions;
    send.n_mentions = LIMIT_MENTIONS_MAX;
    assert_refused(&send, REFUSAL_NONE, "");
    send.n_mentions++;
    assert_refused(&send, REFUSAL_CODE(FIELD_INVALID), "mentions");
    send.n_mentions = 2;
    mentions[1] = string_of("*");
    assert_refused(&send, REFUSAL_NONE, "");
    mentions[1] = string_of("**");
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "mentions");
    mentions[1] = string_of("");
    assert_refused(&send, REFUSAL_CODE(INVALID_ID), "mentions");
}

static void an_accepted_message_is_an_event_and_an_id(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    decided_init(&decided);
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_NONE);

    assert_int_equal(decided.conversation.head, 5);
    assert_int_equal(hlc_ms(decided.conversation.last_time), NOW_MS);
    assert_int_equal(answer.seq, 5);
    assert_int_equal(answer.time, decided.conversation.last_time);
    assert_int_equal(answer.state, WIRE(MESSAGE_STATE, NORMAL));
    assert_int_equal(decided.effects.changes.count, 2);
    const struct change *event = decided_change(&decided, CHANGE_EVENT);
    const struct change *id = decided_change(&decided, CHANGE_MESSAGE_ID);
    assert_int_equal(event->seq, 5);
    assert_int_equal(id->message_id.seq, 5);
    assert_true(view_equal(id->user, view_of("ann")));
    assert_int_equal(uuid_compare(&id->id, &id_1), 0);
    assert_int_equal(decided_publications(&decided), 1);
    assert_false(decided_lacks(&decided, "secret"));

    const wire_event *stored = event_decode(event->bytes, &decided.arena);
    assert_string_equal(stored->message->sender, "ann");
    assert_string_equal(stored->message->device, "phone");
    assert_int_equal(stored->time, answer.time);

    /* What a repetition is told comes from the stored event. */
    wire_accepted again = UNSAY__V1__ACCEPTED__INIT;
    send_repeat(stored, &again);
    assert_int_equal(again.seq, answer.seq);
    assert_int_equal(again.time, answer.time);
    assert_int_equal(again.state, answer.state);
    decided_fini(&decided);
}

static void a_quote_is_a_reference_into_this_log(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    send.quote = &quote;
    decided_init(&decided);
    quote.seq = 5; /* its own place, and not yet in the log */
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_CODE(UNKNOWN_MESSAGE));
    quote.seq = 4;
    quote.origin = 2;
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_CODE(UNKNOWN_MESSAGE));
    assert_int_equal(decided.effects.changes.count, 0);
    quote.origin = 0;
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_NONE);
    const wire_event *stored =
        event_decode(decided_change(&decided, CHANGE_EVENT)->bytes, &decided.arena);
    assert_int_equal(stored->message->quote->seq, 4);
    assert_int_equal(stored->message->quote->origin, 1);
    decided_fini(&decided);
}

static void a_user_is_mentioned_once(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    char *mentions[] = {string_of("bob"), string_of("*"), string_of("bob"), string_of("eve"),
                        string_of("*")};
    send.mentions = mentions;
    send.n_mentions = 5;
    decided_init(&decided);
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_NONE);
    const wire_event *stored =
        event_decode(decided_change(&decided, CHANGE_EVENT)->bytes, &decided.arena);
    assert_int_equal(stored->message->n_mentions, 3);
    assert_string_equal(stored->message->mentions[0], "bob");
    assert_string_equal(stored->message->mentions[1], "*");
    assert_string_equal(stored->message->mentions[2], "eve");
    decided_fini(&decided);
}

static void freshness_is_being_larger_than_every_id_before(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    decided_init(&decided);
    assert_true(send_id_is_fresh(&decided.member, &id_1));
    send.message_id = bytes_of(uuid_view(&id_2));
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_NONE);
    assert_false(send_id_is_fresh(&decided.member, &id_2));
    assert_false(send_id_is_fresh(&decided.member, &id_1));
    /* A smaller id joins the log and leaves the largest as it is. */
    send.message_id = bytes_of(uuid_view(&id_1));
    assert_int_equal(decide(&decided, &send, NULL, true, &answer), REFUSAL_NONE);
    assert_int_equal(uuid_compare(&decided.member.last_message_id, &id_2), 0);
    decided_fini(&decided);
}

static void a_refusal_changes_nothing(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    decided_init(&decided);
    assert_int_equal(decide(&decided, &send, NULL, false, &answer), REFUSAL_CODE(OUT_OF_ORDER));
    decided.member.is_member = false;
    assert_int_equal(decide(&decided, &send, NULL, false, &answer), REFUSAL_CODE(NOT_A_MEMBER));
    assert_int_equal(decided.conversation.head, 4);
    assert_int_equal(decided.effects.changes.count, 0);
    assert_int_equal(decided_publications(&decided), 0);
    assert_true(uuid_is_zero(&decided.member.last_message_id));
    decided_fini(&decided);
}

/* The row that a recall left which came first. */
static struct message_id_row waiting(struct decided *decided)
{
    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    request.conversation = string_of("c");
    request.request_id = bytes_of(view_of("r1"));
    request.reason = string_of("typo");
    size_t size = unsay__v1__recall_request__get_packed_size(&request);
    uint8_t *bytes = arena_alloc(&decided->arena, size);
    unsay__v1__recall_request__pack(&request, bytes);
    return (struct message_id_row){.pending = view_make(bytes, size),
                                   .pending_device = view_of("tablet")};
}

static void a_message_that_meets_its_recall_never_shows_its_body(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    wire_source source = UNSAY__V1__SOURCE__INIT;
    char *mentions[] = {string_of("mentioned")};
    quote.seq = 1;
    source.conversation = string_of("elsewhere");
    send.quote = &quote;
    send.forward = &source;
    send.mentions = mentions;
    send.n_mentions = 1;
    decided_init(&decided);
    struct message_id_row known = waiting(&decided);
    decided.member.row.pending_recalls = 3;
    decided.member.last_message_id = id_1;
    assert_int_equal(decide(&decided, &send, &known, true, &answer), REFUSAL_NONE);

    assert_true(decided_lacks(&decided, "secret"));
    assert_true(decided_lacks(&decided, "mentioned"));
    assert_true(decided_lacks(&decided, "elsewhere"));
    assert_int_equal(answer.seq, 5);
    assert_int_equal(answer.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(decided.conversation.head, 6);
    assert_int_equal(decided_publications(&decided), 2);
    const struct publication *recall = decided.effects.last;
    assert_true(recall->is_recall);
    assert_int_equal(recall->seq, 6);
    assert_int_equal(recall->target_seq, 5);
    const wire_event *tombstone = event_decode(recall->tombstone, &decided.arena);
    assert_int_equal(tombstone->message->state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(tombstone->message->tombstone->recall_seq, 6);
    assert_null(tombstone->message->quote);
    assert_int_equal(tombstone->time, answer.time);

    /* The message's own row holds the same, and the recall waits no longer. */
    const struct change *first = decided.effects.changes.first;
    assert_int_equal(first->kind, CHANGE_EVENT);
    assert_true(view_equal(first->bytes, recall->tombstone));
    assert_int_equal(decided_change(&decided, CHANGE_MEMBER)->member.pending_recalls, 2);
    const struct change *id = decided_change(&decided, CHANGE_MESSAGE_ID);
    assert_int_equal(id->message_id.seq, 5);
    assert_int_equal(id->message_id.pending.size, 0);

    wire_server_frame *notice =
        frame_decode_server(frame_payload(blob_view(recall->frame)), &decided.arena);
    assert_string_equal(notice->notice->recall->reason, "typo");
    assert_string_equal(notice->notice->recall->device, "tablet");
    decided_fini(&decided);
}

/* A restored backup had lost it, and its author's device sends it again. */
static void a_message_that_was_taken_back_before_stays_taken_back(void **state)
{
    (void)state;
    struct decided decided;
    wire_accepted answer;
    wire_send send = a_send();
    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    struct author admin = {.user = "admin", .device = "desk", .address = ""};
    struct policy_rule rule = {.name = "admins", .allows = true, .keep = POLICY_ERASE};
    struct policy policy = {.rules = &rule, .rule_count = 1, .version = {7}};
    struct rulebook rules = {&policy, "", false};
    struct recall_ruling ruling = {.step = RECALL_APPLY,
                                   .verdict = {.rule = &rule, .actor = WIRE(ACTOR, ADMIN)}};
    struct take_back what = {&request, &admin, &ruling, &rules};
    request.request_id = bytes_of(view_of("r"));
    decided_init(&decided);
    struct message_id_row known = {.pending = take_back_encode(1, &what, &decided.arena),
                                   .pending_device = view_of("desk"),
                                   .pending_is_granted = true};
    decided.member.row.pending_recalls = 3;
    assert_int_equal(decide(&decided, &send, &known, true, &answer), REFUSAL_NONE);
    assert_true(decided_lacks(&decided, "secret"));
    assert_int_equal(answer.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(decided_publications(&decided), 2);
    assert_true(view_equal(decided.effects.changes.first->bytes, decided.effects.last->tombstone));
    const wire_event *tombstone = event_decode(decided.effects.last->tombstone, &decided.arena);
    assert_string_equal(tombstone->message->tombstone->operator_, "admin");
    assert_int_equal(tombstone->message->tombstone->actor, WIRE(ACTOR, ADMIN));
    /* It was none of the recalls that wait. */
    assert_null(decided_change(&decided, CHANGE_MEMBER));
    const wire_audit_entry *entry = decided_audit(&decided);
    assert_string_equal(entry->rule, "admins");
    assert_int_equal(entry->recall_seq, 6);
    assert_int_equal(entry->policy.data[0], 7);
    decided_fini(&decided);
}

int main(void)
{
    id_1 = decided_id(1);
    id_2 = decided_id(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(every_wrong_reference_has_its_refusal),
        cmocka_unit_test(an_accepted_message_is_an_event_and_an_id),
        cmocka_unit_test(a_quote_is_a_reference_into_this_log),
        cmocka_unit_test(a_user_is_mentioned_once),
        cmocka_unit_test(freshness_is_being_larger_than_every_id_before),
        cmocka_unit_test(a_refusal_changes_nothing),
        cmocka_unit_test(a_message_that_meets_its_recall_never_shows_its_body),
        cmocka_unit_test(a_message_that_was_taken_back_before_stays_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
