#include "cli/output.h"

#include "base/memory.h"
#include "base/uuid.h"
#include "cli/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *const content_types[] = {
    [UNSAY_CONTENT_TEXT] = "text",     [UNSAY_CONTENT_IMAGE] = "image",
    [UNSAY_CONTENT_AUDIO] = "audio",   [UNSAY_CONTENT_VIDEO] = "video",
    [UNSAY_CONTENT_FILE] = "file",     [UNSAY_CONTENT_LOCATION] = "location",
    [UNSAY_CONTENT_CUSTOM] = "custom",
};
static const char *const kinds[] = {
    [UNSAY_EVENT_MESSAGE] = "message",
    [UNSAY_EVENT_RECALL] = "recall",
    [UNSAY_EVENT_CREATION] = "creation",
};
static const char *const states[] = {
    [UNSAY_MESSAGE_NORMAL] = "normal",
    [UNSAY_MESSAGE_RECALLED] = "recalled",
    [UNSAY_MESSAGE_ERASED] = "erased",
};

/* The name of a number that the other end chose. */
#define NAME_OF(names, number)                                                        \
    ((size_t)(number) < sizeof(names) / sizeof((names)[0]) && (names)[number] != NULL \
         ? (names)[number]                                                            \
         : "unknown")

void output_init(struct output *output, FILE *file, const char *self, bool is_json)
{
    const char *no_color = getenv("NO_COLOR");
    *output = (struct output){
        .file = file,
        .self = self,
        .is_json = is_json,
        .has_colour = !is_json && isatty(fileno(file)) && (no_color == NULL || *no_color == 0),
    };
}

static void output_style(const struct output *output, const char *code)
{
    if (output->has_colour)
        fprintf(output->file, "\033[%sm", code);
}

void output_time(const struct output *output, uint64_t time_ms)
{
    char text[OUTPUT_TIME_BYTES] = "?";
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) != NULL)
        strftime(text, sizeof(text), output->is_brief ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &local);
    output_style(output, "2");
    fputs(text, output->file);
    output_style(output, "0");
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

static json_t *output_text(const char *text)
{
    return text == NULL || *text == 0 ? json_null() : json_string(text);
}

