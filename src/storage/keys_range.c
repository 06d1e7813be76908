/* Ranges of keys: all that begin alike, or those behind one of them. */
#include "storage/keys_internal.h"

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
