#include "client/database_internal.h"

#include "base/limits.h"
#include "client/convert.h"

enum { OUTBOX_SENDING = 1, OUTBOX_FAILED = 2 };

/* Whether an entry names messages by seq, and of which store's log. */
enum { REFERS_NOWHERE, REFERS_HERE, REFERS_ELSEWHERE };

void database_outbox_count_again(struct database *database)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_COUNT);
    if (database_step(database, statement))
        database->counts = (struct database_counts){(size_t)column_number(statement, 0),
                                                    (size_t)column_number(statement, 1),
                                                    column_number(statement, 2)};
    database_done(statement);
}

bool database_outbox_has_room(const struct database *database, size_t count)
{
    size_t all = database->counts.all;
    return all < LIMIT_OUTBOX_MAX && count <= LIMIT_OUTBOX_MAX - all;
}

void database_outbox_add(struct database *database, const struct client_outgoing *outgoing,
                         bool refers)
{
    struct view body = outgoing->body.size == 0 ? view_of("") : outgoing->body;
    uint64_t body_number = body_put(database, BODY_OUTBOX, body);
    uint64_t detail_number = body_put(database, BODY_OUTBOX, outgoing->detail);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_INSERT);
    bind_number(statement, 1, ++database->counts.last_number);
    bind_text(statement, 2, outgoing->conversation);
    bind_bytes(statement, 3, uuid_view(&outgoing->message_id));
    bind_number(statement, 4, (uint64_t)outgoing->content_type);
    bind_number(statement, 5, body_number);
    if (detail_number != 0)
        bind_number(statement, 6, detail_number);
    bind_number(statement, 7, refers ? REFERS_HERE : REFERS_NOWHERE);
    database_run(database, statement);
    database->counts.all++;
    database->counts.sending++;
}

struct outbox_state {
    uint64_t state; /* 0: no such entry */
    bool is_recalled;
    uint64_t body;
    uint64_t detail;
};

static struct outbox_state outbox_state(struct database *database, const struct uuid *message_id)
{
    struct outbox_state state = {.state = 0};
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_STATE);
    bind_bytes(statement, 1, uuid_view(message_id));
    if (database_step(database, statement))
        state = (struct outbox_state){column_number(statement, 0), column_number(statement, 1) != 0,
                                      column_number(statement, 2), column_number(statement, 3)};
    database_done(statement);
    return state;
}

static void outbox_remove(struct database *database, const struct uuid *message_id,
                          struct outbox_state state)
{
    if (state.is_recalled)
        attachments_recall_outbox(database, message_id);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_DELETE);
    bind_bytes(statement, 1, uuid_view(message_id));
    database_run(database, statement);
    body_erase(database, BODY_OUTBOX, state.body);
    body_erase(database, BODY_OUTBOX, state.detail);
    if (--database->counts.all == 0)
        database_run(database, database_statement(database, STATEMENT_OUTBOX_BODY_CLEAR));
    if (state.state == OUTBOX_SENDING)
        database->counts.sending--;
    if (state.is_recalled)
        database->needs_scrub = true;
}

/* Accepted after all: only the answer was lost. */
static struct database_place outbox_place(struct database *database, const struct uuid *message_id)
{
    struct database_place place = {.seq = 0};
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_OF_OUTBOX);
    bind_bytes(statement, 1, uuid_view(message_id));
    bind_text(statement, 2, view_of(database->user));
    if (database_step(database, statement))
        place = (struct database_place){
            .origin = (uint32_t)column_number(statement, 0),
            .seq = column_number(statement, 1),
            .time_ms = column_number(statement, 2),
            .is_recalled = column_number(statement, 3) != UNSAY_MESSAGE_NORMAL,
        };
    database_done(statement);
    return place;
}

bool database_outbox_met(struct database *database, const uint8_t message_id[UUID_BYTES],
                         bool is_recalled)
{
    struct uuid id;
    memcpy(id.bytes, message_id, UUID_BYTES);
    if (database->counts.all == 0 || outbox_place(database, &id).seq == 0)
        return false;
    struct outbox_state state = outbox_state(database, &id);
    state.is_recalled = state.is_recalled || is_recalled;
    if (state.state == OUTBOX_FAILED || is_recalled)
        outbox_remove(database, &id, state);
    return state.state == OUTBOX_FAILED;
}

void database_outbox_accepted(struct database *database, const struct uuid *message_id)
{
    struct outbox_state state = outbox_state(database, message_id);
    if (state.state == 0)
        return;
    outbox_remove(database, message_id, state);
}

struct database_place database_outbox_failed(struct database *database,
                                             const struct uuid *message_id,
                                             Unsay__V1__ErrorCode refusal, const char *text)
{
    struct outbox_state state = outbox_state(database, message_id);
    struct database_place place = outbox_place(database, message_id);
    if (state.state != OUTBOX_SENDING)
        return place;
    if (state.is_recalled || place.seq != 0) {
        outbox_remove(database, message_id, state);
        return place;
    }
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_FAIL);
    bind_number(statement, 1, (uint64_t)refusal);
    bind_text(statement, 2, view_of(text));
    bind_bytes(statement, 3, uuid_view(message_id));
    database_run(database, statement);
    database->counts.sending--;
    return place;
}

