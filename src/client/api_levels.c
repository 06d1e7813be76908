/* Levels of delivery: from the local database, and from the server. */
#include "client/ask.h"
#include "client/convert.h"
#include "client/loop.h"
#include "core/ids.h"
#include "unsay/levels.h"

enum unsay_result unsay_level(struct unsay *client, const char *conversation, uint64_t seq,
                              struct unsay_levels *levels)
{
    if (!id_is_conversation(view_of(conversation)) || seq == 0 || seq > INT64_MAX || levels == NULL)
        return UNSAY_INVALID;
    return database_levels(client->database, view_of(conversation), ORIGIN_DEFAULT, seq, levels) ==
                   STATUS_OK
               ? UNSAY_OK
               : UNSAY_STORAGE;
}

enum unsay_result unsay_places(struct unsay *client, const char *conversation,
                               unsay_places_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    struct arena arena;
    struct unsay_place *places;
    size_t count;
    arena_init(&arena);
    enum status status = database_places(client->database, view_of(conversation), ORIGIN_DEFAULT,
                                         &arena, &places, &count);
    if (status == STATUS_OK && callback != NULL)
        callback(context, places, count);
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}

enum unsay_result unsay_receipts(struct unsay *client, const struct unsay_receipts_query *query,
                                 unsay_receipts_fn *callback, void *context)
{
    if (query == NULL || !id_is_conversation(view_of(query->conversation)) || query->seq == 0 ||
        query->limit > LIMIT_PAGE_EVENTS_MAX ||
        (query->after != NULL && !id_is_user(view_of(query->after))))
        return UNSAY_INVALID;
    wire_read_receipts read = UNSAY__V1__READ_RECEIPTS__INIT;
    read.conversation = string_of(query->conversation);
    read.origin = origin_or_default(query->origin);
    read.seq = query->seq;
    read.after = string_of(query->after == NULL ? "" : query->after);
    read.limit = query->limit;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ_RECEIPTS);
    frame.read_receipts = &read;
    struct request *request = ask_new(REQUEST_RECEIPTS, &frame, ASK_TIMEOUT_MS, context);
    request->callback.receipts = callback;
    return ask(client, request, false);
}

static enum unsay_result ask_privacy(struct unsay *client, Unsay__V1__PrivacyChoice displayed,
                                     unsay_privacy_fn *callback, void *context)
{
    wire_change_privacy change = UNSAY__V1__CHANGE_PRIVACY__INIT;
    change.displayed = displayed;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_PRIVACY);
    frame.change_privacy = &change;
    struct request *request = ask_new(REQUEST_PRIVACY, &frame, ASK_TIMEOUT_MS, context);
    request->callback.privacy = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_set_privacy(struct unsay *client, bool hides_displayed,
                                    unsay_privacy_fn *callback, void *context)
{
    return ask_privacy(client,
                       hides_displayed ? WIRE(PRIVACY_CHOICE, HIDE) : WIRE(PRIVACY_CHOICE, TELL),
                       callback, context);
}

enum unsay_result unsay_get_privacy(struct unsay *client, unsay_privacy_fn *callback, void *context)
{
    return ask_privacy(client, WIRE(PRIVACY_CHOICE, KEEP), callback, context);
}
