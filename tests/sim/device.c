#include "device.h"

#include "base/memory.h"
#include "checks.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "database.h"
#include "watch.h"
#include "world.h"

#include <assert.h>

static const uint8_t device_keys[32] = "the same key for all of them...";

enum { DEVICE_RECALL_TIMEOUT_MS = 600000 };

void device_init(struct device *device, struct world *world, unsigned index, unsigned user,
                 unsigned number)
{
    *device = (struct device){.world = world, .index = index, .user = user};
    snprintf(device->user_name, sizeof(device->user_name), "u%u", user % 10);
    snprintf(device->name, sizeof(device->name), "d%u", number % 100);
    /* Some clocks are right, some are years off. */
    device->wall_offset_ms = 1700000000000;
    if (world_chance(world, 50))
        device->wall_offset_ms -= prng_below(&world->prng, 1700000000000);
    static const uint32_t first_syncs[] = {CLIENT_FIRST_SYNC_ALL, 0, 1, 10};
    device->first_sync =
        world->seed > SEEDS_AWAY ? first_syncs[prng_below(&world->prng, 4)] : CLIENT_FIRST_SYNC_ALL;
}

void device_fini(struct device *device)
{
    client_core_free(device->core);
    database_fini(&device->database);
}

uint64_t device_clock_ms(const struct device *device)
{
    return device->world->now_ms + device->clock_offset_ms;
}

bool device_is_officer(const struct device *device)
{
    return device->user >= device->world->profile.users;
}

bool device_is_frozen(const struct device *device)
{
    return device->frozen_until_ms > device->world->now_ms;
}

void device_crash(struct device *device)
{
    if (device->core == NULL)
        return;
    world_tell(device->world, "%s dies", device->name);
    client_core_free(device->core);
    device->core = NULL;
    device->incarnation++;
    device->frozen_until_ms = 0;
    device->wake_ms = 0;
    if (device->link != NULL)
        network_close_client(device->world, device->link);
    device->link = NULL;
}

/* ---- Effects ---- */

static void device_store(struct device *device, const struct client_effect *effect)
{
    struct world *world = device->world;
    struct database *database = &device->database;
    struct kept_conversation *kept;
    struct kept_send *send;
    const struct message *message;
    assert(effect->kind != CLIENT_STORE_FORGET);
    if (effect->kind == CLIENT_STORE_STORE) {
        database->store = effect->store;
    } else if (effect->kind == CLIENT_STORE_SYNCED) {
        database->is_synced = true;
    } else if (effect->kind == CLIENT_STORE_SKIP) {
        database_store_skip(device, effect);
    } else if (effect->kind == CLIENT_STORE_EVENT && effect->is_older) {
        database_store_older(device, effect);
    } else if (effect->kind == CLIENT_STORE_EVENT) {
        database_store_event(device, effect);
    } else if (effect->kind == CLIENT_STORE_RECALL) {
        database_store_recall(device, effect->event);
    } else if (effect->kind == CLIENT_STORE_CURSOR) {
        kept = database_conversation(database, effect->cursor.conversation);
        if (check_order_skips(world, device, kept, effect->cursor.stored))
            database_skip(kept, effect->cursor.stored);
        kept->stored = effect->cursor.stored;
        kept->displayed = effect->cursor.displayed;
        kept->recalled = effect->cursor.recalled;
        watch_cursor(world, device, kept);
    } else if (effect->kind == CLIENT_STORE_PROGRESS) {
        database_store_progress(device, effect->progress);
    } else if (effect->kind == CLIENT_STORE_CONVERSATION) {
        database_store_entry(device, effect->entry);
    } else if (effect->kind == CLIENT_STORE_LISTING) {
        database_store_listing(device, effect->conversation, effect->listing);
    } else if (effect->kind == CLIENT_STORE_LEFT) {
        database_conversation(database, effect->conversation)->role = WIRE(ROLE, UNSPECIFIED);
    } else if (effect->kind == CLIENT_STORE_ACCEPTED || effect->kind == CLIENT_STORE_FAILED) {
        message = history_find_message(&world->history, uuid_view(&effect->message_id));
        assert(message != NULL);
        uint32_t index = (uint32_t)(message - world->history.messages);
        send = database_find_send(database, index);
        if (send == NULL)
            return;
        if (effect->kind == CLIENT_STORE_ACCEPTED || send->is_recalled ||
            database_has_message(database, &world->history.messages[index]))
            database_remove_send(send);
        else
            send->state = KEPT_FAILED;
        if (effect->kind == CLIENT_STORE_FAILED)
            world->history.messages[index].was_given_up = true;
    } else if (effect->kind == CLIENT_ANSWER && effect->token != DEVICE_NO_TOKEN) {
        database_store_answer(device, effect);
        if (refusal_is_retryable(effect->refusal) && world_mishap(world, 800))
            device->again = (uint32_t)effect->token + 1;
    }
}

