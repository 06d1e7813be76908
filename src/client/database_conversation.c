/* The list of conversations: what changes it. Everything here follows from the events and entries
 * that are stored in the same transaction, so that a list is read without a look into the logs. */
#include "client/database_internal.h"

bool database_put_listing(struct database *database, const wire_listing *listing)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_SET);
    bind_text(statement, 1, view_of(listing->conversation));
    bind_number(statement, 2, listing->version);
    bind_number(statement, 3, listing->muted_until_ms);
    bind_number(statement, 4, listing->pinned_ms);
    bind_number(statement, 5, (uint64_t)listing->hiding);
    bind_number(statement, 6, listing->hidden_seq);
    return database_run(database, statement) > 0;
}

/* The role that an entry tells is at least as new as its head: events up to there, which the log
 * may bring later, do not change it. */
static void conversation_put_role_seq(struct database *database,
                                      const wire_conversation_entry *entry)
{
    for (size_t i = 0; i < entry->n_heads; i++) {
        if (entry->heads[i]->origin != ORIGIN_DEFAULT)
            continue;
        sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_ROLE_SEQ);
        bind_text(statement, 1, view_of(entry->conversation));
        bind_number(statement, 2, entry->heads[i]->seq);
        database_run(database, statement);
    }
}

/* Empty for NULL. */
static struct view settings_encode(const wire_settings *settings, struct arena *arena)
{
    size_t size = settings == NULL ? 0 : unsay__v1__settings__get_packed_size(settings);
    uint8_t *bytes = arena_alloc(arena, size + 1);
    if (settings != NULL)
        unsay__v1__settings__pack(settings, bytes);
    return view_make(bytes, size);
}

/* What holds there, and until when the user cannot write. */
static bool conversation_put_place(struct database *database, const wire_conversation_entry *entry)
{
    struct arena arena;
    arena_init(&arena);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_PLACE);
    bind_text(statement, 1, view_of(entry->conversation));
    bind_bytes(statement, 2, settings_encode(entry->settings, &arena));
    bind_number(statement, 3, entry->muted_until_ms);
    bool is_changed = database_run(database, statement) > 0;
    arena_fini(&arena);
    return is_changed;
}

bool database_put_conversation(struct database *database, const wire_conversation_entry *entry)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_PUT);
    bind_text(statement, 1, view_of(entry->conversation));
    bind_number(statement, 2, (uint64_t)entry->type);
    bind_text(statement, 3, view_of(entry->name));
    bind_text(statement, 4, view_of(entry->peer));
    bind_number(statement, 5, (uint64_t)entry->role);
    bind_number(statement, 6, entry->activity);
    bind_number(statement, 7, entry->activity_seq);
    bool is_changed = database_run(database, statement) > 0;
    is_changed |= conversation_put_place(database, entry);
    conversation_put_role_seq(database, entry);
    if (entry->listing == NULL || entry->listing->version == 0)
        return is_changed;
    wire_listing listing = *entry->listing;
    listing.conversation = entry->conversation;
    return database_put_listing(database, &listing) || is_changed;
}

bool database_put_left(struct database *database, struct view conversation)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_LEFT);
    bind_text(statement, 1, conversation);
    return database_run(database, statement) > 0;
}

static void conversation_meet_message(struct database *database, const wire_event *event)
{
    const wire_tombstone *tombstone = event->message->tombstone;
    bool is_shown = tombstone == NULL || !tombstone->vanished;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_MESSAGE);
    bind_text(statement, 1, view_of(event->conversation));
    bind_number(statement, 2, event->time);
    bind_number(statement, 3, event->seq);
    bind_number(statement, 4, is_shown ? event->seq : 0);
    database_run(database, statement);
}

/* The user's own role, where the members of an event tell it. */
static void conversation_meet_members(struct database *database, const wire_event *event,
                                      wire_member *const *members, size_t count)
{
    size_t at = 0;
    while (at < count && strcmp(members[at]->user, database->user) != 0)
        at++;
    if (at == count)
        return;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_SILENCED);
    bind_text(statement, 1, view_of(event->conversation));
    bind_number(statement, 2, members[at]->muted_until_ms);
    bind_number(statement, 3, event->seq);
    database_run(database, statement);
    statement = database_statement(database, STATEMENT_CONVERSATION_ROLE);
    bind_text(statement, 1, view_of(event->conversation));
    bind_number(statement, 2, (uint64_t)members[at]->role);
    bind_number(statement, 3, event->time);
    bind_number(statement, 4, event->seq);
    database_run(database, statement);
}

static void conversation_meet_creation(struct database *database, const wire_event *event)
{
    const wire_creation *creation = event->creation;
    const char *peer = "";
    for (size_t i = 0; creation->type == WIRE(CONVERSATION_TYPE, DIRECT) && i < creation->n_members;
         i++) {
        if (*peer == 0 || strcmp(creation->members[i]->user, database->user) != 0)
            peer = creation->members[i]->user;
    }
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_CREATION);
    bind_text(statement, 1, view_of(event->conversation));
    bind_number(statement, 2, (uint64_t)creation->type);
    bind_text(statement, 3, view_of(creation->name));
    bind_text(statement, 4, view_of(peer));
    database_run(database, statement);
    conversation_meet_members(database, event, creation->members, creation->n_members);
}

static void conversation_meet_settings(struct database *database, const wire_event *event)
{
    struct arena arena;
    const wire_settings *settings = event->settings->settings;
    if (settings == NULL)
        return;
    arena_init(&arena);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_SETTINGS);
    bind_text(statement, 1, view_of(event->conversation));
    bind_text(statement, 2, view_of(settings->name));
    bind_bytes(statement, 3, settings_encode(settings, &arena));
    bind_number(statement, 4, event->seq);
    database_run(database, statement);
    arena_fini(&arena);
}

void database_conversation_meet(struct database *database, const wire_event *event)
{
    if (event->origin != ORIGIN_DEFAULT)
        return;
    if (event->kind_case == EVENT_KIND(MESSAGE))
        conversation_meet_message(database, event);
    else if (event->kind_case == EVENT_KIND(CREATION))
        conversation_meet_creation(database, event);
    else if (event->kind_case == EVENT_KIND(MEMBERSHIP))
        conversation_meet_members(database, event, event->membership->members,
                                  event->membership->n_members);
    else if (event->kind_case == EVENT_KIND(SETTINGS))
        conversation_meet_settings(database, event);
}

void database_conversation_vanish(struct database *database, struct view conversation,
                                  uint32_t origin, uint64_t seq)
{
    if (origin != ORIGIN_DEFAULT)
        return;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CONVERSATION_VANISH);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq);
    database_run(database, statement);
}
