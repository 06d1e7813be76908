/* How far a message got: by the devices of others, as their cursors tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/reach.h"

enum { SENT_MS = 1000000, DEVICES_MAX = 8, HOUR_MS = 3600000 };

struct scene {
    struct cursor_row cursors[DEVICES_MAX];
    struct reach_device devices[DEVICES_MAX];
    struct reach_audience audience;
    struct reach_message message;
};

static void scene_init(struct scene *scene, size_t members)
{
    *scene = (struct scene){
        .message = {.author = "ann", .author_is_member = true, .seq = 5, .sent_ms = SENT_MS}};
    scene->audience = (struct reach_audience){.devices = scene->devices, .member_count = members};
}

/* A device that stored and displayed the message so long after it was sent; 0: it did not. */
static void scene_add(struct scene *scene, const char *user, bool is_member, uint64_t stored_ms,
                      uint64_t displayed_ms)
{
    size_t at = scene->audience.device_count++;
    struct cursor_row *cursor = &scene->cursors[at];
    trail_move(&cursor->stored, 4, SENT_MS - 5000);
    if (stored_ms > 0)
        trail_move(&cursor->stored, 6, SENT_MS + stored_ms);
    if (displayed_ms > 0)
        trail_move(&cursor->displayed, 5, SENT_MS + displayed_ms);
    scene->devices[at] = (struct reach_device){
        .user = user, .device = "d", .is_member = is_member, .cursor = cursor};
}

static void assert_reach(const struct scene *scene, Unsay__V1__DeliveryState state,
                         uint64_t first_ms, uint64_t each_ms)
{
    struct reach reach = reach_of(&scene->audience, &scene->message);
    assert_int_equal(reach.state, state);
    assert_int_equal(reach.first_ms, first_ms == 0 ? 0 : SENT_MS + first_ms);
    assert_int_equal(reach.each_ms, each_ms == 0 ? 0 : SENT_MS + each_ms);
}

static void the_authors_own_devices_do_not_count(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 2);
    assert_reach(&scene, WIRE(DELIVERY_STATE, UNDELIVERED), 0, 0);
    scene_add(&scene, "ann", true, 10, 20);
    scene_add(&scene, "bob", true, 0, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, UNDELIVERED), 0, 0);
}

static void the_first_device_of_anyone_delivers_and_displays(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 3);
    scene_add(&scene, "bob", true, 0, 0);
    scene_add(&scene, "bob", true, 30, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 30, 0);
    scene_add(&scene, "cid", true, 20, 90);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DISPLAYED), 20, 30);
}

/* Each user is reached with the first device; the last user reached ends it. */
static void each_delivery_is_that_of_the_last_member(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 3);
    scene_add(&scene, "bob", true, 40, 0);
    scene_add(&scene, "bob", true, 10, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 0);
    scene_add(&scene, "cid", true, 60, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 60);
    scene.audience.member_count = 4; /* dan has no device yet */
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 0);
}

static void a_former_member_who_has_it_counts_as_reached_but_for_nobody_else(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 2);
    scene_add(&scene, "bob", false, 10, 0);
    scene_add(&scene, "cid", true, 0, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 0);
}

/* The author has left: everyone who is here now must have it. */
static void an_author_who_left_is_not_one_of_the_members(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 2);
    scene.message.author_is_member = false;
    scene_add(&scene, "bob", true, 10, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 0);
    scene_add(&scene, "cid", true, 15, 0);
    assert_reach(&scene, WIRE(DELIVERY_STATE, DELIVERED), 10, 15);
}

static void alone_nobody_is_ever_reached(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 1);
    scene_add(&scene, "ann", true, 10, 10);
    assert_reach(&scene, WIRE(DELIVERY_STATE, UNDELIVERED), 0, 0);
}

static void a_large_audience_counts_as_reached_at_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 5000);
    scene.audience.is_large = true;
    struct reach reach = reach_of(&scene.audience, &scene.message);
    assert_int_equal(reach.state, WIRE(DELIVERY_STATE, DISPLAYED));
    assert_int_equal(reach.first_ms, SENT_MS);
    assert_int_equal(reach.each_ms, SENT_MS);
}

/* What the trail does not tell exactly is told too early rather than too late, and never before the
 * message was sent: a window that starts there is never open for too long. */
static void a_time_that_is_not_exact_is_the_earliest_that_may_be(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 2);
    scene_add(&scene, "bob", true, 0, 0);
    struct trail *stored = &scene.cursors[0].stored;
    for (uint64_t i = 1; i <= 2 * TRAIL_MARKS_MAX; i++)
        trail_move(stored, 4 + i, SENT_MS + 1000 * i);
    struct reach reach = reach_of(&scene.audience, &scene.message);
    assert_in_range(reach.first_ms, SENT_MS, SENT_MS + 1000);
    assert_int_equal(reach.each_ms, reach.first_ms);

    /* A day of chatting later nothing is left that tells when. */
    for (uint64_t i = 1; i <= 100; i++)
        trail_move(stored, 100 + i, SENT_MS + i * (HOUR_MS / 4));
    reach = reach_of(&scene.audience, &scene.message);
    assert_int_equal(reach.first_ms, SENT_MS);
}

static void a_dossier_names_every_device_that_has_it(void **state)
{
    (void)state;
    struct scene scene;
    struct arena arena;
    arena_init(&arena);
    scene_init(&scene, 3);
    scene_add(&scene, "ann", true, 10, 0);
    scene_add(&scene, "bob", false, 20, 30);
    scene_add(&scene, "cid", true, 0, 0);
    wire_dossier dossier = UNSAY__V1__DOSSIER__INIT;
    reach_list(&scene.audience, 5, &arena, &dossier);
    assert_true(dossier.is_complete);
    assert_int_equal(dossier.n_devices, 2);
    assert_string_equal(dossier.devices[0]->user, "ann");
    assert_int_equal(dossier.devices[0]->reach, WIRE(DEVICE_REACH, STORED));
    assert_int_equal(dossier.devices[0]->since_ms, SENT_MS + 10);
    assert_string_equal(dossier.devices[1]->user, "bob");
    assert_string_equal(dossier.devices[1]->device, "d");
    assert_int_equal(dossier.devices[1]->reach, WIRE(DEVICE_REACH, DISPLAYED));
    assert_int_equal(dossier.devices[1]->since_ms, SENT_MS + 30);

    wire_dossier unknown = UNSAY__V1__DOSSIER__INIT;
    scene.audience.is_large = true;
    reach_list(&scene.audience, 5, &arena, &unknown);
    assert_false(unknown.is_complete);
    assert_int_equal(unknown.n_devices, 0);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authors_own_devices_do_not_count),
        cmocka_unit_test(the_first_device_of_anyone_delivers_and_displays),
        cmocka_unit_test(each_delivery_is_that_of_the_last_member),
        cmocka_unit_test(a_former_member_who_has_it_counts_as_reached_but_for_nobody_else),
        cmocka_unit_test(an_author_who_left_is_not_one_of_the_members),
        cmocka_unit_test(alone_nobody_is_ever_reached),
        cmocka_unit_test(a_large_audience_counts_as_reached_at_once),
        cmocka_unit_test(a_time_that_is_not_exact_is_the_earliest_that_may_be),
        cmocka_unit_test(a_dossier_names_every_device_that_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
