/* Events for people and for scripts. */
#ifndef UNSAY_CLI_OUTPUT_H
#define UNSAY_CLI_OUTPUT_H

#include "unsay/unsay.h"

#include <jansson.h>
#include <stdio.h>

enum { OUTPUT_TIME_BYTES = 32 };

/* How events are written. */
struct output {
    FILE *file;
    const char *self; /* the user for whom it is "you" */
    bool is_json;
    bool has_colour;
    bool is_brief; /* the time of day only */
};

/* Colours on a terminal, unless NO_COLOR is set. `self` is lent. */
void output_init(struct output *output, FILE *file, const char *self, bool is_json);

/* One line; a text with line breaks takes more, indented. For people, a message that vanished and
 * its recall take none. */
void output_event(const struct output *output, const struct unsay_event *event);

/* Who wrote the message and how it begins, or that it was taken back; for people, within a line. */
void output_preview(const struct output *output, const struct unsay_event *message);

/* Local time, "2026-01-31 23:59:59" or "23:59:59", in dim type where there are colours. */
void output_time(const struct output *output, uint64_t time_ms);

/* Begins a style where there are colours ("2": dim), or ends it ("0"). */
void output_style(const struct output *output, const char *code);

/* RFC 3339, UTC, with milliseconds. */
void output_rfc3339(uint64_t time_ms, char text[OUTPUT_TIME_BYTES]);

/* Writes the object on a line of its own and frees it. */
void output_object(FILE *file, json_t *object);

/* Writes an id as UUID text, or null when it is zero. */
json_t *output_id(const uint8_t id[16]);

/* As output_rfc3339; null when 0. */
json_t *output_json_time(uint64_t time_ms);

/* Null when NULL or empty. */
json_t *output_json_text(const char *text);

/* Sets body, and body_base64 for what is not text; `bytes` NULL: there is none. */
void output_json_body(json_t *object, enum unsay_content_type content_type, const uint8_t *bytes,
                      size_t size);

/* As output_json_time; "forever" where it has no end. */
json_t *output_json_muted(uint64_t until_ms);

/* Null for NULL. */
json_t *output_json_settings(const struct unsay_settings *settings);
/* What output_json_event writes. */
json_t *output_json_of_event(const struct unsay_event *event);

/* One line. */
void output_json_event(FILE *file, const struct unsay_event *event);

#endif
