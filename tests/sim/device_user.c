/* A device: what its user does, and the outbox. */
#include "base/memory.h"
#include "core/frame.h"
#include "database.h"
#include "device.h"
#include "world.h"

enum { DEVICE_REQUEST_TIMEOUT_MS = 30000 };

/* What goes along with the body: see client_outgoing.detail. */
static struct view device_detail(const struct world *world, const struct message *message,
                                 struct arena *arena)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    wire_source source = UNSAY__V1__SOURCE__INIT;
    char *names[USERS_ALL + 1];
    send.mentions = names;
    for (unsigned user = 0; user < USERS_ALL; user++) {
        if ((message->mentions >> user & 1) != 0) {
            names[send.n_mentions] = arena_alloc(arena, 8);
            snprintf(names[send.n_mentions++], 8, "u%u", user);
        }
    }
    if ((message->mentions & MENTIONS_ALL) != 0)
        names[send.n_mentions++] = string_of("*");
    quote.seq = message->quote;
    if (message->quote != 0)
        send.quote = &quote;
    if (message->source != 0) {
        const struct message *forwarded = &world->history.messages[message->source - 1];
        source.conversation = string_of(forwarded->conversation);
        source.seq = forwarded->seq;
        send.forward = &source;
    }
    size_t size = unsay__v1__send__get_packed_size(&send);
    uint8_t *bytes = arena_alloc(arena, size);
    return view_make(bytes, unsay__v1__send__pack(&send, bytes));
}

void device_offer(struct device *device, uint64_t after, uint32_t count, bool is_load)
{
    struct arena arena;
    arena_init(&arena);
    struct database *database = &device->database;
    struct world *world = device->world;
    bool more = false;
    for (uint32_t i = 0; i < database->send_count; i++) {
        const struct kept_send *send = &database->sends[i];
        if (send->state != KEPT_SENDING || send->number <= after)
            continue;
        const struct message *message = &world->history.messages[send->message];
        struct client_outgoing outgoing = {
            .number = send->number,
            .conversation = view_of(message->conversation),
            .message_id = message->id,
            .content_type =
                message->source == 0 ? WIRE(CONTENT_TYPE, TEXT) : WIRE(CONTENT_TYPE, UNSPECIFIED),
            .body = view_make(send->body, send->body_bytes),
            .detail = device_detail(world, message, &arena),
            .is_retry = send->is_retry,
        };
        if (count-- == 0 || !client_core_offer(device->core, device_clock_ms(device), &outgoing)) {
            more = true;
            break;
        }
    }
    if (is_load)
        client_core_outbox_loaded(device->core, device_clock_ms(device), more);
    arena_fini(&arena);
}

static void device_offer_new(struct device *device, uint64_t number)
{
    if (device->core == NULL)
        return;
    device_offer(device, number - 1, 1, false);
    device_settle(device);
}

void device_send(struct device *device, uint32_t index, size_t body_bytes)
{
    struct message *message = &device->world->history.messages[index];
    struct kept_send *send = database_add_send(&device->database, index);
    if (message->source == 0) {
        send->body_bytes = body_bytes < CANARY_BYTES ? CANARY_BYTES : body_bytes;
        send->body = memory_new(send->body_bytes);
        memset(send->body, 'x', send->body_bytes);
        memcpy(send->body, message->canary, CANARY_BYTES);
    }
    message->number = send->number;
    if (device->world->mutation == MUTATION_SWAP && device->core == NULL)
        database_swap_sends(&device->database);
    world_tell(device->world, "%s %s message %u to %s", device->name,
               message->source == 0 ? "writes" : "forwards", index, message->conversation);
    device_offer_new(device, send->number);
}

void device_retry(struct device *device, struct kept_send *failed)
{
    uint32_t index = failed->message;
    uint8_t *body = failed->body;
    size_t body_bytes = failed->body_bytes;
    failed->body = NULL;
    database_remove_send(failed);
    struct kept_send *send = database_add_send(&device->database, index);
    send->body = body;
    send->is_retry = true;
    send->body_bytes = body_bytes;
    device->world->history.messages[index].number = send->number;
    device_offer_new(device, send->number);
}

void device_ask_recall(struct device *device, uint32_t asked)
{
    for (uint32_t i = 0; i < device->database.recall_count; i++) {
        if (device->database.recalls[i] == asked)
            return;
    }
    database_add_recall(&device->database, asked);
    if (device->core == NULL)
        return;
    device_submit_recall(device, asked);
    device_settle(device);
}

void device_ask(struct device *device, const wire_client_frame *frame)
{
    if (device->core == NULL)
        return;
    client_core_request(device->core, device_clock_ms(device), DEVICE_NO_TOKEN, frame,
                        DEVICE_REQUEST_TIMEOUT_MS);
    device_settle(device);
}

void device_fetch_older(struct device *device, const struct kept_conversation *kept, uint32_t limit)
{
    struct world *world = device->world;
    /* The latest of what is missing, or another part: some of it is not for the user. */
    uint64_t last =
        world_chance(world, 70) ? kept->count : prng_below(&world->prng, kept->count + 1);
    while (last > 0 && kept->events[last - 1].bytes != NULL)
        last--;
    uint64_t after = last;
    while (after > 0 && kept->events[after - 1].bytes == NULL)
        after--;
    if (device->core == NULL || last == 0)
        return;
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = string_of(kept->id);
    read.origin = ORIGIN_DEFAULT;
    read.after = after;
    read.before = last + 1;
    read.limit = limit;
    read.newest = true;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    client_core_fetch(device->core, device_clock_ms(device), DEVICE_NO_TOKEN, &frame,
                      DEVICE_REQUEST_TIMEOUT_MS);
    device_settle(device);
}

void device_display(struct device *device, struct kept_conversation *kept, uint64_t seq)
{
    if (device->core == NULL)
        return;
    client_core_displayed(device->core, device_clock_ms(device), view_of(kept->id), ORIGIN_DEFAULT,
                          seq);
    device_settle(device);
}
