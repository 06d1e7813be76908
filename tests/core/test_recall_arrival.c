/* A recall that waited, judged when its message comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "recall_scene.h"

static struct uuid id_1;

static const wire_audit_entry *assert_arrival(struct scene *scene, Unsay__V1__RecallOutcome outcome)
{
    const wire_audit_entry *entry = decided_audit(&scene->decided);
    assert_int_equal(entry->kind, WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL));
    assert_int_equal(entry->time, NOW_MS + 7);
    assert_int_equal(entry->target_seq, 5);
    assert_true(view_equal(bytes_view(entry->target_message_id), uuid_view(&id_1)));
    assert_string_equal(entry->target_sender, "ann");
    assert_string_equal(entry->operator_, "ann");
    assert_string_equal(entry->device, "tablet");
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->target_role, WIRE(ROLE, MEMBER));
    assert_true(view_equal(bytes_view(entry->request_id), view_of("r1")));
    assert_int_equal(entry->outcome, outcome);
    return entry;
}

static void a_recall_granted_on_arrival_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.rule.keep = POLICY_KEEP;
    scene.rule.keep_ms = 10;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(assert_arrival(&scene, WIRE(RECALL_OUTCOME, RECALLED))->recall_seq, 6);
    assert_true(decided_lacks(&scene.decided, "secret"));
    const struct change *tombstone = decided_change(&scene.decided, CHANGE_EVENT);
    assert_int_equal(tombstone->seq, 5);
    assert_true(view_equal(tombstone->evidence.body, view_of("secret")));
    scene_fini(&scene);
}

/* The mandate of the one who asked counts, whoever's device the message comes from. */
static void a_recall_that_waited_has_the_mandate_of_its_token(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    for (int with_mandate = 0; with_mandate < 2; with_mandate++) {
        scene_init(&scene);
        scene.rule.actors = POLICY_BIT(WIRE(ACTOR, COMPLIANCE));
        scene.waiting_authority = with_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, UNSPECIFIED);
        scene_arrive(&scene, &accepted);
        assert_int_equal(accepted.state, with_mandate ? WIRE(MESSAGE_STATE, RECALLED)
                                                      : WIRE(MESSAGE_STATE, NORMAL));
        const wire_audit_entry *entry = decided_audit(&scene.decided);
        assert_int_equal(entry->actor, with_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, SELF));
        policy_set own = POLICY_BIT(WIRE(ACTOR, SELF)) | POLICY_BIT(WIRE(ACTOR, MEMBER));
        assert_int_equal(entry->capacities,
                         with_mandate ? own | POLICY_BIT(WIRE(ACTOR, COMPLIANCE)) : own);
        scene_fini(&scene);
    }
}

static void a_recall_refused_on_arrival_is_told_to_its_operator(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.rule.allows = false;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, NORMAL));
    const wire_audit_entry *entry = assert_arrival(&scene, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(entry->refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(entry->recall_seq, 0);
    assert_int_equal(decided_publications(&scene.decided), 2);
    assert_int_equal(decided_change(&scene.decided, CHANGE_MEMBER)->member.pending_recalls, 0);

    const struct publication *news = scene.decided.effects.last;
    const wire_server_frame *frame =
        frame_decode_server(frame_payload(blob_view(news->frame)), &scene.decided.arena);
    assert_string_equal(news->only_user, "ann");
    assert_int_equal(frame->request, 0);
    assert_int_equal(frame->body_case, SERVER_FRAME(RECALL));
    assert_true(view_equal(bytes_view(frame->recall->request_id), view_of("r1")));
    assert_int_equal(frame->recall->n_outcomes, 1);
    const wire_target_outcome *outcome = frame->recall->outcomes[0];
    assert_int_equal(outcome->outcome, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(outcome->refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(outcome->target->seq, 5);
    assert_true(view_equal(bytes_view(outcome->target->message_id), uuid_view(&id_1)));
    scene_fini(&scene);
}

/* Nobody has it when it arrives: a condition is met. */
static void a_condition_is_met_on_arrival(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.request.condition = WIRE(RECALL_CONDITION, IF_UNDELIVERED);
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(assert_arrival(&scene, WIRE(RECALL_OUTCOME, RECALLED))->delivery,
                     WIRE(DELIVERY_STATE, UNDELIVERED));
    scene_fini(&scene);
}

int main(void)
{
    id_1 = decided_id(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recall_granted_on_arrival_is_on_record),
        cmocka_unit_test(a_recall_that_waited_has_the_mandate_of_its_token),
        cmocka_unit_test(a_recall_refused_on_arrival_is_told_to_its_operator),
        cmocka_unit_test(a_condition_is_met_on_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
