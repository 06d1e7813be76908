/* The values of the embedded store: the other half of the disk format (keys.h has the keys).
 *
 *   row           value
 *   conversation  v type name creator peer peer creation-id time
 *   member        v role pending-recalls
 *   event         v and the encoded Event
 *   message id    v origin seq, and while a recall waits: pending pending-device
 *   request       v and the encoded RecallResult
 *   cursor        v stored displayed
 *   store's id    v and 16 bytes
 *
 * v is one byte, the version of the row: 1. Numbers are varints (LEB128, as in Protobuf), a name is
 * a varint length and its bytes, the creation id 16 bytes, time 8 bytes big-endian.
 *
 * Encoded values live in the arena. Decoding answers STATUS_CORRUPT for anything that encoding
 * cannot have written, and lends its views from `value`. */
#ifndef UNSAY_STORAGE_ROWS_H
#define UNSAY_STORAGE_ROWS_H

#include "base/arena.h"
#include "base/status.h"
#include "core/rows.h"

enum { ROW_VERSION = 1 };

struct view row_encode_conversation(struct arena *arena, const struct conversation_row *row);
struct view row_encode_member(struct arena *arena, const struct member_row *row);
struct view row_encode_message_id(struct arena *arena, const struct message_id_row *row);
struct view row_encode_cursor(struct arena *arena, const struct cursor_row *row);
struct view row_encode_bytes(struct arena *arena, struct view bytes);

MUST_CHECK enum status row_decode_conversation(struct view value, struct conversation_row *row);
MUST_CHECK enum status row_decode_member(struct view value, struct member_row *row);
MUST_CHECK enum status row_decode_message_id(struct view value, struct message_id_row *row);
MUST_CHECK enum status row_decode_cursor(struct view value, struct cursor_row *row);
MUST_CHECK enum status row_decode_bytes(struct view value, struct view *bytes);

#endif
