/* A database of alice's phone in a directory of its own. */
#ifndef UNSAY_TESTS_CLIENT_DATABASE_FIXTURE_H
#define UNSAY_TESTS_CLIENT_DATABASE_FIXTURE_H

#include "base/limits.h"
#include "client/database.h"
#include "events.h"
#include "scratch.h"

struct fixture {
    struct scratch scratch;
    struct arena arena;
    struct database *database;
    const uint8_t *key; /* NULL: not encrypted */
    uint64_t size_limit_bytes;
};

/* cmocka's setup and teardown: open. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_open(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);

/* Each in a transaction of its own. */
void fixture_put(struct fixture *fixture, const wire_event *event);
bool fixture_recall(struct fixture *fixture, const wire_event *event);

/* Something was to be scrubbed. */
void fixture_scrub(struct fixture *fixture);

struct unsay_event fixture_get(struct fixture *fixture, const char *conversation, uint64_t seq);

/* Messages of the outbox have small numbers, of which their ids are made. */
struct uuid fixture_id(uint8_t number);
void fixture_send(struct fixture *fixture, uint8_t number, const char *body);
void fixture_finish(struct fixture *fixture, uint8_t number, bool is_accepted);
bool fixture_resend(struct fixture *fixture, uint8_t number);

/* Inside a transaction: a message of g:1 with this id. */
void fixture_add(struct fixture *fixture, struct uuid id, const char *body);

/* The outbox as a text of the bodies' first letters. */
void fixture_assert_outbox(struct fixture *fixture, const char *expected);

/* A text with a beginning and an end that can be looked for ("canary-00012-", "-end-00012"). */
void canary_write(char text[4096], unsigned number);

/* For database_requests: writes "NUMBER:FRAME " to a text of 64 bytes. */
void gather_requests(void *context, uint64_t number, struct view frame);

/* On the file, while the database is closed. */
void fixture_execute(struct fixture *fixture, const char *sql);

/* Where in the file the root page of a table is; as above. */
long fixture_root_offset(struct fixture *fixture, const char *table);

#endif
