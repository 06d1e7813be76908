#include "core/client_conversations.h"

#include "base/memory.h"
#include "core/client_core.h"
#include "core/ids.h"

#include <stdlib.h>

void client_conversations_init(struct client_conversations *conversations)
{
    table_init(&conversations->table);
    table_init(&conversations->held_targets);
    list_init(&conversations->cursors);
    conversations->held_count = 0;
}

static void client_conversation_free(struct client_conversation *conversation)
{
    for (struct list *node; (node = list_pop_front(&conversation->held)) != NULL;) {
        struct client_held *held = LIST_ITEM(node, struct client_held, node);
        free(held->event);
        free(held);
    }
    free(conversation);
}

void client_conversations_fini(struct client_conversations *conversations)
{
    size_t at = 0;
    for (struct client_conversation *each; (each = table_next(&conversations->table, &at)) != NULL;)
        client_conversation_free(each);
    table_fini(&conversations->table);
    table_fini(&conversations->held_targets);
}

static struct view client_conversation_key(uint8_t key[CLIENT_CONVERSATION_KEY_BYTES],
                                           struct view id, uint32_t origin)
{
    memcpy(key, &origin, sizeof(origin));
    memcpy(key + sizeof(origin), id.data, id.size);
    return view_make(key, sizeof(origin) + id.size);
}

struct client_conversation *
client_conversations_find(const struct client_conversations *conversations, struct view id,
                          uint32_t origin)
{
    uint8_t key[CLIENT_CONVERSATION_KEY_BYTES];
    if (id.size == 0 || id.size > LIMIT_CONVERSATION_ID_BYTES_MAX)
        return NULL;
    return table_get(&conversations->table, client_conversation_key(key, id, origin));
}

struct client_conversation *client_conversations_load(struct client_conversations *conversations,
                                                      struct view id, uint32_t origin)
{
    struct client_conversation *conversation = client_conversations_find(conversations, id, origin);
    if (conversation != NULL)
        return conversation;
    if (!id_is_conversation(id) || origin == 0)
        return NULL;
    conversation = memory_new(sizeof(*conversation));
    list_init(&conversation->sync_node);
    list_init(&conversation->ack_node);
    list_init(&conversation->cursor_node);
    list_init(&conversation->held);
    conversation->origin = origin;
    conversation->id_bytes = id.size;
    table_put(&conversations->table, client_conversation_key(conversation->key, id, origin),
              conversation);
    return conversation;
}

struct client_conversation *client_conversations_add(struct client_conversations *conversations,
                                                     struct view id, uint32_t origin)
{
    if (conversations->table.count >= CLIENT_CONVERSATIONS_MAX)
        return client_conversations_find(conversations, id, origin);
    return client_conversations_load(conversations, id, origin);
}

void client_conversation_moved(struct client_core *core, struct client_conversation *conversation)
{
    if (list_is_empty(&conversation->cursor_node))
        list_push_back(&core->conversations.cursors, &conversation->cursor_node);
    client_acks_add(core, conversation);
}

void client_conversations_store(struct client_core *core)
{
    for (struct list *node; (node = list_pop_front(&core->conversations.cursors)) != NULL;) {
        struct client_conversation *conversation =
            LIST_ITEM(node, struct client_conversation, cursor_node);
        client_effects_add(&core->effects, CLIENT_STORE_CURSOR)->cursor = (struct client_cursor){
            .conversation = client_conversation_id(conversation),
            .origin = conversation->origin,
            .stored = conversation->stored,
            .displayed = conversation->displayed,
            .recalled = conversation->recalled,
        };
    }
}
