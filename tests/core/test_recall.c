/* Recall: what a request may hold, each outcome, and exactly what it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "core/recall.h"
#include "decided.h"

static struct uuid id_1;
static uint8_t long_bytes[LIMIT_EXTENSION_BYTES_MAX + 1];
static char long_reason[LIMIT_REASON_BYTES_MAX + 2];

/* A request for one target; lives until the next one. */
static wire_recall_request *a_request(uint64_t seq, const struct uuid *id)
{
    static wire_recall_request request;
    static wire_target target;
    static wire_target *targets[LIMIT_RECALL_TARGETS_MAX + 1];
    unsay__v1__recall_request__init(&request);
    unsay__v1__target__init(&target);
    target.seq = seq;
    if (id != NULL)
        target.message_id = bytes_of(uuid_view(id));
    for (size_t i = 0; i <= LIMIT_RECALL_TARGETS_MAX; i++)
        targets[i] = &target;
    request.conversation = string_of("c");
    request.request_id = bytes_of(view_of("r1"));
    request.reason = string_of("typo");
    request.n_targets = 1;
    request.targets = targets;
    return &request;
}

static void assert_refused(const wire_recall_request *request, refusal_code refusal,
                           const char *field)
{
    const char *detail = NULL;
    assert_int_equal(recall_check(request, &detail), refusal);
    assert_memory_equal(detail, field, strlen(field));
    if (refusal == REFUSAL_NONE)
        assert_string_equal(detail, "");
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    wire_recall_request *request = a_request(2, NULL);
    assert_refused(request, REFUSAL_NONE, "");
    request->conversation = string_of("no id");
    assert_refused(request, REFUSAL_CODE(INVALID_ID), "conversation");

    request = a_request(2, NULL);
    request->request_id.len = 0;
    assert_refused(request, REFUSAL_CODE(INVALID_ID), "request_id");
    request->request_id = bytes_of(view_make(long_bytes, LIMIT_REQUEST_ID_BYTES_MAX));
    assert_refused(request, REFUSAL_NONE, "");
    request->request_id.len++;
    assert_refused(request, REFUSAL_CODE(INVALID_ID), "request_id");

    request = a_request(2, NULL);
    request->n_targets = 0;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "targets");
    request->n_targets = LIMIT_RECALL_TARGETS_MAX;
    assert_refused(request, REFUSAL_NONE, "");
    request->n_targets++;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "targets");

    request = a_request(2, NULL);
    memset(long_reason, 'x', LIMIT_REASON_BYTES_MAX);
    request->reason = long_reason;
    assert_refused(request, REFUSAL_NONE, "");
    long_reason[LIMIT_REASON_BYTES_MAX] = 'x';
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "reason");

    request = a_request(2, NULL);
    request->extension = bytes_of(view_make(long_bytes, LIMIT_EXTENSION_BYTES_MAX));
    assert_refused(request, REFUSAL_NONE, "");
    request->extension.len++;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "extension");

    request = a_request(2, NULL);
    request->reason = string_of("\xff");
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "reason");
    request = a_request(2, NULL);
    request->condition = WIRE(RECALL_CONDITION, IF_UNREAD);
    assert_refused(request, REFUSAL_NONE, "");
    request->condition = (Unsay__V1__RecallCondition)3;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "condition");
    request->condition = (Unsay__V1__RecallCondition)-1;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "condition");
    request = a_request(2, NULL);
    request->wait = WIRE(RECALL_WAIT, ALL);
    request->wait_ms = LIMIT_RECALL_WAIT_MS_MAX;
    assert_refused(request, REFUSAL_NONE, "");
    request->wait_ms++;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "wait_ms");
    request = a_request(2, NULL);
    request->wait = (Unsay__V1__RecallWait)3;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "wait");

    request = a_request(0, NULL);
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "targets");
    request = a_request(0, &id_1);
    assert_refused(request, REFUSAL_NONE, "");
    request->targets[0]->message_id.len = 15;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "targets");
    request->targets[0]->seq = 2;
    assert_refused(request, REFUSAL_CODE(FIELD_INVALID), "targets");
}

