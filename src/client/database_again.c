/* After the server was put back from a backup: what the user sent since is sent again. */
#include "client/database_internal.h"

#include "base/limits.h"
#include "core/frame.h"

/* Of an event's details, an encoded Send with the mentions alone; see core/client.h. */
static struct view again_detail(struct view detail, struct arena *arena)
{
    const wire_event *event = detail.size == 0 ? NULL : event_decode(detail, arena);
    wire_send send = UNSAY__V1__SEND__INIT;
    if (event == NULL || event->kind_case != EVENT_KIND(MESSAGE) || event->message->n_mentions == 0)
        return view_make(NULL, 0);
    send.n_mentions = event->message->n_mentions;
    send.mentions = event->message->mentions;
    uint8_t *bytes = arena_alloc(arena, unsay__v1__send__get_packed_size(&send));
    return view_make(bytes, unsay__v1__send__pack(&send, bytes));
}

/* A message to be sent again; its parts are still where the event has them. */
struct again {
    struct view conversation;
    struct uuid message_id;
    Unsay__V1__ContentType content_type;
    uint64_t body;
    uint64_t detail;
};

/* All of them in one walk: at most as many as the outbox has room for. */
static size_t again_list(struct database *database, uint64_t from_ms, struct arena *arena,
                         struct again *found, size_t limit)
{
    size_t count = 0;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_EVENT_LOST);
    bind_text(statement, 1, view_of(database->user));
    bind_number(statement, 2, from_ms);
    bind_number(statement, 3, limit);
    while (count < limit && database_step(database, statement)) {
        if (sqlite3_column_bytes(statement, 1) != UUID_BYTES)
            continue;
        struct again *again = &found[count++];
        *again = (struct again){
            .conversation = column_bytes(statement, 0, arena),
            .content_type = (Unsay__V1__ContentType)column_number(statement, 2),
            .body = column_number(statement, 3),
            .detail = column_number(statement, 4),
        };
        memcpy(again->message_id.bytes, sqlite3_column_blob(statement, 1), UUID_BYTES);
    }
    database_done(statement);
    return count;
}

void database_send_again(struct database *database, uint64_t from_ms)
{
    struct arena found_arena;
    struct arena arena;
    arena_init(&found_arena);
    arena_init(&arena);
    size_t room = LIMIT_OUTBOX_MAX - (database->counts.all < LIMIT_OUTBOX_MAX ? database->counts.all
                                                                              : LIMIT_OUTBOX_MAX);
    struct again *found = arena_alloc(&found_arena, (room + 1) * sizeof(*found));
    size_t count = again_list(database, from_ms, &found_arena, found, room);
    for (size_t i = 0; i < count && !database_has_failed(database); i++) {
        struct client_outgoing outgoing = {
            .conversation = found[i].conversation,
            .message_id = found[i].message_id,
            .content_type = found[i].content_type,
            .body = body_read(database, BODY_EVENT, found[i].body, &arena),
            .detail =
                again_detail(body_read(database, BODY_EVENT, found[i].detail, &arena), &arena),
        };
        database_outbox_add(database, &outgoing, false);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    arena_fini(&found_arena);
}
