#include "cli/follow.h"
#include "unsay/reading.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct follow_page {
    struct follow *follow;
    const struct shown_entry *entry;
    uint64_t last_seq;
    uint64_t last_time_ms;
    bool has_more;
    bool is_ok;
    bool is_other_log; /* the event up to which was shown is not there */
};

static bool follow_wants(const struct follow *follow, const char *conversation)
{
    for (size_t i = 0; i < follow->conversation_count; i++)
        if (strcmp(follow->conversations[i], conversation) == 0)
            return true;
    return follow->conversation_count == 0;
}

/* A copy of an entry that may have something new, which no longer counts as due; false when there
 * is none. */
static bool follow_next(struct follow *follow, struct shown_entry *next)
{
    size_t at = 0;
    struct shown_entry *entry;
    bool is_found = false;
    pthread_mutex_lock(&follow->session->lock);
    while (!is_found && (entry = table_next(&follow->session->shown.entries, &at)) != NULL) {
        is_found = entry->is_due && follow_wants(follow, entry->conversation);
        if (is_found) {
            *next = *entry;
            entry->is_due = false;
        }
    }
    pthread_mutex_unlock(&follow->session->lock);
    return is_found;
}

/* The page begins with the event up to which was shown, unless that was in another log. */
static bool follow_continues(const struct shown_entry *entry, const struct unsay_event *events,
                             size_t count)
{
    return count > 0 && events[0].seq == entry->seq &&
           (entry->time_ms == 0 || events[0].time_ms == entry->time_ms);
}

static void follow_page(void *context, const struct unsay_error *error,
                        const struct unsay_event *events, size_t count, bool more)
{
    struct follow_page *page = context;
    struct follow *follow = page->follow;
    page->has_more = more;
    page->is_ok = error->result == UNSAY_OK;
    if (!page->is_ok)
        fprintf(stderr, "unsay %s: %s\n", follow->session->options->command, error->text);
    size_t known = page->entry->seq == 0 ? 0 : 1;
    page->is_other_log = page->is_ok && known == 1 && !follow_continues(page->entry, events, count);
    for (size_t i = known; page->is_ok && !page->is_other_log && i < count; i++) {
        page->last_seq = events[i].seq;
        page->last_time_ms = events[i].time_ms;
        if (follow->accepts != NULL && !follow->accepts(follow->context, &events[i]))
            continue;
        output_event(&follow->output, &events[i]);
        follow->remaining--;
    }
}

static bool follow_advance(struct follow *follow, const char *conversation,
                           const struct follow_page *page)
{
    struct session *session = follow->session;
    pthread_mutex_lock(&session->lock);
    struct shown_entry *entry = shown_find(&session->shown, conversation);
    entry->is_due = entry->is_due || page->has_more;
    if (page->is_other_log)
        shown_restart(&session->shown, entry);
    else if (page->last_seq != 0)
        shown_advance(&session->shown, entry, page->last_seq, page->last_time_ms);
    bool is_flushed = shown_flush(&session->shown);
    pthread_mutex_unlock(&session->lock);
    return is_flushed;
}

bool follow_print(struct follow *follow, bool *failed)
{
    struct shown_entry entry;
    struct follow_page page = {.follow = follow, .entry = &entry};
    *failed = false;
    if (follow->remaining == 0 || !follow_next(follow, &entry))
        return false;
    struct unsay_history query = {
        .conversation = entry.conversation,
        .after = entry.seq == 0 ? 0 : entry.seq - 1,
        .limit = follow->remaining < LIMIT_PAGE_EVENTS_MAX
                     ? (uint32_t)follow->remaining + (entry.seq != 0)
                     : LIMIT_PAGE_EVENTS_MAX,
    };
    struct session *session = follow->session;
    enum unsay_result result = unsay_stored(session->client, &query, follow_page, &page);
    if (result != UNSAY_OK || !page.is_ok) {
        *failed = true;
        return false;
    }
    if (fflush(follow->output.file) != 0 || !follow_advance(follow, entry.conversation, &page)) {
        fprintf(stderr, "unsay %s: cannot write: %s\n", session->options->command, strerror(errno));
        *failed = true;
        return false;
    }
    if (page.last_seq != 0)
        unsay_displayed(session->client, entry.conversation, page.last_seq);
    return true;
}
