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

/* At the end of a key, where any bytes will do. */
static bool key_add_last(struct key *key, struct view bytes)
{
    if (bytes.size == 0 || bytes.size > KEY_ID_BYTES_MAX)
        return false;
    key_add(key, bytes.data, bytes.size);
    return true;
}

static void key_add_number(struct key *key, uint64_t number, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--)
        key->bytes[key->size++] = (uint8_t)(number >> (8 * (i - 1)));
}

static bool key_add_log(struct key *key, struct view conversation, uint32_t origin)
{
    if (!key_add_id(key, conversation))
        return false;
    key_add_number(key, origin, 4);
    return true;
}

static bool key_add_event(struct key *key, struct event_key event)
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

void key_of_settled(struct key *key)
{
    key_start(key, 'N');
}

void key_of_journal(struct key *key, uint64_t number)
{
    key->size = 0;
    key_add_number(key, number, 8);
}

static void key_of_numbered(struct key *key, char tag, uint64_t number)
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

static bool key_of_word(struct key *key, uint8_t dimension, struct view word)
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

/* The range of all keys that begin as `lower` does by now. The first byte of a prefix with a number
 * at its end is a letter or a NUL, so there is always a byte that can grow. */
static void range_start(struct key_range *range)
{
    range->prefix_size = range->lower.size;
    range->upper = range->lower;
    while (range->upper.bytes[range->upper.size - 1] == 0xff)
        range->upper.size--;
    range->upper.bytes[range->upper.size - 1]++;
}

/* The least key that is greater. */
static void key_increment(struct key *key)
{
    key->bytes[key->size++] = 0;
}

/* Adds an id to leave behind; false when that is none, and all are wanted. Ids sort as their bytes
 * do, so bytes that are no id are cut to where an id could still equal them: before a NUL, and to
 * the longest size. */
static bool key_add_after(struct key *key, struct view after)
{
    if (after.size > KEY_ID_BYTES_MAX)
        after.size = KEY_ID_BYTES_MAX;
    const uint8_t *nul = after.size == 0 ? NULL : memchr(after.data, 0, after.size);
    if (nul != NULL)
        after.size = (size_t)(nul - after.data);
    return key_add_id(key, after);
}

bool key_range_of_events(struct key_range *range, struct view conversation, uint32_t origin,
                         uint64_t after, uint64_t before)
{
    range->lower.size = 0;
    if (!key_add_log(&range->lower, conversation, origin))
        return false;
    range_start(range);
    if (before != 0) {
        range->upper = range->lower;
        key_add_number(&range->upper, before, 8);
    }
    key_add_number(&range->lower, after, 8);
    key_increment(&range->lower);
    return true;
}

void key_range_of_all_events(struct key_range *range, const struct event_key *after)
{
    range->lower.size = 0;
    range->upper.size = KEY_BYTES_MAX;
    memset(range->upper.bytes, 0xff, KEY_BYTES_MAX);
    range->prefix_size = 0;
    if (after != NULL && key_add_event(&range->lower, *after))
        key_increment(&range->lower);
}

/* A number of the journal begins with a byte below those of the letters beside it. */
#define KEY_JOURNAL_END ((uint64_t)'A' << 56)

void key_range_of_journal(struct key_range *range, uint64_t after, uint64_t before)
{
    key_of_journal(&range->lower, after < KEY_JOURNAL_END ? after : KEY_JOURNAL_END);
    key_increment(&range->lower);
    key_of_journal(&range->upper, before < KEY_JOURNAL_END ? before : KEY_JOURNAL_END);
    range->prefix_size = 0;
}

static void key_range_of_numbered(struct key_range *range, char tag, uint64_t after,
                                  uint64_t before)
{
    key_of_numbered(&range->lower, tag, after);
    key_increment(&range->lower);
    key_of_numbered(&range->upper, tag, before);
    range->prefix_size = 1;
}

void key_range_of_outbox(struct key_range *range, uint64_t after, uint64_t before)
{
    key_range_of_numbered(range, 'O', after, before);
}

void key_range_of_dead_letters(struct key_range *range, uint64_t after, uint64_t before)
{
    key_range_of_numbered(range, 'X', after, before);
}

bool key_range_of_postings(struct key_range *range, uint8_t dimension, struct view word,
                           uint64_t before)
{
    if (!key_of_word(&range->lower, dimension, word))
        return false;
    range_start(range);
    if (before != 0) {
        range->upper = range->lower;
        key_add_number(&range->upper, before, 8);
    }
    return true;
}

bool key_range_of_message_ids(struct key_range *range, struct view conversation, struct view user,
                              const struct uuid *after)
{
    if (!key_of_sender(&range->lower, conversation, user))
        return false;
    range_start(range);
    if (after != NULL) {
        key_add(&range->lower, after->bytes, UUID_BYTES);
        key_increment(&range->lower);
    }
    return true;
}

static bool key_range_of_ids(struct key_range *range, char tag, struct view first,
                             struct view after)
{
    key_start(&range->lower, tag);
    if (!key_add_id(&range->lower, first))
        return false;
    range_start(range);
    if (key_add_after(&range->lower, after))
        key_increment(&range->lower);
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

bool key_range_of_devices(struct key_range *range, struct view user, struct view after)
{
    return key_range_of_ids(range, 'V', user, after);
}

bool key_range_of_cursors(struct key_range *range, struct view conversation, uint32_t origin,
                          struct view after_user, struct view after_device)
{
    key_start(&range->lower, 'D');
    if (!key_add_log(&range->lower, conversation, origin))
        return false;
    range_start(range);
    if (key_add_after(&range->lower, after_user) && key_add_after(&range->lower, after_device))
        key_increment(&range->lower);
    return true;
}

void key_range_of_jobs(struct key_range *range, struct view after_conversation,
                       struct view after_user, struct view after_request_id)
{
    key_start(&range->lower, 'J');
    range_start(range);
    if (key_add_after(&range->lower, after_conversation) &&
        key_add_after(&range->lower, after_user) && key_add_last(&range->lower, after_request_id))
        key_increment(&range->lower);
}

bool key_range_of_requests(struct key_range *range, struct view conversation, struct view user)
{
    key_start(&range->lower, 'R');
    if (!key_add_id(&range->lower, conversation) || !key_add_id(&range->lower, user))
        return false;
    range_start(range);
    return true;
}

bool key_range_of_pins(struct key_range *range, struct view conversation, uint32_t origin)
{
    key_start(&range->lower, 'P');
    if (!key_add_log(&range->lower, conversation, origin))
        return false;
    range_start(range);
    return true;
}

static bool key_range_at_event(struct key_range *range, char tag, struct event_key event)
{
    key_start(&range->lower, tag);
    if (!key_add_event(&range->lower, event))
        return false;
    range_start(range);
    return true;
}

bool key_range_of_forwards(struct key_range *range, struct event_key source)
{
    return key_range_at_event(range, 'F', source);
}

bool key_range_of_approvals(struct key_range *range, struct event_key event)
{
    return key_range_at_event(range, 'A', event);
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
