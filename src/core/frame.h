/* Frames: what a connection carries. In memory a frame is always the TCP form, a length of 4 bytes
 * (big-endian) and the encoded ClientFrame or ServerFrame; a transport that needs no length skips
 * it.
 *
 *   +----+----+----+----+------------------+
 *   |   size of payload |     payload      |    payload: at most LIMIT_FRAME_BYTES_MAX bytes
 *   +----+----+----+----+------------------+
 */
#ifndef UNSAY_CORE_FRAME_H
#define UNSAY_CORE_FRAME_H

#include "base/arena.h"
#include "base/blob.h"
#include "base/status.h"
#include "core/contract.h"

enum { FRAME_HEADER_BYTES = 4 };

/* The payload's size from the first FRAME_HEADER_BYTES bytes. */
uint32_t frame_payload_bytes(const uint8_t header[FRAME_HEADER_BYTES]);

/* The payload of a whole frame. */
static inline struct view frame_payload(struct view frame)
{
    return view_make(frame.data + FRAME_HEADER_BYTES, frame.size - FRAME_HEADER_BYTES);
}

/* A whole frame; the caller holds it. */
struct blob *frame_from_client(const wire_client_frame *frame);
struct blob *frame_from_server(const wire_server_frame *frame);

/* Decodes a payload into the arena; NULL when it is malformed. The body may be of a kind that this
 * version does not know (body_case NOT_SET). Unknown fields are dropped, at every depth. */
wire_client_frame *frame_decode_client(struct view payload, struct arena *arena);
wire_server_frame *frame_decode_server(struct view payload, struct arena *arena);

/* An encoded Event alone, as the store keeps it. */
struct view event_encode(const wire_event *event, struct arena *arena);
wire_event *event_decode(struct view bytes, struct arena *arena); /* NULL when malformed */

/* What stands at the beginning of an encoded Event, without decoding it. */
struct event_peek {
    uint64_t time; /* 0 when malformed */
    unsigned kind; /* EVENT_KIND; 0: none that this version knows */
};
struct event_peek event_peek(struct view bytes);

/* The encoded server frame carries an event, and not an answer or a notice. */
bool frame_is_event(struct view payload);

enum frame_event_kind { FRAME_EVENT, FRAME_NOTICE };

/* A server frame around an event that is encoded already: one copy of the bytes, no second
 * encoding. `request` 0 makes a push. The event's bytes are the last `event.size` bytes of the
 * frame. */
struct blob *frame_around_event(enum frame_event_kind kind, uint64_t request, struct view event);

/* The same from an event that is not encoded yet, as a push; *bytes is its encoding inside the
 * blob. */
struct blob *frame_from_event(enum frame_event_kind kind, const wire_event *event,
                              struct view *bytes);

/* Decoded messages made of an arena: protobuf-c's allocator. */
void arena_allocator(struct arena *arena, ProtobufCAllocator *allocator);

#endif
