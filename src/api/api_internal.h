/* Shared by the files of the API. */
#ifndef UNSAY_API_API_INTERNAL_H
#define UNSAY_API_API_INTERNAL_H

#include "api/api.h"
#include "api/call.h"
#include "api/rate.h"
#include "api/repeats.h"

#include <pthread.h>

struct api {
    struct api_port port;
    struct api_keys keys;
    bool keys_fail; /* the file as it is now cannot be used */
    struct rates rates;
    struct repeats repeats;
    pthread_mutex_t mutex; /* guards the two below */
    struct list waiting;   /* calls that a worker has */
    bool is_draining;
};

/* Whose key it is; NULL: call->problem says why not. */
const struct api_key *api_authenticate(struct api_call *call);

/* Whether the key may do this, and may ask now; else call->problem says why not. */
bool api_admit(struct api_call *call, const struct api_key *key, enum scope scope);

/* From the request to the frame; false: call->problem says why not. */
bool api_read_request(struct api_call *call);

/* The frame, encoded; the caller holds it. *conversation is lent by the call. */
struct blob *api_make_frame(struct api_call *call, struct view *conversation);

/* Answers the exchange: with the problem, or with what the worker said. */
void api_reply_problem(struct api_call *call);
void api_reply_frames(struct api_call *call);

#endif
