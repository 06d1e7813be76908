/* Decisions on record, asked again: the same policy says the same, another one says what it would
 * have said, and what is not on record is not guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/policy_record.h"
#include "core/recall.h"
#include "decided.h"

#define IS(name) POLICY_BIT(WIRE(ACTOR, name))

enum { SECOND_MS = 1000 };

static const uint8_t version_one[POLICY_VERSION_BYTES] = {1};
static const uint8_t version_two[POLICY_VERSION_BYTES] = {2};

static struct policy policy_of(const struct policy_rule *rules, size_t count)
{
    struct policy policy = {.rules = rules, .rule_count = count, .clock_error_max_ms = 500};
    memcpy(policy.version, version_one, POLICY_VERSION_BYTES);
    for (size_t i = 0; i < count; i++)
        policy.asks_delivery |= rules[i].is_delivered != POLICY_ANY ||
                                rules[i].is_displayed != POLICY_ANY ||
                                rules[i].window_from != POLICY_FROM_SENDING;
    return policy;
}

/* Bob, an admin, takes back a text of Ann's in a group, a minute after she sent it. */
static wire_audit_entry entry_usual(void)
{
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, RECALL);
    entry.time = NOW_MS + 60 * SECOND_MS;
    entry.target_time = (uint64_t)NOW_MS << 16;
    entry.conversation_type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.content_type = WIRE(CONTENT_TYPE, TEXT);
    entry.target_role = WIRE(ROLE, MEMBER);
    entry.actor = WIRE(ACTOR, ADMIN);
    entry.capacities = IS(ADMIN);
    entry.region = string_of("here");
    entry.rule = string_of("any");
    entry.policy = bytes_of(view_make(version_one, POLICY_VERSION_BYTES));
    entry.outcome = WIRE(RECALL_OUTCOME, RECALLED);
    return entry;
}

static void entry_refuse(wire_audit_entry *entry, refusal_code refusal)
{
    entry->outcome = WIRE(RECALL_OUTCOME, REFUSED);
    entry->refusal = (uint32_t)refusal;
}

/* ---- What a decision leaves on record is what it went by ---- */

