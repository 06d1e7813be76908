#include "client/database_internal.h"

#include "client/convert.h"
#include "core/client.h"

/* Binds in the order of EVENT_COLUMNS. */
static void event_bind(sqlite3_stmt *statement, const struct unsay_event *event, uint64_t body)
{
    bind_text(statement, 1, view_of(event->conversation));
    bind_number(statement, 2, event->origin);
    bind_number(statement, 3, event->seq);
    bind_number(statement, 4, (uint64_t)event->kind);
    bind_number(statement, 5, event->time_ms);
    bind_bytes(statement, 6, view_make(event->message_id, sizeof(event->message_id)));
    bind_text(statement, 7, view_of(event->sender));
    bind_text(statement, 8, view_of(event->device));
    bind_number(statement, 9, (uint64_t)event->content_type);
    bind_number(statement, 10, (uint64_t)event->state);
    if (body != 0)
        bind_number(statement, 11, body);
    bind_text(statement, 12, view_of(event->operator_user));
    bind_text(statement, 13, view_of(event->reason));
    bind_number(statement, 14, event->recall_time_ms);
    bind_number(statement, 15, event->target_origin);
    bind_number(statement, 16, event->target_seq);
}

static void event_read(struct database *database, sqlite3_stmt *statement, struct arena *arena,
                       struct unsay_event *event)
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
    };
    if (sqlite3_column_bytes(statement, 5) == sizeof(event->message_id))
        memcpy(event->message_id, sqlite3_column_blob(statement, 5), sizeof(event->message_id));
    uint64_t body = column_number(statement, 10);
    if (body != 0) {
        struct view bytes = body_read(database, body, arena);
        event->body = bytes.data;
        event->body_bytes = bytes.size;
    }
}

void database_put_event(struct database *database, const wire_event *wire)
{
    struct unsay_event event;
    event_from_wire(wire, &event);
    uint64_t body = 0;
    if (event.body != NULL)
        body = body_put(database, BODY_EVENT, view_make(event.body, event.body_bytes));
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_INSERT);
    event_bind(statement, &event, body);
    int changes = database_run(database, statement);
    if (changes == 0 && body != 0) { /* stored already: a second copy must not outlive a recall */
        body_erase(database, BODY_EVENT, body);
        database->needs_scrub = true;
    }
    if (event.kind == UNSAY_EVENT_MESSAGE && event.state != UNSAY_MESSAGE_NORMAL)
        database->needs_scrub = true; /* an older copy may be in a file that was set aside */
    if (event.kind == UNSAY_EVENT_MESSAGE)
        database_outbox_met(database, event.message_id, event.state != UNSAY_MESSAGE_NORMAL);
}

bool database_recall(struct database *database, const wire_event *recall)
{
    struct unsay_event event;
    event_from_wire(recall, &event);
    if (event.kind != UNSAY_EVENT_RECALL)
        return false;
    struct view conversation = view_of(event.conversation);

    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_BODY);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, event.target_origin);
    bind_number(statement, 3, event.target_seq);
    bool is_normal = database_step(database, statement);
    uint64_t body = is_normal ? column_number(statement, 0) : 0;
    database_done(statement);
    if (!is_normal)
        return false;

    if (body != 0)
        body_erase(database, BODY_EVENT, body);
    database->needs_scrub = true;
    statement = database_statement(database, STATEMENT_EVENT_RECALL);
    bind_text(statement, 1, view_of(event.operator_user));
    bind_number(statement, 2, event.recall_time_ms);
    bind_text(statement, 3, conversation);
    bind_number(statement, 4, event.target_origin);
    bind_number(statement, 5, event.target_seq);
    bool is_changed = database_run(database, statement) == 1;
    database_outbox_met(database, event.message_id, true);
    return is_changed;
}

void database_forget(struct database *database)
{
    static const enum statement clears[] = {STATEMENT_EVENT_CLEAR, STATEMENT_BODY_CLEAR,
                                            STATEMENT_CURSOR_CLEAR, STATEMENT_CONVERSATION_CLEAR};
    for (size_t i = 0; i < sizeof(clears) / sizeof(clears[0]); i++)
        database_run(database, database_statement(database, clears[i]));
    database->needs_scrub = true;
}

void database_put_cursor(struct database *database, struct view conversation, uint32_t origin,
                         uint64_t stored, uint64_t displayed)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_PUT);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, stored);
    bind_number(statement, 4, displayed);
    database_run(database, statement);
}

void database_put_displayed(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_DISPLAYED);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq < INT64_MAX ? seq : INT64_MAX);
    database_run(database, statement);
}

void database_put_conversation(struct database *database, const wire_conversation_entry *entry)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_PUT);
    bind_text(statement, 1, view_of(entry->conversation));
    bind_number(statement, 2, (uint64_t)entry->type);
    bind_text(statement, 3, view_of(entry->name));
    bind_text(statement, 4, view_of(entry->peer));
    database_run(database, statement);
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
        event_read(database, statement, arena, event);
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
        event_read(database, statement, arena, &(*events)[(*count)++]);
    }
    database_done(statement);
    if (query->newest)
        events_reverse(*events, *count);
    return database_leave(database, NULL);
}

enum status database_cursors(struct database *database, database_cursor_fn *each, void *context)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_LIST);
    while (database_step(database, statement)) {
        struct view conversation = view_make(sqlite3_column_blob(statement, 0),
                                             (size_t)sqlite3_column_bytes(statement, 0));
        each(context, conversation, (uint32_t)column_number(statement, 1),
             column_number(statement, 2), column_number(statement, 3));
    }
    database_done(statement);
    return database_leave(database, NULL);
}
