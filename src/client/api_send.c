/* Sending: into the outbox on the calling thread, then the loop takes over. */
#include "client/client.h"
#include "client/convert.h"
#include "client/loop.h"
#include "core/ids.h"

/* Ascending for one client, also when the clock stands still or goes back. Inside a transaction. */
static struct uuid client_next_id(struct unsay *client)
{
    struct uuid id = client_fresh_id();
    if (uuid_compare(&id, &client->last_id) <= 0) {
        id = client->last_id;
        uuid_increment(&id);
    }
    client->last_id = id;
    return id;
}

static bool mentions_are_valid(const char *const *mentions, size_t count)
{
    if (count > LIMIT_MENTIONS_MAX || (mentions == NULL && count > 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!view_equal(view_of(mentions[i]), view_of("*")) && !id_is_user(view_of(mentions[i])))
            return false;
    }
    return true;
}

static bool outgoing_is_valid(const struct unsay_outgoing *message)
{
    if (!mentions_are_valid(message->mentions, message->mention_count))
        return false;
    if (message->forward != NULL)
        return message->content_type == 0 && message->body_bytes == 0 &&
               message->forward->seq != 0 &&
               id_is_conversation(view_of(message->forward->conversation));
    return message->content_type >= UNSAY_CONTENT_TEXT &&
           message->content_type <= UNSAY_CONTENT_CUSTOM &&
           message->body_bytes <= LIMIT_BODY_BYTES_MAX &&
           (message->body != NULL || message->body_bytes == 0);
}

/* An encoded Send with quote, forward and mentions alone: see core/client.h. */
static struct view outgoing_detail(const struct unsay_outgoing *message, struct arena *arena)
{
    if (message->quote_seq == 0 && message->forward == NULL && message->mention_count == 0)
        return view_make(NULL, 0);
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    wire_source forward = UNSAY__V1__SOURCE__INIT;
    wire_send send = UNSAY__V1__SEND__INIT;
    if (message->quote_seq != 0) {
        quote.origin = origin_or_default(message->quote_origin);
        quote.seq = message->quote_seq;
        send.quote = &quote;
    }
    if (message->forward != NULL) {
        forward.conversation = string_of(message->forward->conversation);
        forward.origin = origin_or_default(message->forward->origin);
        forward.seq = message->forward->seq;
        send.forward = &forward;
    }
    send.n_mentions = message->mention_count;
    send.mentions = (char **)(uintptr_t)message->mentions;
    uint8_t *bytes = arena_alloc(arena, unsay__v1__send__get_packed_size(&send));
    return view_make(bytes, unsay__v1__send__pack(&send, bytes));
}

/* Inside a transaction. */
static void outgoing_store(struct unsay *client, const char *conversation,
                           struct unsay_outgoing *message)
{
    struct arena arena;
    arena_init(&arena);
    struct client_outgoing outgoing = {
        .conversation = view_of(conversation),
        .message_id = client_next_id(client),
        .content_type = (Unsay__V1__ContentType)message->content_type,
        .body = view_make(message->body, message->body_bytes),
        .detail = outgoing_detail(message, &arena),
    };
    database_outbox_add(client->database, &outgoing,
                        message->quote_seq != 0 || message->forward != NULL);
    memcpy(message->message_id, outgoing.message_id.bytes, UUID_BYTES);
    arena_fini(&arena);
}

enum unsay_result unsay_send_many(struct unsay *client, const char *conversation,
                                  struct unsay_outgoing *messages, size_t count)
{
    if (!id_is_conversation(view_of(conversation)) || (messages == NULL && count > 0))
        return UNSAY_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (!outgoing_is_valid(&messages[i]))
            return UNSAY_INVALID;
    }
    if (count == 0)
        return UNSAY_OK;

    database_begin(client->database);
    bool has_room = database_outbox_has_room(client->database, count);
    for (size_t i = 0; has_room && i < count; i++)
        outgoing_store(client, conversation, &messages[i]);
    if (database_commit(client->database, NULL) != STATUS_OK)
        return UNSAY_STORAGE;
    if (!has_room)
        return UNSAY_FULL;
    loop_outbox_grew(client->loop);
    return UNSAY_OK;
}

enum unsay_result unsay_send(struct unsay *client, const char *conversation,
                             enum unsay_content_type content_type, const void *body,
                             size_t body_bytes, uint8_t message_id[16])
{
    struct unsay_outgoing message = {
        .content_type = content_type, .body = body, .body_bytes = body_bytes};
    enum unsay_result result = unsay_send_many(client, conversation, &message, 1);
    if (result == UNSAY_OK && message_id != NULL)
        memcpy(message_id, message.message_id, UUID_BYTES);
    return result;
}

enum unsay_result unsay_resend(struct unsay *client, const uint8_t message_id[16])
{
    if (message_id == NULL)
        return UNSAY_INVALID;
    struct uuid id;
    memcpy(id.bytes, message_id, UUID_BYTES);
    database_begin(client->database);
    bool is_failed = database_outbox_retry(client->database, &id);
    if (database_commit(client->database, NULL) != STATUS_OK)
        return UNSAY_STORAGE;
    if (!is_failed)
        return UNSAY_INVALID;
    loop_outbox_grew(client->loop);
    return UNSAY_OK;
}

enum unsay_result unsay_outbox(struct unsay *client, const char *conversation, uint64_t after,
                               uint32_t limit, unsay_outbox_fn *callback, void *context)
{
    if (limit > LIMIT_PAGE_EVENTS_MAX ||
        (conversation != NULL && !id_is_conversation(view_of(conversation))))
        return UNSAY_INVALID;
    struct arena arena;
    struct unsay_waiting *waiting;
    size_t count;
    bool more;
    arena_init(&arena);
    enum status status = database_outbox_show(client->database, view_of(conversation), after,
                                              limit == 0 ? LIMIT_PAGE_EVENTS_MAX : limit, &arena,
                                              &waiting, &count, &more);
    if (status == STATUS_OK && callback != NULL)
        callback(context, waiting, count, more);
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}

size_t unsay_outbox_count(struct unsay *client)
{
    return database_outbox_count(client->database);
}
