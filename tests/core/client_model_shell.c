#include "client_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"

static void shell_store_event(struct world *world, const struct client_effect *effect)
{
    struct model_log *log = &world->logs[log_index(effect->event->conversation)];
    wire_event *event = event_decode(effect->event_bytes, &world->arena);
    assert_true(event->seq == log->database_stored + 1);
    assert_true(event->seq <= log->head);
    log->database_stored++;
    world->stored_count++;
    bool is_recall = event->kind_case == EVENT_KIND(RECALL);
    assert_int_equal(is_recall, log->entries[event->seq].recall_target != 0);
    log->is_body_stored[event->seq] = !is_recall && event->message->body.len > 0;
    if (is_recall)
        assert_false(log->is_body_stored[event->recall->target_seq] &&
                     log->applied[event->seq] > 0); /* applied and yet there */
}

static void shell_store(struct world *world, const struct client_effect *effect)
{
    size_t number = (size_t)effect->message_id.bytes[14] << 8 | effect->message_id.bytes[15];
    if (effect->kind == CLIENT_STORE_EVENT) {
        shell_store_event(world, effect);
    } else if (effect->kind == CLIENT_STORE_RECALL) {
        struct model_log *log = &world->logs[log_index(effect->event->conversation)];
        assert_int_equal(log->applied[effect->event->seq]++, 0);
        log->is_body_stored[effect->event->recall->target_seq] = false;
    } else if (effect->kind == CLIENT_STORE_CURSOR) {
        const struct model_log *log = &world->logs[effect->cursor.conversation.data[0] - 'a'];
        assert_true(effect->cursor.stored == log->database_stored);
        assert_true(effect->cursor.recalled == log_last_recall(log, effect->cursor.stored));
    } else if (effect->kind == CLIENT_STORE_ACCEPTED || effect->kind == CLIENT_STORE_FAILED) {
        bool is_accepted = effect->kind == CLIENT_STORE_ACCEPTED;
        assert_int_equal(world->outgoing[number], OUTGOING_SENDING);
        assert_true(!is_accepted || world->is_in_log[number]);
        world->outgoing[number] = is_accepted ? OUTGOING_ACCEPTED : OUTGOING_FAILED;
    }
}

bool shell_offer(struct world *world, uint64_t number)
{
    struct client_outgoing outgoing = {
        .number = number,
        .conversation = view_of(conversation_names[number % CONVERSATIONS]),
        .message_id = {{[0] = 1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}},
        .content_type = WIRE(CONTENT_TYPE, TEXT),
        .body = view_of("hello"),
    };
    return client_core_offer(world->core, world->now_ms, &outgoing);
}

static void shell_load(struct world *world, uint64_t after, uint32_t count)
{
    bool more = false;
    for (uint64_t number = after + 1; number <= world->outgoing_count; number++) {
        if (world->outgoing[number] != OUTGOING_SENDING)
            continue;
        more = count == 0;
        if (more)
            break;
        assert_true(shell_offer(world, number));
        count--;
    }
    client_core_outbox_loaded(world->core, world->now_ms, more);
}

void shell_disconnect(struct world *world)
{
    world->is_connected = false;
    wire_clear(world);
}

void shell_perform(struct world *world)
{
    const struct client_effect *effect = client_core_take(world->core);
    bool is_load = false;
    bool is_connect = false;
    uint64_t after = 0;
    uint32_t count = 0;
    for (; effect != NULL; effect = effect->next) {
        if (effect->kind <= CLIENT_STORE_FAILED) {
            shell_store(world, effect);
        } else if (effect->kind == CLIENT_SHOW_EVENT) {
            struct model_log *log = &world->logs[log_index(effect->event->conversation)];
            assert_true(effect->event->seq == log->shown + 1);
            log->shown++;
            assert_true(log->shown <= log->database_stored);
        } else if (effect->kind == CLIENT_TRANSMIT) {
            assert_true(world->is_connected);
            wire_client_frame *frame =
                frame_decode_client(frame_payload(blob_view(effect->frame)), &world->arena);
            server_receive(world, frame);
        } else if (effect->kind == CLIENT_SIGN) {
            assert_true(world->is_connected);
            server_receive(world, effect->draft);
        } else if (effect->kind == CLIENT_DISCONNECT) {
            shell_disconnect(world);
            is_connect = false;
        } else if (effect->kind == CLIENT_CONNECT) {
            is_connect = true;
        } else if (effect->kind == CLIENT_WAKE_AT) {
            world->wake_ms = effect->at_ms;
        } else if (effect->kind == CLIENT_LOAD_OUTBOX) {
            is_load = true;
            after = effect->after;
            count = effect->count;
        }
    }
    arena_reset(&world->arena);
    if (is_load)
        shell_load(world, after, count);
    if (is_connect && (world->is_quiet || chance(world, 80))) {
        world->is_connected = true;
        client_core_link_up(world->core, world->now_ms);
    } else if (is_connect) {
        client_core_link_down(world->core, world->now_ms, "refused");
    }
    if (is_load || is_connect)
        shell_perform(world);
}

void shell_restart(struct world *world)
{
    client_core_free(world->core);
    shell_disconnect(world);
    struct client_config config;
    client_config_default(&config);
    config.token = "token";
    config.name = "test/1";
    config.seed = prng_next(&world->prng);
    config.reconnect_failures_max = 1000000;
    config.send_give_up_ms = 1000000000;
    config.follow = world->follow;
    config.device_key = view_make("0123456789abcdef0123456789abcdef", 32);
    world->core = client_core_new(&config);
    world->wake_ms = 0;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct model_log *log = &world->logs[i];
        log->shown = log->database_stored;
        memset(log->applied, 0, sizeof(log->applied));
        struct client_cursor cursor = {view_of(conversation_names[i]), 1, log->database_stored, 0,
                                       log_last_recall(log, log->database_stored)};
        client_core_load_cursor(world->core, &cursor);
    }
    client_core_start(world->core, world->now_ms);
    shell_perform(world);
}
