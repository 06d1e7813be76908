/* Reading: from the server, and from the local database without it. */
#include "client/ask.h"
#include "client/convert.h"
#include "client/loop.h"
#include "core/ids.h"
#include "unsay/reading.h"

static bool history_is_valid(const struct unsay_history *query)
{
    return query != NULL && id_is_conversation(view_of(query->conversation)) &&
           query->limit <= LIMIT_PAGE_EVENTS_MAX;
}

enum unsay_result unsay_history(struct unsay *client, const struct unsay_history *query,
                                unsay_history_fn *callback, void *context)
{
    if (!history_is_valid(query))
        return UNSAY_INVALID;
    wire_read read = UNSAY__V1__READ__INIT;
    read.conversation = string_of(query->conversation);
    read.origin = ORIGIN_DEFAULT;
    read.after = query->after;
    read.before = query->before;
    read.limit = query->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : query->limit;
    read.newest = query->newest;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    struct request *request = ask_new(REQUEST_HISTORY, &frame, ASK_TIMEOUT_MS, context);
    request->callback.history = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_older(struct unsay *client, const char *conversation, uint32_t limit,
                              unsay_history_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)) || limit > LIMIT_PAGE_EVENTS_MAX)
        return UNSAY_INVALID;
    uint64_t after;
    uint64_t before;
    if (database_missing(client->database, view_of(conversation), &after, &before) != STATUS_OK)
        return UNSAY_STORAGE;
    wire_read read = UNSAY__V1__READ__INIT;
    read.conversation = string_of(conversation);
    read.origin = ORIGIN_DEFAULT;
    read.after = after;
    read.before = before;
    read.limit = limit == 0 ? LIMIT_PAGE_EVENTS_MAX : limit;
    read.newest = true;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    struct request *request = ask_new(REQUEST_OLDER, &frame, ASK_TIMEOUT_MS, context);
    request->callback.history = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_spans(struct unsay *client, const char *conversation,
                              struct unsay_span *spans, size_t room, size_t *count)
{
    if (!id_is_conversation(view_of(conversation)) || (spans == NULL && room > 0) || count == NULL)
        return UNSAY_INVALID;
    return database_spans(client->database, view_of(conversation), spans, room, count) == STATUS_OK
               ? UNSAY_OK
               : UNSAY_STORAGE;
}

enum unsay_result unsay_set_open(struct unsay *client, const char *conversation, bool is_open)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    return loop_set_open(client->loop, view_of(conversation), is_open) ? UNSAY_OK : UNSAY_FULL;
}

/* Calls back on the calling thread. */
static enum unsay_result events_show(enum status status, const struct unsay_event *events,
                                     size_t count, bool more, unsay_history_fn *callback,
                                     void *context)
{
    struct unsay_error ok = error_make(UNSAY_OK, "");
    if (status != STATUS_OK)
        return UNSAY_STORAGE;
    if (callback != NULL)
        callback(context, &ok, events, count, more);
    return UNSAY_OK;
}

enum unsay_result unsay_stored(struct unsay *client, const struct unsay_history *query,
                               unsay_history_fn *callback, void *context)
{
    if (!history_is_valid(query))
        return UNSAY_INVALID;
    struct unsay_history bounded = *query;
    if (bounded.limit == 0)
        bounded.limit = LIMIT_PAGE_EVENTS_MAX;
    struct arena arena;
    struct unsay_event *events;
    size_t count;
    bool more;
    arena_init(&arena);
    enum status status =
        database_events(client->database, &bounded, &arena, &events, &count, &more);
    enum unsay_result result = events_show(status, events, count, more, callback, context);
    arena_fini(&arena);
    return result;
}

enum unsay_result unsay_preview(struct unsay *client, const char *conversation,
                                unsay_history_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    struct arena arena;
    struct unsay_event event;
    arena_init(&arena);
    enum status status = database_preview(client->database, view_of(conversation), &arena, &event);
    enum unsay_result result =
        events_show(status, &event, event.kind != 0, false, callback, context);
    arena_fini(&arena);
    return result;
}

enum unsay_result unsay_unread(struct unsay *client, const char *conversation, uint32_t *unread,
                               uint32_t *mentions)
{
    if (!id_is_conversation(view_of(conversation)) || unread == NULL || mentions == NULL)
        return UNSAY_INVALID;
    return database_unread(client->database, view_of(conversation), unread, mentions) == STATUS_OK
               ? UNSAY_OK
               : UNSAY_STORAGE;
}

enum unsay_result unsay_displayed(struct unsay *client, const char *conversation, uint64_t seq)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    database_begin(client->database);
    database_put_displayed(client->database, view_of(conversation), ORIGIN_DEFAULT, seq);
    if (database_commit(client->database, NULL) != STATUS_OK)
        return UNSAY_STORAGE;
    return loop_displayed(client->loop, view_of(conversation), seq) ? UNSAY_OK : UNSAY_FULL;
}
