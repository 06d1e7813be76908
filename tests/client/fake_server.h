/* A server of one conversation, "g:1", in one thread with blocking sockets, TCP and WebSocket:
 * enough of the protocol for a client to live on, and with the faults that a test asks for. */
#ifndef UNSAY_TESTS_CLIENT_FAKE_SERVER_H
#define UNSAY_TESTS_CLIENT_FAKE_SERVER_H

#include "base/arena.h"
#include "base/blob.h"
#include "base/uuid.h"
#include "core/contract.h"

#include <pthread.h>
#include <stdbool.h>

struct transport;

enum { FAKE_EVENTS_MAX = 4096, FAKE_TEXT_BYTES = 16, FAKE_PLACES_MAX = 8 };

/* What a request is met with. */
enum fake_manner { FAKE_ANSWERS, FAKE_IGNORES, FAKE_REFUSES };

struct fake_event {
    bool is_recall;
    bool is_recalled;
    uint64_t target_seq;
    uint8_t message_id[16];
    bool is_own; /* of alice, the client */
    char body[FAKE_TEXT_BYTES];
    uint64_t quote_seq;
    char mention[FAKE_TEXT_BYTES];
    struct blob *raw; /* another event; NULL: none */
};

/* How far a member has come. */
struct fake_place {
    char user[FAKE_TEXT_BYTES];
    uint64_t stored;
    uint64_t displayed;
    uint64_t joined;
};

struct fake_server {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    int listener;
    int connection; /* -1: none */
    struct transport *transport;
    int port;
    bool is_stopping;
    enum fake_manner sends;
    enum fake_manner others; /* recalls, reads of the application, conversations */
    bool refuses_token;
    uint8_t store;                             /* the last byte of Welcome.store; 0: none */
    bool loses_answers;                        /* sends are stored and pushed, but not answered */
    struct fake_event events[FAKE_EVENTS_MAX]; /* seq 1 is the first */
    size_t event_count;
    uint64_t begin;        /* Head.begin for a cursor before it */
    uint64_t hidden_first; /* pages of the newest leave out these; 0: none */
    uint64_t hidden_last;
    uint64_t
        recall_amidst; /* taken back while the next page of the newest is on its way; 0: none */
    size_t connections;
    size_t sends_seen;
    struct uuid last_after; /* Send.after of the last send; zero: empty */
    size_t recalls_seen;
    size_t goodbyes_seen;
    char last_request_id[65];
    uint32_t follow;                           /* as Hello says */
    uint8_t key[32];                           /* likewise */
    size_t receipts;                           /* that came, each verified */
    uint64_t receipt_at;                       /* the cursor of the last one */
    wire_listing listing;                      /* version 0: nothing is set */
    struct fake_place places[FAKE_PLACES_MAX]; /* of the members, for those who ask */
    size_t place_count;
    bool is_large;         /* others are not told of */
    bool hides_displayed;  /* the client's user does */
    size_t progress_asked; /* ListProgress that came */
    size_t requests;       /* the application's that came, of the kinds without a counter here */
    struct blob *last;     /* the last of them; or of the sends */
    uint64_t acked;        /* the highest cursor that was acknowledged */
    uint64_t displayed;
};

void fake_server_start(struct fake_server *server);
void fake_server_stop(struct fake_server *server);

/* The server's data was deleted, and the server begins anew as this store. */
void fake_server_begin_anew(struct fake_server *server, uint8_t store);

/* Cuts the connection. */
void fake_server_drop(struct fake_server *server);

void fake_server_set(struct fake_server *server, enum fake_manner sends, enum fake_manner others);

/* Appends a message of somebody else and pushes it; its seq. */
uint64_t fake_server_say(struct fake_server *server, const char *body);

/* Appends a message of the client's own with this id, as accepted long ago, and pushes it. */
void fake_server_say_as(struct fake_server *server, const uint8_t id[16], const char *body);

/* Appends a message of somebody else that answers `quote_seq` (0: none) and mentions somebody ("":
 * nobody). */
void fake_server_say_to(struct fake_server *server, const char *body, uint64_t quote_seq,
                        const char *mention);

/* Appends another kind of event. */
void fake_server_append(struct fake_server *server, const wire_event *event);

/* Tells the client of an invitation to "g:2", or of its end. */
void fake_server_invite(struct fake_server *server, Unsay__V1__Role role);

/* Another device of the user has set something for g:1. */
void fake_server_set_listing(struct fake_server *server, uint64_t version, uint64_t pinned_ms,
                             Unsay__V1__Hiding hiding);

/* server->last, in the arena. */
const wire_client_frame *fake_server_last(struct fake_server *server, struct arena *arena);

/* Appends its recall and sends the notice. */
void fake_server_recall(struct fake_server *server, uint64_t seq);

/* Both with nothing in between. */
void fake_server_say_and_recall(struct fake_server *server, const char *body);

/* Appends many messages and pushes them. */
void fake_server_say_many(struct fake_server *server, size_t count);

/* A member of the conversation is there from now on; nobody is told. */
void fake_server_join(struct fake_server *server, const char *user, uint64_t joined);

/* Everyone is told where everyone is, or that it is large. */
void fake_server_tell_whole(struct fake_server *server);

/* A member has come farther, and that is told. */
void fake_server_move(struct fake_server *server, const char *user, uint64_t stored,
                      uint64_t displayed);

/* Waits until *counter is at least `value`; fails the test after 10 seconds. */
void fake_server_wait(struct fake_server *server, const size_t *counter, size_t value);
void fake_server_wait_seq(struct fake_server *server, const uint64_t *seq, uint64_t value);

#endif