/* The whole way of one target, by the default policy. */
static wire_target_outcome decide_facts(struct decided *decided, const wire_recall_request *request,
                                        const struct recall_facts *facts)
{
    wire_target_outcome outcome = UNSAY__V1__TARGET_OUTCOME__INIT;
    struct rulebook rules = {.policy = &policy_default, .region = ""};
    const wire_target *target = request->targets[0];
    outcome.target = arena_alloc(&decided->arena, sizeof(*outcome.target));
    struct recall_ruling ruling =
        recall_judge(&decided->conversation, request, target, facts, &rules);
    recall_carry_out(&decided->conversation, &decided->member, request, target, facts, &ruling,
                     &rules, &decided->effects, &outcome);
    return outcome;
}

static const struct reach_audience nobody;

static wire_target_outcome decide(struct decided *decided, const wire_recall_request *request,
                                  const wire_event *event, const struct message_id_row *row,
                                  uint64_t now_ms)
{
    struct recall_facts facts = {
        .author = &decided->author,
        .member = &decided->member,
        .event = event,
        .row = row,
        .target_role = WIRE(ROLE, MEMBER),
        .audience = &nobody,
        .now_ms = now_ms,
    };
    return decide_facts(decided, request, &facts);
}

/* Nothing but the attempt itself is on record. */
static void assert_nothing_changed(const struct decided *decided)
{
    assert_int_equal(decided->effects.changes.count, decided_count(decided, CHANGE_AUDIT));
    assert_int_equal(decided_publications(decided), 0);
    assert_int_equal(decided->conversation.head, 4);
    assert_int_equal(decided->member.row.pending_recalls, 0);
}

static void a_recall_is_an_event_and_a_tombstone(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    wire_event *message = decided_message(&decided);
    wire_target_outcome outcome = decide(&decided, a_request(2, NULL), message, NULL, NOW_MS + 5);

    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, RECALLED));
    assert_int_equal(outcome.refusal, REFUSAL_NONE);
    assert_int_equal(hlc_ms(outcome.time), NOW_MS + 5);
    assert_int_equal(outcome.target->seq, 2);
    assert_true(view_equal(bytes_view(outcome.target->message_id), uuid_view(&id_1)));
    assert_int_equal(decided.conversation.head, 5);
    assert_int_equal(decided.effects.changes.count, 3);
    assert_int_equal(decided_count(&decided, CHANGE_AUDIT), 1);
    assert_int_equal(decided_publications(&decided), 1);
    assert_true(decided_lacks(&decided, "secret"));

    const struct change *recall_row = decided.effects.changes.first;
    const struct change *tombstone_row = decided_change(&decided, CHANGE_EVENT);
    const wire_event *recall = event_decode(recall_row->bytes, &decided.arena);
    const wire_event *tombstone = event_decode(tombstone_row->bytes, &decided.arena);
    assert_int_equal(recall_row->seq, 5);
    assert_int_equal(recall->recall->target_seq, 2);
    assert_string_equal(recall->recall->target_sender, "ann");
    assert_string_equal(recall->recall->operator_, "ann");
    assert_string_equal(recall->recall->reason, "typo");
    assert_int_equal(recall->recall->content_type, WIRE(CONTENT_TYPE, IMAGE));
    assert_int_equal(tombstone_row->seq, 2);
    assert_int_equal(tombstone->time, message->time);
    assert_int_equal(tombstone->message->state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(tombstone->message->body.len, 0);
    assert_int_equal(tombstone->message->tombstone->recall_seq, 5);
    assert_int_equal(tombstone->message->tombstone->time, outcome.time);
    assert_int_equal(decided.effects.first->target_seq, 2);
    assert_true(view_equal(decided.effects.first->tombstone, tombstone_row->bytes));

    /* Once more, on the record as it is now: nothing further. */
    struct decided again;
    decided_init(&again);
    wire_target_outcome repeated = decide(&again, a_request(2, NULL), tombstone, NULL, NOW_MS + 9);
    assert_int_equal(repeated.outcome, WIRE(RECALL_OUTCOME, ALREADY_RECALLED));
    assert_int_equal(repeated.time, outcome.time);
    assert_nothing_changed(&again);
    decided_fini(&again);
    decided_fini(&decided);
}

