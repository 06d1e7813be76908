/* Shared by the files of the fake server; its lock is held. */
#ifndef UNSAY_TESTS_CLIENT_FAKE_SERVER_INTERNAL_H
#define UNSAY_TESTS_CLIENT_FAKE_SERVER_INTERNAL_H

#include "core/frame.h"
#include "fake_server.h"

/* Takes over the blob. */
void put_blob(struct fake_server *server, struct blob *blob);

void put_frame(struct fake_server *server, uint64_t request, wire_server_frame *frame);

void put_error(struct fake_server *server, uint64_t request, Unsay__V1__ErrorCode code);

/* The event at `seq` as it is now, in the arena. */
wire_event *event_at(struct fake_server *server, struct arena *arena, uint64_t seq);

void put_event(struct fake_server *server, enum frame_event_kind kind, uint64_t request,
               uint64_t seq);

/* The next event of the log, to be filled in. */
struct fake_event *add_event(struct fake_server *server);

/* The seq of the message; 0: there is none. */
uint64_t find_message(const struct fake_server *server, ProtobufCBinaryData id);

/* Appends the recall of `seq`, by the client's user or by somebody else, and tells it. */
void recall_message(struct fake_server *server, uint64_t seq, bool is_own);

/* server->listing, as an answer or as news. */
void put_listing(struct fake_server *server, uint64_t request);

/* Members, pins, and what operators ask for. */
void answer_other(struct fake_server *server, const wire_client_frame *frame);

/* ListProgress, ReadReceipts, ChangePrivacy; false: it is none of them. */
bool answer_levels(struct fake_server *server, const wire_client_frame *frame);

/* Answers what the client asks, as the server's manners are. */
void answer(struct fake_server *server, const wire_client_frame *frame);

#endif
