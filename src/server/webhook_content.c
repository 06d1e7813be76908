#include "server/webhook_content.h"

#include "api/json_value.h"
#include "core/frame.h"
#include "core/hlc.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

static const char *const type_names[WEBHOOK_TYPES] = {
    [WEBHOOK_MESSAGE_COMMITTED] = "message.committed",
    [WEBHOOK_RECALL_COMMITTED] = "recall.committed",
    [WEBHOOK_PUSH_SEND] = "push.send",
    [WEBHOOK_PUSH_WITHDRAW] = "push.withdraw",
};

const char *webhook_type_name(enum webhook_type type)
{
    return type_names[type];
}

bool webhook_type_find(const char *name, enum webhook_type *type)
{
    for (size_t i = 0; i < WEBHOOK_TYPES; i++) {
        *type = (enum webhook_type)i;
        if (strcmp(type_names[i], name) == 0)
            return true;
    }
    return false;
}

#define SET(object, name, value) json_object_set_new(object, name, value)

static void add_body(json_t *data, struct view body)
{
    if (json_is_text(body)) {
        SET(data, "body", json_stringn((const char *)body.data, body.size));
        return;
    }
    SET(data, "body", json_null());
    SET(data, "body_base64", json_base64(body));
}

static void add_message(json_t *data, const wire_message *message, bool with_bodies,
                        struct webhook_content *content)
{
    SET(data, "message_id", json_uuid(bytes_view(message->message_id)));
    SET(data, "sender", json_string(message->sender));
    SET(data, "device", json_string(message->device));
    SET(data, "content_type",
        json_word_or_null(&unsay__v1__content_type__descriptor, (int)message->content_type));
    SET(data, "state",
        json_word_or_null(&unsay__v1__message_state__descriptor, (int)message->state));
    if (message->state != WIRE(MESSAGE_STATE, NORMAL))
        return;
    json_t *mentions = json_array();
    for (size_t i = 0; i < message->n_mentions; i++)
        json_array_append_new(mentions, json_string(message->mentions[i]));
    SET(data, "mentions", mentions);
    if (with_bodies) {
        add_body(data, bytes_view(message->body));
        content->has_body = true;
    }
}

static void add_recall(json_t *data, const wire_recall *recall, bool with_bodies,
                       struct webhook_content *content)
{
    json_t *target = json_object();
    SET(target, "origin", json_integer(recall->target_origin));
    SET(target, "seq", json_integer((json_int_t)recall->target_seq));
    SET(target, "message_id", json_uuid(bytes_view(recall->target_message_id)));
    SET(target, "sender", json_string(recall->target_sender));
    SET(target, "content_type",
        json_word_or_null(&unsay__v1__content_type__descriptor, (int)recall->content_type));
    SET(data, "target", target);
    SET(data, "operator", json_string(recall->operator_));
    SET(data, "device", json_string(recall->device));
    SET(data, "actor", json_word_or_null(&unsay__v1__actor__descriptor, (int)recall->actor));
    SET(data, "vanished", json_boolean(recall->vanished));
    if (with_bodies && recall->reason[0] != 0) {
        SET(data, "reason", json_string(recall->reason));
        content->has_body = true;
    }
}

/* Replaces a notification that was sent, and is the same for its withdrawal; as short as the push
 * services want it. */
static void add_collapse_key(json_t *data, const struct webhook_item *item)
{
    char name[LIMIT_CONVERSATION_ID_BYTES_MAX + 40];
    uint8_t hash[crypto_hash_sha256_BYTES];
    char text[33];
    int size = snprintf(name, sizeof(name), "%s %" PRIu32 " %" PRIu64, item->conversation,
                        item->origin, webhook_item_message(item));
    crypto_hash_sha256(hash, (const uint8_t *)name, (unsigned long long)size);
    sodium_bin2hex(text, sizeof(text), hash, 16);
    SET(data, "collapse_key", json_string(text));
}