static void refusals_have_their_reason_and_no_effect(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    wire_event *message = decided_message(&decided);
    wire_event creation = UNSAY__V1__EVENT__INIT;
    wire_creation kind = UNSAY__V1__CREATION__INIT;
    creation.kind_case = EVENT_KIND(CREATION);
    creation.creation = &kind;
    wire_event recall = UNSAY__V1__EVENT__INIT;
    wire_recall recall_kind = UNSAY__V1__RECALL__INIT;
    recall.kind_case = EVENT_KIND(RECALL);
    recall.recall = &recall_kind;
    const struct {
        const wire_event *event;
        const char *user;
        bool is_member;
        uint64_t now_ms;
        refusal_code refusal;
    } cases[] = {
        {NULL, "ann", true, NOW_MS, REFUSAL_CODE(UNKNOWN_MESSAGE)},
        {&creation, "ann", true, NOW_MS, REFUSAL_CODE(NOT_A_MESSAGE)},
        {&recall, "ann", true, NOW_MS, REFUSAL_CODE(NOT_A_MESSAGE)},
        {message, "bob", true, NOW_MS, REFUSAL_CODE(NOT_PERMITTED)},
        {message, "ann", false, NOW_MS, REFUSAL_CODE(NOT_A_MEMBER)},
        {message, "ann", true, NOW_MS + 120001, REFUSAL_CODE(WINDOW_CLOSED)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        decided.author.user = cases[i].user;
        decided.member.is_member = cases[i].is_member;
        wire_target_outcome outcome =
            decide(&decided, a_request(2, NULL), cases[i].event, NULL, cases[i].now_ms);
        assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, REFUSED));
        assert_int_equal(outcome.refusal, cases[i].refusal);
        assert_int_equal(outcome.time, 0);
        assert_nothing_changed(&decided);
    }
    /* The last millisecond of the window. */
    decided.author.user = "ann";
    wire_target_outcome outcome =
        decide(&decided, a_request(2, NULL), message, NULL, NOW_MS + 120000);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, RECALLED));
    decided_fini(&decided);
}

static void a_recall_before_its_message_waits_once(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    wire_target_outcome outcome = decide(&decided, a_request(0, &id_1), NULL, NULL, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, PENDING));
    assert_int_equal(decided.conversation.head, 4);
    assert_int_equal(decided_publications(&decided), 0);
    assert_int_equal(decided.effects.changes.count, 3);
    const struct change *row = decided_change(&decided, CHANGE_MESSAGE_ID);
    assert_int_equal(row->message_id.seq, 0);
    assert_true(row->message_id.pending.size > 0);
    assert_true(view_equal(row->message_id.pending_device, view_of("phone")));
    assert_int_equal(decided_change(&decided, CHANGE_MEMBER)->member.pending_recalls, 1);
    /* Its id is used: a send of it is not fresh any more. */
    assert_int_equal(uuid_compare(&decided.member.last_message_id, &id_1), 0);

    struct decided again;
    decided_init(&again);
    outcome = decide(&again, a_request(0, &id_1), NULL, &row->message_id, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, PENDING));
    assert_nothing_changed(&again);
    decided_fini(&again);

    /* With a mandate it takes the other's place. */
    decided_init(&again);
    again.author.authority = WIRE(ACTOR, COMPLIANCE);
    again.member.row.pending_recalls = 1;
    outcome = decide(&again, a_request(0, &id_1), NULL, &row->message_id, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, PENDING));
    const struct change *mandated = decided_change(&again, CHANGE_MESSAGE_ID);
    assert_int_equal(mandated->message_id.pending_authority, WIRE(ACTOR, COMPLIANCE));
    assert_int_equal(again.member.row.pending_recalls, 1);
    struct decided later;
    decided_init(&later);
    later.author.authority = WIRE(ACTOR, COMPLIANCE);
    decide(&later, a_request(0, &id_1), NULL, &mandated->message_id, NOW_MS);
    assert_nothing_changed(&later);
    decided_fini(&later);
    decided_fini(&again);

    /* One that was granted already, before the store was put back, gives way to nobody: what comes
     * after it would be judged anew, and might be refused. */
    struct message_id_row granted = row->message_id;
    granted.pending_is_granted = true;
    decided_init(&again);
    again.author.authority = WIRE(ACTOR, COMPLIANCE);
    outcome = decide(&again, a_request(0, &id_1), NULL, &granted, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, PENDING));
    assert_nothing_changed(&again);
    decided_fini(&again);
    decided_fini(&decided);
}

