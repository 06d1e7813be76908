#include "trace.h"

#include "base/memory.h"
#include "unsay/levels.h"

#include <assert.h>
#include <stdarg.h>
#include <time.h>

void trace_init(struct trace *trace)
{
    memset(trace, 0, sizeof(*trace));
    pthread_mutex_init(&trace->lock, NULL);
    pthread_cond_init(&trace->changed, NULL);
    trace->text = memory_copy("\n", 1);
    trace->text_bytes = 1;
}

void trace_fini(struct trace *trace)
{
    pthread_cond_destroy(&trace->changed);
    pthread_mutex_destroy(&trace->lock);
    free(trace->text);
}

void trace_add(struct trace *trace, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    size_t size = strlen(line);
    pthread_mutex_lock(&trace->lock);
    trace->text = memory_resize(trace->text, trace->text_bytes + size + 2);
    memcpy(trace->text + trace->text_bytes, line, size);
    memcpy(trace->text + trace->text_bytes + size, "\n", 2);
    trace->text_bytes += size + 1;
    pthread_cond_broadcast(&trace->changed);
    pthread_mutex_unlock(&trace->lock);
}

static const char *result_name(const struct unsay_error *error)
{
    static const char *const names[] = {"ok",      "refused", "invalid", "unreachable",
                                        "storage", "full",    "stopped"};
    assert(error->text != NULL && (error->result == UNSAY_OK || error->text[0] != 0));
    return error->result == UNSAY_REFUSED ? error->refusal : names[error->result];
}

static void on_event(void *context, const struct unsay_event *event)
{
    if (event->kind == UNSAY_EVENT_RECALL)
        trace_add(context, "event %llu recall %llu", (unsigned long long)event->seq,
                  (unsigned long long)event->target_seq);
    else if (event->kind == UNSAY_EVENT_MEMBERSHIP)
        trace_add(context, "event %llu membership %s %s %d", (unsigned long long)event->seq,
                  event->sender, event->members[0].user, (int)event->members[0].role);
    else if (event->kind == UNSAY_EVENT_PIN)
        trace_add(context, "event %llu pin %s %llu %d", (unsigned long long)event->seq,
                  event->sender, (unsigned long long)event->target_seq, event->is_pinned);
    else
        trace_add(context, "event %llu message %s %.*s", (unsigned long long)event->seq,
                  event->state == UNSAY_MESSAGE_NORMAL ? "normal" : "recalled",
                  (int)event->body_bytes, event->body == NULL ? "" : (const char *)event->body);
}

static void on_recalled(void *context, const struct unsay_event *tombstone)
{
    assert(tombstone->body == NULL && tombstone->kind == UNSAY_EVENT_MESSAGE);
    trace_add(context, "recalled %llu by %s", (unsigned long long)tombstone->seq,
              tombstone->operator_user);
}

static void on_send_state(void *context, const struct unsay_send_status *status)
{
    if (status->state == UNSAY_SEND_ACCEPTED)
        trace_add(context, "accepted %llu", (unsigned long long)status->seq);
    else if (status->state == UNSAY_SEND_FAILED)
        trace_add(context, "failed %s", result_name(&status->error));
}

static void on_connection(void *context, enum unsay_connection connection,
                          const struct unsay_error *error)
{
    static const char *const names[] = {"STOPPED", "CONNECTING", "SYNCING",
                                        "ONLINE",  "OFFLINE",    "REJECTED"};
    if (error->result == UNSAY_OK)
        trace_add(context, "connection %s", names[connection]);
    else
        trace_add(context, "connection %s %s", names[connection], result_name(error));
}

static void on_progress(void *context, const struct unsay_progress *progress)
{
    trace_add(context, "progress %s of %zu", progress->conversation, progress->count);
    for (size_t i = 0; i < progress->count; i++)
        trace_add(context, "place %s %llu/%llu", progress->places[i].user,
                  (unsigned long long)progress->places[i].stored,
                  (unsigned long long)progress->places[i].displayed);
}

static void on_read(void *context, const char *conversation, uint32_t origin, uint64_t seq)
{
    assert(origin == 1);
    trace_add(context, "read %s %llu", conversation, (unsigned long long)seq);
}

static void on_privacy(void *context, const struct unsay_privacy *privacy)
{
    trace_add(context, "privacy %s%s", privacy->hides_displayed ? "hides" : "tells",
              privacy->server_hides_displayed ? " server" : "");
}

static void on_damaged(void *context, const struct unsay_damage *damage)
{
    trace_add(context, "damaged %s outbox %zu recalls %zu",
              strstr(damage->set_aside, "unsay.db.damaged-") == NULL ? "?" : "unsay.db",
              damage->outbox_messages, damage->recalls);
}

static void on_evicted(void *context, const struct unsay_evicted *evicted)
{
    trace_add(context, "evicted %s %llu-%llu", evicted->conversation,
              (unsigned long long)evicted->first_seq, (unsigned long long)evicted->last_seq);
}

