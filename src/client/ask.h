/* From a frame to a request under way; on the calling thread. */
#ifndef UNSAY_CLIENT_ASK_H
#define UNSAY_CLIENT_ASK_H

#include "client/client.h"
#include "client/request.h"

enum { ASK_TIMEOUT_MS = 30000 };

/* Encodes `frame`; the caller sets the callback. */
struct request *ask_new(enum request_kind kind, const wire_client_frame *frame, uint64_t timeout_ms,
                        void *context);

/* Sends it, and takes over the request. `is_stored`: it survives the process. */
enum unsay_result ask(struct unsay *client, struct request *request, bool is_stored);

/* Rules that arguments of several requests share; NULL is an empty text. */
bool ask_is_reason(const char *reason);
bool ask_is_request_id(const char *request_id); /* not NULL */
bool ask_are_members(const struct unsay_member *members, size_t count, size_t count_max);

/* Members as the contract has them, in the arena. */
wire_member **ask_members(const struct unsay_member *members, size_t count, struct arena *arena);

#endif
