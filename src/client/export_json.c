#include "client/export_json.h"

#include "base/memory.h"
#include "base/uuid.h"
#include "base/view.h"

#include <sodium.h>

static const char *name_at(const char *const *names, size_t count, size_t index)
{
    return index < count && names[index] != NULL ? names[index] : "unknown";
}

#define NAME_AT(names, index) name_at(names, sizeof(names) / sizeof((names)[0]), (size_t)(index))

static const char *const kinds[] = {
    [UNSAY_EVENT_MESSAGE] = "message",   [UNSAY_EVENT_RECALL] = "recall",
    [UNSAY_EVENT_CREATION] = "creation", [UNSAY_EVENT_MEMBERSHIP] = "membership",
    [UNSAY_EVENT_PIN] = "pin",
};

static const char *const contents[] = {
    [UNSAY_CONTENT_TEXT] = "text",     [UNSAY_CONTENT_IMAGE] = "image",
    [UNSAY_CONTENT_AUDIO] = "audio",   [UNSAY_CONTENT_VIDEO] = "video",
    [UNSAY_CONTENT_FILE] = "file",     [UNSAY_CONTENT_LOCATION] = "location",
    [UNSAY_CONTENT_CUSTOM] = "custom",
};

static const char *const states[] = {
    [UNSAY_MESSAGE_NORMAL] = "normal",
    [UNSAY_MESSAGE_RECALLED] = "recalled",
    [UNSAY_MESSAGE_ERASED] = "erased",
};

static const char *const actors[] = {
    [UNSAY_ACTOR_SELF] = "self",     [UNSAY_ACTOR_OWNER] = "owner",
    [UNSAY_ACTOR_ADMIN] = "admin",   [UNSAY_ACTOR_MODERATOR] = "moderator",
    [UNSAY_ACTOR_MEMBER] = "member", [UNSAY_ACTOR_GUEST] = "guest",
    [UNSAY_ACTOR_SYSTEM] = "system", [UNSAY_ACTOR_COMPLIANCE] = "compliance",
};

static const char *const roles[] = {
    [UNSAY_ROLE_NONE] = "none",     [UNSAY_ROLE_OWNER] = "owner",
    [UNSAY_ROLE_ADMIN] = "admin",   [UNSAY_ROLE_MODERATOR] = "moderator",
    [UNSAY_ROLE_MEMBER] = "member", [UNSAY_ROLE_GUEST] = "guest",
};

static void put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

/* What is not UTF-8 is null. */
static void put_text(json_t *object, const char *name, const char *text)
{
    if (text == NULL || *text == 0)
        return;
    json_t *string = json_string(text);
    json_object_set_new(object, name, string == NULL ? json_null() : string);
}

static void put_id(json_t *object, const uint8_t message_id[UUID_BYTES])
{
    struct uuid id;
    char text[UUID_TEXT_BYTES + 1];
    memcpy(id.bytes, message_id, UUID_BYTES);
    uuid_format(&id, text);
    json_object_set_new(object, "message_id", json_string(text));
}

static void put_base64(json_t *object, const char *name, struct view bytes)
{
    size_t room = sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = memory_new(room);
    sodium_bin2base64(text, room, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(object, name, json_string(text));
    free(text);
}

/* Text as it is, anything else as base64. */
static void put_body(json_t *object, size_t content_type, struct view body)
{
    json_t *text = content_type == UNSAY_CONTENT_TEXT
                       ? json_stringn((const char *)body.data, body.size)
                       : NULL;
    if (text != NULL)
        json_object_set_new(object, "body", text);
    else
        put_base64(object, "body_base64", body);
}

static void put_key(json_t *object, const char *name, const char *conversation, uint32_t origin,
                    uint64_t seq)
{
    if (seq == 0)
        return;
    json_t *key = json_object();
    put_text(key, "conversation", conversation);
    put_number(key, "origin", origin);
    put_number(key, "seq", seq);
    json_object_set_new(object, name, key);
}

static void put_mentions(json_t *object, const struct unsay_event *event)
{
    if (event->mention_count == 0)
        return;
    json_t *mentions = json_array();
    for (size_t i = 0; i < event->mention_count; i++)
        json_array_append_new(mentions, json_string(event->mentions[i]));
    json_object_set_new(object, "mentions", mentions);
}

static void put_members(json_t *object, const struct unsay_event *event)
{
    if (event->member_count == 0)
        return;
    json_t *members = json_array();
    for (size_t i = 0; i < event->member_count; i++) {
        json_t *member = json_object();
        put_text(member, "user", event->members[i].user);
        put_text(member, "role", NAME_AT(roles, event->members[i].role));
        json_array_append_new(members, member);
    }
    json_object_set_new(object, "members", members);
}

static void put_message(json_t *object, const struct unsay_event *event)
{
    put_text(object, "device", event->device);
    put_id(object, event->message_id);
    put_text(object, "content_type", NAME_AT(contents, event->content_type));
    put_text(object, "state", NAME_AT(states, event->state));
    if (event->state != UNSAY_MESSAGE_NORMAL)
        return;
    put_body(object, event->content_type, view_make(event->body, event->body_bytes));
    put_key(object, "quote", NULL, event->quote_origin, event->quote_seq);
    put_key(object, "forwarded_from", event->forwarded_from.conversation,
            event->forwarded_from.origin, event->forwarded_from.seq);
    put_mentions(object, event);
}

/* Who took it back; of a recall and of a tombstone. */
static void put_recall(json_t *object, const struct unsay_event *event)
{
    put_text(object, "operator", event->operator_user);
    put_text(object, "actor", NAME_AT(actors, event->actor));
    put_number(object, "recall_time_ms", event->recall_time_ms);
    put_text(object, "reason", event->reason);
    if (event->is_vanished)
        json_object_set_new(object, "vanished", json_true());
    if (event->extension_bytes != 0)
        put_base64(object, "extension_base64", view_make(event->extension, event->extension_bytes));
}

json_t *export_event(const struct unsay_event *event)
{
    json_t *object = json_object();
    put_text(object, "kind", NAME_AT(kinds, event->kind));
    put_text(object, "conversation", event->conversation);
    put_number(object, "origin", event->origin);
    put_number(object, "seq", event->seq);
    put_number(object, "time_ms", event->time_ms);
    put_text(object, "sender", event->sender);
    if (event->kind == UNSAY_EVENT_MESSAGE)
        put_message(object, event);
    if (event->kind == UNSAY_EVENT_RECALL ||
        (event->kind == UNSAY_EVENT_MESSAGE && event->state != UNSAY_MESSAGE_NORMAL))
        put_recall(object, event);
    put_key(object, "target", NULL, event->target_origin, event->target_seq);
    if (event->kind == UNSAY_EVENT_PIN)
        json_object_set_new(object, "pinned", json_boolean(event->is_pinned));
    put_members(object, event);
    return object;
}

json_t *export_outgoing(const struct unsay_waiting *waiting)
{
    json_t *object = json_object();
    put_text(object, "kind", "outgoing");
    put_text(object, "conversation", waiting->conversation);
    put_id(object, waiting->message_id);
    put_text(object, "content_type", NAME_AT(contents, waiting->content_type));
    put_text(object, "state", waiting->state == UNSAY_SEND_FAILED ? "failed" : "sending");
    put_text(object, "refusal", waiting->error.refusal);
    put_body(object, waiting->content_type, view_make(waiting->body, waiting->body_bytes));
    return object;
}
