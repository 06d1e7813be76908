#include "storage/keys_internal.h"

_Static_assert((int)LIMIT_CONVERSATION_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX,
               "ids and keys differ");
_Static_assert((int)LIMIT_USER_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");
_Static_assert((int)LIMIT_DEVICE_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");
_Static_assert((int)LIMIT_REQUEST_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");

static bool id_is_valid(struct view id)
{
    return id.size > 0 && id.size <= KEY_ID_BYTES_MAX && memchr(id.data, 0, id.size) == NULL;
}

void key_start(struct key *key, char tag)
{
    key->bytes[0] = (uint8_t)tag;
    key->size = 1;
}

void key_add(struct key *key, const void *data, size_t size)
{
    memcpy(key->bytes + key->size, data, size);
    key->size += size;
}

bool key_add_id(struct key *key, struct view id)
{
    if (!id_is_valid(id))
        return false;
    key_add(key, id.data, id.size);
    key->bytes[key->size++] = 0;
    return true;
}

bool key_add_last(struct key *key, struct view bytes)
{
    if (bytes.size == 0 || bytes.size > KEY_ID_BYTES_MAX)
        return false;
    key_add(key, bytes.data, bytes.size);
    return true;
}

void key_add_number(struct key *key, uint64_t number, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--)
        key->bytes[key->size++] = (uint8_t)(number >> (8 * (i - 1)));
}

bool key_add_log(struct key *key, struct view conversation, uint32_t origin)
{
    if (!key_add_id(key, conversation))
        return false;
    key_add_number(key, origin, 4);
    return true;
}

bool key_add_event(struct key *key, struct event_key event)
{
    if (event.seq == 0 || !key_add_log(key, event.conversation, event.origin))
        return false;
    key_add_number(key, event.seq, 8);
    return true;
}

void key_of_store(struct key *key)
{
    key_start(key, 'S');
}

void key_of_pasts(struct key *key)
{
    key_start(key, 'T');
}

void key_of_settled(struct key *key)
{
    key_start(key, 'N');
}

void key_of_journal(struct key *key, uint64_t number)
{
    key->size = 0;
    key_add_number(key, number, 8);
}

void key_of_numbered(struct key *key, char tag, uint64_t number)
{
    key_start(key, tag);
    key_add_number(key, number, 8);
}

void key_of_outbox(struct key *key, uint64_t number)
{
    key_of_numbered(key, 'O', number);
}

void key_of_dead_letter(struct key *key, uint64_t number)
{
    key_of_numbered(key, 'X', number);
}

bool key_of_conversation(struct key *key, struct view conversation)
{
    key_start(key, 'C');
    return key_add_id(key, conversation);
}

bool key_of_member(struct key *key, struct view conversation, struct view user)
{
    key_start(key, 'M');
    return key_add_id(key, conversation) && key_add_id(key, user);
}

bool key_of_membership(struct key *key, struct view user, struct view conversation)
{
    key_start(key, 'U');
    return key_add_id(key, user) && key_add_id(key, conversation);
}

bool key_of_event(struct key *key, struct event_key event)
{
    key->size = 0;
    return key_add_event(key, event);
}

bool key_of_sender(struct key *key, struct view conversation, struct view user)
{
    key->size = 0;
    return key_add_id(key, conversation) && key_add_id(key, user);
}

bool key_of_message_id(struct key *key, struct view conversation, struct view user,
                       const struct uuid *id)
{
    if (!key_of_sender(key, conversation, user))
        return false;
    key_add(key, id->bytes, UUID_BYTES);
    return true;
}

bool key_of_request(struct key *key, struct view conversation, struct view user,
                    struct view request_id)
{
    key_start(key, 'R');
    return key_add_id(key, conversation) && key_add_id(key, user) && key_add_last(key, request_id);
}

bool key_of_job(struct key *key, struct view conversation, struct view user, struct view request_id)
{
    key_start(key, 'J');
    return key_add_id(key, conversation) && key_add_id(key, user) && key_add_last(key, request_id);
}

bool key_of_last_message(struct key *key, struct view conversation, uint32_t origin)
{
    key_start(key, 'E');
    return key_add_log(key, conversation, origin);
}

bool key_of_cursor(struct key *key, struct view conversation, uint32_t origin, struct view user,
                   struct view device)
{
    key_start(key, 'D');
    return key_add_log(key, conversation, origin) && key_add_id(key, user) &&
           key_add_id(key, device);
}

bool key_of_device(struct key *key, struct view user, struct view device)
{
    key_start(key, 'V');
    return key_add_id(key, user) && key_add_id(key, device);
}

bool key_of_user(struct key *key, struct view user)
{
    key_start(key, 'W');
    return key_add_id(key, user);
}

bool key_of_pin(struct key *key, struct event_key event)
{
    key_start(key, 'P');
    return key_add_event(key, event);
}

bool key_of_forward(struct key *key, struct event_key source, const struct forward_row *forward)
{
    key_start(key, 'F');
    if (!key_add_event(key, source) || !key_add_id(key, forward->conversation) ||
        !key_add_id(key, forward->user))
        return false;
    key_add(key, forward->message_id.bytes, UUID_BYTES);
    return true;
}

bool key_of_approval(struct key *key, struct event_key event, struct view user)
{
    key_start(key, 'A');
    return key_add_event(key, event) && key_add_id(key, user);
}

bool key_of_pushed(struct key *key, struct event_key recall, struct view user, struct view device)
{
    key_start(key, 'Q');
    return key_add_event(key, recall) && key_add_id(key, user) && key_add_id(key, device);
}

bool key_of_policy(struct key *key, struct view version)
{
    key_start(key, 'L');
    return key_add_last(key, version);
}

bool key_of_word(struct key *key, uint8_t dimension, struct view word)
{
    key_start(key, 'I');
    key_add_number(key, dimension, 1);
    return key_add_id(key, word);
}

bool key_of_posting(struct key *key, uint8_t dimension, struct view word, uint64_t first)
{
    if (!key_of_word(key, dimension, word))
        return false;
    key_add_number(key, first, 8);
    return true;
}

static struct view key_drop(struct view rest, size_t size)
{
    return view_make(rest.data + size, rest.size - size);
}

bool key_take_id(struct view *rest, struct view *id)
{
    const uint8_t *nul = rest->size == 0 ? NULL : memchr(rest->data, 0, rest->size);
    if (nul == NULL)
        return false;
    *id = view_make(rest->data, (size_t)(nul - rest->data));
    *rest = key_drop(*rest, id->size + 1);
    return id_is_valid(*id);
}

bool key_take_number(struct view *rest, uint64_t *number)
{
    if (rest->size < 8)
        return false;
    *number = 0;
    for (size_t i = 0; i < 8; i++)
        *number = *number << 8 | rest->data[i];
    *rest = key_drop(*rest, 8);
    return true;
}

bool key_take_seq(struct view *rest, uint64_t *seq)
{
    return key_take_number(rest, seq) && *seq != 0;
}

bool key_take_uuid(struct view *rest, struct uuid *id)
{
    if (rest->size < UUID_BYTES)
        return false;
    memcpy(id->bytes, rest->data, UUID_BYTES);
    *rest = key_drop(*rest, UUID_BYTES);
    return true;
}
