#include "cli/output.h"

#include "cli/output_group.h"
#include "cli/text.h"
#include "unsay/hint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_HINT_BYTES = 1024, OUTPUT_PREVIEW_BYTES = 120 };

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

void output_style(const struct output *output, const char *code)
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

static void output_pin(const struct output *output, const struct unsay_event *event)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, event->target_seq);
    output_note(output, event->is_pinned ? TEXT_PINNED : TEXT_UNPINNED, event->sender, number);
}

/* "— Li took back a photo —". The names in a hint are harmless to a terminal. */
static void output_hint(const struct output *output, const struct unsay_event *event)
{
    char text[OUTPUT_HINT_BYTES];
    struct unsay_hint hint = {
        .language = text_language(),
        .viewer = output->self,
        .operator_user = event->operator_user,
        .author = event->sender,
        .actor = event->actor,
        .content_type = event->content_type,
    };
    unsay_hint(&hint, text, sizeof(text));
    output_style(output, "2");
    fprintf(output->file, "— %s —", text);
    output_style(output, "0");
}

static void output_message(const struct output *output, const struct unsay_event *event)
{
    bool is_own = strcmp(event->sender == NULL ? "" : event->sender, output->self) == 0;
    output_style(output, is_own ? "32" : "36");
    text_write_foreign(output->file, view_of(event->sender));
    output_style(output, "0");
    fputs("  ", output->file);
    if (event->quote_seq != 0 || event->forwarded_from.seq != 0) {
        char number[24];
        snprintf(number, sizeof(number), "%" PRIu64, event->quote_seq);
        text_write(output->file, event->quote_seq != 0 ? TEXT_ANSWERS : TEXT_FORWARDED, number,
                   NULL);
        fputc(' ', output->file);
    }
    if (event->content_type == UNSAY_CONTENT_TEXT)
        text_write_foreign(output->file, view_make(event->body, event->body_bytes));
    else
        text_write(output->file, TEXT_NOT_TEXT, text_of(output_noun(event->content_type)), NULL);
}

static void output_recall(const struct output *output, const struct unsay_event *event)
{
    output_hint(output, event);
    fprintf(output->file, " #%" PRIu64, event->target_seq);
    if (event->reason != NULL && *event->reason != 0) {
        fputc(' ', output->file);
        text_write_foreign(output->file, view_of(event->reason));
    }
}

void output_event(const struct output *output, const struct unsay_event *event)
{
    if (output->is_json) {
        output_json_event(output->file, event);
        return;
    }
    if (event->is_vanished)
        return;
    output_time(output, event->time_ms);
    fprintf(output->file, "  #%" PRIu64 "  ", event->seq);
    if (event->kind == UNSAY_EVENT_CREATION)
        output_creation(output, event);
    else if (event->kind == UNSAY_EVENT_RECALL)
        output_recall(output, event);
    else if (event->kind == UNSAY_EVENT_MEMBERSHIP)
        output_membership(output, event);
    else if (event->kind == UNSAY_EVENT_PIN)
        output_pin(output, event);
    else if (event->kind == UNSAY_EVENT_SETTINGS)
        output_settings(output, event);
    else if (event->state == UNSAY_MESSAGE_NORMAL)
        output_message(output, event);
    else
        output_hint(output, event);
    fputc('\n', output->file);
}

/* Up to the first line break, and to a whole character. */
static size_t preview_size(const struct unsay_event *message)
{
    size_t size =
        message->body_bytes < OUTPUT_PREVIEW_BYTES ? message->body_bytes : OUTPUT_PREVIEW_BYTES;
    const uint8_t *line_end = size == 0 ? NULL : memchr(message->body, '\n', size);
    if (line_end != NULL)
        return (size_t)(line_end - message->body);
    while (size > 0 && size < message->body_bytes && (message->body[size] & 0xc0) == 0x80)
        size--;
    return size;
}

void output_preview(const struct output *output, const struct unsay_event *message)
{
    if (message->state != UNSAY_MESSAGE_NORMAL) {
        output_hint(output, message);
        return;
    }
    struct unsay_event begun = *message;
    begun.body_bytes = preview_size(message);
    begun.quote_seq = 0;
    begun.forwarded_from.seq = 0;
    if (message->body == NULL) /* it is long, and was left out */
        begun.content_type = UNSAY_CONTENT_CUSTOM;
    output_message(output, &begun);
    if (message->body != NULL && begun.body_bytes < message->body_bytes &&
        message->content_type == UNSAY_CONTENT_TEXT)
        fputs("…", output->file);
}