static void make_id(const struct uuid *store_id, const struct webhook_item *item,
                    char id[WEBHOOK_ID_BYTES + 1])
{
    char name[LIMIT_CONVERSATION_ID_BYTES_MAX + 80];
    char hex[32 + 1];
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    int size =
        snprintf(name, sizeof(name), "%s %s %" PRIu32 " %" PRIu64 " %" PRIu32,
                 type_names[item->type], item->conversation, item->origin, item->seq, item->page);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, store_id->bytes, UUID_BYTES);
    crypto_hash_sha256_update(&state, (const uint8_t *)name, (unsigned long long)size);
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(hex, sizeof(hex), hash, 16);
    snprintf(id, WEBHOOK_ID_BYTES + 1, "evt_%s", hex);
}

/* Data for the event as it is now; *is_told false: there is nothing to tell. */
static enum status add_data(struct store *store, bool with_bodies, const struct webhook_item *item,
                            const wire_event *event, json_t *data, struct webhook_content *content,
                            bool *is_told)
{
    const wire_message *message = event->kind_case == EVENT_KIND(MESSAGE) ? event->message : NULL;
    const wire_recall *recall = event->kind_case == EVENT_KIND(RECALL) ? event->recall : NULL;
    size_t devices = 0;
    enum status status = STATUS_OK;
    *is_told = item->type == WEBHOOK_MESSAGE_COMMITTED || item->type == WEBHOOK_PUSH_SEND
                   ? message != NULL
                   : recall != NULL;
    if (!*is_told)
        return STATUS_OK;
    switch (item->type) {
    case WEBHOOK_MESSAGE_COMMITTED:
        add_message(data, message, with_bodies, content);
        return STATUS_OK;
    case WEBHOOK_RECALL_COMMITTED:
        add_recall(data, recall, with_bodies, content);
        return STATUS_OK;
    case WEBHOOK_PUSH_SEND:
        add_message(data, message, false, content);
        *is_told = message->state == WIRE(MESSAGE_STATE, NORMAL);
        if (*is_told)
            status = webhook_add_devices(store, item, message->sender, data, content, &devices);
        break;
    case WEBHOOK_PUSH_WITHDRAW:
        SET(data, "target_seq", json_integer((json_int_t)recall->target_seq));
        status = webhook_add_devices(store, item, recall->target_sender, data, content, &devices);
        break;
    case WEBHOOK_TYPES:
        break;
    }
    *is_told = *is_told && devices > 0;
    SET(data, "silent", json_boolean(recall != NULL));
    add_collapse_key(data, item);
    return status;
}

enum status webhook_content_make(struct store *store, const struct uuid *store_id, bool with_bodies,
                                 const struct webhook_item *item, struct webhook_content *content)
{
    struct event_key key = {view_of(item->conversation), item->origin, item->seq};
    struct arena arena;
    struct view bytes;
    bool is_told = false;
    *content = (struct webhook_content){.text = NULL};
    make_id(store_id, item, content->id);
    arena_init(&arena);
    enum status status = store_get_event(store, key, &arena, &bytes);
    const wire_event *event = status == STATUS_OK ? event_decode(bytes, &arena) : NULL;
    if (status == STATUS_OK && event == NULL)
        status = STATUS_CORRUPT;
    if (event != NULL) {
        json_t *data = json_object();
        SET(data, "conversation", json_string(item->conversation));
        SET(data, "origin", json_integer(item->origin));
        SET(data, "seq", json_integer((json_int_t)item->seq));
        SET(data, "time", json_moment(hlc_ms(event->time)));
        status = add_data(store, with_bodies, item, event, data, content, &is_told);
        json_t *object = json_object();
        SET(object, "type", json_string(type_names[item->type]));
        SET(object, "timestamp", json_moment(hlc_ms(event->time)));
        SET(object, "data", data);
        if (status == STATUS_OK && is_told)
            content->text = json_dumps(object, JSON_COMPACT);
        json_decref(object);
    }
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void webhook_content_fini(struct webhook_content *content)
{
    if (content->text != NULL)
        sodium_memzero(content->text, strlen(content->text));
    free(content->text);
    content->text = NULL;
}
