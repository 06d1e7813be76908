/* The list of conversations: reading it. Each entry is a row, at most LIMIT_UNREAD_MAX entries of
 * an index that holds what can be unread and nothing else, and the preview by its key: no walk over
 * a log, however long it is and whatever was taken back in it. */
#include "base/limits.h"
#include "client/convert.h"
#include "client/database_internal.h"
#include "core/frame.h"

/* How far the user was shown the conversation, on this device or, as it was told, another. */
static uint64_t conversation_displayed(struct database *database, struct view conversation)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_GET);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, ORIGIN_DEFAULT);
    bind_text(statement, 3, view_of(database->user));
    uint64_t displayed = database_step(database, statement) ? column_number(statement, 1) : 0;
    database_done(statement);
    return displayed;
}

static void conversation_count(struct database *database, struct view conversation,
                               uint64_t displayed, uint32_t *unread, uint32_t *mentions)
{
    *unread = *mentions = 0;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_UNREAD);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, ORIGIN_DEFAULT);
    bind_number(statement, 3, displayed);
    bind_number(statement, 4, LIMIT_UNREAD_MAX);
    if (database_step(database, statement)) {
        *unread = (uint32_t)column_number(statement, 0);
        *mentions = (uint32_t)column_number(statement, 1);
    }
    database_done(statement);
}

static void conversation_preview(struct database *database, struct view conversation, uint64_t seq,
                                 size_t body_bytes_max, struct arena *arena,
                                 struct unsay_event *event)
{
    *event = (struct unsay_event){.seq = 0};
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_GET);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, ORIGIN_DEFAULT);
    bind_number(statement, 3, seq);
    if (seq != 0 && database_step(database, statement))
        event_read(database, statement, body_bytes_max, arena, event);
    database_done(statement);
}

/* A row of CONVERSATION_COLUMNS; returns the seq of the preview. */
static uint64_t conversation_read(sqlite3_stmt *statement, struct arena *arena,
                                  struct unsay_conversation *conversation)
{
    uint64_t hidden_seq = column_number(statement, 8);
    uint64_t activity_seq = column_number(statement, 10);
    *conversation = (struct unsay_conversation){
        .id = column_text(statement, 0, arena),
        .type = (enum unsay_conversation_type)column_number(statement, 1),
        .name = column_text(statement, 2, arena),
        .peer = column_text(statement, 3, arena),
        .role = (enum unsay_role)column_number(statement, 4),
        .muted_until_ms = column_number(statement, 5),
        .pinned_ms = column_number(statement, 6),
        .hiding = (enum unsay_hiding)column_number(statement, 7),
        .place = column_number(statement, 9),
    };
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    struct view settings = column_bytes(statement, 12, arena);
    if (settings.size > 0)
        conversation->settings = settings_from_wire(
            unsay__v1__settings__unpack(&allocator, settings.size, settings.data), arena);
    conversation->silenced_until_ms = column_number(statement, 13);
    conversation->activity_ms = time_to_ms(conversation->place);
    conversation->is_hidden =
        conversation->hiding == UNSAY_HIDING_ALWAYS ||
        (conversation->hiding == UNSAY_HIDING_UNTIL_MESSAGE && activity_seq <= hidden_seq);
    return column_number(statement, 11);
}

/* What is not in the row. */
static void conversation_complete(struct database *database, uint64_t preview_seq,
                                  struct arena *arena, struct unsay_conversation *conversation)
{
    struct view id = view_of(conversation->id);
    struct unsay_event *preview = arena_alloc(arena, sizeof(*preview));
    conversation_count(database, id, conversation_displayed(database, id), &conversation->unread,
                       &conversation->mentions);
    conversation_preview(database, id, preview_seq, LIMIT_PREVIEW_BODY_BYTES_MAX, arena, preview);
    conversation->preview = preview->kind == 0 ? NULL : preview;
}

static uint64_t conversation_get(struct database *database, struct view id, struct arena *arena,
                                 struct unsay_conversation *conversation)
{
    uint64_t preview_seq = 0;
    *conversation = (struct unsay_conversation){.id = "", .name = "", .peer = ""};
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_GET);
    bind_text(statement, 1, id);
    if (database_step(database, statement))
        preview_seq = conversation_read(statement, arena, conversation);
    database_done(statement);
    return preview_seq;
}

enum status database_conversation(struct database *database, struct view id, struct arena *arena,
                                  struct unsay_conversation *conversation)
{
    database_enter(database);
    uint64_t preview_seq = conversation_get(database, id, arena, conversation);
    bool is_known = *conversation->id != 0;
    conversation->id = arena_text(arena, id);
    if (is_known)
        conversation_complete(database, preview_seq, arena, conversation);
    return database_leave(database, NULL);
}

enum status database_conversations(struct database *database,
                                   const struct unsay_conversation_query *query,
                                   struct arena *arena, struct unsay_conversation **conversations,
                                   size_t *count, bool *more)
{
    const struct unsay_conversation *after = query->after;
    *conversations = arena_alloc(arena, (query->limit + 1) * sizeof(**conversations));
    uint64_t *previews = arena_alloc(arena, (query->limit + 1) * sizeof(*previews));
    *count = 0;
    *more = false;
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_LIST);
    bind_number(statement, 1, query->with_hidden);
    bind_text(statement, 2, view_of(after == NULL ? "" : after->id));
    bind_number(statement, 3, after == NULL ? 0 : after->pinned_ms);
    bind_number(statement, 4, after == NULL ? 0 : after->place);
    bind_number(statement, 5, (uint64_t)query->limit + 1);
    while (database_step(database, statement)) {
        if (*count == query->limit) {
            *more = true;
            break;
        }
        previews[*count] = conversation_read(statement, arena, &(*conversations)[*count]);
        ++*count;
    }
    database_done(statement);
    for (size_t i = 0; i < *count; i++)
        conversation_complete(database, previews[i], arena, &(*conversations)[i]);
    return database_leave(database, NULL);
}

void database_each_conversation(struct database *database, database_id_fn *each, void *context)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_IDS);
    while (database_step(database, statement))
        each(context, view_make(sqlite3_column_blob(statement, 0),
                                (size_t)sqlite3_column_bytes(statement, 0)));
    database_done(statement);
}

enum status database_preview(struct database *database, struct view conversation,
                             struct arena *arena, struct unsay_event *event)
{
    struct unsay_conversation entry;
    database_enter(database);
    uint64_t preview_seq = conversation_get(database, conversation, arena, &entry);
    conversation_preview(database, conversation, preview_seq, SIZE_MAX, arena, event);
    return database_leave(database, NULL);
}

enum status database_unread(struct database *database, struct view conversation, uint32_t *unread,
                            uint32_t *mentions)
{
    database_enter(database);
    conversation_count(database, conversation, conversation_displayed(database, conversation),
                       unread, mentions);
    return database_leave(database, NULL);
}

enum status database_stored(struct database *database, struct view conversation, uint64_t *seq)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CURSOR_GET);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, ORIGIN_DEFAULT);
    *seq = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return database_leave(database, NULL);
}
