#include "storage/keys.h"

_Static_assert((int)LIMIT_CONVERSATION_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX,
               "ids and keys differ");
_Static_assert((int)LIMIT_USER_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");
_Static_assert((int)LIMIT_DEVICE_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");
_Static_assert((int)LIMIT_REQUEST_ID_BYTES_MAX == (int)KEY_ID_BYTES_MAX, "ids and keys differ");

static bool id_is_valid(struct view id)
{
    return id.size > 0 && id.size <= KEY_ID_BYTES_MAX && memchr(id.data, 0, id.size) == NULL;
}

static void key_start(struct key *key, char tag)
{
    key->bytes[0] = (uint8_t)tag;
    key->size = 1;
}

static void key_add(struct key *key, const void *data, size_t size)
{
    memcpy(key->bytes + key->size, data, size);
    key->size += size;
}

static bool key_add_id(struct key *key, struct view id)
{
    if (!id_is_valid(id))
        return false;
    key_add(key, id.data, id.size);
    key->bytes[key->size++] = 0;
    return true;
}

static void key_add_number(struct key *key, uint64_t number, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--)
        key->bytes[key->size++] = (uint8_t)(number >> (8 * (i - 1)));
}

void key_of_store(struct key *key)
{
    key_start(key, 'S');
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

static bool key_of_log(struct key *key, struct view conversation, uint32_t origin)
{
    key->size = 0;
    if (!key_add_id(key, conversation))
        return false;
    key_add_number(key, origin, 4);
    return true;
}

bool key_of_event(struct key *key, struct event_key event)
{
    if (event.seq == 0 || !key_of_log(key, event.conversation, event.origin))
        return false;
    key_add_number(key, event.seq, 8);
    return true;
}

static bool key_of_sender(struct key *key, struct view conversation, struct view user)
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
    if (!key_add_id(key, conversation) || !key_add_id(key, user))
        return false;
    if (request_id.size == 0 || request_id.size > LIMIT_REQUEST_ID_BYTES_MAX)
        return false;
    key_add(key, request_id.data, request_id.size);
    return true;
}

bool key_of_cursor(struct key *key, struct view user, struct view device, struct view conversation,
                   uint32_t origin)
{
    key_start(key, 'D');
    if (!key_add_id(key, user) || !key_add_id(key, device) || !key_add_id(key, conversation))
        return false;
    key_add_number(key, origin, 4);
    return true;
}

/* The prefix ends in the NUL of an id. With 1 in its place it is above every key that starts with
 * the prefix, and not above any key of a longer id. */
static void key_past_prefix(struct key *upper, const struct key *prefix)
{
    *upper = *prefix;
    upper->bytes[upper->size - 1] = 1;
}

bool key_range_of_events(struct key_range *range, struct view conversation, uint32_t origin,
                         uint64_t after, uint64_t before)
{
    if (!key_of_log(&range->lower, conversation, origin))
        return false;
    range->prefix_size = range->lower.size;
    range->upper = range->lower;
    key_add_number(&range->lower, after, 8);
    range->lower.bytes[range->lower.size++] = 0;
    key_add_number(&range->upper, before == 0 ? UINT64_MAX : before, 8);
    if (before == 0)
        range->upper.bytes[range->upper.size++] = 0;
    return true;
}

bool key_range_of_message_ids(struct key_range *range, struct view conversation, struct view user)
{
    if (!key_of_sender(&range->lower, conversation, user))
        return false;
    range->prefix_size = range->lower.size;
    key_past_prefix(&range->upper, &range->lower);
    return true;
}

/* Ids sort as their bytes do, so an `after` that is no id is cut to where an id could still equal
 * it: before its NUL, and to the longest size. */
static bool key_range_of_ids(struct key_range *range, char tag, struct view first,
                             struct view after)
{
    key_start(&range->lower, tag);
    if (!key_add_id(&range->lower, first))
        return false;
    range->prefix_size = range->lower.size;
    key_past_prefix(&range->upper, &range->lower);

    if (after.size > KEY_ID_BYTES_MAX)
        after.size = KEY_ID_BYTES_MAX;
    const uint8_t *nul = after.size == 0 ? NULL : memchr(after.data, 0, after.size);
    if (nul != NULL)
        after.size = (size_t)(nul - after.data);
    if (key_add_id(&range->lower, after))
        range->lower.bytes[range->lower.size++] = 0;
    return true;
}

bool key_range_of_members(struct key_range *range, struct view conversation, struct view after)
{
    return key_range_of_ids(range, 'M', conversation, after);
}

bool key_range_of_memberships(struct key_range *range, struct view user, struct view after)
{
    return key_range_of_ids(range, 'U', user, after);
}

bool key_read_seq(const struct key_range *range, struct view key, uint64_t *seq)
{
    if (key.size != range->prefix_size + 8)
        return false;
    *seq = 0;
    for (size_t i = range->prefix_size; i < key.size; i++)
        *seq = *seq << 8 | key.data[i];
    return *seq != 0;
}

bool key_read_uuid(const struct key_range *range, struct view key, struct uuid *id)
{
    if (key.size != range->prefix_size + UUID_BYTES)
        return false;
    memcpy(id->bytes, key.data + range->prefix_size, UUID_BYTES);
    return true;
}

bool key_read_id(const struct key_range *range, struct view key, struct view *id)
{
    if (key.size < range->prefix_size + 2 || key.data[key.size - 1] != 0)
        return false;
    *id = view_make(key.data + range->prefix_size, key.size - range->prefix_size - 1);
    return id_is_valid(*id);
}
