#include "routing/news.h"

#include "routing/listing.h"
#include "routing/worker.h"

enum { NEWS_PAGE = 100 };

struct news {
    wire_conversation_entry **entries;
    size_t count;
    size_t examined;
    bool is_complete;
};

/* `arena` is reset by the caller: an event may be large, and only its seq is of interest. */
static enum status news_look(struct worker *worker, const struct session *session,
                             struct view conversation, struct arena *arena, bool *is_new)
{
    uint64_t head = 0;
    struct view bytes;
    struct cursor_row cursor = {.receipt_seq = 0};
    enum status status =
        store_get_cursor(worker->store, view_of(session->user), view_of(session->device),
                         conversation, ORIGIN_DEFAULT, &cursor);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        status =
            store_get_last_event(worker->store, conversation, ORIGIN_DEFAULT, arena, &head, &bytes);
    *is_new = head > trail_seq(&cursor.stored);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static bool news_add(struct worker *worker, const struct session *session,
                     const struct store_membership *membership, struct news *news)
{
    wire_conversation_entry *entry = arena_alloc(&worker->scratch, sizeof(*entry));
    wire_head *head = arena_alloc(&worker->scratch, sizeof(*head));
    wire_head **heads = arena_alloc(&worker->scratch, sizeof(wire_head *));
    if (news->count == LIMIT_NEWS_CONVERSATIONS_MAX)
        return false;
    unsay__v1__conversation_entry__init(entry);
    unsay__v1__head__init(head);
    heads[0] = head;
    entry->heads = heads;
    entry->n_heads = 1;
    news->entries[news->count++] = entry;
    return listing_describe(worker, session, membership, entry, head) == STATUS_OK;
}

/* False: it is not worth going on. */
static bool news_page(struct worker *worker, const struct session *session,
                      const struct store_membership *memberships, size_t count, struct news *news)
{
    struct arena arena;
    bool goes_on = true;
    arena_init(&arena);
    for (size_t i = 0; i < count && goes_on; i++) {
        bool is_new = false;
        if (!row_is_member(&memberships[i].row)) /* invited: the log is not for them */
            continue;
        arena_reset(&arena);
        goes_on =
            ++news->examined <= LIMIT_NEWS_EXAMINED_MAX &&
            news_look(worker, session, memberships[i].conversation, &arena, &is_new) == STATUS_OK &&
            (!is_new || news_add(worker, session, &memberships[i], news));
    }
    arena_fini(&arena);
    return goes_on;
}

static void news_read(struct worker *worker, const struct session *session, struct news *news)
{
    struct view after = view_make(NULL, 0);
    for (;;) {
        struct store_membership *memberships =
            arena_alloc(&worker->scratch, NEWS_PAGE * sizeof(*memberships));
        size_t count = 0;
        if (store_list_conversations(worker->store, view_of(session->user), after, NEWS_PAGE,
                                     &worker->scratch, memberships, &count) != STATUS_OK ||
            !news_page(worker, session, memberships, count, news))
            return;
        news->is_complete = count < NEWS_PAGE;
        if (news->is_complete)
            return;
        after = memberships[count - 1].conversation;
    }
}

void news_tell(struct worker *worker, const struct session *session, wire_welcome *welcome)
{
    struct news news = {.entries =
                            arena_alloc(&worker->scratch, LIMIT_NEWS_CONVERSATIONS_MAX *
                                                              sizeof(wire_conversation_entry *))};
    news_read(worker, session, &news);
    if (!news.is_complete)
        return;
    welcome->resumed = true;
    welcome->news = news.entries;
    welcome->n_news = news.count;
}