static void device_plan_wake(struct device *device, uint64_t at_ms)
{
    uint64_t now_ms = device_clock_ms(device);
    uint64_t delay_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    device->wake_ms = device->world->now_ms + delay_ms;
    world_plan(device->world, delay_ms, STEP_DEVICE_WAKE, device->index, device->incarnation);
}

static void device_connect(struct device *device)
{
    if (device->link != NULL)
        network_close_client(device->world, device->link);
    device->link = network_connect(device->world, device->index);
}

static void device_show(struct device *device, const struct client_effect *effect)
{
    struct world *world = device->world;
    if (effect->kind == CLIENT_SHOW_EVENT) {
        struct kept_conversation *kept =
            database_find(&device->database, view_of(effect->event->conversation));
        watch_shown(world, device, kept, effect->event);
        if (world->mutation == MUTATION_DOUBLE_SHOW)
            watch_shown(world, device, kept, effect->event);
    } else if (effect->kind == CLIENT_SHOW_LINK) {
        world_tell(world, "%s: link %u %s", device->name, effect->link, effect->text);
        if (effect->link == CLIENT_LINK_LIVE)
            watch_live(world, device);
        if (effect->link == CLIENT_LINK_REJECTED)
            world_plan(world, world_delay(world, 20000), STEP_DEVICE_TOKEN, device->index,
                       device->incarnation);
        else if (effect->link == CLIENT_LINK_OFFLINE)
            world_plan(world, world_delay(world, 60000), STEP_DEVICE_NUDGE, device->index,
                       device->incarnation);
    }
}

/* Nothing here verifies a signature, so any will do. */
static void device_sign(struct device *device, const struct client_effect *effect)
{
    static uint8_t signature[64];
    for (size_t i = 0; i < effect->ack->n_cursors; i++) {
        wire_cursor *cursor = effect->ack->cursors[i];
        if (cursor->receipt == NULL)
            continue;
        struct kept_conversation *kept =
            database_find(&device->database, view_of(cursor->conversation));
        if (database_holds_recalled(device, kept, cursor->receipt->stored))
            world_break(device->world, "P9 erased means erased",
                        "%s signs for %s:%llu, and holds a body that was taken back", device->name,
                        kept->id, (unsigned long long)cursor->receipt->stored);
        cursor->receipt->time_ms = device_clock_ms(device);
        cursor->receipt->signature = bytes_of(view_make(signature, sizeof(signature)));
    }
    struct blob *frame = frame_from_client(effect->draft);
    network_send_up(device->world, device->link, frame);
    blob_release(frame);
}

/* What is in the outbox beyond `after`, oldest first. */
static void device_perform(struct device *device, const struct client_effect *effects)
{
    const struct client_effect *load = NULL;
    for (const struct client_effect *at = effects; at != NULL; at = at->next) {
        if (at->kind == CLIENT_CONNECT) {
            device_connect(device);
        } else if (at->kind == CLIENT_DISCONNECT) {
            if (device->link != NULL)
                network_close_client(device->world, device->link);
            device->link = NULL;
        } else if (at->kind == CLIENT_TRANSMIT && device->link != NULL) {
            network_send_up(device->world, device->link, at->frame);
        } else if (at->kind == CLIENT_SIGN && device->link != NULL) {
            device_sign(device, at);
        } else if (at->kind == CLIENT_WAKE_AT) {
            device_plan_wake(device, at->at_ms);
        } else if (at->kind == CLIENT_LOAD_OUTBOX) {
            load = at;
        } else {
            device_show(device, at);
        }
    }
    if (load != NULL)
        device_offer(device, load->after, load->count, true);
}

static bool device_has_stores(const struct client_effect *effects)
{
    for (const struct client_effect *at = effects; at != NULL; at = at->next) {
        if (at->kind <= CLIENT_STORE_FAILED || at->kind == CLIENT_ANSWER)
            return true;
    }
    return false;
}

static void device_crash_for_a_while(struct device *device)
{
    struct world *world = device->world;
    device_crash(device);
    world_plan(world, world_delay(world, 60000), STEP_DEVICE_START, device->index,
               device->incarnation);
}

