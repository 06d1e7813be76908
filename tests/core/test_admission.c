/* Ten thousand clients come back at once. They are the real ones: the client's rules decide when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/admission.h"

#include "base/memory.h"
#include "core/client.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <stdlib.h>

enum { CLIENTS = 10000, RATE = 500, WORKERS = 2, STEP_MS = 10 };

struct returning {
    struct client_core *core;
    uint64_t wake_ms;
    uint64_t told_ms; /* when it was told to come, at the earliest */
    uint64_t pause_ms;
    bool is_connecting;
    bool is_in;
};

static struct returning *clients;

/* What the client wants now: a connection, or to be woken for one. */
static void settle(struct returning *client, uint64_t now_ms)
{
    const struct client_effect *effect = client_core_take(client->core);
    for (; effect != NULL; effect = effect->next) {
        assert_true(effect->kind != CLIENT_SHOW_LINK || effect->link != CLIENT_LINK_OFFLINE);
        client->is_connecting |= effect->kind == CLIENT_CONNECT;
        if (effect->kind == CLIENT_WAKE_AT)
            client->wake_ms = effect->at_ms;
    }
    if (client->is_connecting && client->pause_ms > 0)
        assert_in_range(now_ms, client->told_ms, client->told_ms + client->pause_ms / 4 + STEP_MS);
}

static void wake(struct returning *client, uint64_t now_ms)
{
    if (client->is_in || client->is_connecting || client->wake_ms > now_ms)
        return;
    client->wake_ms = UINT64_MAX;
    client_core_tick(client->core, now_ms);
    settle(client, now_ms);
}

static void answer(struct returning *client, uint64_t now_ms, uint32_t retry_after_ms)
{
    client->is_connecting = false;
    client->is_in = retry_after_ms == 0;
    if (client->is_in)
        return;
    client->pause_ms = retry_after_ms;
    client->told_ms = now_ms + retry_after_ms;
    client_core_link_up(client->core, now_ms);
    settle(client, now_ms);
    struct blob *frame = refusal_frame(0, REFUSAL_CODE(OVERLOADED), "", true, retry_after_ms);
    client_core_frame(client->core, now_ms, blob_view(frame));
    blob_release(frame);
    settle(client, now_ms);
    assert_false(client->is_connecting);
}

static void start(uint64_t now_ms)
{
    clients = memory_new_array(CLIENTS, sizeof(*clients));
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client_config config;
        client_config_default(&config);
        config.token = "token";
        config.name = "storm";
        config.seed = i;
        clients[i].core = client_core_new(&config);
        client_core_start(clients[i].core, now_ms);
        settle(&clients[i], now_ms);
    }
}

static void a_storm_is_in_within_the_computed_time(void **state)
{
    (void)state;
    struct admission admissions[WORKERS];
    uint64_t now_ms = 1000000;
    uint64_t begun_ms = now_ms;
    uint64_t attempts = 0;
    unsigned in = 0;
    unsigned most_in = 0;
    for (size_t i = 0; i < WORKERS; i++)
        admission_init(&admissions[i], RATE, now_ms);
    start(now_ms);
    unsigned in_before = 0;
    for (; in < CLIENTS; now_ms += STEP_MS) {
        for (size_t i = 0; i < CLIENTS; i++) {
            struct returning *client = &clients[i];
            wake(client, now_ms);
            if (!client->is_connecting)
                continue;
            uint32_t pause_ms = admission_ask(&admissions[attempts++ % WORKERS], now_ms);
            assert_true(pause_ms == 0 ||
                        (pause_ms >= ADMISSION_PAUSE_MIN_MS && pause_ms <= ADMISSION_PAUSE_MAX_MS));
            in += pause_ms == 0;
            answer(client, now_ms, pause_ms);
        }
        if ((now_ms - begun_ms) % 1000 == 990) {
            most_in = in - in_before > most_in ? in - in_before : most_in;
            in_before = in;
        }
        assert_true(now_ms - begun_ms < 60000);
    }
    /* Not sooner than the rate allows, not later than it promises. */
    uint64_t taken_ms = now_ms - begun_ms;
    assert_true(taken_ms >= UINT64_C(1000) * (CLIENTS - 2 * RATE) / (RATE * WORKERS));
    assert_true(taken_ms <= 1000 + UINT64_C(1000) * CLIENTS * 25 / 16 / (RATE * WORKERS) + 1000);
    assert_true(most_in <= WORKERS * (RATE + RATE / 8 + 1));
    /* Few are told twice. */
    assert_true(attempts <= 2 * CLIENTS + CLIENTS / 5);
    for (size_t i = 0; i < CLIENTS; i++)
        client_core_free(clients[i].core);
    free(clients);
}

static void pauses_grow_and_are_bounded(void **state)
{
    (void)state;
    struct admission admission;
    uint32_t last_ms = 0;
    admission_init(&admission, 100, 0);
    for (int i = 0; i < ADMISSION_PAUSE_MIN_MS; i++) {
        uint32_t pause_ms = admission_ask(&admission, 0);
        assert_true(pause_ms >= last_ms);
        assert_int_equal(pause_ms == 0, i < 16);
        last_ms = pause_ms;
    }
    for (int i = 0; i < 100000; i++)
        assert_in_range(admission_ask(&admission, 0), ADMISSION_PAUSE_MIN_MS,
                        ADMISSION_PAUSE_MAX_MS);
    /* Later it is as if nothing had been. */
    for (int i = 0; i < 16; i++)
        assert_int_equal(admission_ask(&admission, 1000000), 0);
    assert_int_equal(admission_ask(&admission, 1000000), ADMISSION_PAUSE_MIN_MS);
}

static void without_a_limit_all_come_in(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 0, 5);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(admission_ask(&admission, 5), 0);
    assert_int_equal(admission_postpone(&admission, 5), ADMISSION_PAUSE_MIN_MS);
    for (int i = 0; i < 1000; i++)
        assert_in_range(admission_postpone(&admission, 5), 1000, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_is_in_within_the_computed_time),
        cmocka_unit_test(pauses_grow_and_are_bounded),
        cmocka_unit_test(without_a_limit_all_come_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
