/* Opening a body that was kept: each look is on record, and what is sealed takes two people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/evidence.h"
#include "core/hlc.h"
#include "decided.h"

struct scene {
    struct decided decided;
    wire_dossier dossier;
    struct evidence_facts facts;
    wire_evidence answer;
};

static void scene_init(struct scene *scene, Unsay__V1__Keeping keeping)
{
    decided_init(&scene->decided);
    scene->decided.author.authority = WIRE(ACTOR, COMPLIANCE);
    scene->decided.conversation.type = WIRE(CONVERSATION_TYPE, GROUP);
    unsay__v1__dossier__init(&scene->dossier);
    unsay__v1__evidence__init(&scene->answer);
    scene->dossier.keeping = keeping;
    scene->facts = (struct evidence_facts){
        .author = &scene->decided.author,
        .event = decided_message(&scene->decided),
        .dossier = &scene->dossier,
        .body = view_of("secret"),
        .until_ms = NOW_MS + 1000,
        .now_ms = NOW_MS + 7,
    };
}

static void scene_look(struct scene *scene, refusal_code refusal)
{
    struct rulebook rules = {.policy = &policy_default, .region = ""};
    evidence_decide(&scene->decided.conversation, 2, refusal, &scene->facts, &rules,
                    &scene->decided.effects, &scene->answer);
}

static void assert_on_record(struct scene *scene, Unsay__V1__RecallOutcome outcome,
                             refusal_code refusal)
{
    const wire_audit_entry *entry = decided_audit(&scene->decided);
    assert_int_equal(entry->kind, WIRE(AUDIT_KIND, EVIDENCE));
    assert_int_equal(entry->time, NOW_MS + 7);
    assert_string_equal(entry->conversation, "c");
    assert_int_equal(entry->conversation_type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_int_equal(entry->origin, 1);
    assert_int_equal(entry->target_seq, 2);
    assert_string_equal(entry->target_sender, scene->facts.event == NULL ? "" : "ann");
    assert_string_equal(entry->operator_, "ann");
    assert_string_equal(entry->device, "phone");
    assert_string_equal(entry->address, "192.0.2.1:7");
    assert_int_equal(entry->actor, WIRE(ACTOR, COMPLIANCE));
    assert_int_equal(entry->policy.len, POLICY_VERSION_BYTES);
    assert_int_equal(entry->outcome, outcome);
    assert_int_equal(entry->refusal, refusal);
    assert_true(decided_lacks(&scene->decided, "secret"));
}

static void what_is_kept_opens_at_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, WIRE(KEEPING, KEPT));
    scene_look(&scene, REFUSAL_NONE);
    assert_on_record(&scene, WIRE(RECALL_OUTCOME, UNSPECIFIED), REFUSAL_NONE);
    assert_int_equal(decided_count(&scene.decided, CHANGE_APPROVAL), 0);
    assert_true(view_equal(bytes_view(scene.answer.body), view_of("secret")));
    assert_int_equal(scene.answer.approvals_needed, 0);
    assert_int_equal(scene.answer.target_seq, 2);
    assert_int_equal(scene.answer.origin, 1);
    assert_string_equal(scene.answer.conversation, "c");
    assert_int_equal(scene.answer.content_type, WIRE(CONTENT_TYPE, IMAGE));
    assert_int_equal(scene.answer.kept_until_ms, NOW_MS + 1000);
    decided_fini(&scene.decided);
}

static void what_is_sealed_waits_for_someone_else(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, WIRE(KEEPING, SEALED));
    scene_look(&scene, REFUSAL_NONE);
    assert_on_record(&scene, WIRE(RECALL_OUTCOME, PENDING), REFUSAL_NONE);
    assert_int_equal(scene.answer.approvals_needed, 1);
    assert_int_equal(scene.answer.body.len, 0);
    const struct change *approval = decided_change(&scene.decided, CHANGE_APPROVAL);
    assert_true(view_equal(approval->user, view_of("ann")));
    assert_int_equal(approval->origin, 1);
    assert_int_equal(approval->seq, 2);
    assert_true(evidence_is_current(approval->bytes, NOW_MS + 7));
    decided_fini(&scene.decided);

    scene_init(&scene, WIRE(KEEPING, SEALED));
    scene.facts.is_approved = true;
    scene_look(&scene, REFUSAL_NONE);
    assert_on_record(&scene, WIRE(RECALL_OUTCOME, UNSPECIFIED), REFUSAL_NONE);
    assert_int_equal(scene.answer.approvals_needed, 0);
    assert_true(view_equal(bytes_view(scene.answer.body), view_of("secret")));
    assert_int_equal(decided_count(&scene.decided, CHANGE_APPROVAL), 1);
    decided_fini(&scene.decided);
}

static void an_approval_is_good_for_a_day(void **state)
{
    (void)state;
    uint64_t time_ms = NOW_MS;
    struct view approval = view_make(&time_ms, sizeof(time_ms));
    assert_true(evidence_is_current(approval, NOW_MS));
    assert_true(evidence_is_current(approval, NOW_MS + EVIDENCE_APPROVAL_MS));
    assert_false(evidence_is_current(approval, (uint64_t)NOW_MS + EVIDENCE_APPROVAL_MS + 1));
    assert_false(evidence_is_current(approval, NOW_MS - 1)); /* of another clock */
    assert_false(evidence_is_current(view_make(&time_ms, 7), NOW_MS));
    assert_false(evidence_is_current(view_make(NULL, 0), NOW_MS));
}

static void a_refusal_is_on_record_and_changes_nothing(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, WIRE(KEEPING, SEALED));
    scene_look(&scene, REFUSAL_CODE(NOT_PERMITTED));
    assert_on_record(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(scene.decided.effects.changes.count, 1);
    assert_int_equal(scene.answer.body.len, 0);
    decided_fini(&scene.decided);

    scene_init(&scene, WIRE(KEEPING, KEPT));
    scene.facts.event = NULL;
    scene.facts.dossier = NULL;
    scene_look(&scene, REFUSAL_CODE(UNKNOWN_MESSAGE));
    assert_on_record(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(UNKNOWN_MESSAGE));
    decided_fini(&scene.decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_opens_at_once),
        cmocka_unit_test(what_is_sealed_waits_for_someone_else),
        cmocka_unit_test(an_approval_is_good_for_a_day),
        cmocka_unit_test(a_refusal_is_on_record_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