void device_settle(struct device *device)
{
    struct world *world = device->world;
    const struct client_effect *effects;
    while (device->core != NULL && (effects = client_core_take(device->core)) != NULL) {
        bool has_stores = device_has_stores(effects);
        if (has_stores && world_mishap(world, world->profile.device_dies)) {
            world_tell(world, "%s loses a transaction", device->name);
            device_crash_for_a_while(device);
            return;
        }
        for (const struct client_effect *at = effects; at != NULL; at = at->next)
            device_store(device, at);
        if (has_stores && world_mishap(world, world->profile.device_dies)) {
            device_crash_for_a_while(device);
            return;
        }
        device_perform(device, effects);
    }
    if (device->again != 0) {
        uint32_t asked = device->again - 1;
        device->again = 0;
        device_ask_recall(device, asked);
    }
}

/* ---- Inputs ---- */

static const char *device_make_token(struct device *device, char *text, size_t size)
{
    struct world *world = device->world;
    uint64_t life_ms = world->is_calm ? 864000000 : 60000 + prng_below(&world->prng, 864000000);
    if (!world->is_calm && world_chance(world, 10))
        life_ms = prng_below(&world->prng, 60000);
    snprintf(text, size, "%s/%s/%llu", device->user_name, device->name,
             (unsigned long long)(server_wall_ms(world) + life_ms));
    return text;
}

void device_submit_recall(struct device *device, uint32_t asked)
{
    struct world *world = device->world;
    struct arena arena;
    arena_init(&arena);
    wire_client_frame *frame = frame_decode_client(world->history.asked[asked].frame, &arena);
    client_core_request(device->core, device_clock_ms(device), asked, frame,
                        DEVICE_RECALL_TIMEOUT_MS);
    arena_fini(&arena);
}

void device_start(struct device *device)
{
    struct world *world = device->world;
    struct database *database = &device->database;
    struct client_config config;
    char token[64];
    if (device->core != NULL)
        return;
    client_config_default(&config);
    config.token = device_make_token(device, token, sizeof(token));
    config.name = "sim";
    config.seed = prng_next(&world->prng);
    config.follow = (Unsay__V1__Follow)(device->index % 3);
    config.device_key = view_make(device_keys, sizeof(device_keys));
    config.first_sync = device->first_sync;
    config.send_give_up_ms = 60000 + (uint32_t)prng_below(&world->prng, 240001);
    device->clock_offset_ms = prng_below(&world->prng, 1000000000);
    device->core = client_core_new(&config);
    world_tell(world, "%s starts", device->name);
    for (uint32_t i = 0; i < database->conversation_count; i++) {
        const struct kept_conversation *kept = &database->conversations[i];
        struct client_cursor cursor = {view_of(kept->id), ORIGIN_DEFAULT, kept->stored,
                                       kept->displayed, kept->recalled};
        if (kept->stored > 0 || kept->role != WIRE(ROLE, UNSPECIFIED))
            client_core_load_cursor(device->core, &cursor);
    }
    client_core_load_store(device->core, &database->store);
    if (database->is_synced)
        client_core_load_synced(device->core);
    client_core_start(device->core, device_clock_ms(device));
    for (uint32_t i = 0; i < database->recall_count; i++)
        device_submit_recall(device, database->recalls[i]);
    device_settle(device);
}

void device_wake(struct device *device)
{
    struct world *world = device->world;
    if (device->core == NULL || device->wake_ms > world->now_ms)
        return;
    if (device_is_frozen(device)) {
        world_plan(world, device->frozen_until_ms - world->now_ms, STEP_DEVICE_WAKE, device->index,
                   device->incarnation);
        return;
    }
    client_core_tick(device->core, device_clock_ms(device));
    device_settle(device);
}

void device_token(struct device *device)
{
    char token[64];
    if (device->core == NULL)
        return;
    client_core_set_token(device->core, device_clock_ms(device),
                          device_make_token(device, token, sizeof(token)));
    device_settle(device);
}

void device_nudge(struct device *device)
{
    if (device->core == NULL)
        return;
    client_core_network_changed(device->core, device_clock_ms(device));
    device_settle(device);
}

void device_link_up(struct device *device, struct link *link)
{
    if (device->core == NULL || device->link != link)
        return;
    client_core_link_up(device->core, device_clock_ms(device));
    device_settle(device);
}

void device_link_down(struct device *device, struct link *link)
{
    if (device->link != link)
        return;
    network_close_client(device->world, link);
    device->link = NULL;
    client_core_link_down(device->core, device_clock_ms(device), "gone");
    device_settle(device);
}

void device_frame(struct device *device, struct view frame)
{
    client_core_frame(device->core, device_clock_ms(device), frame);
    device_settle(device);
}
