/* A client, as the files of libunsay see it. */
#ifndef UNSAY_CLIENT_CLIENT_H
#define UNSAY_CLIENT_CLIENT_H

#include "access/address.h"
#include "access/identity.h"
#include "access/transport.h"
#include "client/database.h"

struct loop;

struct unsay {
    struct unsay_callbacks callbacks;
    void *context;
    struct identity identity;
    struct address address;
    struct transport_tls *tls; /* NULL for tcp and ws */
    char *token;               /* what the first connection says; then the loop's */
    char *name;
    uint32_t ack_delay_ms;
    struct database *database;
    struct loop *loop;
    struct uuid last_id; /* of an outgoing message; under the database's transaction */
};

#endif
