#include "cli/output.h"

#include "base/memory.h"
#include "base/uuid.h"
#include "cli/names.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

static const char *name_of_kind(enum unsay_event_kind kind)
{
    static const char *const names[] = {
        [UNSAY_EVENT_MESSAGE] = "message",   [UNSAY_EVENT_RECALL] = "recall",
        [UNSAY_EVENT_CREATION] = "creation", [UNSAY_EVENT_MEMBERSHIP] = "membership",
        [UNSAY_EVENT_PIN] = "pin",           [UNSAY_EVENT_SETTINGS] = "settings",
    };
    size_t index = (size_t)kind;
    return index < sizeof(names) / sizeof(names[0]) && names[index] != NULL ? names[index]
                                                                            : "unknown";
}

static const char *name_of_state(enum unsay_message_state state)
{
    static const char *const names[] = {
        [UNSAY_MESSAGE_NORMAL] = "normal",
        [UNSAY_MESSAGE_RECALLED] = "recalled",
        [UNSAY_MESSAGE_ERASED] = "erased",
    };
    return names[state];
}

void output_rfc3339(uint64_t time_ms, char text[OUTPUT_TIME_BYTES])
{
    char date[24] = "";
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, OUTPUT_TIME_BYTES, "%s.%03uZ", date, (unsigned)(time_ms % 1000));
}

void output_object(FILE *file, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text != NULL)
        fprintf(file, "%s\n", text);
    free(text);
    json_decref(object);
}

json_t *output_id(const uint8_t id[16])
{
    struct uuid uuid;
    char text[UUID_TEXT_BYTES + 1];
    memcpy(uuid.bytes, id, UUID_BYTES);
    if (uuid_is_zero(&uuid))
        return json_null();
    uuid_format(&uuid, text);
    return json_string(text);
}

json_t *output_json_time(uint64_t time_ms)
{
    char text[OUTPUT_TIME_BYTES];
    if (time_ms == 0)
        return json_null();
    output_rfc3339(time_ms, text);
    return json_string(text);
}

json_t *output_json_text(const char *text)
{
    return text == NULL || *text == 0 ? json_null() : json_string(text);
}

void output_json_body(json_t *object, enum unsay_content_type content_type, const uint8_t *bytes,
                      size_t size)
{
    json_t *body = NULL;
    if (bytes != NULL && content_type == UNSAY_CONTENT_TEXT)
        body = json_stringn((const char *)bytes, size);
    bool is_binary = bytes != NULL && body == NULL;
    json_object_set_new(object, "body", body == NULL ? json_null() : body);
    if (!is_binary)
        return;
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = memory_new(room);
    sodium_bin2base64(base64, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(object, "body_base64", json_string(base64));
    free(base64);
}

static json_t *output_json_recall(const struct unsay_event *event)
{
    bool is_recall = event->kind == UNSAY_EVENT_RECALL;
    if (!is_recall && (event->kind != UNSAY_EVENT_MESSAGE || event->state == UNSAY_MESSAGE_NORMAL))
        return json_null();
    json_t *recall = json_object();
    json_object_set_new(recall, "operator", output_json_text(event->operator_user));
    json_object_set_new(recall, "time", output_json_time(event->recall_time_ms));
    json_object_set_new(recall, "reason", output_json_text(event->reason));
    json_object_set_new(recall, "actor",
                        event->actor == 0 ? json_null() : json_string(name_of_actor(event->actor)));
    json_object_set_new(recall, "vanished", json_boolean(event->is_vanished));
    return recall;
}

static json_t *output_json_key(const char *conversation, uint32_t origin, uint64_t seq)
{
    if (seq == 0)
        return json_null();
    json_t *key = json_object();
    if (conversation != NULL)
        json_object_set_new(key, "conversation", json_string(conversation));
    json_object_set_new(key, "origin", json_integer((json_int_t)origin));
    json_object_set_new(key, "seq", json_integer((json_int_t)seq));
    return key;
}

json_t *output_json_muted(uint64_t until_ms)
{
    return until_ms > INT64_MAX ? json_string("forever") : output_json_time(until_ms);
}

json_t *output_json_settings(const struct unsay_settings *settings)
{
    if (settings == NULL)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(settings->name));
    json_object_set_new(object, "description", json_string(settings->description));
    json_object_set_new(object, "read_only", json_boolean(settings->is_read_only));
    json_object_set_new(object, "join", json_string(name_of_joining(settings->joining)));
    json_object_set_new(object, "history", json_string(name_of_past(settings->past)));
    json_object_set_new(object, "history_last", json_integer((json_int_t)settings->past_last));
    json_object_set_new(object, "dissolved", json_boolean(settings->is_dissolved));
    return object;
}

