/* How entries come into the window: new ones one by one, others when the database is asked for
 * them.
 */
#include "base/memory.h"
#include "core/client_outbox_internal.h"
#include "core/frame.h"
#include "core/ids.h"

static bool client_detail_is_valid(struct client_core *core, struct view detail)
{
    ProtobufCAllocator allocator;
    arena_allocator(&core->effects.arena, &allocator);
    return unsay__v1__send__unpack(&allocator, detail.size, detail.data) != NULL;
}

void client_outbox_want(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    if (!outbox->has_more || outbox->load != CLIENT_LOAD_NONE ||
        outbox->count > LIMIT_OUTBOX_WINDOW / 2)
        return;
    outbox->has_more = false;
    client_outbox_start(core);
}

void client_outbox_start(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    outbox->load = CLIENT_LOAD_ASKED;
    struct client_effect *load = client_effects_add(&core->effects, CLIENT_LOAD_OUTBOX);
    load->after = outbox->last_number;
    load->count = (uint32_t)(LIMIT_OUTBOX_WINDOW - outbox->count);
}

void client_outbox_filled(struct client_core *core)
{
    core->outbox.has_more = true;
    client_outbox_want(core);
}

void client_outbox_taken(struct client_outbox *outbox)
{
    if (outbox->load == CLIENT_LOAD_ASKED)
        outbox->load = CLIENT_LOAD_TAKEN;
}

static struct client_lane *client_outbox_lane(struct client_outbox *outbox, struct view id)
{
    struct client_lane *lane = table_get(&outbox->lanes, id);
    if (lane != NULL)
        return lane;
    lane = memory_new(sizeof(*lane));
    list_init(&lane->entries);
    memcpy(lane->id, id.data, id.size);
    lane->id_bytes = id.size;
    table_put(&outbox->lanes, client_lane_id(lane), lane);
    return lane;
}

static void client_outbox_add(struct client_core *core, const struct client_outgoing *outgoing)
{
    struct client_outbox *outbox = &core->outbox;
    while (outbox->slots[outbox->next_slot] != NULL)
        outbox->next_slot = (outbox->next_slot + 1) % LIMIT_OUTBOX_WINDOW;
    struct client_entry *entry = memory_new(sizeof(*entry));
    entry->slot = outbox->next_slot;
    entry->first_request = client_request_number(core, CLIENT_REQUEST_SEND, entry->slot);
    entry->lane = client_outbox_lane(outbox, outgoing->conversation);
    entry->number = outgoing->number;
    entry->message_id = outgoing->message_id;
    entry->content_type = outgoing->content_type;
    entry->is_retry = outgoing->is_retry;
    entry->body = memory_copy(outgoing->body.data, outgoing->body.size);
    entry->body_bytes = outgoing->body.size;
    entry->detail = memory_copy(outgoing->detail.data, outgoing->detail.size);
    entry->detail_bytes = outgoing->detail.size;
    entry->since_ms = core->now_ms;
    list_push_back(&outbox->window, &entry->window_node);
    list_push_back(&entry->lane->entries, &entry->lane_node);
    outbox->slots[entry->slot] = entry;
    outbox->count++;
    client_outbox_wake(outbox, entry->since_ms + core->config.send_give_up_ms);
}

/* What the database may hold and the server need not be asked about. */
static refusal_code client_outgoing_refusal(struct client_core *core,
                                            const struct client_outgoing *outgoing)
{
    if (!id_is_conversation(outgoing->conversation))
        return REFUSAL_CODE(INVALID_ID);
    if (outgoing->body.size > LIMIT_BODY_BYTES_MAX)
        return REFUSAL_CODE(BODY_TOO_LARGE);
    if (outgoing->is_stale)
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    return client_detail_is_valid(core, outgoing->detail) ? REFUSAL_NONE
                                                          : REFUSAL_CODE(FIELD_INVALID);
}

bool client_outbox_offer(struct client_core *core, const struct client_outgoing *outgoing)
{
    struct client_outbox *outbox = &core->outbox;
    if (outbox->load == CLIENT_LOAD_ASKED || outgoing->number <= outbox->last_number)
        return false;
    if (outbox->has_more || outbox->count == LIMIT_OUTBOX_WINDOW) {
        outbox->has_more = true;
        return false;
    }
    outbox->last_number = outgoing->number;
    refusal_code refusal = client_outgoing_refusal(core, outgoing);
    if (refusal != REFUSAL_NONE) {
        client_outbox_fail(core, outgoing->conversation, outgoing->message_id, refusal, "");
        return true;
    }
    client_outbox_add(core, outgoing);
    client_outbox_pump(core);
    return true;
}

void client_outbox_loaded(struct client_core *core, bool more)
{
    core->outbox.load = CLIENT_LOAD_NONE;
    core->outbox.has_more = core->outbox.has_more || more;
    client_outbox_want(core);
}
