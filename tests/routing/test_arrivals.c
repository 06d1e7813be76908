/* Devices that sign in, many at once; and the keys of one. */
#include "base/memory.h"
#include "cluster.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/owner_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CROWD = LIMIT_GROUP_REQUESTS_MAX + 1 };

static unsigned welcomed;
static unsigned overloaded;
static unsigned commits;

static void on_frame(struct link *link, struct view payload)
{
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    assert_non_null(frame);
    assert_int_equal(frame->request, link->last_request);
    welcomed += frame->body_case == SERVER_FRAME(WELCOME);
    overloaded += frame->body_case == SERVER_FRAME(ERROR) && frame->error->closing &&
                  frame->error->code == REFUSAL_CODE(OVERLOADED);
    arena_fini(&arena);
}

/* All sign in within one turn. */
static void sign_in_all(struct cluster *cluster, struct link *links)
{
    welcomed = overloaded = commits = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        char name[16];
        snprintf(name, sizeof(name), "user%u", i);
        links[i] = (struct link){.on_frame = on_frame};
        link_open(&links[i], cluster, 0, name, "phone", UINT64_MAX);
    }
    cluster->commits_are_held = true;
    cluster_settle(cluster);
}

static void a_crowd_of_new_devices_shares_a_commit_and_is_bounded(void **state)
{
    struct cluster cluster;
    struct link *links = memory_new_array(CROWD, sizeof(*links));
    (void)state;
    cluster_init(&cluster, 1);
    sign_in_all(&cluster, links);
    assert_int_equal(overloaded, 1);
    assert_int_equal(welcomed, 0);
    for (; cluster_commit(&cluster); cluster_settle(&cluster))
        commits++;
    assert_int_equal(commits, 1);
    assert_int_equal(welcomed, LIMIT_GROUP_REQUESTS_MAX);

    /* Once they are known they come back without a commit, but for the one that is not. */
    for (unsigned i = 0; i < CROWD; i++) {
        if (links[i].session != NULL)
            link_close(&links[i]);
    }
    sign_in_all(&cluster, links);
    assert_int_equal(overloaded, 0);
    assert_int_equal(welcomed, LIMIT_GROUP_REQUESTS_MAX);
    assert_true(cluster_commit(&cluster));
    cluster_settle(&cluster);
    assert_int_equal(welcomed, CROWD);
    cluster_fini(&cluster);
    free(links);
}

static void a_device_keeps_its_latest_keys(void **state)
{
    struct device_row row = {.since_ms = 1};
    uint8_t key[DEVICE_KEY_BYTES] = {0};
    struct view view = view_make(key, sizeof(key));
    (void)state;
    for (uint8_t i = 1; i <= DEVICE_KEYS_MAX + 2; i++) {
        key[0] = i;
        assert_true(device_add_key(&row, view, 100 + i));
        assert_false(device_add_key(&row, view, 200 + i));
        assert_int_equal(row.key_count, i < DEVICE_KEYS_MAX ? i : DEVICE_KEYS_MAX);
        assert_int_equal(row.keys[row.key_count - 1].key[0], i);
        assert_int_equal(row.keys[row.key_count - 1].since_ms, 100 + i);
    }
    for (uint8_t i = 0; i < DEVICE_KEYS_MAX; i++) {
        assert_int_equal(row.keys[i].key[0], 3 + i);
        assert_int_equal(row.keys[i].since_ms, 103 + i);
    }
    key[0] = 1; /* it was forgotten, so it is new again */
    assert_true(device_add_key(&row, view, 300));
    assert_int_equal(row.since_ms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_of_new_devices_shares_a_commit_and_is_bounded),
        cmocka_unit_test(a_device_keeps_its_latest_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
