/* Events as they come: what continues a cursor is stored and shown, the rest is known already or
 * has to be read. Over what is hidden from the user the cursor moves without an event. A recall
 * takes effect when its notice comes; the body that a slower path still brings for its target is
 * not let in. */
#include "base/memory.h"
#include "core/client_core.h"
#include "core/frame.h"
#include "core/ids.h"

#include <stdlib.h>

/* How long a notice beyond the cursor waits for the pushes that it overtook. */
enum { CLIENT_NOTICE_PATIENCE_MS = 1000 };

bool client_event_is_valid(const wire_event *event)
{
    if (event == NULL || !id_is_conversation(view_of(event->conversation)) || event->origin == 0 ||
        event->seq == 0 || event->seq == UINT64_MAX)
        return false;
    if (event->kind_case == EVENT_KIND(MESSAGE))
        return event->message != NULL && event->message->message_id.len == UUID_BYTES;
    if (event->kind_case == EVENT_KIND(RECALL))
        return event->recall != NULL && event->recall->target_message_id.len == UUID_BYTES;
    if (event->kind_case == EVENT_KIND(HIDDEN))
        return event->hidden != NULL && event->hidden->first != 0 &&
               event->hidden->first <= event->seq;
    return true;
}

static struct view client_target_key(uint8_t key[CLIENT_TARGET_KEY_BYTES], const char *conversation,
                                     uint32_t origin, uint64_t seq)
{
    struct view id = view_of(conversation);
    memcpy(key, &seq, sizeof(seq));
    memcpy(key + sizeof(seq), &origin, sizeof(origin));
    memcpy(key + sizeof(seq) + sizeof(origin), id.data, id.size);
    return view_make(key, sizeof(seq) + sizeof(origin) + id.size);
}

static void client_held_free(struct client_core *core, struct client_conversation *conversation,
                             struct client_held *held)
{
    struct client_conversations *conversations = &core->conversations;
    struct view target = view_make(held->target, held->target_bytes);
    if (table_get(&conversations->held_targets, target) == held)
        table_remove(&conversations->held_targets, target);
    list_remove(&held->node);
    conversation->held_count--;
    conversations->held_count--;
    free(held->event);
    free(held);
}

/* Where in the ascending list `seq` goes: the node before it; NULL when it is there already. */
static struct list *client_held_place(struct client_conversation *conversation, uint64_t seq)
{
    struct list *before = conversation->held.previous;
    for (; before != &conversation->held; before = before->previous) {
        uint64_t other = LIST_ITEM(before, struct client_held, node)->seq;
        if (other == seq)
            return NULL;
        if (other < seq)
            break;
    }
    return before;
}

static void client_held_add(struct client_core *core, struct client_conversation *conversation,
                            const wire_event *event, struct list *before)
{
    struct client_conversations *conversations = &core->conversations;
    if (conversations->held_count >= CLIENT_HELD_MAX)
        return;
    struct view bytes = event_encode(event, &core->effects.arena);
    struct client_held *held = memory_new(sizeof(*held));
    held->seq = event->seq;
    held->event = memory_copy(bytes.data, bytes.size);
    held->event_bytes = bytes.size;
    struct view target = client_target_key(held->target, event->conversation,
                                           event->recall->target_origin, event->recall->target_seq);
    held->target_bytes = target.size;
    table_put(&conversations->held_targets, target, held);
    list_push_back(before->next, &held->node);
    conversations->held_count++;
    if (++conversation->held_count > LIMIT_AHEAD_MAX)
        client_held_free(core, conversation,
                         LIST_ITEM(conversation->held.next, struct client_held, node));
}

