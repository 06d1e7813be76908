/* The list of conversations. */
#include "base/limits.h"
#include "client/ask.h"
#include "client/convert.h"
#include "core/ids.h"
#include "unsay/conversation.h"

enum unsay_result unsay_conversations(struct unsay *client,
                                      const struct unsay_conversation_query *query,
                                      unsay_conversations_fn *callback, void *context)
{
    static const struct unsay_conversation_query whole;
    struct unsay_conversation_query bounded = query == NULL ? whole : *query;
    if (bounded.limit > LIMIT_LIST_CONVERSATIONS_MAX ||
        (bounded.after != NULL && !id_is_conversation(view_of(bounded.after->id))))
        return UNSAY_INVALID;
    if (bounded.limit == 0)
        bounded.limit = LIMIT_LIST_CONVERSATIONS_MAX;
    struct arena arena;
    struct unsay_conversation *conversations;
    struct unsay_error ok = error_make(UNSAY_OK, "");
    size_t count;
    bool more;
    arena_init(&arena);
    enum status status =
        database_conversations(client->database, &bounded, &arena, &conversations, &count, &more);
    if (status == STATUS_OK && callback != NULL)
        callback(context, &ok, conversations, count, more);
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}

static bool listing_set(wire_change_listing *wire, const struct unsay_listing_change *change)
{
    switch (change->setting) {
    case UNSAY_SETTING_MUTED:
        wire->change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_MUTED_UNTIL_MS;
        wire->muted_until_ms = change->muted_until_ms;
        return true;
    case UNSAY_SETTING_PINNED:
        wire->change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_IS_PINNED;
        wire->is_pinned = change->is_pinned;
        return true;
    case UNSAY_SETTING_HIDDEN:
        wire->change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_HIDING;
        wire->hiding = (Unsay__V1__Hiding)change->hiding;
        return change->hiding >= UNSAY_HIDING_NONE && change->hiding <= UNSAY_HIDING_ALWAYS;
    }
    return false;
}

enum unsay_result unsay_change_listing(struct unsay *client, const char *conversation,
                                       const struct unsay_listing_change *change,
                                       unsay_listing_fn *callback, void *context)
{
    wire_change_listing wire = UNSAY__V1__CHANGE_LISTING__INIT;
    if (!id_is_conversation(view_of(conversation)) || change == NULL || !listing_set(&wire, change))
        return UNSAY_INVALID;
    wire.conversation = string_of(conversation);
    if (change->setting == UNSAY_SETTING_HIDDEN &&
        database_stored(client->database, view_of(conversation), &wire.hidden_seq) != STATUS_OK)
        return UNSAY_STORAGE;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_LISTING);
    frame.change_listing = &wire;
    struct request *request = ask_new(REQUEST_LISTING, &frame, ASK_TIMEOUT_MS, context);
    request->callback.listing = callback;
    return ask(client, request, false);
}
