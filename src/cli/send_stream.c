/* unsay send CONV -
 *
 * Lines go through three stages: read into `input`, put into the SDK's outbox in batches, and
 * settled when a note says that they were accepted or have failed. `first` to `next` are the lines
 * in the outbox, in order, in a ring of IN_FLIGHT_MAX; nothing is read while it is full. */
#include "cli/send.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "cli/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    IN_FLIGHT_MAX = 1000,
    BATCH_MAX = 250,
    READ_BYTES = 65536,
    PROGRESS_MS = 1000,
    FULL_PAUSE_MS = 200
};

struct line {
    uint64_t number;
    uint8_t message_id[16];
    bool is_settled;
    char *body; /* owned; NULL unless it will be printed */
    size_t body_bytes;
};

struct stream {
    struct send *send;
    struct buffer input;
    bool is_at_end;      /* nothing more will be read */
    bool is_full;        /* the outbox took no more; wait for room */
    uint64_t line_count; /* lines that left `input` */
    struct line ring[IN_FLIGHT_MAX];
    uint64_t first; /* positions in the ring, modulo its size */
    uint64_t next;
    uint64_t sent;
    uint64_t accepted;
    uint64_t last_accepted; /* line */
    uint64_t failed_line;   /* the first; 0: none */
    int exit_status;
    int64_t started_ms;
    int64_t progress_ms; /* when it was last told */
};

/* 12345 -> "12,345" */
static const char *number_text(uint64_t number, char text[32])
{
    char plain[24];
    int digits = snprintf(plain, sizeof(plain), "%" PRIu64, number);
    size_t length = 0;
    for (int i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0)
            text[length++] = ',';
        text[length++] = plain[i];
    }
    text[length] = 0;
    return text;
}

static void stream_tell_progress(struct stream *stream, bool is_last)
{
    int64_t now_ms = session_now_ms();
    if (!stream->send->has_progress || (!is_last && now_ms < stream->progress_ms + PROGRESS_MS))
        return;
    char sent[32];
    char accepted[32];
    char rate[32];
    uint64_t elapsed_ms = (uint64_t)(now_ms - stream->started_ms) + 1;
    bool is_terminal = isatty(2) == 1;
    stream->progress_ms = now_ms;
    fprintf(stderr, "%s%s sent, %s accepted, %s/s%s%s", is_terminal ? "\r" : "",
            number_text(stream->sent, sent), number_text(stream->accepted, accepted),
            number_text(stream->accepted * 1000 / elapsed_ms, rate), is_terminal ? "\033[K" : "",
            is_terminal && !is_last ? "" : "\n");
}

/* The line that a note is about; NULL for what another run had left in the outbox. */
static struct line *stream_find(struct stream *stream, const uint8_t message_id[16])
{
    for (uint64_t at = stream->first; at < stream->next; at++) {
        struct line *line = &stream->ring[at % IN_FLIGHT_MAX];
        if (!line->is_settled && memcmp(line->message_id, message_id, 16) == 0)
            return line;
    }
    return NULL;
}

static void stream_fail(struct stream *stream, uint64_t line, int exit_status)
{
    if (stream->failed_line == 0) {
        stream->failed_line = line;
        stream->exit_status = exit_status;
    }
    stream->is_at_end = true;
}

static void stream_settle(struct stream *stream, struct line *line, const struct send_note *note)
{
    struct session *session = stream->send->session;
    if (note->state == UNSAY_SEND_ACCEPTED) {
        stream->accepted++;
        if (line->number > stream->last_accepted)
            stream->last_accepted = line->number;
        if (session->options->is_json)
            send_print_accepted(stream->send, note, view_make(line->body, line->body_bytes));
    } else if (stream->failed_line == 0) {
        fprintf(stderr, "unsay send: line %" PRIu64 " was not sent\n", line->number);
        stream_fail(stream, line->number,
                    session_report(session, note->result, note->refusal, note->text));
    }
    free(line->body);
    line->body = NULL;
    line->is_settled = true;
    while (stream->first < stream->next && stream->ring[stream->first % IN_FLIGHT_MAX].is_settled)
        stream->first++;
}

