/* The recalls of a range, for a device that skips the rest of it: read in order, so much of the log
 * at a time as one page may cost. Of a part of the log that is not for the user, those that took
 * back what was. */
#include "core/frame.h"
#include "core/visibility.h"
#include "routing/reader_internal.h"
#include "routing/worker.h"

struct recall_pages {
    struct store_range range; /* of the log; `after` moves on */
    struct reader_page page;
    size_t examined;
    size_t bytes;
};

/* Queues the recalls of a part of the log that are for the user; the page is full when it has as
 * many as it may. */
static bool recall_pages_take(struct worker *worker, struct session *session,
                              const struct reading *reading, const struct member_row *member,
                              struct recall_pages *pages, size_t count)
{
    uint64_t hash = table_hash(pages->range.conversation);
    for (size_t i = 0; i < count; i++) {
        const struct store_event *event = &pages->page.events[i];
        pages->range.after = event->seq;
        pages->examined++;
        pages->bytes += event->bytes.size;
        if (event_peek(event->bytes).kind != EVENT_KIND(RECALL) ||
            !reader_allows(worker, member, event))
            continue;
        reader_put_event(session, reading, hash, event);
        if (++pages->page.count == reading->limit)
            return true;
    }
    return pages->examined >= LIMIT_RECALLS_EXAMINED_MAX ||
           pages->bytes >= LIMIT_RECALLS_EXAMINED_BYTES_MAX;
}

/* A part of the log, and after it the user's place: whatever was appended after they left is told
 * by then. Sets *count to how many of the events may be told of, and *more, whether others follow.
 */
static enum status recall_pages_part(struct worker *worker, const struct session *session,
                                     struct recall_pages *pages, struct member_row *member,
                                     size_t *count, bool *more)
{
    struct reader_page *page = &pages->page;
    struct view last;
    arena_reset(&worker->scratch);
    enum status status = store_read_events(worker->store, &pages->range, &worker->scratch,
                                           page->events, count, more);
    if (status == STATUS_OK)
        status = store_get_last_event(worker->store, pages->range.conversation, pages->range.origin,
                                      &worker->scratch, &page->head, &last);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        status = reader_get_place(worker, session, pages->range.conversation, member);
    if (status != STATUS_OK)
        return status;
    uint64_t end = visibility_end(member);
    if (page->head > end)
        page->head = end;
    while (*count > 0 && page->events[*count - 1].seq > end) {
        --*count;
        *more = false;
    }
    return STATUS_OK;
}

static enum status recall_pages_read(struct worker *worker, struct session *session,
                                     const struct reading *reading, struct recall_pages *pages)
{
    struct member_row member;
    bool is_full = false;
    do {
        size_t count = 0;
        bool more = false;
        enum status status = recall_pages_part(worker, session, pages, &member, &count, &more);
        if (status != STATUS_OK)
            return status;
        is_full = recall_pages_take(worker, session, reading, &member, pages, count);
        pages->page.more =
            more || (count > 0 && pages->range.after < pages->page.events[count - 1].seq);
    } while (pages->page.more && !is_full);
    return STATUS_OK;
}

void reader_serve_recalls(struct worker *worker, struct session *session,
                          const struct reading *reading)
{
    struct recall_pages pages = {.range = {
                                     .conversation = view_of(reading->conversation),
                                     .origin = reading->origin,
                                     .after = reading->after,
                                     .before = reading->before,
                                     .limit = LIMIT_PAGE_EVENTS_MAX,
                                     .bytes_max = LIMIT_PAGE_BYTES_MAX,
                                 }};
    if (recall_pages_read(worker, session, reading, &pages) != STATUS_OK) {
        session_refuse(worker, session, reading->request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "",
                       false);
        return;
    }
    pages.page.next = pages.range.after;
    reader_end_page(session, reading, &pages.page);
    stats_add(&worker->stats, STAT_pages_served, 1);
}