const wire_event *client_event_tombstone(struct client_core *core, const wire_event *event,
                                         const wire_event *recall)
{
    struct arena *arena = &core->effects.arena;
    if (event->kind_case != EVENT_KIND(MESSAGE) ||
        event->message->state != WIRE(MESSAGE_STATE, NORMAL) ||
        event->origin != recall->recall->target_origin || event->seq != recall->recall->target_seq)
        return event;
    wire_tombstone *tombstone = arena_alloc(arena, sizeof(*tombstone));
    unsay__v1__tombstone__init(tombstone);
    tombstone->operator_ = recall->recall->operator_;
    tombstone->time = recall->time;
    tombstone->recall_origin = recall->origin;
    tombstone->recall_seq = recall->seq;
    tombstone->actor = recall->recall->actor;
    tombstone->vanished = recall->recall->vanished;

    wire_message *message = arena_alloc(arena, sizeof(*message));
    unsay__v1__message__init(message);
    message->message_id = event->message->message_id;
    message->sender = event->message->sender;
    message->device = event->message->device;
    message->content_type = event->message->content_type;
    message->state = WIRE(MESSAGE_STATE, RECALLED);
    message->tombstone = tombstone;

    wire_event *masked = arena_alloc(arena, sizeof(*masked));
    *masked = *event;
    masked->message = message;
    return masked;
}

const wire_event *client_event_masked(struct client_core *core, const wire_event *event)
{
    uint8_t key[CLIENT_TARGET_KEY_BYTES];
    if (core->conversations.held_count == 0 || event->kind_case != EVENT_KIND(MESSAGE))
        return event;
    const struct client_held *held =
        table_get(&core->conversations.held_targets,
                  client_target_key(key, event->conversation, event->origin, event->seq));
    if (held == NULL)
        return event;
    return client_event_tombstone(
        core, event, event_decode(view_make(held->event, held->event_bytes), &core->effects.arena));
}

void client_event_apply_recall(struct client_core *core, const wire_event *event)
{
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_RECALL);
    store->event = event;
    store->event_bytes = event_encode(event, &core->effects.arena);
    client_requests_recalled(core, event, store->event_bytes);
}

/* The cursor reaches `seq`. */
static void client_event_pass(struct client_core *core, struct client_conversation *conversation,
                              uint64_t seq)
{
    conversation->stored = seq;
    if (conversation->refreshed != 0 && conversation->refreshed <= seq) {
        client_acks_add_notice(core, conversation, conversation->refreshed);
        conversation->refreshed = 0;
    }
}

/* `event` is the next one of the conversation. */
static void client_event_store(struct client_core *core, struct client_conversation *conversation,
                               const wire_event *event, bool is_applied)
{
    event = client_event_masked(core, event);
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_EVENT);
    store->event = event;
    store->event_bytes = event_encode(event, &core->effects.arena);
    if (event->kind_case == EVENT_KIND(RECALL) && !is_applied)
        client_event_apply_recall(core, event);
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_EVENT);
    show->event = event;
    show->event_bytes = store->event_bytes;
    if (event->kind_case == EVENT_KIND(RECALL))
        conversation->recalled = event->seq;
    client_event_pass(core, conversation, event->seq);
}

/* The cursor moved: then the held ones whose turn has come. */
static void client_event_follow(struct client_core *core, struct client_conversation *conversation)
{
    while (!list_is_empty(&conversation->held)) {
        struct client_held *held = LIST_ITEM(conversation->held.next, struct client_held, node);
        if (held->seq > conversation->stored + 1)
            break;
        if (held->seq == conversation->stored + 1)
            client_event_store(
                core, conversation,
                event_decode(view_make(held->event, held->event_bytes), &core->effects.arena),
                true);
        client_held_free(core, conversation, held);
    }
    client_conversation_moved(core, conversation);
    client_sync_advanced(core, conversation);
}

/* `event` is the next one, or stands in for a part of the log that is not for this user. */
static void client_event_advance(struct client_core *core, struct client_conversation *conversation,
                                 const wire_event *event)
{
    if (event->kind_case == EVENT_KIND(HIDDEN))
        client_event_pass(core, conversation, event->seq);
    else
        client_event_store(core, conversation, event, false);
    client_event_follow(core, conversation);
}

void client_event_skip(struct client_core *core, struct client_conversation *conversation,
                       uint64_t seq)
{
    if (seq <= conversation->stored)
        return;
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_SKIP);
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_SKIPPED);
    store->conversation = show->conversation = client_conversation_id(conversation);
    store->origin = show->origin = conversation->origin;
    store->after = show->after = conversation->stored;
    store->seq = show->seq = seq;
    /* There may be recalls in the range, and what they name is not on the device. */
    conversation->recalled = seq;
    client_event_pass(core, conversation, seq);
    client_event_follow(core, conversation);
}

