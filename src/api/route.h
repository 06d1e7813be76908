/* The HTTP API's routes: see route.def. */
#ifndef UNSAY_API_ROUTE_H
#define UNSAY_API_ROUTE_H

#include "access/api_key.h"
#include "core/contract.h"

struct api_call;

enum api_acting { API_SYSTEM, API_CHOICE, API_USER, API_COMPLIANCE };
enum api_body { API_BODY_NONE, API_BODY_QUERY, API_BODY_MESSAGE, API_BODY_OWN };

struct route {
    const char *method;
    const char *path;
    enum scope scope;
    enum api_acting acting;
    const char *actor;
    enum api_body body;
    unsigned frame;                         /* CLIENT_FRAME */
    bool (*prepare)(struct api_call *call); /* false: the call has a problem */
};

enum { ROUTE_PARAMETERS_MAX = 2, ROUTE_PARAMETER_BYTES_MAX = 128 };

struct route_parameter {
    char name[32];
    char value[ROUTE_PARAMETER_BYTES_MAX + 1];
};

struct route_match {
    const struct route *route; /* NULL: none */
    struct route_parameter parameters[ROUTE_PARAMETERS_MAX];
    unsigned count;
    char allowed[64]; /* methods of the path, where only the method has no route */
};

void route_find(const char *method, const char *path, struct route_match *match);

#endif
