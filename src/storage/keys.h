/* The keys of the embedded store: the disk format, version 1 (docs/storage-format.md tells it with
 * the values, rows.h).
 *
 *   space        key                                            row
 *   rest         'C' id(conversation)                           conversation
 *                'D' id(user) id(device) id(conversation) o     cursor
 *                'M' id(conversation) id(user)                  member
 *                'R' id(conversation) id(user) request id       answered recall request
 *                'S'                                            the store's id
 *                'U' id(user) id(conversation)                  member, listed by user
 *   events       id(conversation) o seq                         event
 *   message ids  id(conversation) id(user) message id           message id
 *
 * id(x) is the bytes of x and a NUL. An id holds 1 to 64 bytes, none of them NUL, so no key is a
 * prefix of a key of another id, and ids sort bytewise, a prefix first ("a" < "a:b" < "ab"). o is
 * the origin, 4 bytes, seq 8 bytes, both big-endian: they sort as numbers. A message id is its 16
 * bytes. A request id is 1 to 64 bytes of any value; it ends its key.
 *
 * All rows of a conversation are point look-ups or lie in one short range; no reader ever walks
 * over rows that are not its own. */
#ifndef UNSAY_STORAGE_KEYS_H
#define UNSAY_STORAGE_KEYS_H

#include "base/limits.h"
#include "base/status.h"
#include "core/rows.h"

/* Version of the disk format: of keys and of values. A store of a later version is not opened. */
enum { STORAGE_FORMAT_VERSION = 1 };

enum {
    KEY_ID_BYTES_MAX = 64,
    KEY_BYTES_MAX = 1 + 3 * (KEY_ID_BYTES_MAX + 1) + UUID_BYTES + 1,
};

struct key {
    size_t size;
    uint8_t bytes[KEY_BYTES_MAX];
};

static inline struct view key_view(const struct key *key)
{
    return view_make(key->bytes, key->size);
}

/* lower <= key < upper; all keys between share the first `prefix_size` bytes. */
struct key_range {
    struct key lower;
    struct key upper;
    size_t prefix_size;
};

void key_of_store(struct key *key);

/* Each answers false when one of the ids cannot be in a store: empty, too long, or with a NUL. */
MUST_CHECK bool key_of_conversation(struct key *key, struct view conversation);
MUST_CHECK bool key_of_member(struct key *key, struct view conversation, struct view user);
MUST_CHECK bool key_of_membership(struct key *key, struct view user, struct view conversation);
MUST_CHECK bool key_of_event(struct key *key, struct event_key event);
MUST_CHECK bool key_of_message_id(struct key *key, struct view conversation, struct view user,
                                  const struct uuid *id);
MUST_CHECK bool key_of_request(struct key *key, struct view conversation, struct view user,
                               struct view request_id);
MUST_CHECK bool key_of_cursor(struct key *key, struct view user, struct view device,
                              struct view conversation, uint32_t origin);

/* Events with after < seq, and seq < before unless that is 0. */
MUST_CHECK bool key_range_of_events(struct key_range *range, struct view conversation,
                                    uint32_t origin, uint64_t after, uint64_t before);

/* All message ids of a user in a conversation. */
MUST_CHECK bool key_range_of_message_ids(struct key_range *range, struct view conversation,
                                         struct view user);

/* Members of a conversation, conversations of a user: those whose id is greater than `after`, which
 * may be any bytes. */
MUST_CHECK bool key_range_of_members(struct key_range *range, struct view conversation,
                                     struct view after);
MUST_CHECK bool key_range_of_memberships(struct key_range *range, struct view user,
                                         struct view after);

/* What ends a key that was found in a range: false when it is damaged. The view is of the key. */
MUST_CHECK bool key_read_seq(const struct key_range *range, struct view key, uint64_t *seq);
MUST_CHECK bool key_read_uuid(const struct key_range *range, struct view key, struct uuid *id);
MUST_CHECK bool key_read_id(const struct key_range *range, struct view key, struct view *id);

#endif