/* Known to exist, and when. */
static void client_event_heard(struct client_core *core, struct client_conversation *conversation,
                               const wire_event *event)
{
    if (event->time > conversation->activity) {
        conversation->activity = event->time;
        client_queue_moved(&core->sync.queue, conversation);
    }
}

static struct client_conversation *client_event_conversation(struct client_core *core,
                                                             const wire_event *event)
{
    if (!client_event_is_valid(event))
        return NULL;
    struct client_conversation *conversation =
        client_conversations_add(&core->conversations, view_of(event->conversation), event->origin);
    if (conversation != NULL)
        client_sync_heard(core, conversation);
    return conversation;
}

bool client_event_pushed(struct client_core *core, const wire_event *event)
{
    struct client_conversation *conversation = client_event_conversation(core, event);
    if (conversation == NULL || event->kind_case == EVENT_KIND(HIDDEN))
        return false;
    client_event_heard(core, conversation, event);
    if (event->seq == conversation->stored + 1)
        client_event_advance(core, conversation, event);
    else if (event->seq <= conversation->stored)
        client_acks_repeat(core, conversation);
    else
        client_sync_gap(core, conversation, event->seq, 0);
    return true;
}

bool client_event_noticed(struct client_core *core, const wire_event *event)
{
    struct client_conversation *conversation = client_event_conversation(core, event);
    if (conversation == NULL || event->kind_case != EVENT_KIND(RECALL))
        return false;
    client_event_heard(core, conversation, event);
    client_acks_add_notice(core, conversation, event->seq);
    if (event->seq == conversation->stored + 1) {
        client_event_advance(core, conversation, event);
    } else if (event->seq > conversation->stored) {
        struct list *before = client_held_place(conversation, event->seq);
        if (before == NULL)
            return true;
        client_event_apply_recall(core, event);
        client_held_add(core, conversation, event, before);
        client_sync_gap(core, conversation, event->seq, CLIENT_NOTICE_PATIENCE_MS);
    }
    return true;
}

bool client_event_replaced(struct client_core *core, const wire_replace *replace)
{
    const wire_event *recall = replace->recall;
    const wire_event *tombstone = replace->tombstone;
    return client_event_is_valid(recall) && recall->kind_case == EVENT_KIND(RECALL) &&
           client_event_is_valid(tombstone) && tombstone->kind_case == EVENT_KIND(MESSAGE) &&
           tombstone->message->state != WIRE(MESSAGE_STATE, NORMAL) &&
           strcmp(tombstone->conversation, recall->conversation) == 0 &&
           tombstone->origin == recall->recall->target_origin &&
           tombstone->seq == recall->recall->target_seq && client_event_noticed(core, recall);
}

/* The log brings the recall, at once. It is acknowledged when it is stored, which is when the body
 * is gone. */
bool client_event_refreshed(struct client_core *core, const wire_refresh *refresh)
{
    if (!id_is_conversation(view_of(refresh->conversation)) || refresh->origin == 0 ||
        refresh->seq == 0 || refresh->seq == UINT64_MAX)
        return false;
    struct client_conversation *conversation = client_conversations_add(
        &core->conversations, view_of(refresh->conversation), refresh->origin);
    if (conversation == NULL)
        return false;
    client_sync_heard(core, conversation);
    if (refresh->seq <= conversation->stored) {
        client_acks_add_notice(core, conversation, refresh->seq);
        return true;
    }
    if (refresh->seq > conversation->refreshed)
        conversation->refreshed = refresh->seq;
    client_sync_gap(core, conversation, refresh->seq, 0);
    return true;
}

bool client_event_read(struct client_core *core, struct client_conversation *conversation,
                       const wire_event *event)
{
    uint64_t first = event->kind_case == EVENT_KIND(HIDDEN) ? event->hidden->first : event->seq;
    if (first <= conversation->stored + 1 && event->seq > conversation->stored)
        client_event_advance(core, conversation, event);
    return event->seq <= conversation->stored;
}
