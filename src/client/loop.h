/* The client's thread: a loop that feeds the core (core/client.h) with what the network, the clock
 * and the application bring, and performs what the core answers. Everything that one turn of the
 * loop brought is stored in one transaction, before any of it is shown or acknowledged. */
#ifndef UNSAY_CLIENT_LOOP_H
#define UNSAY_CLIENT_LOOP_H

#include "client/client.h"
#include "client/request.h"

/* `client` outlives the loop, and its database is open. */
struct loop *loop_new(struct unsay *client);

/* Starts the thread; the second call does nothing. */
void loop_start(struct loop *loop);

/* Stops the thread and waits for it; requests that wait are answered STOPPED. */
void loop_free(struct loop *loop);

/* The calling thread is inside a callback of this loop's client, or its thread. */
bool loop_is_here(const struct loop *loop);

/* Monotonic. */
uint64_t loop_now_ms(void);

/* From any thread. */

/* There is something new in the outbox. */
void loop_outbox_grew(struct loop *loop);

/* There are files to remove. */
void loop_remove_soon(struct loop *loop);

void loop_network_changed(struct loop *loop);

/* Copied. */
void loop_set_token(struct loop *loop, const char *token);

/* The application brought a token of somebody else: it is told so through on_connection. */
void loop_refuse_token(struct loop *loop);

/* The user saw everything up to seq, which the database knows already. False: the loop does not
 * keep up (4096 wait). */
bool loop_displayed(struct loop *loop, struct view conversation, uint64_t seq);

/* The application shows the conversation, or no longer. False: as above. */
bool loop_set_open(struct loop *loop, struct view conversation, bool is_open);

/* Takes room for one more request: OK, FULL (REQUESTS_MAX wait) or STOPPED. Then loop_request takes
 * over the request, or loop_unreserve gives the room back. */
enum unsay_result loop_reserve(struct loop *loop);
void loop_unreserve(struct loop *loop);
void loop_request(struct loop *loop, struct request *request);

#endif
