/* Requests of the application, kept encoded so that they survive reconnects, until the answer comes
 * or their time is over. A read gathers its events until PageEnd. */
#ifndef UNSAY_CORE_CLIENT_REQUESTS_H
#define UNSAY_CORE_CLIENT_REQUESTS_H

#include "base/buffer.h"
#include "base/limits.h"
#include "base/list.h"
#include "core/client.h"

enum { CLIENT_REQUESTS_MAX = 1024 }; /* as many as there are slots */

struct client_request {
    struct list node; /* in the order of asking */
    uint64_t number;
    uint64_t token;
    uint64_t deadline_ms;
    Unsay__V1__ServerFrame__BodyCase answer_case; /* what the answer must be, unless an Error */
    struct blob *frame;                           /* owned */
    /* Reads only. */
    bool is_read;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint32_t limit;
    uint32_t event_count;
    uint64_t last;        /* seq of the last one: they ascend, and each counts once */
    struct buffer events; /* size and encoding of each */
    bool is_fetch;        /* what is read is stored */
    uint32_t recall_count;
    struct buffer
        recalls; /* as `events`: recalls in this conversation that came since it was asked */
};

struct client_requests {
    struct client_request *slots[CLIENT_REQUESTS_MAX];
    struct list list;
    size_t count;
    size_t read_count;
    uint32_t next_slot;   /* where to look for a free one */
    uint64_t deadline_ms; /* not later than the earliest */
};

void client_requests_init(struct client_requests *requests);
void client_requests_fini(struct client_requests *requests);

bool client_requests_add(struct client_core *core, uint64_t token, const wire_client_frame *frame,
                         uint32_t timeout_ms, bool is_fetch);

/* A recall takes effect: it also does in the answers of reads that are under way, which may hold
 * the body already. */
void client_requests_recalled(struct client_core *core, const wire_event *recall,
                              struct view bytes);

/* A new connection: all are sent again. */
void client_requests_resume(struct client_core *core);

/* The log is another one: what names a message by its seq alone would now be about some other one,
 * and is answered UNKNOWN_MESSAGE. */
void client_requests_forget(struct client_core *core);

/* What was gathered of answers is of no use. */
void client_requests_stop(struct client_core *core);

/* An answer with a number of CLIENT_REQUEST_APPLICATION; false when it does not fit the request. */
bool client_requests_answer(struct client_core *core, const wire_server_frame *frame);

void client_requests_tick(struct client_core *core);
uint64_t client_requests_wake_ms(const struct client_requests *requests);

#endif
