/* The values of the embedded store: the other half of the disk format (keys.h has the keys).
 *
 *   row           value
 *   approval      v and its bytes
 *   conversation  v type name creator peer peer creation-id time members owners, and unless all of
 *                 it is empty: description flags join history history-last invited
 *   cursor        v trail trail handed-last, and unless that is 0: handed-first handed-time;
 *                 receipt-seq, and unless that is 0: receipt-time receipt; shared, unless it is 0
 *   dead letter   v and the encoded DeadLetter
 *   device        v since count, and for each key: since key
 *   event         v and the encoded Event
 *   event, taken  2 name(Event) name(dossier) evidence
 *     back
 *   forward       v
 *   job           v and its bytes
 *   journal       v, and for each entry: name(AuditEntry)
 *   last message  v seq time
 *   last settled  v number
 *   member        v role pending-recalls joined-seq left-seq, and unless all of it is empty:
 *                 joined-time listing-version, and unless that is 0: muted-until pinned hiding
 *                 hidden-seq; and unless all of that is empty: muted-until flags count, and for
 *                 each hidden span: first last
 *   message id    v origin seq, and while a recall waits: pending pending-device,
 *                 and unless it had no mandate, or was granted: pending-authority,
 *                 and where it was granted: 1
 *   outbox        v, and for each entry: name(OutboxEntry)
 *   pin           v user pin-seq
 *   policy        v and the file
 *   posting       v and its bytes
 *   pushed        v
 *   request       v and the encoded RecallResult
 *   store's id    v and 16 bytes
 *   store's       v, and for each id that it had: 16 bytes, lost-from-ms in 8, big-endian
 *     pasts
 *   user          v and 1, or nothing: hides-displayed
 *
 * v is one byte, the version of the row: 1. Numbers are varints (LEB128, as in Protobuf), a name is
 * a varint length and its bytes, the creation id 16 bytes, time 8 bytes big-endian, a receipt 64
 * bytes, a device's key 32. A trail is the number of its marks and for each seq and time, as the
 * difference from the mark before. Evidence is empty, or until-ms and a name: the body as
 * evidence.h encrypts it.
 *
 * Encoded values live in the arena. Decoding answers STATUS_CORRUPT for anything that encoding
 * cannot have written, and lends its views from `value`. */
#ifndef UNSAY_STORAGE_ROWS_H
#define UNSAY_STORAGE_ROWS_H

#include "base/arena.h"
#include "base/status.h"
#include "core/rows.h"

enum { ROW_VERSION = 1, ROW_VERSION_TAKEN_BACK = 2 };

/* Flags of a conversation's settings, and of a member. */
enum { SETTINGS_READ_ONLY_FLAG = 1, SETTINGS_DISSOLVED_FLAG = 2 };
enum { MEMBER_BARRED_FLAG = 1, MEMBER_MERGED_FLAG = 2 };

/* A message that was taken back, or any other event, which has no dossier and no evidence. */
struct event_row {
    struct view bytes;
    struct view dossier;
    struct view evidence; /* encrypted; empty: none */
    uint64_t evidence_until_ms;
};

struct view row_encode_conversation(struct arena *arena, const struct conversation_row *row);
struct view row_encode_member(struct arena *arena, const struct member_row *row);
struct view row_encode_event(struct arena *arena, const struct event_row *row);
struct view row_encode_message_id(struct arena *arena, const struct message_id_row *row);
struct view row_encode_cursor(struct arena *arena, const struct cursor_row *row);
struct view row_encode_device(struct arena *arena, const struct device_row *row);
struct view row_encode_last_message(struct arena *arena, const struct last_message_row *row);
struct view row_encode_user(struct arena *arena, const struct user_row *row);
struct view row_encode_pin(struct arena *arena, const struct pin_row *row);
struct view row_encode_entries(struct arena *arena, const struct view *entries, size_t count);
struct view row_encode_number(struct arena *arena, uint64_t number);
struct view row_encode_bytes(struct arena *arena, struct view bytes);

MUST_CHECK enum status row_decode_conversation(struct view value, struct conversation_row *row);
MUST_CHECK enum status row_decode_member(struct view value, struct member_row *row);
MUST_CHECK enum status row_decode_event(struct view value, struct event_row *row);
MUST_CHECK enum status row_decode_message_id(struct view value, struct message_id_row *row);
MUST_CHECK enum status row_decode_cursor(struct view value, struct cursor_row *row);
MUST_CHECK enum status row_decode_device(struct view value, struct device_row *row);
MUST_CHECK enum status row_decode_last_message(struct view value, struct last_message_row *row);
MUST_CHECK enum status row_decode_user(struct view value, struct user_row *row);
MUST_CHECK enum status row_decode_pin(struct view value, struct pin_row *row);
/* The array of views lives in the arena. */
MUST_CHECK enum status row_decode_entries(struct view value, struct arena *arena,
                                          struct view **entries, size_t *count);
MUST_CHECK enum status row_decode_number(struct view value, uint64_t *number);
MUST_CHECK enum status row_decode_bytes(struct view value, struct view *bytes);

#endif
