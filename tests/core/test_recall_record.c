/* What a decision about a recall goes by, and what the audit log says of it: capacities,
 * conditions, outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/hlc.h"
#include "recall_scene.h"

static struct uuid id_1;

/* Who asked, from where, under which name, by which policy: in every entry. */
static const wire_audit_entry *assert_attempt(struct scene *scene, Unsay__V1__RecallOutcome outcome,
                                              refusal_code refusal)
{
    const wire_audit_entry *entry = decided_audit(&scene->decided);
    struct view bytes = decided_change(&scene->decided, CHANGE_AUDIT)->bytes;
    static const char *const canaries[] = {"secret", "because", "extended", "zoe", "elsewhere"};
    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
        assert_null(memmem(bytes.data, bytes.size, canaries[i], strlen(canaries[i])));
    assert_int_equal(entry->kind, WIRE(AUDIT_KIND, RECALL));
    assert_int_equal(entry->time, NOW_MS + 7);
    assert_string_equal(entry->conversation, "c");
    assert_int_equal(entry->conversation_type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_int_equal(entry->origin, 1);
    assert_string_equal(entry->operator_, scene->facts.author->user);
    assert_string_equal(entry->device, "phone");
    assert_string_equal(entry->address, "192.0.2.1:7");
    assert_true(view_equal(bytes_view(entry->request_id), view_of("r1")));
    assert_true(view_equal(bytes_view(entry->policy),
                           view_make(scene->policy.version, POLICY_VERSION_BYTES)));
    assert_int_equal(entry->outcome, outcome);
    assert_int_equal(entry->refusal, refusal);
    assert_int_equal(scene->outcome.outcome, outcome);
    assert_int_equal(scene->outcome.refusal, refusal);
    return entry;
}

/* What the entry says of the message. */
static void assert_target(const wire_audit_entry *entry, bool is_known)
{
    assert_int_equal(entry->target_seq, 2);
    assert_int_equal(entry->target_message_id.len, is_known ? UUID_BYTES : 0);
    assert_string_equal(entry->target_sender, is_known ? "ann" : "");
    assert_int_equal(entry->content_type, is_known ? WIRE(CONTENT_TYPE, IMAGE) : 0);
    assert_int_equal(hlc_ms(entry->target_time), is_known ? NOW_MS : 0);
    assert_int_equal(entry->target_role, is_known ? WIRE(ROLE, MEMBER) : 0);
}

static void a_granted_recall_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rules.clock_is_unsure = true;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, RECALLED), REFUSAL_NONE);
    assert_target(entry, true);
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->recall_seq, 5);
    assert_int_equal(entry->clock_unsure, 1);
    assert_int_equal(entry->delivery, WIRE(DELIVERY_STATE, UNKNOWN));
    assert_int_equal(entry->delivered_ms, 0);
    scene_fini(&scene);
}

static void a_refusal_is_on_record_with_the_rule_that_refused(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rule.window_ms = 6;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(WINDOW_CLOSED));
    assert_target(entry, true);
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->recall_seq, 0);
    assert_int_equal(entry->clock_unsure, 0);
    scene_fini(&scene);

    scene_init(&scene);
    scene.rule.actors = POLICY_BIT(WIRE(ACTOR, OWNER));
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_PERMITTED));
    assert_string_equal(entry->rule, "");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    scene_fini(&scene);
}

static void what_the_policy_was_not_asked_about_is_on_record_too(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.decided.member.is_member = false;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MEMBER));
    assert_int_equal(entry->actor, WIRE(ACTOR, UNSPECIFIED));
    assert_string_equal(entry->rule, "");
    scene_fini(&scene);

    scene_init(&scene);
    scene.facts.event = NULL;
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(UNKNOWN_MESSAGE));
    assert_target(entry, false);
    scene_fini(&scene);

    scene_init(&scene);
    wire_event creation = UNSAY__V1__EVENT__INIT;
    wire_creation kind = UNSAY__V1__CREATION__INIT;
    creation.kind_case = EVENT_KIND(CREATION);
    creation.creation = &kind;
    scene.facts.event = &creation;
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MESSAGE));
    assert_target(entry, false);
    scene_fini(&scene);
}

