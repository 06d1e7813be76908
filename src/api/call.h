/* One request of the API: what was asked, what of a worker, and what became of it. */
#ifndef UNSAY_API_CALL_H
#define UNSAY_API_CALL_H

#include "access/http.h"
#include "api/json_read.h"
#include "api/problem.h"
#include "api/route.h"
#include "base/blob.h"
#include "base/list.h"

struct api;

enum { API_REQUEST_ID_BYTES = 64, API_IDENTITY_BYTES = 32 };

struct api_call {
    struct api *api;
    struct http_exchange *exchange;
    struct route_match match;
    struct arena arena;
    struct problem problem;
    struct list waiting;  /* api.waiting while a worker has it */
    struct blob **frames; /* what the worker has answered; owned, with its holds */
    size_t frame_count;
    size_t frame_capacity;
    json_t *body;              /* an object, or NULL */
    ProtobufCMessage *message; /* in the arena: what the worker is asked */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    Unsay__V1__Actor authority;
    char key[API_KEY_ID_BYTES + 1];
    uint8_t identity[API_IDENTITY_BYTES]; /* of the request: the same when it is repeated with its
                                             Idempotency-Key, else random */
    char request_id[API_REQUEST_ID_BYTES + 1];
};

/* A parameter of the path; NULL when it has none of the name. */
const char *api_parameter(const struct api_call *call, const char *name);

#endif