static json_t *output_json_members(const struct unsay_event *event)
{
    json_t *members = json_array();
    for (size_t i = 0; i < event->member_count; i++) {
        json_t *member = json_object();
        json_object_set_new(member, "user", json_string(event->members[i].user));
        json_object_set_new(member, "role", json_string(name_of_role(event->members[i].role)));
        json_object_set_new(member, "muted_until",
                            output_json_muted(event->members[i].muted_until_ms));
        json_array_append_new(members, member);
    }
    return members;
}

/* What only messages, recalls, pins or changes of members and settings have. */
static void output_json_rest(json_t *object, const struct unsay_event *event)
{
    if (event->kind == UNSAY_EVENT_MESSAGE) {
        json_t *mentions = json_array();
        for (size_t i = 0; i < event->mention_count; i++)
            json_array_append_new(mentions, json_string(event->mentions[i]));
        json_object_set_new(object, "quote",
                            output_json_key(NULL, event->quote_origin, event->quote_seq));
        json_object_set_new(object, "forwarded_from",
                            output_json_key(event->forwarded_from.conversation,
                                            event->forwarded_from.origin,
                                            event->forwarded_from.seq));
        json_object_set_new(object, "mentions", mentions);
    } else if (event->kind == UNSAY_EVENT_RECALL || event->kind == UNSAY_EVENT_PIN) {
        json_t *target = output_json_key(NULL, event->target_origin, event->target_seq);
        if (event->kind == UNSAY_EVENT_RECALL && json_is_object(target))
            json_object_set_new(target, "message_id", output_id(event->message_id));
        json_object_set_new(object, "target", target);
    }
    if (event->kind == UNSAY_EVENT_PIN)
        json_object_set_new(object, "pinned", json_boolean(event->is_pinned));
    if (event->kind == UNSAY_EVENT_MEMBERSHIP || event->kind == UNSAY_EVENT_CREATION)
        json_object_set_new(object, "members", output_json_members(event));
    if (event->kind == UNSAY_EVENT_SETTINGS)
        json_object_set_new(object, "settings", output_json_settings(event->settings));
}

json_t *output_json_of_event(const struct unsay_event *event)
{
    bool is_message = event->kind == UNSAY_EVENT_MESSAGE;
    bool is_recall = event->kind == UNSAY_EVENT_RECALL;
    bool has_content = (is_message || is_recall) && event->content_type != 0;
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(name_of_kind(event->kind)));
    json_object_set_new(object, "conversation", output_json_text(event->conversation));
    json_object_set_new(object, "origin", json_integer((json_int_t)event->origin));
    json_object_set_new(object, "seq", json_integer((json_int_t)event->seq));
    json_object_set_new(object, "message_id",
                        is_message ? output_id(event->message_id) : json_null());
    json_object_set_new(object, "sender", output_json_text(event->sender));
    json_object_set_new(object, "device", output_json_text(event->device));
    json_object_set_new(object, "time", output_json_time(event->time_ms));
    json_object_set_new(object, "content_type",
                        has_content ? json_string(name_of_content_type(event->content_type))
                                    : json_null());
    json_object_set_new(object, "state",
                        is_message ? json_string(name_of_state(event->state)) : json_null());
    output_json_body(object, event->content_type, is_message ? event->body : NULL,
                     event->body_bytes);
    json_object_set_new(object, "recall", output_json_recall(event));
    output_json_rest(object, event);
    return object;
}

void output_json_event(FILE *file, const struct unsay_event *event)
{
    output_object(file, output_json_of_event(event));
}
