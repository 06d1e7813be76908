/* What is told outside of a recall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/hlc.h"
#include "recall_scene.h"

static wire_outbox_entry *told(struct scene *scene, const struct change *change)
{
    ProtobufCAllocator allocator;
    arena_allocator(&scene->decided.arena, &allocator);
    assert_int_equal(change->kind, CHANGE_OUTBOX);
    return unsay__v1__outbox_entry__unpack(&allocator, change->bytes.size, change->bytes.data);
}

/* One row, whoever is in the conversation; none where nobody is told. */
static void a_recall_is_to_be_told_without_what_was_written(void **state)
{
    (void)state;
    for (int has_outbox = 0; has_outbox < 2; has_outbox++) {
        for (int withdraws = 0; withdraws < 2; withdraws++) {
            struct scene scene;
            scene_init(&scene);
            scene.decided.effects.has_outbox = has_outbox;
            scene.rule.withdraws_notifications = withdraws;
            scene.rule.keep = POLICY_KEEP;
            scene.rule.keep_ms = 1;
            scene_decide(&scene);
            assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), has_outbox);
            assert_int_equal(scene.decided.effects.outgoing, has_outbox);
            if (has_outbox) {
                const struct change *change = decided_change(&scene.decided, CHANGE_OUTBOX);
                const wire_outbox_entry *entry = told(&scene, change);
                assert_int_equal(entry->kind, WIRE(OUTBOX_KIND, RECALL));
                assert_string_equal(entry->conversation, "c");
                assert_int_equal(entry->origin, 1);
                assert_int_equal(entry->seq, 5);
                assert_int_equal(entry->target_seq, 2);
                assert_int_equal(entry->withdraws_notifications, withdraws);
                assert_int_equal(hlc_ms(entry->time), NOW_MS + 7);
                static const char *const canaries[] = {"secret", "because", "extended", "ann"};
                for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
                    assert_null(memmem(change->bytes.data, change->bytes.size, canaries[i],
                                       strlen(canaries[i])));
            }
            scene_fini(&scene);
        }
    }
}

static void a_refusal_is_not_told(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.decided.effects.has_outbox = true;
    scene.rule.allows = false;
    scene_decide(&scene);
    assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), 0);
    scene_fini(&scene);
}

/* The message first, and then the recall that had waited for it. */
static void a_message_is_to_be_told_before_its_recall(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.decided.effects.has_outbox = true;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), 2);
    uint64_t seq = 5;
    for (const struct change *change = scene.decided.effects.changes.first; change != NULL;
         change = change->next) {
        if (change->kind != CHANGE_OUTBOX)
            continue;
        const wire_outbox_entry *entry = told(&scene, change);
        assert_int_equal(entry->kind,
                         seq == 5 ? WIRE(OUTBOX_KIND, MESSAGE) : WIRE(OUTBOX_KIND, RECALL));
        assert_int_equal(entry->seq, seq++);
        assert_int_equal(entry->target_seq, entry->kind == WIRE(OUTBOX_KIND, RECALL) ? 5 : 0);
    }
    assert_true(decided_lacks(&scene.decided, "secret"));
    scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recall_is_to_be_told_without_what_was_written),
        cmocka_unit_test(a_refusal_is_not_told),
        cmocka_unit_test(a_message_is_to_be_told_before_its_recall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