static void on_removed(void *context, const struct unsay_removed *removed)
{
    assert(removed->is_removed == (*removed->text == 0));
    trace_add(context, "%sremoved %s", removed->is_removed ? "" : "not ", removed->path);
}

static void on_skipped(void *context, const char *conversation, uint64_t after, uint64_t before)
{
    trace_add(context, "skipped %s %llu-%llu", conversation, (unsigned long long)after + 1,
              (unsigned long long)before - 1);
}

const struct unsay_callbacks trace_callbacks = {
    .on_event = on_event,
    .on_recalled = on_recalled,
    .on_send_state = on_send_state,
    .on_connection = on_connection,
    .on_progress = on_progress,
    .on_read = on_read,
    .on_privacy = on_privacy,
    .on_damaged = on_damaged,
    .on_evicted = on_evicted,
    .on_removed = on_removed,
    .on_skipped = on_skipped,
};

void trace_receipts(void *context, const struct unsay_error *error,
                    const struct unsay_receipts *receipts)
{
    if (receipts == NULL)
        trace_add(context, "receipts %s", result_name(error));
    else
        trace_add(context, "receipts %llu stored %u displayed %u of %u listed %zu next %s",
                  (unsigned long long)receipts->seq, receipts->stored, receipts->displayed,
                  receipts->receivers, receipts->member_count, receipts->next);
}

void trace_privacy(void *context, const struct unsay_error *error,
                   const struct unsay_privacy *privacy)
{
    trace_add(context, "answer %s%s", result_name(error),
              privacy == NULL            ? ""
              : privacy->hides_displayed ? " hides"
                                         : " tells");
}

void trace_places(void *context, const struct unsay_place *places, size_t count)
{
    trace_add(context, "places %zu", count);
    for (size_t i = 0; i < count; i++)
        trace_add(context, "at %s %llu/%llu", places[i].user, (unsigned long long)places[i].stored,
                  (unsigned long long)places[i].displayed);
}

void trace_recall(void *context, const struct unsay_error *error,
                  const struct unsay_recall_answer *answer)
{
    if (answer == NULL)
        trace_add(context, "recall %s", result_name(error));
    else
        trace_add(context, "recall ok %zu outcome %d seq %llu %s", answer->count,
                  (int)answer->outcomes[0].outcome,
                  (unsigned long long)answer->outcomes[0].target.seq, answer->outcomes[0].refusal);
    if (answer != NULL && answer->reach != NULL)
        trace_add(context, "reach %u of %u missing %zu %s", answer->reach->applied,
                  answer->reach->devices, answer->reach->missing_count,
                  answer->reach->missing_count == 0 ? "" : answer->reach->missing[0].device);
}

void trace_opened(void *context, const struct unsay_error *error, const char *conversation,
                  bool created)
{
    trace_add(context, "opened %s %s %d", result_name(error), conversation, created);
}

void trace_history(void *context, const struct unsay_error *error, const struct unsay_event *events,
                   size_t count, bool more)
{
    trace_add(context, "history %s %zu from %llu more %d", result_name(error), count,
              (unsigned long long)(count == 0 ? 0 : events[0].seq), more);
}

void trace_outbox(void *context, const struct unsay_waiting *waiting, size_t count, bool more)
{
    trace_add(context, "outbox %zu more %d", count, more);
    for (size_t i = 0; i < count; i++)
        trace_add(context, "waits %s %.*s %s", waiting[i].conversation, (int)waiting[i].body_bytes,
                  (const char *)waiting[i].body,
                  waiting[i].state == UNSAY_SEND_FAILED ? result_name(&waiting[i].error)
                                                        : "sending");
}

static size_t count_lines(const struct trace *trace, const char *lines)
{
    char needle[512];
    size_t count = 0;
    snprintf(needle, sizeof(needle), "\n%s\n", lines);
    for (const char *at = strstr(trace->text, needle); at != NULL; at = strstr(at + 1, needle))
        count++;
    return count;
}

size_t trace_count(struct trace *trace, const char *lines)
{
    pthread_mutex_lock(&trace->lock);
    size_t count = count_lines(trace, lines);
    pthread_mutex_unlock(&trace->lock);
    return count;
}

void trace_wait(struct trace *trace, const char *lines, size_t times)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 20;
    pthread_mutex_lock(&trace->lock);
    int result = 0;
    while (count_lines(trace, lines) < times && result == 0)
        result = pthread_cond_timedwait(&trace->changed, &trace->lock, &at);
    if (result != 0)
        fprintf(stderr, "waited in vain for \"%s\" in:%s", lines, trace->text);
    pthread_mutex_unlock(&trace->lock);
    assert(result == 0);
}

void trace_assert_order(struct trace *trace, const char *a, const char *b)
{
    pthread_mutex_lock(&trace->lock);
    const char *first = strstr(trace->text, a);
    const char *second = strstr(trace->text, b);
    bool is_ordered = first != NULL && second != NULL && first < second;
    if (!is_ordered)
        fprintf(stderr, "\"%s\" does not stand before \"%s\" in:%s", a, b, trace->text);
    pthread_mutex_unlock(&trace->lock);
    assert(is_ordered);
}
