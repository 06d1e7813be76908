/* A request of the application that waits for its answer. */
#ifndef UNSAY_CLIENT_REQUEST_H
#define UNSAY_CLIENT_REQUEST_H

#include "base/list.h"
#include "core/client.h"
#include "unsay/conversation.h"
#include "unsay/levels.h"
#include "unsay/operator.h"
#include "unsay/reading.h"

enum request_kind {
#define REQUEST(kind, name, frame, field) REQUEST_##kind,
#include "client/request.def"
#undef REQUEST
    REQUEST_OPENED,
    REQUEST_HISTORY,
    REQUEST_OLDER,   /* history that is stored */
    REQUEST_REPEATED /* a recall of an earlier run: nobody waits for the outcome */
};

enum { REQUESTS_MAX = 1024 /* that wait at once; more are refused with UNSAY_FULL */ };

struct request {
    struct list node;
    enum request_kind kind;
    union {
#define REQUEST(kind, name, frame, field) unsay_##name##_fn *name;
#include "client/request.def"
#undef REQUEST
        unsay_opened_fn *opened;
        unsay_history_fn *history;
    } callback;
    void *context;
    struct blob *frame;  /* held */
    uint64_t number;     /* in the database; 0: not stored there */
    uint64_t token;      /* given by the loop */
    uint64_t timeout_ms; /* from when the loop takes it; UINT64_MAX: none */
    uint64_t deadline_ms;
    bool is_submitted; /* to the core that runs now */
};

/* Takes over a hold of `frame`. */
struct request *request_new(enum request_kind kind, struct blob *frame, uint64_t timeout_ms,
                            void *context);

/* NULL is nothing. */
void request_free(struct request *request);

/* Calls the callback, if there is one, with this error and nothing else. */
void request_fail(const struct request *request, struct unsay_error error);

/* Calls the callback with what the effect (a CLIENT_ANSWER) says. */
void request_answer(const struct request *request, const struct client_effect *answer,
                    struct arena *arena);

#endif