static void a_recall_that_waits_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.facts.event = NULL;
    scene.target.seq = 0;
    scene.target.message_id = bytes_of(uuid_view(&id_1));
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, PENDING), REFUSAL_NONE);
    assert_int_equal(entry->target_seq, 0);
    assert_true(view_equal(bytes_view(entry->target_message_id), uuid_view(&id_1)));
    assert_int_equal(entry->recall_seq, 0);
    scene_fini(&scene);
}

/* Another request for what was taken back is an attempt; the same one again is none. */
static void a_repetition_makes_no_entry(void **state)
{
    (void)state;
    static const struct {
        const char *request_id;
        const char *user;
        size_t entries;
    } cases[] = {{"r1", "ann", 0}, {"r2", "ann", 1}, {"r1", "bob", 1}};
    for (size_t i = 0; i < 3; i++) {
        struct scene first;
        struct scene again;
        scene_init(&first);
        scene_decide(&first);
        scene_init(&again);
        struct decided *decided = &first.decided;
        again.decided.author.user = cases[i].user;
        again.request.request_id = bytes_of(view_of(cases[i].request_id));
        again.facts.event =
            event_decode(decided_change(decided, CHANGE_EVENT)->bytes, &decided->arena);
        again.facts.earlier = event_decode(decided->effects.changes.first->bytes, &decided->arena);
        scene_decide(&again);
        assert_int_equal(again.ruling.is_repetition, cases[i].entries == 0);
        assert_int_equal(decided_count(&again.decided, CHANGE_AUDIT), cases[i].entries);
        assert_int_equal(again.decided.effects.changes.count, cases[i].entries);
        assert_int_equal(again.outcome.recall_seq, 5);
        scene_fini(&again);
        scene_fini(&first);
    }
}

/* ---- In which capacity ---- */

static void every_capacity_counts_and_no_other(void **state)
{
    (void)state;
    static const Unsay__V1__Role stranger = WIRE(ROLE, UNSPECIFIED);
    const struct {
        Unsay__V1__Role role; /* 0: no member now */
        Unsay__V1__Actor authority;
        const char *user;
        policy_set capacities; /* 0: refused as no member */
    } cases[] = {
        {WIRE(ROLE, OWNER), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, OWNER))},
        {WIRE(ROLE, ADMIN), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, ADMIN))},
        {WIRE(ROLE, MODERATOR), WIRE(ACTOR, UNSPECIFIED), "bob",
         POLICY_BIT(WIRE(ACTOR, MODERATOR))},
        {WIRE(ROLE, MEMBER), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, MEMBER))},
        {WIRE(ROLE, GUEST), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, GUEST))},
        {WIRE(ROLE, OWNER), WIRE(ACTOR, UNSPECIFIED), "ann",
         POLICY_BIT(WIRE(ACTOR, OWNER)) | POLICY_BIT(WIRE(ACTOR, SELF))},
        {WIRE(ROLE, GUEST), WIRE(ACTOR, UNSPECIFIED), "ann",
         POLICY_BIT(WIRE(ACTOR, GUEST)) | POLICY_BIT(WIRE(ACTOR, SELF))},
        {WIRE(ROLE, MEMBER), WIRE(ACTOR, SYSTEM), "bob",
         POLICY_BIT(WIRE(ACTOR, MEMBER)) | POLICY_BIT(WIRE(ACTOR, SYSTEM))},
        {stranger, WIRE(ACTOR, UNSPECIFIED), "bob", 0},
        {stranger, WIRE(ACTOR, UNSPECIFIED), "ann", 0}, /* the author has left */
        {stranger, WIRE(ACTOR, SYSTEM), "bob", POLICY_BIT(WIRE(ACTOR, SYSTEM))},
        {stranger, WIRE(ACTOR, COMPLIANCE), "bob", POLICY_BIT(WIRE(ACTOR, COMPLIANCE))},
        /* ... and is no author any more, whatever else they are */
        {stranger, WIRE(ACTOR, SYSTEM), "ann", POLICY_BIT(WIRE(ACTOR, SYSTEM))},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int actor = (int)WIRE(ACTOR, SELF); actor <= (int)WIRE(ACTOR, COMPLIANCE); actor++) {
            struct scene scene;
            scene_init(&scene);
            scene.decided.author.user = cases[i].user;
            scene.decided.author.authority = cases[i].authority;
            scene.decided.member.is_member = cases[i].role != stranger;
            scene.decided.member.row.role = cases[i].role;
            scene.rule.actors = POLICY_BIT(actor);
            scene_decide(&scene);
            bool may = (cases[i].capacities & POLICY_BIT(actor)) != 0;
            assert_int_equal(scene.outcome.outcome,
                             may ? WIRE(RECALL_OUTCOME, RECALLED) : WIRE(RECALL_OUTCOME, REFUSED));
            if (may)
                assert_int_equal(decided_audit(&scene.decided)->actor, actor);
            else
                assert_int_equal(scene.outcome.refusal, cases[i].capacities == 0
                                                            ? REFUSAL_CODE(NOT_A_MEMBER)
                                                            : REFUSAL_CODE(NOT_PERMITTED));
            scene_fini(&scene);
        }
    }
}