static void stream_take_notes(struct stream *stream)
{
    struct send_note *note;
    while ((note = send_take(stream->send)) != NULL) {
        struct line *line = stream_find(stream, note->message_id);
        if (line != NULL)
            stream_settle(stream, line, note);
        stream->is_full = false;
        free(note);
    }
}

/* The next line in `bytes`, without its break; false when it is not whole yet. */
static bool stream_next_line(const struct stream *stream, struct view bytes, struct view *line,
                             size_t *consumed)
{
    const uint8_t *end = bytes.size == 0 ? NULL : memchr(bytes.data, '\n', bytes.size);
    if (end == NULL && (!stream->is_at_end || bytes.size == 0))
        return false;
    size_t size = end == NULL ? bytes.size : (size_t)(end - bytes.data);
    *line = view_make(bytes.data, size);
    *consumed = size + (end != NULL);
    return true;
}

static void stream_remember(struct stream *stream, const struct unsay_outgoing *outgoing)
{
    struct line *line = &stream->ring[stream->next++ % IN_FLIGHT_MAX];
    *line = (struct line){.number = ++stream->line_count};
    memcpy(line->message_id, outgoing->message_id, sizeof(line->message_id));
    if (stream->send->session->options->is_json) {
        line->body = memory_copy(outgoing->body, outgoing->body_bytes);
        line->body_bytes = outgoing->body_bytes;
    }
    stream->sent++;
}

/* Lines before --from. */
static void stream_skip(struct stream *stream)
{
    struct view line;
    size_t consumed;
    while (stream->line_count + 1 < stream->send->first_line &&
           stream_next_line(stream, buffer_view(&stream->input), &line, &consumed)) {
        buffer_consume(&stream->input, consumed);
        stream->line_count++;
    }
}

static void stream_fail_locally(struct stream *stream, enum unsay_result result)
{
    fprintf(stderr, "unsay send: line %" PRIu64 " was not sent\n", stream->line_count + 1);
    stream_fail(stream, stream->line_count + 1,
                session_report(stream->send->session, result, "",
                               "the messages could not be stored in the state directory"));
    buffer_release(&stream->input);
}

/* Puts whole lines into the outbox, one batch; false when there was none, or no room. */
static bool stream_send_batch(struct stream *stream)
{
    struct unsay_outgoing batch[BATCH_MAX];
    struct view rest = buffer_view(&stream->input);
    struct view line = {NULL, 0};
    size_t count = 0;
    size_t total = 0;
    size_t consumed;
    bool is_too_long = false;
    while (count < BATCH_MAX && stream->next - stream->first + count < IN_FLIGHT_MAX &&
           stream_next_line(stream, rest, &line, &consumed)) {
        is_too_long = line.size > LIMIT_BODY_BYTES_MAX;
        if (is_too_long)
            break;
        batch[count++] =
            (struct unsay_outgoing){.content_type = UNSAY_CONTENT_TEXT,
                                    .body = line.size == 0 ? (const void *)"" : line.data,
                                    .body_bytes = line.size};
        total += consumed;
        rest = view_make(rest.data + consumed, rest.size - consumed);
    }
    if (count > 0) {
        enum unsay_result result = unsay_send_many(stream->send->session->client,
                                                   stream->send->conversation, batch, count);
        stream->is_full = result == UNSAY_FULL;
        if (result != UNSAY_OK && result != UNSAY_FULL)
            stream_fail_locally(stream, result);
        if (result != UNSAY_OK)
            return false;
        for (size_t i = 0; i < count; i++)
            stream_remember(stream, &batch[i]);
        buffer_consume(&stream->input, total);
    }
    if (is_too_long || (!stream->is_at_end && rest.size > LIMIT_BODY_BYTES_MAX &&
                        memchr(rest.data, '\n', rest.size) == NULL)) {
        fprintf(stderr, "unsay send: line %" PRIu64 " is longer than %d bytes; it was not sent\n",
                stream->line_count + 1, LIMIT_BODY_BYTES_MAX);
        stream_fail(stream, stream->line_count + 1, COMMAND_REFUSED);
        buffer_release(&stream->input);
    }
    return count > 0;
}

