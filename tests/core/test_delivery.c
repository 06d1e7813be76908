/* Deliveries: in order within a lane, lanes apart, later and later, and given up in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/delivery.h"

enum { NOW = 1000000, ATTEMPTS = 4 };

struct scene {
    struct deliveries deliveries;
    struct delivery items[16];
    size_t count;
    uint64_t wake_ms;
};

static void scene_init(struct scene *scene, uint32_t attempts_max)
{
    *scene = (struct scene){.count = 0};
    deliveries_init(&scene->deliveries, attempts_max, 7);
}

static struct delivery *add(struct scene *scene, const char *conversation,
                            enum delivery_lane_kind kind, uint64_t due_ms)
{
    struct delivery *delivery = &scene->items[scene->count++];
    deliveries_add(&scene->deliveries, delivery, view_of(conversation), kind, due_ms, NOW);
    return delivery;
}

static struct delivery *next(struct scene *scene, uint64_t now_ms)
{
    return deliveries_next(&scene->deliveries, now_ms, &scene->wake_ms);
}

static void take(struct scene *scene, struct delivery *delivery, uint64_t now_ms)
{
    assert_true(deliveries_end(&scene->deliveries, delivery, DELIVERY_TAKEN, now_ms));
    deliveries_remove(&scene->deliveries, delivery, now_ms);
}

static void a_lane_is_served_in_order_and_lanes_apart(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, ATTEMPTS);
    struct delivery *a1 = add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    struct delivery *a2 = add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    struct delivery *b1 = add(&scene, "b", DELIVERY_OF_EVENTS, NOW);
    struct delivery *push = add(&scene, "a", DELIVERY_OF_PUSHES, NOW + 50);
    assert_ptr_equal(next(&scene, NOW), a1);
    assert_ptr_equal(next(&scene, NOW), b1);
    assert_null(next(&scene, NOW)); /* a2 waits for a1, the push for its time */
    assert_int_equal(scene.wake_ms, NOW + 50);
    assert_ptr_equal(next(&scene, NOW + 50), push);
    take(&scene, a1, NOW + 60);
    assert_ptr_equal(next(&scene, NOW + 60), a2);
    assert_null(next(&scene, NOW + 60));
    assert_int_equal(scene.wake_ms, UINT64_MAX);
    take(&scene, a2, NOW + 60);
    take(&scene, b1, NOW + 60);
    take(&scene, push, NOW + 60);
    assert_int_equal(scene.deliveries.count + scene.deliveries.under_way, 0);
    deliveries_fini(&scene.deliveries);
}

/* 1, 2, 4 … s, a quarter more at most, up to an hour; then it is given up. */
static void what_is_refused_is_tried_later_and_later(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, 20);
    struct delivery *delivery = add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    struct delivery *behind = add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    struct delivery *other = add(&scene, "b", DELIVERY_OF_EVENTS, NOW);
    uint64_t now_ms = NOW;
    uint64_t delay_ms = 1000;
    bool differ = false;
    for (uint32_t attempt = 1; attempt < 20; attempt++) {
        assert_ptr_equal(next(&scene, now_ms), delivery);
        if (attempt == 1) {
            assert_ptr_equal(next(&scene, now_ms), other); /* one lane does not hold up another */
            take(&scene, other, now_ms);
        }
        assert_false(deliveries_end(&scene.deliveries, delivery, DELIVERY_REFUSED, now_ms));
        assert_int_equal(delivery->attempts, attempt);
        assert_null(next(&scene, now_ms + delay_ms - 1));
        assert_in_range(scene.wake_ms, now_ms + delay_ms, now_ms + delay_ms + delay_ms / 4);
        differ |= scene.wake_ms != now_ms + delay_ms;
        now_ms = scene.wake_ms;
        delay_ms = delay_ms * 2 < 3600000 ? delay_ms * 2 : 3600000;
    }
    assert_true(differ);
    assert_false(deliveries_are_paused(&scene.deliveries));
    assert_in_range(now_ms - NOW, 8 * 3600000, 12 * 3600000);
    assert_ptr_equal(next(&scene, now_ms), delivery);
    assert_true(deliveries_end(&scene.deliveries, delivery, DELIVERY_REFUSED, now_ms));
    deliveries_remove(&scene.deliveries, delivery, now_ms);
    assert_ptr_equal(next(&scene, now_ms), behind);
    take(&scene, behind, now_ms);
    deliveries_fini(&scene.deliveries);
}

