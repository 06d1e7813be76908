/* Making room: see database_evict. What is deleted is the beginning of what a conversation has
 * here, so that the rest stays without a gap. Which conversation comes next is looked up for many
 * at once, because that looks at all of them. */
#include "client/database_internal.h"

#include "base/memory.h"

enum {
    EVICTABLE_MAX = 64,
    LOOK_AGAIN_PAGES = 256 /* by which the file grows before one looks in vain again */
};

static uint64_t evict_number(struct database *database, enum statement which)
{
    sqlite3_stmt *statement = database_statement(database, which);
    uint64_t number = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return number;
}

/* Pages that hold something; the others are written first when it grows. */
static uint64_t evict_pages(struct database *database)
{
    return evict_number(database, STATEMENT_PAGE_COUNT) -
           evict_number(database, STATEMENT_FREE_COUNT);
}

/* The one with the oldest event comes last. */
static void evict_list(struct database *database)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVICT_LIST);
    bind_number(statement, 1, LIMIT_PAGE_EVENTS_MAX);
    bind_number(statement, 2, EVICTABLE_MAX);
    if (database->evictable == NULL)
        database->evictable = memory_new_array(EVICTABLE_MAX, sizeof(*database->evictable));
    database->evictable_count = 0;
    while (database->evictable_count < EVICTABLE_MAX && database_step(database, statement)) {
        memmove(database->evictable + 1, database->evictable,
                database->evictable_count++ * sizeof(*database->evictable));
        struct evictable *evictable = &database->evictable[0];
        snprintf(evictable->conversation, sizeof(evictable->conversation), "%s",
                 (const char *)sqlite3_column_text(statement, 0));
        evictable->origin = (uint32_t)column_number(statement, 1);
    }
    database_done(statement);
}

/* A page of events at most; false: nothing of it may go. */
static bool evict_range(struct database *database, struct database_evicted *evicted)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVICT_RANGE);
    bind_text(statement, 1, view_of(evicted->conversation));
    bind_number(statement, 2, evicted->origin);
    bind_number(statement, 3, LIMIT_PAGE_EVENTS_MAX);
    int64_t first = 0;
    int64_t last = 0;
    if (database_step(database, statement)) {
        first = (int64_t)column_number(statement, 0);
        last = (int64_t)column_number(statement, 1);
    }
    database_done(statement);
    if (first <= 0 || last < first)
        return false;
    evicted->first = (uint64_t)first;
    evicted->last = (uint64_t)last;
    if (evicted->last - evicted->first >= LIMIT_PAGE_EVENTS_MAX)
        evicted->last = evicted->first + LIMIT_PAGE_EVENTS_MAX - 1;
    return true;
}

static void evict_bind(sqlite3_stmt *statement, const struct database_evicted *evicted)
{
    bind_text(statement, 1, view_of(evicted->conversation));
    bind_number(statement, 2, evicted->origin);
    bind_number(statement, 3, evicted->last);
}

static void evict_body(struct database *database, uint64_t number)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_BODY_DELETE);
    bind_number(statement, 1, number);
    database_run(database, statement);
}

static void evict_bodies(struct database *database, const struct database_evicted *evicted)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVICT_BODIES);
    uint64_t row = 0;
    evict_bind(statement, evicted);
    while (database_step(database, statement)) {
        uint64_t body = column_number(statement, 0);
        uint64_t detail = column_number(statement, 1);
        if (body != 0) {
            row = database_unindex_range(database, view_of(evicted->conversation), evicted->origin,
                                         evicted->last, body, row);
            evict_body(database, body);
        }
        if (detail != 0)
            evict_body(database, detail);
    }
    database_done(statement);
}

static bool evict_from(struct database *database, struct database_evicted *evicted)
{
    if (!evict_range(database, evicted))
        return false;
    evict_bodies(database, evicted);
    attachments_evict(database, view_of(evicted->conversation), evicted->origin, evicted->last);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVICT_EVENTS);
    evict_bind(statement, evicted);
    database_run(database, statement);
    database_span_evict(database, view_of(evicted->conversation), evicted->origin, evicted->last);
    database->needs_scrub = true;
    return !database_has_failed(database);
}

void database_hold(struct database *database, bool holds)
{
    pthread_mutex_lock(&database->lock);
    database->holds += holds ? 1 : -1;
    pthread_mutex_unlock(&database->lock);
}

bool database_evict(struct database *database, struct arena *arena,
                    struct database_evicted *evicted)
{
    if (database->pages_max == 0 || database->holds > 0)
        return false;
    uint64_t pages = evict_pages(database);
    if (pages <= database->pages_max || pages < database->evict_at_pages)
        return false;
    bool is_fresh = database->evictable_count == 0;
    if (is_fresh)
        evict_list(database);
    while (database->evictable_count > 0 && !database_has_failed(database)) {
        const struct evictable *next = &database->evictable[--database->evictable_count];
        *evicted = (struct database_evicted){
            .conversation = arena_text(arena, view_of(next->conversation)),
            .origin = next->origin,
        };
        if (evict_from(database, evicted)) {
            database->evict_at_pages = 0;
            return true;
        }
        if (database->evictable_count == 0 && !is_fresh) {
            is_fresh = true;
            evict_list(database);
        }
    }
    database->evict_at_pages = pages + LOOK_AGAIN_PAGES;
    return false;
}
