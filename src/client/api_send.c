/* Sending: into the outbox on the calling thread, then the loop takes over. */
#include "client/client.h"
#include "client/loop.h"
#include "core/ids.h"

#include <sodium.h>
#include <time.h>

/* Ascending for one client, also when the clock stands still or goes back. Inside a transaction. */
static struct uuid client_next_id(struct unsay *client)
{
    struct timespec now;
    uint8_t random[10];
    clock_gettime(CLOCK_REALTIME, &now);
    randombytes_buf(random, sizeof(random));
    struct uuid id = uuid_v7((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, random);
    if (uuid_compare(&id, &client->last_id) <= 0) {
        id = client->last_id;
        uuid_increment(&id);
    }
    client->last_id = id;
    return id;
}

static bool outgoing_is_valid(const struct unsay_outgoing *message)
{
    return message->content_type >= UNSAY_CONTENT_TEXT &&
           message->content_type <= UNSAY_CONTENT_CUSTOM &&
           message->body_bytes <= LIMIT_BODY_BYTES_MAX &&
           (message->body != NULL || message->body_bytes == 0);
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
    for (size_t i = 0; has_room && i < count; i++) {
        struct uuid id = client_next_id(client);
        memcpy(messages[i].message_id, id.bytes, UUID_BYTES);
        database_outbox_add(client->database, view_of(conversation), &id,
                            (uint32_t)messages[i].content_type,
                            view_make(messages[i].body, messages[i].body_bytes));
    }
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
    struct unsay_outgoing message = {content_type, body, body_bytes, {0}};
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

size_t unsay_outbox_count(struct unsay *client)
{
    return database_outbox_count(client->database);
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
