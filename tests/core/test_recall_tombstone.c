/* What stays of a message that was taken back: the tombstone, the dossier, and the body where the
 * policy keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "recall_scene.h"

static void a_tombstone_has_nothing_that_the_sender_wrote(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rule.vanishes = true;
    scene_decide(&scene);
    const struct change *row = decided_change(&scene.decided, CHANGE_EVENT);
    const wire_message *message = event_decode(row->bytes, &scene.decided.arena)->message;
    assert_int_equal(row->seq, 2);
    assert_int_equal(message->body.len, 0);
    assert_null(message->quote);
    assert_null(message->forwarded_from);
    assert_int_equal(message->n_mentions, 0);
    assert_int_equal(message->tombstone->actor, WIRE(ACTOR, SELF));
    assert_int_equal(message->tombstone->vanished, 1);
    assert_true(decided_lacks(&scene.decided, "secret"));
    assert_true(decided_lacks(&scene.decided, "zoe"));
    assert_true(decided_lacks(&scene.decided, "elsewhere"));
    scene_fini(&scene);
}

static void the_body_is_kept_only_when_the_rule_keeps_it(void **state)
{
    (void)state;
    static const struct {
        enum policy_keep keep;
        Unsay__V1__Keeping keeping;
    } cases[] = {{POLICY_ERASE, WIRE(KEEPING, ERASED)},
                 {POLICY_KEEP, WIRE(KEEPING, KEPT)},
                 {POLICY_SEAL, WIRE(KEEPING, SEALED)}};
    for (size_t i = 0; i < 3; i++) {
        struct scene scene;
        ProtobufCAllocator allocator;
        scene_init(&scene);
        arena_allocator(&scene.decided.arena, &allocator);
        scene.rule.keep = cases[i].keep;
        scene.rule.keep_ms = 1000;
        scene_decide(&scene);
        const struct change *row = decided_change(&scene.decided, CHANGE_EVENT);
        bool is_kept = cases[i].keep != POLICY_ERASE;
        assert_true(view_equal(row->evidence.body, view_of(is_kept ? "secret" : "")));
        assert_int_equal(row->evidence.until_ms, is_kept ? NOW_MS + 7 + 1000 : 0);
        assert_int_equal(scene.decided.effects.changes.first->evidence.body.size, 0);
        const wire_dossier *dossier =
            unsay__v1__dossier__unpack(&allocator, row->dossier.size, row->dossier.data);
        assert_int_equal(dossier->keeping, cases[i].keeping);
        assert_true(decided_lacks(&scene.decided, "secret"));
        scene_fini(&scene);
    }
}

static void the_dossier_tells_who_had_it_and_by_which_rule(void **state)
{
    (void)state;
    struct scene scene;
    ProtobufCAllocator allocator;
    struct cursor_row has = {.receipt_seq = 0};
    struct cursor_row has_not = {.receipt_seq = 0};
    struct reach_device devices[] = {
        {.user = "bob", .device = "laptop", .is_member = true, .cursor = &has},
        {.user = "cid", .device = "tv", .is_member = true, .cursor = &has_not},
    };
    struct reach_audience audience = {.devices = devices, .device_count = 2, .member_count = 3};
    scene_init(&scene);
    arena_allocator(&scene.decided.arena, &allocator);
    trail_move(&has.stored, 4, NOW_MS + 1);
    trail_move(&has.displayed, 1, NOW_MS + 1);
    trail_move(&has_not.stored, 1, NOW_MS + 1);
    scene.facts.audience = &audience;
    scene_decide(&scene);
    struct view bytes = decided_change(&scene.decided, CHANGE_EVENT)->dossier;
    const wire_dossier *dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
    assert_string_equal(dossier->rule, "the-rule");
    assert_true(view_equal(bytes_view(dossier->policy),
                           view_make(scene.policy.version, POLICY_VERSION_BYTES)));
    assert_true(dossier->is_complete);
    assert_int_equal(dossier->n_devices, 1);
    assert_string_equal(dossier->devices[0]->user, "bob");
    assert_string_equal(dossier->devices[0]->device, "laptop");
    assert_int_equal(dossier->devices[0]->reach, WIRE(DEVICE_REACH, STORED));
    assert_int_equal(dossier->devices[0]->since_ms, NOW_MS + 1);
    scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tombstone_has_nothing_that_the_sender_wrote),
        cmocka_unit_test(the_body_is_kept_only_when_the_rule_keeps_it),
        cmocka_unit_test(the_dossier_tells_who_had_it_and_by_which_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