/* Every fact that a rule can ask for, there and gone: each decision is asked again by its entry. */
static void what_was_decided_is_decided_again(void **state)
{
    (void)state;
    static const char *const here[] = {"here"};
    const struct policy_rule rules[] = {
        {.name = "a", .conversation_types = POLICY_BIT(WIRE(CONVERSATION_TYPE, GROUP))},
        {.name = "b", .actors = IS(SELF), .allows = true, .window_ms = 10},
        {.name = "c", .actors = IS(OWNER), .allows = true},
        {.name = "d", .target_roles = POLICY_BIT(WIRE(ROLE, GUEST))},
        {.name = "e", .content_types = POLICY_BIT(WIRE(CONTENT_TYPE, IMAGE)), .allows = true},
        {.name = "f", .regions = here, .region_count = 1, .allows = true},
        {.name = "g", .age_min_ms = 7, .allows = true},
        {.name = "h",
         .is_delivered = POLICY_YES,
         .allows = true,
         .window_ms = 3,
         .window_from = POLICY_FROM_FIRST_DELIVERY},
        {.name = "i",
         .is_displayed = POLICY_NO,
         .allows = true,
         .window_ms = 3,
         .window_from = POLICY_FROM_EACH_DELIVERY},
    };
    enum { RULES = sizeof(rules) / sizeof(rules[0]), FACTS = 8 };
    unsigned granted = 0;
    for (unsigned facts = 0; facts < 1u << FACTS; facts++) {
        for (size_t rule = 0; rule < RULES; rule++) {
            struct decided decided;
            decided_init(&decided);
            struct policy policy = policy_of(&rules[rule], 1);
            struct rulebook book = {&policy, facts & 1 ? "here" : "", (facts & 2) != 0};
            struct cursor_row cursor = {.receipt_seq = 0};
            struct reach_device bob = {
                .user = "bob", .device = "d", .is_member = true, .cursor = &cursor};
            struct reach_audience audience = {
                .devices = &bob, .device_count = 1, .member_count = facts & 64 ? 3 : 2};
            policy.on_clock_unsure = facts & 4 ? POLICY_UNSURE_REFUSE : POLICY_UNSURE_DECIDE;
            if (facts & 8)
                trail_move(&cursor.stored, 2, NOW_MS + 1);
            if (facts & 16)
                trail_move(&cursor.displayed, 2, NOW_MS + 2);
            decided.conversation.type =
                facts & 32 ? WIRE(CONVERSATION_TYPE, GROUP) : WIRE(CONVERSATION_TYPE, CHANNEL);
            decided.member.row.role = facts & 64 ? WIRE(ROLE, OWNER) : WIRE(ROLE, MEMBER);
            struct recall_facts of_recall = {
                .author = &decided.author,
                .member = &decided.member,
                .event = decided_message(&decided),
                .target_role = decided.member.row.role,
                .audience = &audience,
                .now_ms = NOW_MS + (facts & 128 ? 7 : 2),
            };
            struct recall_ruling ruling = recall_judge_message(
                &decided.conversation, WIRE(RECALL_CONDITION, NONE), &of_recall, &book);
            wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
            recall_audit(&decided.conversation, WIRE(AUDIT_KIND, RECALL), &request, NULL,
                         &of_recall, &ruling, &book, NULL, &decided.effects);

            struct policy_record record;
            struct policy_verdict verdict;
            assert_int_equal(policy_record_read(decided_audit(&decided), &record),
                             POLICY_RECORD_ASKED);
            assert_int_equal(policy_record_judge(&record, &policy, &policy, &verdict),
                             POLICY_LACKS_NOTHING);
            assert_true(policy_record_agrees(&record, &verdict));
            assert_ptr_equal(verdict.rule, ruling.verdict.rule);
            granted += verdict.refusal == REFUSAL_NONE;
            decided_fini(&decided);
        }
    }
    assert_in_range(granted, 200, 2000);
}

/* ---- Which entries ---- */

static void only_what_the_policy_decided_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        Unsay__V1__RecallOutcome outcome;
        refusal_code refusal;
        enum policy_record_state state;
    } cases[] = {
        {WIRE(RECALL_OUTCOME, RECALLED), REFUSAL_NONE, POLICY_RECORD_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_PERMITTED), POLICY_RECORD_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(WINDOW_CLOSED), POLICY_RECORD_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(CLOCK_UNSURE), POLICY_RECORD_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(CONDITION_NOT_MET), POLICY_RECORD_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MEMBER), POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(UNKNOWN_MESSAGE), POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MESSAGE), POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(TOO_MANY_PENDING), POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, ALREADY_RECALLED), REFUSAL_NONE, POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, PENDING), REFUSAL_NONE, POLICY_RECORD_NOT_ASKED},
        {WIRE(RECALL_OUTCOME, UNSPECIFIED), REFUSAL_NONE, POLICY_RECORD_NOT_ASKED},
    };
    struct policy_record record;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire_audit_entry entry = entry_usual();
        entry.outcome = cases[i].outcome;
        entry.refusal = (uint32_t)cases[i].refusal;
        assert_int_equal(policy_record_read(&entry, &record), cases[i].state);
        entry.kind = WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL);
        assert_int_equal(policy_record_read(&entry, &record), cases[i].state);
        entry.kind = WIRE(AUDIT_KIND, EVIDENCE);
        assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_NOT_ASKED);
    }
}

static void what_an_entry_does_not_say_is_not_judged(void **state)
{
    (void)state;
    struct policy_record record;
    wire_audit_entry entry = entry_usual();
    entry.capacities = 0; /* a copy taken back along with its source, or an old entry */
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
    entry = entry_usual();
    entry.capacities = IS(ADMIN) | UINT32_C(1) << 31;
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
    entry.capacities = IS(ADMIN) | 1;
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
    entry = entry_usual();
    entry.target_time = 0;
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
    entry = entry_usual();
    entry.conversation_type = WIRE(CONVERSATION_TYPE, UNSPECIFIED);
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
    entry = entry_usual();
    entry.policy.len = 31;
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_INCOMPLETE);
}