/* Sets body, and body_base64 for what is not text. */
static void output_json_body(json_t *object, const struct unsay_event *event)
{
    json_t *body = NULL;
    bool has_body = event->kind == UNSAY_EVENT_MESSAGE && event->body != NULL;
    if (has_body && event->content_type == UNSAY_CONTENT_TEXT)
        body = json_stringn((const char *)event->body, event->body_bytes);
    bool is_binary = has_body && body == NULL;
    json_object_set_new(object, "body", body == NULL ? json_null() : body);
    if (!is_binary)
        return;
    size_t size = sodium_base64_ENCODED_LEN(event->body_bytes, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = memory_new(size);
    sodium_bin2base64(base64, size, event->body, event->body_bytes, sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(object, "body_base64", json_string(base64));
    free(base64);
}

static json_t *output_json_recall(const struct unsay_event *event)
{
    bool is_recall = event->kind == UNSAY_EVENT_RECALL;
    if (!is_recall && (event->kind != UNSAY_EVENT_MESSAGE || event->state == UNSAY_MESSAGE_NORMAL))
        return json_null();
    json_t *recall = json_object();
    json_object_set_new(recall, "operator", output_text(event->operator_user));
    json_object_set_new(recall, "time", output_json_time(event->recall_time_ms));
    json_object_set_new(recall, "reason", output_text(event->reason));
    return recall;
}

static void output_json(const struct output *output, const struct unsay_event *event)
{
    bool is_message = event->kind == UNSAY_EVENT_MESSAGE;
    bool is_recall = event->kind == UNSAY_EVENT_RECALL;
    bool has_content = is_message || is_recall;
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(NAME_OF(kinds, event->kind)));
    json_object_set_new(object, "conversation", output_text(event->conversation));
    json_object_set_new(object, "origin", json_integer((json_int_t)event->origin));
    json_object_set_new(object, "seq", json_integer((json_int_t)event->seq));
    json_object_set_new(object, "message_id",
                        is_message ? output_id(event->message_id) : json_null());
    json_object_set_new(object, "sender", output_text(event->sender));
    json_object_set_new(object, "device", output_text(event->device));
    json_object_set_new(object, "time", output_json_time(event->time_ms));
    json_object_set_new(object, "content_type",
                        has_content ? json_string(NAME_OF(content_types, event->content_type))
                                    : json_null());
    json_object_set_new(object, "state",
                        is_message ? json_string(NAME_OF(states, event->state)) : json_null());
    output_json_body(object, event);
    json_object_set_new(object, "recall", output_json_recall(event));
    if (is_recall) {
        json_t *target = json_object();
        json_object_set_new(target, "origin", json_integer((json_int_t)event->target_origin));
        json_object_set_new(target, "seq", json_integer((json_int_t)event->target_seq));
        json_object_set_new(target, "message_id", output_id(event->message_id));
        json_object_set_new(object, "target", target);
    }
    output_object(output->file, object);
}

static enum text output_noun(enum unsay_content_type content_type)
{
    static const enum text nouns[] = {
        [UNSAY_CONTENT_TEXT] = TEXT_A_MESSAGE,   [UNSAY_CONTENT_IMAGE] = TEXT_AN_IMAGE,
        [UNSAY_CONTENT_AUDIO] = TEXT_AN_AUDIO,   [UNSAY_CONTENT_VIDEO] = TEXT_A_VIDEO,
        [UNSAY_CONTENT_FILE] = TEXT_A_FILE,      [UNSAY_CONTENT_LOCATION] = TEXT_A_LOCATION,
        [UNSAY_CONTENT_CUSTOM] = TEXT_A_MESSAGE,
    };
    size_t index = (size_t)content_type;
    return index == 0 || index >= sizeof(nouns) / sizeof(nouns[0]) ? TEXT_A_MESSAGE : nouns[index];
}

/* "— Li took back a photo —" */
static void output_notice(const struct output *output, enum text own, enum text other,
                          const char *user, const char *object)
{
    bool is_own = user != NULL && strcmp(user, output->self) == 0;
    output_style(output, "2");
    fputs("— ", output->file);
    text_write(output->file, is_own ? own : other, user, object);
    fputs(" —", output->file);
    output_style(output, "0");
}

static void output_message(const struct output *output, const struct unsay_event *event)
{
    bool is_own = strcmp(event->sender == NULL ? "" : event->sender, output->self) == 0;
    output_style(output, is_own ? "32" : "36");
    text_write_foreign(output->file, view_of(event->sender));
    output_style(output, "0");
    fputs("  ", output->file);
    if (event->content_type == UNSAY_CONTENT_TEXT)
        text_write_foreign(output->file, view_make(event->body, event->body_bytes));
    else
        text_write(output->file, TEXT_NOT_TEXT, text_of(output_noun(event->content_type)), NULL);
}

static void output_recall(const struct output *output, const struct unsay_event *event)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, event->target_seq);
    output_notice(output, TEXT_YOU_TOOK_BACK_NUMBER, TEXT_TOOK_BACK_NUMBER, event->operator_user,
                  number);
    if (event->reason != NULL && *event->reason != 0) {
        fputc(' ', output->file);
        text_write_foreign(output->file, view_of(event->reason));
    }
}

void output_event(const struct output *output, const struct unsay_event *event)
{
    if (output->is_json) {
        output_json(output, event);
        return;
    }
    output_time(output, event->time_ms);
    fprintf(output->file, "  #%" PRIu64 "  ", event->seq);
    if (event->kind == UNSAY_EVENT_CREATION)
        output_notice(output, TEXT_YOU_BEGAN, TEXT_BEGAN, event->sender, NULL);
    else if (event->kind == UNSAY_EVENT_RECALL)
        output_recall(output, event);
    else if (event->state == UNSAY_MESSAGE_NORMAL)
        output_message(output, event);
    else
        output_notice(output, TEXT_YOU_TOOK_BACK, TEXT_TOOK_BACK, event->operator_user,
                      text_of(output_noun(event->content_type)));
    fputc('\n', output->file);
}
