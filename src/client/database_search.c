/* Searching: the index names the messages that may match, newest first, and those are read. The
 * lock is given back again and again, so that a long search does not hold up the loop. */
#include "client/database_internal.h"

#include "base/memory.h"
#include "client/search_snippet.h"
#include "unsay/search.h"

enum {
    ROWS_AT_ONCE = 256,   /* of the index, under one hold of the lock */
    CANDIDATES_MAX = 1024 /* gathered from the index before they are read */
};

/* A message that may match. */
struct candidate {
    uint64_t time_ms;
    uint64_t seq;
    uint32_t origin;
    uint8_t conversation_bytes;
    char conversation[UINT8_MAX];
};

struct search {
    struct database *database;
    const struct database_search *request;
    struct search_query query;
    struct search_terms terms; /* of the message that is read */
    struct arena scratch;      /* likewise */
    struct candidate *candidates;
    size_t count;
    struct candidate before; /* only what is older than this */
    bool has_before;
    bool is_cut; /* the index has others that are older than the candidates */
    enum status status;
};

static struct search_key candidate_key(const struct candidate *candidate)
{
    return (struct search_key){
        .time_ms = candidate->time_ms,
        .seq = candidate->seq,
        .origin = candidate->origin,
        .conversation = view_make(candidate->conversation, candidate->conversation_bytes),
    };
}

static struct candidate candidate_make(const struct search_key *key)
{
    struct candidate candidate = {
        .time_ms = key->time_ms,
        .seq = key->seq,
        .origin = key->origin,
        .conversation_bytes = (uint8_t)key->conversation.size,
    };
    memcpy(candidate.conversation, key->conversation.data, key->conversation.size);
    return candidate;
}

static int candidate_newer_first(const void *a, const void *b)
{
    struct search_key first = candidate_key(a);
    struct search_key second = candidate_key(b);
    return search_key_compare(&second, &first);
}

/* Leaves the newest ones, in their order. */
static void search_sort(struct search *search)
{
    if (search->count > 1)
        qsort(search->candidates, search->count, sizeof(*search->candidates),
              candidate_newer_first);
    if (search->count > CANDIDATES_MAX) {
        search->count = CANDIDATES_MAX;
        search->is_cut = true;
    }
}

static bool search_wants(const struct search *search, const struct search_entry *entry)
{
    struct view conversation = search->request->conversation;
    struct search_key before = candidate_key(&search->before);
    return search_entry_may_match(entry, &search->query) &&
           (conversation.size == 0 || view_equal(conversation, entry->key.conversation)) &&
           (!search->has_before || search_key_compare(&entry->key, &before) < 0);
}

static void search_row(struct search *search, struct view entries)
{
    struct search_entry entry;
    size_t at = 0;
    while (search_entry_next(entries, &at, &entry)) {
        if (!search_wants(search, &entry))
            continue;
        if (search->count == 2 * CANDIDATES_MAX)
            search_sort(search);
        search->candidates[search->count++] = candidate_make(&entry.key);
    }
    if (at != entries.size)
        database_damage(search->database);
}

/* The candidates: the newest of all rows. */
static void search_gather(struct search *search)
{
    struct database *database = search->database;
    uint64_t row = 0;
    bool has_more = true;
    search->count = 0;
    search->is_cut = false;
    while (has_more && search->status == STATUS_OK) {
        database_enter(database);
        sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_LIST);
        bind_number(statement, 1, row);
        bind_number(statement, 2, ROWS_AT_ONCE);
        has_more = false;
        while (database_step(database, statement)) {
            row = column_number(statement, 0);
            has_more = true;
            search_row(search, view_make(sqlite3_column_blob(statement, 1),
                                         (size_t)sqlite3_column_bytes(statement, 1)));
        }
        database_done(statement);
        search->status = database_leave(database, NULL);
    }
    search_sort(search);
}

/* Its body decides, and that it still has one. */
static bool search_read(struct search *search, const struct candidate *candidate,
                        struct arena *arena, struct unsay_found *found)
{
    struct database *database = search->database;
    struct view conversation = candidate_key(candidate).conversation;
    arena_reset(&search->scratch);
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_EVENT);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, candidate->origin);
    bind_number(statement, 3, candidate->seq);
    struct view text = {NULL, 0};
    struct view sender = {NULL, 0};
    if (database_step(database, statement)) {
        text = column_bytes(statement, 0, &search->scratch);
        sender = column_bytes(statement, 1, &search->scratch);
    }
    database_done(statement);
    if (text.size != 0)
        search_terms_read(&search->terms, &database->tokenizer, text);
    search->status = database_leave(database, NULL);
    if (search->status != STATUS_OK || text.size == 0 ||
        !search_query_matches(&search->query, &search->terms))
        return false;
    *found = (struct unsay_found){
        .conversation = arena_text(arena, conversation),
        .origin = candidate->origin,
        .seq = candidate->seq,
        .time_ms = candidate->time_ms,
        .sender = arena_text(arena, sender),
    };
    search_snippet(text, &search->terms, arena, found);
    return true;
}

/* Where the page before ended; false when there is no such message any more. */
static bool search_begin(struct search *search)
{
    struct database *database = search->database;
    const struct database_search *request = search->request;
    bool is_known = true;
    database_enter(database);
    search->has_before = request->before_seq != 0;
    if (search->has_before) {
        sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_TIME);
        bind_text(statement, 1, request->before_conversation);
        bind_number(statement, 2, request->before_origin);
        bind_number(statement, 3, request->before_seq);
        is_known = database_step(database, statement);
        search->before = candidate_make(&(struct search_key){
            .time_ms = is_known ? column_number(statement, 0) : 0,
            .seq = request->before_seq,
            .origin = request->before_origin,
            .conversation = request->before_conversation,
        });
        database_done(statement);
    }
    if (database->tokenizer.words == NULL && !database_has_failed(database))
        failure_set(&database->failure, STATUS_IO, "The local database is not open.");
    if (!database_has_failed(database))
        search_query_init(&search->query, &database->tokenizer, request->text);
    search->status = database_leave(database, NULL);
    return is_known && search->status == STATUS_OK;
}

static void search_run(struct search *search, struct arena *arena, struct unsay_found *found,
                       size_t *count, bool *more)
{
    do {
        search_gather(search);
        for (size_t i = 0; i < search->count && !*more && search->status == STATUS_OK; i++) {
            if (!search_read(search, &search->candidates[i], arena, &found[*count]))
                continue;
            if (*count == search->request->limit)
                *more = true;
            else
                ++*count;
        }
        if (search->is_cut)
            search->before = search->candidates[search->count - 1];
        search->has_before = search->has_before || search->is_cut;
    } while (search->is_cut && !*more && search->status == STATUS_OK);
}

enum status database_search(struct database *database, const struct database_search *request,
                            struct arena *arena, struct unsay_found **found, size_t *count,
                            bool *more)
{
    struct search search = {.database = database, .request = request};
    *found = arena_alloc(arena, (request->limit + 1) * sizeof(**found));
    *count = 0;
    *more = false;
    if (search_begin(&search) && search.query.phrase_count != 0) {
        search.candidates = memory_new_array(2 * CANDIDATES_MAX, sizeof(*search.candidates));
        arena_init(&search.scratch);
        search_run(&search, arena, *found, count, more);
        arena_fini(&search.scratch);
        free(search.candidates);
    }
    search_terms_fini(&search.terms);
    search_query_fini(&search.query);
    return search.status;
}