bool database_outbox_retry(struct database *database, const struct uuid *message_id)
{
    if (outbox_state(database, message_id).state != OUTBOX_FAILED)
        return false;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_RETRY);
    bind_number(statement, 1, ++database->counts.last_number);
    bind_bytes(statement, 2, uuid_view(message_id));
    database_run(database, statement);
    database->counts.sending++;
    return true;
}

void database_outbox_recalled(struct database *database, const struct uuid *message_id)
{
    struct outbox_state state = outbox_state(database, message_id);
    if (state.state == OUTBOX_FAILED) {
        state.is_recalled = true;
        outbox_remove(database, message_id, state);
    } else if (state.state == OUTBOX_SENDING) {
        sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_RECALL);
        bind_bytes(statement, 1, uuid_view(message_id));
        database_run(database, statement);
    }
}

struct view database_outbox_body(struct database *database, const struct uuid *message_id,
                                 struct arena *arena)
{
    return body_read(database, BODY_OUTBOX, outbox_state(database, message_id).body, arena);
}

uint64_t database_request_add(struct database *database, struct view frame)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_REQUEST_INSERT);
    bind_bytes(statement, 1, frame);
    database_run(database, statement);
    return database_has_failed(database) ? 0
                                         : (uint64_t)sqlite3_last_insert_rowid(database->sqlite);
}

void database_request_remove(struct database *database, uint64_t number)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_REQUEST_DELETE);
    bind_number(statement, 1, number);
    database_run(database, statement);
}

enum status database_outbox(struct database *database, uint64_t after, uint32_t limit,
                            struct arena *arena, struct client_outgoing **entries, size_t *count)
{
    *entries = arena_alloc(arena, limit * sizeof(**entries));
    *count = 0;
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_LIST);
    bind_number(statement, 1, after);
    bind_number(statement, 2, limit);
    while (database_step(database, statement)) {
        struct client_outgoing *entry = &(*entries)[(*count)++];
        *entry = (struct client_outgoing){
            .number = column_number(statement, 0),
            .conversation = column_bytes(statement, 1, arena),
            .content_type = (Unsay__V1__ContentType)column_number(statement, 3),
            .body = column_bytes(statement, 4, arena),
            .is_retry = column_number(statement, 5) != 0,
            .detail = column_bytes(statement, 6, arena),
            .is_stale = column_number(statement, 7) == REFERS_ELSEWHERE,
        };
        if (sqlite3_column_bytes(statement, 2) == UUID_BYTES)
            memcpy(entry->message_id.bytes, sqlite3_column_blob(statement, 2), UUID_BYTES);
    }
    database_done(statement);
    return database_leave(database, NULL);
}

static void waiting_read(sqlite3_stmt *statement, struct arena *arena,
                         struct unsay_waiting *waiting)
{
    struct view body = column_bytes(statement, 4, arena);
    bool has_failed = column_number(statement, 5) == OUTBOX_FAILED;
    struct client_effect failed = {
        .refusal = (Unsay__V1__ErrorCode)column_number(statement, 6),
        .text = column_text(statement, 7, arena),
    };
    *waiting = (struct unsay_waiting){
        .number = column_number(statement, 0),
        .conversation = column_text(statement, 1, arena),
        .content_type = (enum unsay_content_type)column_number(statement, 3),
        .body = body.data,
        .body_bytes = body.size,
        .state = has_failed ? UNSAY_SEND_FAILED : UNSAY_SEND_SENDING,
        .error = has_failed ? error_from_effect(&failed) : error_make(UNSAY_OK, ""),
    };
    if (sqlite3_column_bytes(statement, 2) == UUID_BYTES)
        memcpy(waiting->message_id, sqlite3_column_blob(statement, 2), UUID_BYTES);
}

enum status database_outbox_show(struct database *database, struct view conversation,
                                 uint64_t after, uint32_t limit, struct arena *arena,
                                 struct unsay_waiting **waiting, size_t *count, bool *more)
{
    *waiting = arena_alloc(arena, (limit + (size_t)1) * sizeof(**waiting));
    *count = 0;
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_OUTBOX_SHOW);
    bind_number(statement, 1, after < INT64_MAX ? after : INT64_MAX);
    bind_text(statement, 2, conversation);
    bind_number(statement, 3, limit + (uint64_t)1);
    while (database_step(database, statement))
        waiting_read(statement, arena, &(*waiting)[(*count)++]);
    database_done(statement);
    *more = *count > limit;
    *count -= *more;
    return database_leave(database, NULL);
}

size_t database_outbox_count(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    size_t count = database->counts.sending;
    pthread_mutex_unlock(&database->lock);
    return count;
}

enum status database_requests(struct database *database, uint32_t limit, database_request_fn *each,
                              void *context)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_REQUEST_LIST);
    bind_number(statement, 1, limit);
    while (database_step(database, statement))
        each(context, column_number(statement, 0),
             view_make(sqlite3_column_blob(statement, 1),
                       (size_t)sqlite3_column_bytes(statement, 1)));
    database_done(statement);
    return database_leave(database, NULL);
}