/* Of those who had left before the message came, every policy says the same. */
static void nobody_is_refused_by_every_policy(void **state)
{
    (void)state;
    static const struct policy_rule rule = {.name = "all", .allows = true};
    struct policy policy = policy_of(&rule, 1);
    struct policy_record record;
    struct policy_verdict verdict;
    wire_audit_entry entry = entry_usual();
    entry.capacities = 0;
    entry.actor = WIRE(ACTOR, UNSPECIFIED);
    entry.rule = string_of("");
    entry_refuse(&entry, REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_ASKED);
    assert_int_equal(policy_record_judge(&record, &policy, NULL, &verdict), POLICY_LACKS_NOTHING);
    assert_int_equal(verdict.refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_true(policy_record_agrees(&record, &verdict));
}

static void another_answer_than_the_one_on_record_is_seen(void **state)
{
    (void)state;
    static const struct policy_rule rule = {.name = "any", .allows = true};
    struct policy policy = policy_of(&rule, 1);
    struct policy_record record;
    struct policy_verdict verdict;
    for (int change = 0; change < 5; change++) {
        wire_audit_entry entry = entry_usual();
        if (change == 1)
            entry_refuse(&entry, REFUSAL_CODE(NOT_PERMITTED));
        else if (change == 2)
            entry.rule = string_of("another");
        else if (change == 3)
            entry.actor = WIRE(ACTOR, OWNER);
        else if (change == 4)
            entry_refuse(&entry, REFUSAL_CODE(CONDITION_NOT_MET)); /* the policy had granted it */
        assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_ASKED);
        assert_int_equal(policy_record_judge(&record, &policy, NULL, &verdict),
                         POLICY_LACKS_NOTHING);
        assert_int_equal(policy_record_agrees(&record, &verdict), change == 0 || change == 4);
    }
}

/* ---- What is not on record ---- */

static enum policy_lack judge(const wire_audit_entry *entry, const struct policy *policy,
                              const struct policy *decided_by, refusal_code *refusal)
{
    struct policy_record record;
    struct policy_verdict verdict;
    assert_int_equal(policy_record_read(entry, &record), POLICY_RECORD_ASKED);
    enum policy_lack lack = policy_record_judge(&record, policy, decided_by, &verdict);
    *refusal = verdict.refusal;
    return lack;
}