/* An outage costs no delivery a try, and one at a time looks whether it is over. */
static void while_nobody_is_reached_one_at_a_time_probes(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    struct scene scene;
    scene_init(&scene, 1);
    uint64_t now_ms = NOW;
    for (size_t i = 0; i < 4; i++)
        add(&scene, names[i], DELIVERY_OF_EVENTS, NOW);
    for (int i = 0; i < 3; i++) {
        struct delivery *delivery = next(&scene, now_ms);
        assert_non_null(delivery);
        assert_false(deliveries_end(&scene.deliveries, delivery, DELIVERY_UNREACHABLE, now_ms));
    }
    assert_true(deliveries_are_paused(&scene.deliveries));
    for (int i = 0; i < 100; i++) {
        assert_null(next(&scene, now_ms));
        assert_in_range(scene.wake_ms, now_ms + 1, now_ms + 75000);
        now_ms = scene.wake_ms;
        struct delivery *probe = next(&scene, now_ms);
        assert_non_null(probe);
        assert_null(next(&scene, now_ms));
        assert_int_equal(scene.wake_ms, UINT64_MAX);
        assert_false(deliveries_end(&scene.deliveries, probe, DELIVERY_UNREACHABLE, now_ms));
        assert_int_equal(probe->attempts, 0);
    }
    assert_int_equal(scene.deliveries.count, 4);
    /* It is over: all at once. */
    assert_null(next(&scene, now_ms));
    now_ms = scene.wake_ms + 75000;
    struct delivery *probe = next(&scene, now_ms);
    take(&scene, probe, now_ms);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(next(&scene, now_ms));
    assert_null(next(&scene, now_ms));
    for (size_t i = 0; i < 4; i++)
        if (scene.items[i].is_under_way)
            take(&scene, &scene.items[i], now_ms);
    deliveries_fini(&scene.deliveries);
}

static void what_goes_on_is_next_again(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, ATTEMPTS);
    struct delivery *delivery = add(&scene, "a", DELIVERY_OF_PUSHES, NOW);
    add(&scene, "a", DELIVERY_OF_PUSHES, NOW);
    for (int page = 0; page < 3; page++) {
        assert_ptr_equal(next(&scene, NOW), delivery);
        deliveries_go_on(&scene.deliveries, delivery);
    }
    assert_int_equal(delivery->attempts, 0);
    deliveries_fini(&scene.deliveries);
}

/* Nobody in a lane waits longer than the others, however many come. */
static void lanes_take_turns(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, ATTEMPTS);
    struct delivery *a1 = add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    add(&scene, "a", DELIVERY_OF_EVENTS, NOW);
    struct delivery *b1 = add(&scene, "b", DELIVERY_OF_EVENTS, NOW);
    assert_ptr_equal(next(&scene, NOW), a1);
    take(&scene, a1, NOW);
    assert_ptr_equal(next(&scene, NOW), b1);
    deliveries_fini(&scene.deliveries);
}

/* What is given up while it waits makes way for what is behind it. */
static void what_is_removed_makes_way(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, ATTEMPTS);
    struct delivery *first = add(&scene, "a", DELIVERY_OF_EVENTS, NOW + 1000);
    struct delivery *second = add(&scene, "a", DELIVERY_OF_EVENTS, NOW + 500);
    struct delivery *third = add(&scene, "a", DELIVERY_OF_EVENTS, NOW + 2000);
    assert_null(next(&scene, NOW + 600));
    assert_int_equal(scene.wake_ms, NOW + 1000);
    deliveries_remove(&scene.deliveries, first, NOW + 600);
    deliveries_remove(&scene.deliveries, third, NOW + 600);
    assert_ptr_equal(next(&scene, NOW + 600), second);
    take(&scene, second, NOW + 600);
    assert_null(next(&scene, UINT64_MAX));
    assert_int_equal(scene.wake_ms, UINT64_MAX);
    deliveries_fini(&scene.deliveries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_is_served_in_order_and_lanes_apart),
        cmocka_unit_test(what_is_refused_is_tried_later_and_later),
        cmocka_unit_test(while_nobody_is_reached_one_at_a_time_probes),
        cmocka_unit_test(what_goes_on_is_next_again),
        cmocka_unit_test(lanes_take_turns),
        cmocka_unit_test(what_is_removed_makes_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
