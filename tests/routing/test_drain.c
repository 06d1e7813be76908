/* A server that shuts down: when it tells its clients to come back. */
#include "base/memory.h"
#include "cluster.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CROWD = 4000, A_FEW = 8, SLICES = 10 };

static uint32_t pauses_ms[CROWD];
static unsigned told;

static void on_frame(struct link *link, struct view payload)
{
    struct arena arena;
    (void)link;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    assert_non_null(frame);
    if (frame->body_case == SERVER_FRAME(ERROR)) {
        assert_int_equal(frame->error->code, REFUSAL_CODE(SHUTTING_DOWN));
        assert_true(frame->error->closing);
        pauses_ms[told++] = frame->error->retry_after_ms;
    }
    arena_fini(&arena);
}

static void sign_in(struct cluster *cluster, struct link *link, unsigned number)
{
    char name[16];
    snprintf(name, sizeof(name), "user%u", number);
    *link = (struct link){.on_frame = on_frame};
    link_open(link, cluster, 0, name, "phone", UINT64_MAX);
}

/* What `count` clients hear when the server shuts down, and what one hears that comes then. */
static void drain(struct cluster *cluster, struct link *links, unsigned count)
{
    cluster_init(cluster, 1);
    told = 0;
    for (unsigned i = 0; i < count; i++)
        sign_in(cluster, &links[i], i);
    cluster_settle(cluster);
    cluster_drain(cluster);
    sign_in(cluster, &links[count], count);
    cluster_settle(cluster);
    assert_int_equal(told, count + 1);
}

static void a_few_are_back_soon_and_not_at_once(void **state)
{
    struct cluster cluster;
    struct link links[A_FEW + 1];
    uint32_t earliest_ms = UINT32_MAX;
    uint32_t latest_ms = 0;
    (void)state;
    drain(&cluster, links, A_FEW);
    for (unsigned i = 0; i <= A_FEW; i++) {
        earliest_ms = pauses_ms[i] < earliest_ms ? pauses_ms[i] : earliest_ms;
        latest_ms = pauses_ms[i] > latest_ms ? pauses_ms[i] : latest_ms;
    }
    assert_in_range(earliest_ms, LIMIT_RESTART_PAUSE_MS, 2 * LIMIT_RESTART_PAUSE_MS);
    assert_in_range(latest_ms, earliest_ms + 100, 2 * LIMIT_RESTART_PAUSE_MS);
    cluster_fini(&cluster);
}

/* As fast as a worker signs clients in, no faster. */
static void a_crowd_comes_back_in_an_even_stream(void **state)
{
    struct cluster cluster;
    struct link *links = memory_new_array(CROWD + 1, sizeof(*links));
    unsigned slices[SLICES] = {0};
    (void)state;
    drain(&cluster, links, CROWD - 1);
    for (unsigned i = 0; i < CROWD; i++) {
        assert_in_range(pauses_ms[i], LIMIT_RESTART_PAUSE_MS, LIMIT_RESTART_PAUSE_MS + CROWD);
        slices[(pauses_ms[i] - LIMIT_RESTART_PAUSE_MS) * SLICES / (CROWD + 1)]++;
    }
    for (unsigned i = 0; i < SLICES; i++)
        assert_in_range(slices[i], CROWD / SLICES * 3 / 4, CROWD / SLICES * 5 / 4);
    cluster_fini(&cluster);
    free(links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_back_soon_and_not_at_once),
        cmocka_unit_test(a_crowd_comes_back_in_an_even_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
