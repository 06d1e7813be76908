#include "client/database_internal.h"

#include "client/convert.h"
#include "core/frame.h"

void event_read(struct database *database, sqlite3_stmt *statement, size_t body_bytes_max,
                struct arena *arena, struct unsay_event *event)
{
    *event = (struct unsay_event){
        .conversation = column_text(statement, 0, arena),
        .origin = (uint32_t)column_number(statement, 1),
        .seq = column_number(statement, 2),
        .kind = (enum unsay_event_kind)column_number(statement, 3),
        .time_ms = column_number(statement, 4),
        .sender = column_text(statement, 6, arena),
        .device = column_text(statement, 7, arena),
        .content_type = (enum unsay_content_type)column_number(statement, 8),
        .state = (enum unsay_message_state)column_number(statement, 9),
        .operator_user = column_text(statement, 11, arena),
        .reason = column_text(statement, 12, arena),
        .recall_time_ms = column_number(statement, 13),
        .target_origin = (uint32_t)column_number(statement, 14),
        .target_seq = column_number(statement, 15),
        .actor = (enum unsay_actor)column_number(statement, 18),
        .is_vanished = column_number(statement, 19) != 0,
        .forwarded_from = {.conversation = ""},
    };
    if (sqlite3_column_bytes(statement, 5) == sizeof(event->message_id))
        memcpy(event->message_id, sqlite3_column_blob(statement, 5), sizeof(event->message_id));
    uint64_t body = column_number(statement, 10);
    if (body != 0) {
        struct view bytes = body_read_at_most(database, BODY_EVENT, body, body_bytes_max, arena);
        event->body = bytes.data;
        event->body_bytes = bytes.size;
    }
    struct view detail = body_read(database, BODY_EVENT, column_number(statement, 16), arena);
    const wire_event *wire = detail.size == 0 ? NULL : event_decode(detail, arena);
    if (wire != NULL)
        detail_add(wire, arena, event);
}

enum status database_event(struct database *database, struct view conversation, uint32_t origin,
                           uint64_t seq, struct arena *arena, struct unsay_event *event)
{
    *event = (struct unsay_event){0};
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_GET);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq);
    if (database_step(database, statement))
        event_read(database, statement, SIZE_MAX, arena, event);
    database_done(statement);
    return database_leave(database, NULL);
}

static void events_reverse(struct unsay_event *events, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct unsay_event event = events[i];
        events[i] = events[count - 1 - i];
        events[count - 1 - i] = event;
    }
}

enum status database_events(struct database *database, const struct unsay_history *query,
                            struct arena *arena, struct unsay_event **events, size_t *count,
                            bool *more)
{
    *events = arena_alloc(arena, (query->limit + 1) * sizeof(**events));
    *count = 0;
    *more = false;
    uint64_t before = query->before == 0 ? INT64_MAX : query->before;
    database_enter(database);
    sqlite3_stmt *statement =
        database_statement(database, query->newest ? STATEMENT_EVENT_LAST : STATEMENT_EVENT_FIRST);
    bind_text(statement, 1, view_of(query->conversation));
    bind_number(statement, 2, ORIGIN_DEFAULT);
    bind_number(statement, 3, query->after < INT64_MAX ? query->after : INT64_MAX);
    bind_number(statement, 4, before < INT64_MAX ? before : INT64_MAX);
    bind_number(statement, 5, (uint64_t)query->limit + 1);
    while (database_step(database, statement)) {
        if (*count == query->limit) {
            *more = true;
            break;
        }
        event_read(database, statement, SIZE_MAX, arena, &(*events)[(*count)++]);
    }
    database_done(statement);
    if (query->newest)
        events_reverse(*events, *count);
    return database_leave(database, NULL);
}

enum status database_page(struct database *database, struct view conversation, uint32_t origin,
                          uint64_t after, uint64_t last, struct arena *arena,
                          struct unsay_event **events, size_t *count)
{
    *events = arena_alloc(arena, LIMIT_PAGE_EVENTS_MAX * sizeof(**events));
    *count = 0;
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_FIRST);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, after);
    bind_number(statement, 4, last + 1);
    bind_number(statement, 5, LIMIT_PAGE_EVENTS_MAX);
    while (database_step(database, statement))
        event_read(database, statement, SIZE_MAX, arena, &(*events)[(*count)++]);
    database_done(statement);
    return database_leave(database, NULL);
}

enum status database_first(struct database *database, struct view conversation, uint32_t origin,
                           uint64_t *seq)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_MIN);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    *seq = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return database_leave(database, NULL);
}

enum status database_cursors(struct database *database, database_cursor_fn *each, void *context)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_LIST);
    while (database_step(database, statement)) {
        struct client_cursor cursor = {
            .conversation = view_make(sqlite3_column_blob(statement, 0),
                                      (size_t)sqlite3_column_bytes(statement, 0)),
            .origin = (uint32_t)column_number(statement, 1),
            .stored = column_number(statement, 2),
            .displayed = column_number(statement, 3),
            .recalled = column_number(statement, 4),
        };
        each(context, &cursor);
    }
    database_done(statement);
    return database_leave(database, NULL);
}

enum status database_is_normal(struct database *database, struct view conversation,
                               const struct uuid *message_id, bool *is_normal)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_IS_NORMAL);
    bind_bytes(statement, 1, uuid_view(message_id));
    bind_text(statement, 2, conversation);
    bind_text(statement, 3, view_of(database->user));
    *is_normal = database_step(database, statement);
    database_done(statement);
    return database_leave(database, NULL);
}
