/* The keys of the embedded store: the disk format, version 2 (docs/storage-format.md tells it with
 * the values, rows.h).
 *
 *   space        key                                            row
 *   rest         'A' id(conversation) o seq id(user)            approval
 *                'C' id(conversation)                           conversation
 *                'D' id(conversation) o id(user) id(device)     cursor
 *                'E' id(conversation) o                         last message
 *                'F' id(conversation) o seq
 *                    id(conversation) id(user) message id       forward, listed by its source
 *                'I' dimension id(word) first                   posting of the audit log
 *                'J' id(conversation) id(user) request id       job
 *                'L' version                                    policy
 *                'M' id(conversation) id(user)                  member
 *                'N'                                            last journal number settled
 *                'P' id(conversation) o seq                     pin
 *                'Q' id(conversation) o seq id(user) id(device) pushed
 *                'R' id(conversation) id(user) request id       answered recall request
 *                'S'                                            the store's id
 *                'T'                                            store's earlier ids
 *                'U' id(user) id(conversation)                  member, listed by user
 *                'V' id(user) id(device)                        device
 *                'W' id(user)                                   user
 *   events       id(conversation) o seq                         event
 *   message ids  id(conversation) id(user) message id           message id
 *   journal      number                                         the audit entries of a commit
 *                'O' number                                     outbox, entries of a commit
 *                'X' number                                     dead letter
 *   marks        id(conversation) o seq                         event, taken back (store_kv.h)
 *
 * id(x) is the bytes of x and a NUL. An id holds 1 to 64 bytes, none of them NUL, so no key is a
 * prefix of a key of another id, and ids sort bytewise, a prefix first ("a" < "a:b" < "ab"). o is
 * the origin, 4 bytes, seq, first and number 8 bytes, all big-endian: they sort as numbers.
 * dimension is a byte. A message id is its 16 bytes. A request id and a version are 1 to 64 bytes
 * of any value; they end their keys.
 *
 * All rows of a conversation are point look-ups or lie in one short range; no reader ever walks
 * over rows that are not its own. */
#ifndef UNSAY_STORAGE_KEYS_H
#define UNSAY_STORAGE_KEYS_H

#include "base/limits.h"
#include "base/status.h"
#include "core/rows.h"

/* Version of the disk format: of keys and of values. A store of another version is not opened. */
enum { STORAGE_FORMAT_VERSION = 2 };

enum {
    KEY_ID_BYTES_MAX = 64,
    KEY_BYTES_MAX = 1 + 3 * (KEY_ID_BYTES_MAX + 1) + 4 + 8 + UUID_BYTES + 1,
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

/* What follows the prefix of a key that was found in the range. */
static inline struct view key_rest(struct view key, const struct key_range *range)
{
    return view_make(key.data + range->prefix_size, key.size - range->prefix_size);
}

void key_of_store(struct key *key);
void key_of_settled(struct key *key);
void key_of_pasts(struct key *key);
void key_of_journal(struct key *key, uint64_t number);
void key_of_outbox(struct key *key, uint64_t number);
void key_of_dead_letter(struct key *key, uint64_t number);

/* Each answers false when something cannot be in a key: an id that is empty, too long, or has a
 * NUL; seq 0. */
MUST_CHECK bool key_of_conversation(struct key *key, struct view conversation);
MUST_CHECK bool key_of_member(struct key *key, struct view conversation, struct view user);
MUST_CHECK bool key_of_membership(struct key *key, struct view user, struct view conversation);
MUST_CHECK bool key_of_event(struct key *key, struct event_key event);
MUST_CHECK bool key_of_message_id(struct key *key, struct view conversation, struct view user,
                                  const struct uuid *id);
MUST_CHECK bool key_of_request(struct key *key, struct view conversation, struct view user,
                               struct view request_id);
MUST_CHECK bool key_of_job(struct key *key, struct view conversation, struct view user,
                           struct view request_id);
MUST_CHECK bool key_of_cursor(struct key *key, struct view conversation, uint32_t origin,
                              struct view user, struct view device);
MUST_CHECK bool key_of_last_message(struct key *key, struct view conversation, uint32_t origin);
MUST_CHECK bool key_of_device(struct key *key, struct view user, struct view device);
MUST_CHECK bool key_of_user(struct key *key, struct view user);
MUST_CHECK bool key_of_pin(struct key *key, struct event_key event);
MUST_CHECK bool key_of_forward(struct key *key, struct event_key source,
                               const struct forward_row *forward);
MUST_CHECK bool key_of_approval(struct key *key, struct event_key event, struct view user);
MUST_CHECK bool key_of_pushed(struct key *key, struct event_key recall, struct view user,
                              struct view device);
MUST_CHECK bool key_of_policy(struct key *key, struct view version);
MUST_CHECK bool key_of_posting(struct key *key, uint8_t dimension, struct view word,
                               uint64_t first);

/* Events with after < seq, and seq < before unless that is 0. */
MUST_CHECK bool key_range_of_events(struct key_range *range, struct view conversation,
                                    uint32_t origin, uint64_t after, uint64_t before);

/* Events of all conversations, from the first, or from behind the one at `after`. */
void key_range_of_all_events(struct key_range *range, const struct event_key *after);

/* Numbers with after < number < before. */
void key_range_of_journal(struct key_range *range, uint64_t after, uint64_t before);
void key_range_of_outbox(struct key_range *range, uint64_t after, uint64_t before);
void key_range_of_dead_letters(struct key_range *range, uint64_t after, uint64_t before);

/* Postings of a word with first < before, unless that is 0. */
MUST_CHECK bool key_range_of_postings(struct key_range *range, uint8_t dimension, struct view word,
                                      uint64_t before);

/* The other ranges hold what comes after `after`, which may be any bytes; empty (NULL): all. */
MUST_CHECK bool key_range_of_message_ids(struct key_range *range, struct view conversation,
                                         struct view user, const struct uuid *after);
MUST_CHECK bool key_range_of_members(struct key_range *range, struct view conversation,
                                     struct view after);
MUST_CHECK bool key_range_of_memberships(struct key_range *range, struct view user,
                                         struct view after);
MUST_CHECK bool key_range_of_cursors(struct key_range *range, struct view conversation,
                                     uint32_t origin, struct view after_user,
                                     struct view after_device);
MUST_CHECK bool key_range_of_devices(struct key_range *range, struct view user, struct view after);
void key_range_of_jobs(struct key_range *range, struct view after_conversation,
                       struct view after_user, struct view after_request_id);

/* All of them. */
MUST_CHECK bool key_range_of_requests(struct key_range *range, struct view conversation,
                                      struct view user);
MUST_CHECK bool key_range_of_pins(struct key_range *range, struct view conversation,
                                  uint32_t origin);
MUST_CHECK bool key_range_of_forwards(struct key_range *range, struct event_key source);
MUST_CHECK bool key_range_of_approvals(struct key_range *range, struct event_key event);

/* Each takes a part from the front of a key, or of what is left of it: false when the key is
 * damaged. Views are of the key. */
MUST_CHECK bool key_take_id(struct view *rest, struct view *id);
MUST_CHECK bool key_take_number(struct view *rest, uint64_t *number);
MUST_CHECK bool key_take_seq(struct view *rest, uint64_t *seq); /* not 0 */
MUST_CHECK bool key_take_uuid(struct view *rest, struct uuid *id);

#endif
