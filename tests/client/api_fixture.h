/* A client of the library, its directory, the server that it talks to, and what it told. */
#ifndef UNSAY_TESTS_CLIENT_API_FIXTURE_H
#define UNSAY_TESTS_CLIENT_API_FIXTURE_H

#include "fake_server.h"
#include "scratch.h"
#include "trace.h"

struct fixture {
    struct scratch scratch;
    struct fake_server server;
    struct trace trace;
    struct unsay *client;
    char *token;
    char address[64];
    enum unsay_follow follow; /* of the clients that are opened from now on */
    uint32_t edit_ms;
    void (*on_conversation)(void *, const struct unsay_conversation *); /* likewise */
    const uint8_t *key;                                                 /* NULL: not encrypted */
    const char *attachments;
    uint64_t size_limit_bytes;
    uint32_t first_sync;
    void (*on_events)(void *, const struct unsay_event *, size_t);
};

/* cmocka's setup and teardown: a client of alice that is not started. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The caller frees. */
char *token_for(const char *user);

/* Another client in the same directory, after fixture_close. */
void fixture_open(struct fixture *fixture);
void fixture_open_with(struct fixture *fixture, const char *scheme,
                       void (*on_event)(void *, const struct unsay_event *));
void fixture_close(struct fixture *fixture);

/* Until it is online. */
void fixture_start(struct fixture *fixture);

void fixture_send(struct fixture *fixture, const char *body, uint8_t id[16]);
enum unsay_result fixture_recall(struct fixture *fixture, uint64_t seq, uint32_t timeout_ms);

/* No file of the directory holds it any more; fails after 10 seconds. */
void fixture_wait_until_erased(struct fixture *fixture, const char *body);

#endif