/* A delivery that nobody asked for is missing exactly where the verdict depends on it. */
static void a_delivery_is_not_guessed(void **state)
{
    (void)state;
    enum { YOUNG = 59 * SECOND_MS, OLD = 60 * SECOND_MS };
    static const struct {
        struct policy_rule rules[2];
        enum policy_lack lack;
        refusal_code refusal;
    } cases[] = {
        {{{.name = "r", .is_delivered = POLICY_NO, .allows = true}}, POLICY_LACKS_DELIVERY, 0},
        {{{.name = "r", .is_displayed = POLICY_YES, .allows = true}}, POLICY_LACKS_DELIVERY, 0},
        {{{.name = "r",
           .window_from = POLICY_FROM_FIRST_DELIVERY,
           .window_ms = YOUNG,
           .allows = true}},
         POLICY_LACKS_DELIVERY,
         0},
        {{{.name = "r",
           .window_from = POLICY_FROM_EACH_DELIVERY,
           .window_ms = YOUNG,
           .allows = true}},
         POLICY_LACKS_DELIVERY,
         0},
        /* open even if it began when the message was sent */
        {{{.name = "r",
           .window_from = POLICY_FROM_FIRST_DELIVERY,
           .window_ms = OLD,
           .allows = true}},
         POLICY_LACKS_NOTHING,
         REFUSAL_NONE},
        {{{.name = "r",
           .window_from = POLICY_FROM_EACH_DELIVERY,
           .window_ms = OLD,
           .allows = true}},
         POLICY_LACKS_NOTHING,
         REFUSAL_NONE},
        /* decided before that rule is asked, or it does not match whatever happened */
        {{{.name = "q", .actors = IS(ADMIN), .allows = true},
          {.name = "r", .is_delivered = POLICY_NO}},
         POLICY_LACKS_NOTHING,
         REFUSAL_NONE},
        {{{.name = "q", .actors = IS(OWNER), .is_delivered = POLICY_NO, .allows = true},
          {.name = "r"}},
         POLICY_LACKS_NOTHING,
         REFUSAL_CODE(NOT_PERMITTED)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy policy = policy_of(cases[i].rules, cases[i].rules[1].name == NULL ? 1 : 2);
        wire_audit_entry entry = entry_usual();
        refusal_code refusal;
        assert_true(policy.asks_delivery);
        memcpy(policy.version, version_two, POLICY_VERSION_BYTES);
        assert_int_equal(judge(&entry, &policy, NULL, &refusal), cases[i].lack);
        if (cases[i].lack == POLICY_LACKS_NOTHING)
            assert_int_equal(refusal, cases[i].refusal);
        /* ... and is used where it is there. */
        entry.delivery = WIRE(DELIVERY_STATE, DISPLAYED);
        entry.delivered_ms = NOW_MS;
        entry.delivered_all_ms = NOW_MS;
        assert_int_equal(judge(&entry, &policy, NULL, &refusal), POLICY_LACKS_NOTHING);
    }
}

/* How far off the clock was is known by the bound of the policy that decided, and no further. */
static void a_clock_is_not_guessed(void **state)
{
    (void)state;
    static const struct policy_rule rule = {.name = "r", .allows = true, .window_ms = 90000};
    static const struct {
        bool was_unsure;
        uint64_t decided_max_ms; /* 0: the policy that decided is not known */
        uint64_t asked_max_ms;
        enum policy_lack lack;
        refusal_code refusal;
    } cases[] = {
        {false, 500, 500, POLICY_LACKS_NOTHING, REFUSAL_NONE},
        {false, 500, 501, POLICY_LACKS_NOTHING, REFUSAL_NONE},
        {false, 500, 499, POLICY_LACKS_CLOCK, 0},
        {true, 500, 500, POLICY_LACKS_NOTHING, REFUSAL_CODE(CLOCK_UNSURE)},
        {true, 500, 499, POLICY_LACKS_NOTHING, REFUSAL_CODE(CLOCK_UNSURE)},
        {true, 500, 501, POLICY_LACKS_CLOCK, 0},
        {true, 0, 500, POLICY_LACKS_CLOCK, 0},
        {false, 0, 500, POLICY_LACKS_CLOCK, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy decided_by = policy_of(&rule, 1);
        struct policy policy = policy_of(&rule, 1);
        wire_audit_entry entry = entry_usual();
        refusal_code refusal;
        bool is_known = cases[i].decided_max_ms != 0;
        entry.clock_unsure = cases[i].was_unsure;
        decided_by.clock_error_max_ms = cases[i].decided_max_ms;
        policy.clock_error_max_ms = cases[i].asked_max_ms;
        policy.on_clock_unsure = POLICY_UNSURE_REFUSE;
        memcpy(policy.version, version_two, POLICY_VERSION_BYTES);
        assert_int_equal(judge(&entry, &policy, is_known ? &decided_by : NULL, &refusal),
                         cases[i].lack);
        if (cases[i].lack == POLICY_LACKS_NOTHING)
            assert_int_equal(refusal, cases[i].refusal);
        /* Where neither window nor age decides, the clock does not matter. */
        static const struct policy_rule endless = {.name = "r", .allows = true};
        policy.rules = &endless;
        assert_int_equal(judge(&entry, &policy, NULL, &refusal), POLICY_LACKS_NOTHING);
        assert_int_equal(refusal, REFUSAL_NONE);
        /* ... nor where the policy decides all the same. */
        policy.rules = &rule;
        policy.on_clock_unsure = POLICY_UNSURE_DECIDE;
        assert_int_equal(judge(&entry, &policy, NULL, &refusal), POLICY_LACKS_NOTHING);
    }
}

/* ---- Two verdicts ---- */

static void what_becomes_of_a_case_is_compared(void **state)
{
    (void)state;
    enum { GRANTED, FORBIDDEN, CLOSED, SEALED, LONGER, VANISHED, LEFT, ALONG, RENAMED, VERDICTS };
    static const struct policy_rule rules[VERDICTS] = {
        [GRANTED] = {.name = "g", .allows = true, .withdraws_notifications = true},
        [FORBIDDEN] = {.name = "f"},
        [CLOSED] = {.name = "c", .allows = true, .window_ms = 1},
        [SEALED] = {.name = "g",
                    .allows = true,
                    .keep = POLICY_SEAL,
                    .keep_ms = 1,
                    .withdraws_notifications = true},
        [LONGER] = {.name = "g",
                    .allows = true,
                    .keep = POLICY_SEAL,
                    .keep_ms = 2,
                    .withdraws_notifications = true},
        [VANISHED] = {.name = "g",
                      .allows = true,
                      .vanishes = true,
                      .withdraws_notifications = true},
        [LEFT] = {.name = "g", .allows = true},
        [ALONG] = {.name = "g",
                   .allows = true,
                   .withdraws_notifications = true,
                   .forwards = POLICY_FORWARDS_RECALLED},
        [RENAMED] = {.name = "another",
                     .allows = true,
                     .window_ms = 90000,
                     .withdraws_notifications = true},
    };
    static const struct {
        int before;
        int after;
        enum policy_change change;
    } cases[] = {
        {GRANTED, GRANTED, POLICY_SAME},
        {GRANTED, RENAMED, POLICY_SAME},
        {GRANTED, FORBIDDEN, POLICY_NEWLY_REFUSED},
        {CLOSED, GRANTED, POLICY_NEWLY_GRANTED},
        {CLOSED, FORBIDDEN, POLICY_REFUSED_OTHERWISE},
        {CLOSED, CLOSED, POLICY_SAME},
        {GRANTED, SEALED, POLICY_GRANTED_OTHERWISE},
        {SEALED, LONGER, POLICY_GRANTED_OTHERWISE},
        {GRANTED, VANISHED, POLICY_GRANTED_OTHERWISE},
        {GRANTED, LEFT, POLICY_GRANTED_OTHERWISE},
        {GRANTED, ALONG, POLICY_GRANTED_OTHERWISE},
    };
    wire_audit_entry entry = entry_usual();
    struct policy_record record;
    assert_int_equal(policy_record_read(&entry, &record), POLICY_RECORD_ASKED);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy policies[2] = {policy_of(&rules[cases[i].before], 1),
                                     policy_of(&rules[cases[i].after], 1)};
        struct policy_verdict verdicts[2];
        for (int side = 0; side < 2; side++)
            assert_int_equal(policy_record_judge(&record, &policies[side], NULL, &verdicts[side]),
                             POLICY_LACKS_NOTHING);
        assert_int_equal(policy_verdict_change(&verdicts[0], &verdicts[1]), cases[i].change);
    }
    struct policy_verdict as_owner = {REFUSAL_NONE, &rules[GRANTED], WIRE(ACTOR, OWNER)};
    struct policy_verdict as_self = {REFUSAL_NONE, &rules[GRANTED], WIRE(ACTOR, SELF)};
    assert_int_equal(policy_verdict_change(&as_owner, &as_self), POLICY_GRANTED_OTHERWISE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_decided_is_decided_again),
        cmocka_unit_test(only_what_the_policy_decided_is_asked_again),
        cmocka_unit_test(what_an_entry_does_not_say_is_not_judged),
        cmocka_unit_test(nobody_is_refused_by_every_policy),
        cmocka_unit_test(another_answer_than_the_one_on_record_is_seen),
        cmocka_unit_test(a_delivery_is_not_guessed),
        cmocka_unit_test(a_clock_is_not_guessed),
        cmocka_unit_test(what_becomes_of_a_case_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