static void too_many_may_not_wait(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    decided.member.row.pending_recalls = LIMIT_RECALL_PENDING_MAX - 1;
    wire_target_outcome outcome = decide(&decided, a_request(0, &id_1), NULL, NULL, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, PENDING));
    size_t changes = decided.effects.changes.count;
    outcome = decide(&decided, a_request(0, &id_1), NULL, NULL, NOW_MS);
    assert_int_equal(outcome.refusal, REFUSAL_CODE(TOO_MANY_PENDING));
    assert_int_equal(decided.effects.changes.count, changes + 1);
    assert_int_equal(decided_count(&decided, CHANGE_AUDIT), 2);
    assert_int_equal(decided.member.row.pending_recalls, LIMIT_RECALL_PENDING_MAX);
    decided_fini(&decided);
}

/* What the first recall of decided_message() left behind: the tombstone and the recall. */
static wire_target_outcome decide_again(struct decided *decided, const char *request_id,
                                        const char *user)
{
    wire_recall_request request = *a_request(2, NULL);
    (void)decide(decided, &request, decided_message(decided), NULL, NOW_MS + 5);
    struct recall_facts facts = {
        .author = &(struct author){.user = user, .device = "phone", .address = ""},
        .member = &decided->member,
        .event = event_decode(decided_change(decided, CHANGE_EVENT)->bytes, &decided->arena),
        .earlier = event_decode(decided->effects.changes.first->bytes, &decided->arena),
        .target_role = WIRE(ROLE, MEMBER),
        .audience = &nobody,
        .now_ms = NOW_MS + 1000000,
    };
    if (request_id != NULL)
        request.request_id = bytes_of(view_of(request_id));
    wire_target_outcome outcome = decide_facts(decided, &request, &facts);
    assert_int_equal(decided_count(decided, CHANGE_EVENT), 2);
    assert_int_equal(decided_publications(decided), 1);
    return outcome;
}

static void the_same_request_gets_the_first_outcome(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    wire_target_outcome outcome = decide_again(&decided, NULL, "ann");
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, RECALLED));
    assert_int_equal(outcome.recall_seq, 5);
    assert_int_equal(hlc_ms(outcome.time), NOW_MS + 5);
    assert_int_equal(decided_count(&decided, CHANGE_AUDIT), 1); /* no new attempt */
    decided_fini(&decided);
}

static void another_request_finds_it_already_recalled(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"another", "ann"}, {NULL, "bob"}};
    for (size_t i = 0; i < 2; i++) {
        struct decided decided;
        decided_init(&decided);
        wire_target_outcome outcome = decide_again(&decided, cases[i][0], cases[i][1]);
        assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, ALREADY_RECALLED));
        assert_int_equal(outcome.recall_seq, 5);
        assert_int_equal(hlc_ms(outcome.time), NOW_MS + 5);
        assert_int_equal(decided_count(&decided, CHANGE_AUDIT), 2);
        decided_fini(&decided);
    }
}

static void a_seq_and_an_id_that_contradict_are_refused(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    wire_recall_request request = *a_request(2, NULL);
    struct uuid other = {{9}};
    request.targets[0]->message_id = bytes_of(uuid_view(&other));
    wire_target_outcome outcome =
        decide(&decided, &request, decided_message(&decided), NULL, NOW_MS);
    assert_int_equal(outcome.outcome, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(outcome.refusal, REFUSAL_CODE(UNKNOWN_MESSAGE));
    assert_nothing_changed(&decided);
    decided_fini(&decided);
}

int main(void)
{
    id_1 = decided_id(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(a_recall_is_an_event_and_a_tombstone),
        cmocka_unit_test(refusals_have_their_reason_and_no_effect),
        cmocka_unit_test(the_same_request_gets_the_first_outcome),
        cmocka_unit_test(another_request_finds_it_already_recalled),
        cmocka_unit_test(a_seq_and_an_id_that_contradict_are_refused),
        cmocka_unit_test(a_recall_before_its_message_waits_once),
        cmocka_unit_test(too_many_may_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
