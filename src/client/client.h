/* A client, as the files of libunsay see it. */
#ifndef UNSAY_CLIENT_CLIENT_H
#define UNSAY_CLIENT_CLIENT_H

#include "access/address.h"
#include "access/identity.h"
#include "access/transport.h"
#include "client/database.h"
#include "client/edits.h"
#include "core/client.h"

struct loop;

struct unsay {
    struct unsay_callbacks callbacks;
    void *context;
    struct identity identity;
    struct address address;
    struct transport_tls *tls; /* NULL for tcp and ws */
    char *token;               /* what the first connection says; then the loop's */
    char *name;
    struct client_config
        config; /* what the options say; token, name, key and seed are the loop's */
    struct edits edits;
    struct database *database;
    struct loop *loop;
    bool has_attachments; /* there is a directory for them */
    struct uuid last_id;  /* of an outgoing message; under the database's transaction */
};

/* Stops it and frees everything but what the caller takes over: the database, not closed. */
struct database *client_dismantle(struct unsay *client);

/* The system's clock, Unix milliseconds. */
uint64_t client_wall_ms(void);

/* A UUIDv7 of now. */
struct uuid client_fresh_id(void);

#endif