static void stream_read(struct stream *stream)
{
    uint8_t *room = buffer_reserve(&stream->input, READ_BYTES);
    ssize_t count = read(STDIN_FILENO, room, READ_BYTES);
    if (count > 0)
        buffer_grow(&stream->input, (size_t)count);
    else if (count == 0)
        stream->is_at_end = true;
    else if (errno != EINTR && errno != EAGAIN) {
        fprintf(stderr, "unsay send: cannot read standard input: %s\n", strerror(errno));
        stream_fail(stream, stream->line_count + 1, COMMAND_REFUSED);
    }
}

/* Everything that was read is settled, nothing more will be read, and nothing waits that an earlier
 * command, which was killed, had left in the outbox. */
static bool stream_is_done(const struct stream *stream)
{
    return stream->is_at_end && stream->first == stream->next && buffer_size(&stream->input) == 0 &&
           (stream->failed_line != 0 || unsay_outbox_count(stream->send->session->client) == 0);
}

static void stream_tell_end(struct stream *stream, bool is_cut)
{
    size_t waiting = unsay_outbox_count(stream->send->session->client);
    stream_tell_progress(stream, true);
    if (!is_cut && stream->failed_line == 0)
        return;
    fprintf(stderr, "unsay send: the last line that was accepted is %" PRIu64 "\n",
            stream->last_accepted);
    if (stream->failed_line != 0)
        fprintf(stderr, "unsay send: to go on: the same command with --from %" PRIu64 "\n",
                stream->failed_line);
    else
        fprintf(stderr,
                "unsay send: %zu messages wait in %s; the next command with this state directory "
                "sends them. To go on: the same command with --from %" PRIu64 "\n",
                waiting, stream->send->session->options->state, stream->line_count + 1);
}

/* Runs until all is settled; false when it was interrupted or rejected. */
static bool stream_run(struct stream *stream)
{
    struct session *session = stream->send->session;
    for (;;) {
        stream_take_notes(stream);
        stream_skip(stream);
        if (!stream->is_full && stream_send_batch(stream))
            continue;
        if (stream_is_done(stream))
            return true;
        stream_tell_progress(stream, false);
        fflush(stdout);
        bool is_reading =
            !stream->is_at_end && !stream->is_full && stream->next - stream->first < IN_FLIGHT_MAX;
        int64_t pause_ms = stream->is_full ? FULL_PAUSE_MS : PROGRESS_MS;
        enum session_turn turn = session_wait(session, is_reading ? STDIN_FILENO : SESSION_NO_INPUT,
                                              session_now_ms() + pause_ms);
        if (turn == SESSION_INPUT)
            stream_read(stream);
        if (turn == SESSION_TIME)
            stream->is_full = false;
        if (turn == SESSION_REJECTED || turn == SESSION_INTERRUPTED) {
            stream->exit_status =
                turn == SESSION_REJECTED ? session_explain(session) : COMMAND_UNREACHABLE;
            return false;
        }
    }
}

int send_stream(struct send *send)
{
    struct stream *stream = memory_new(sizeof(*stream));
    stream->send = send;
    stream->started_ms = stream->progress_ms = session_now_ms();
    buffer_init(&stream->input);
    bool is_done = stream_run(stream);
    stream_tell_end(stream, !is_done);
    int exit_status = stream->exit_status;
    for (uint64_t at = stream->first; at < stream->next; at++)
        free(stream->ring[at % IN_FLIGHT_MAX].body);
    buffer_fini(&stream->input);
    free(stream);
    return exit_status;
}