/* ---- Conditions ---- */

static void conditions_are_decided_by_how_far_it_got(void **state)
{
    (void)state;
    enum { NEVER = 0 };
    static const struct {
        Unsay__V1__RecallCondition condition;
        uint64_t stored_ms; /* by bob, after it was sent */
        uint64_t displayed_ms;
        refusal_code refusal;
        Unsay__V1__DeliveryState delivery;
    } cases[] = {
        {WIRE(RECALL_CONDITION, NONE), 3, 4, REFUSAL_NONE, WIRE(DELIVERY_STATE, UNKNOWN)},
        {WIRE(RECALL_CONDITION, IF_UNDELIVERED), NEVER, NEVER, REFUSAL_NONE,
         WIRE(DELIVERY_STATE, UNDELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNDELIVERED), 3, NEVER, REFUSAL_CODE(CONDITION_NOT_MET),
         WIRE(DELIVERY_STATE, DELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNREAD), 3, NEVER, REFUSAL_NONE,
         WIRE(DELIVERY_STATE, DELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNREAD), 3, 4, REFUSAL_CODE(CONDITION_NOT_MET),
         WIRE(DELIVERY_STATE, DISPLAYED)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene;
        struct cursor_row cursor = {.receipt_seq = 0};
        struct reach_device bob = {
            .user = "bob", .device = "d", .is_member = true, .cursor = &cursor};
        struct reach_audience audience = {.devices = &bob, .device_count = 1, .member_count = 2};
        scene_init(&scene);
        if (cases[i].stored_ms != NEVER)
            trail_move(&cursor.stored, 2, NOW_MS + cases[i].stored_ms);
        if (cases[i].displayed_ms != NEVER)
            trail_move(&cursor.displayed, 2, NOW_MS + cases[i].displayed_ms);
        scene.facts.audience = &audience;
        scene.request.condition = cases[i].condition;
        scene_decide(&scene);
        const wire_audit_entry *entry =
            assert_attempt(&scene,
                           cases[i].refusal == REFUSAL_NONE ? WIRE(RECALL_OUTCOME, RECALLED)
                                                            : WIRE(RECALL_OUTCOME, REFUSED),
                           cases[i].refusal);
        assert_int_equal(entry->delivery, cases[i].delivery);
        assert_int_equal(entry->delivered_ms,
                         cases[i].delivery >= WIRE(DELIVERY_STATE, DELIVERED) ? NOW_MS + 3 : 0);
        scene_fini(&scene);
    }
}

/* The policy says no first: what else would be asked is not told. */
static void the_policy_comes_before_the_condition(void **state)
{
    (void)state;
    struct scene scene;
    struct reach_audience large = {.is_large = true};
    scene_init(&scene);
    scene.facts.audience = &large;
    scene.request.condition = WIRE(RECALL_CONDITION, IF_UNREAD);
    scene.rule.allows = false;
    scene_decide(&scene);
    assert_int_equal(scene.outcome.refusal, REFUSAL_CODE(NOT_PERMITTED));
    scene_fini(&scene);
}

int main(void)
{
    id_1 = decided_id(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_granted_recall_is_on_record),
        cmocka_unit_test(a_refusal_is_on_record_with_the_rule_that_refused),
        cmocka_unit_test(what_the_policy_was_not_asked_about_is_on_record_too),
        cmocka_unit_test(a_recall_that_waits_is_on_record),
        cmocka_unit_test(a_repetition_makes_no_entry),
        cmocka_unit_test(every_capacity_counts_and_no_other),
        cmocka_unit_test(conditions_are_decided_by_how_far_it_got),
        cmocka_unit_test(the_policy_comes_before_the_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
