#include "client/database_internal.h"

#include "client/convert.h"
#include "core/client.h"

/* Binds in the order of EVENT_COLUMNS. */
static void event_bind(sqlite3_stmt *statement, const struct unsay_event *event, uint64_t body,
                       uint64_t detail, bool is_mention, bool is_own)
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
    if (detail != 0)
        bind_number(statement, 17, detail);
    bind_number(statement, 18, is_mention);
    bind_number(statement, 19, (uint64_t)event->actor);
    bind_number(statement, 20, event->is_vanished);
    bind_number(statement, 21, is_own);
}

static bool event_mentions(const struct unsay_event *event, const char *user)
{
    for (size_t i = 0; i < event->mention_count; i++) {
        if (strcmp(event->mentions[i], user) == 0 || strcmp(event->mentions[i], "*") == 0)
            return true;
    }
    return false;
}

static void event_insert(struct database *database, const wire_event *wire, bool is_older,
                         struct arena *arena, struct unsay_event *event)
{
    event_from_wire(wire, arena, event);
    uint64_t body = body_put(database, BODY_EVENT, view_make(event->body, event->body_bytes));
    uint64_t detail = body_put(database, BODY_EVENT, detail_from_wire(wire, arena));
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_INSERT);
    /* What was fetched on request counts as little as unread as what the user wrote. */
    event_bind(statement, event, body, detail, event_mentions(event, database->user),
               is_older || (event->kind == UNSAY_EVENT_MESSAGE &&
                            strcmp(event->sender, database->user) == 0));
    if (database_run(database, statement) == 0) {
        /* Stored already: a second copy must not outlive a recall. */
        body_erase(database, BODY_EVENT, body);
        body_erase(database, BODY_EVENT, detail);
        database->needs_scrub = true;
        return;
    }
    database_conversation_meet(database, wire);
    if (event->kind == UNSAY_EVENT_MESSAGE && event->state == UNSAY_MESSAGE_NORMAL &&
        event->content_type == UNSAY_CONTENT_TEXT) {
        struct search_key key = {event->time_ms, event->seq, event->origin,
                                 view_of(event->conversation)};
        database_index(database, &key, body, view_make(event->body, event->body_bytes));
    }
}

static bool event_put(struct database *database, const wire_event *wire, bool is_older)
{
    struct arena arena;
    struct unsay_event event;
    arena_init(&arena);
    event_insert(database, wire, is_older, &arena, &event);
    bool is_tombstone = event.kind == UNSAY_EVENT_MESSAGE && event.state != UNSAY_MESSAGE_NORMAL;
    if (is_tombstone)
        database->needs_scrub = true; /* an older copy may be in a file that was set aside */
    if (is_tombstone)
        attachments_recall(database, view_of(event.conversation), event.sender, event.message_id);
    bool has_failed = event.kind == UNSAY_EVENT_MESSAGE &&
                      database_outbox_met(database, event.message_id, is_tombstone);
    arena_fini(&arena);
    return has_failed;
}

bool database_put_event(struct database *database, const wire_event *wire)
{
    return event_put(database, wire, false);
}

bool database_put_fetched(struct database *database, const wire_event *wire)
{
    return event_put(database, wire, true);
}

/* The numbers of body and details of a normal message; false when there is no such message. */
static bool event_bodies(struct database *database, struct view conversation, uint32_t origin,
                         uint64_t seq, uint64_t numbers[2])
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_BODY);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq);
    bool is_normal = database_step(database, statement);
    for (int i = 0; i < 2; i++)
        numbers[i] = is_normal ? column_number(statement, i) : 0;
    database_done(statement);
    return is_normal;
}

struct view database_body(struct database *database, struct view conversation, uint32_t origin,
                          uint64_t seq, struct arena *arena)
{
    uint64_t numbers[2];
    event_bodies(database, conversation, origin, seq, numbers);
    return body_read(database, BODY_EVENT, numbers[0], arena);
}

/* The event of an own message that had failed may lie in a range that was skipped. */
static void event_recall_unsent(struct database *database, const wire_recall *recall)
{
    struct uuid id;
    if (recall->target_message_id.len != UUID_BYTES ||
        strcmp(recall->target_sender, database->user) != 0)
        return;
    memcpy(id.bytes, recall->target_message_id.data, UUID_BYTES);
    database_outbox_recalled(database, &id);
}

bool database_recall(struct database *database, const wire_event *recall)
{
    uint64_t numbers[2];
    const wire_recall *target = recall->recall;
    struct view conversation = view_of(recall->conversation);
    if (recall->kind_case != EVENT_KIND(RECALL))
        return false;
    if (!event_bodies(database, conversation, target->target_origin, target->target_seq, numbers)) {
        event_recall_unsent(database, target);
        return false;
    }
    body_erase(database, BODY_EVENT, numbers[0]);
    body_erase(database, BODY_EVENT, numbers[1]);
    struct search_key key = {
        .seq = target->target_seq, .origin = target->target_origin, .conversation = conversation};
    database_unindex(database, &key, numbers[0]);
    database->needs_scrub = true;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_RECALL);
    bind_text(statement, 1, view_of(target->operator_));
    bind_number(statement, 2, recall->time >> 16);
    bind_number(statement, 3, (uint64_t)target->actor);
    bind_number(statement, 4, target->vanished != 0);
    bind_text(statement, 5, conversation);
    bind_number(statement, 6, target->target_origin);
    bind_number(statement, 7, target->target_seq);
    bool is_changed = database_run(database, statement) == 1;
    if (target->vanished)
        database_conversation_vanish(database, conversation, target->target_origin,
                                     target->target_seq);
    attachments_recall_seq(database, conversation, target->target_origin, target->target_seq);
    if (target->target_message_id.len == UUID_BYTES)
        database_outbox_met(database, target->target_message_id.data, true);
    return is_changed;
}

void database_forget(struct database *database)
{
    attachments_forget(database);
    static const enum statement clears[] = {
        STATEMENT_EVENT_CLEAR,    STATEMENT_BODY_CLEAR,         STATEMENT_SEARCH_CLEAR,
        STATEMENT_CURSOR_CLEAR,   STATEMENT_CONVERSATION_CLEAR, STATEMENT_PLACE_CLEAR,
        STATEMENT_AUDIENCE_CLEAR, STATEMENT_OUTBOX_FORGET,      STATEMENT_SPAN_CLEAR};
    for (size_t i = 0; i < sizeof(clears) / sizeof(clears[0]); i++)
        database_run(database, database_statement(database, clears[i]));
    database_index_reset(database);
    database->evictable_count = 0;
    database->needs_scrub = true;
}

void database_put_cursor(struct database *database, const struct client_cursor *cursor)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_PUT);
    bind_text(statement, 1, cursor->conversation);
    bind_number(statement, 2, cursor->origin);
    bind_number(statement, 3, cursor->stored);
    bind_number(statement, 4, cursor->displayed);
    bind_number(statement, 5, cursor->recalled);
    database_run(database, statement);
}

void database_put_displayed(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_DISPLAYED);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq < INT64_MAX ? seq : INT64_MAX);
    if (database_run(database, statement) > 0)
        database->evict_at_pages = 0; /* there is more that may go */
}
