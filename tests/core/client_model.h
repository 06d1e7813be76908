/* A small model of the server, and a shell around the client whose database is in memory: what the
 * client does is tried against both. Each asserts the client's promises as it goes: what is
 * acknowledged was stored, what is shown was stored, each event once and in order, and where there
 * is a receipt, no body is left that was taken back. */
#ifndef UNSAY_TESTS_CORE_CLIENT_MODEL_H
#define UNSAY_TESTS_CORE_CLIENT_MODEL_H

#include "base/prng.h"
#include "core/client.h"

enum { CONVERSATIONS = 3, LOG_MAX = 4096, OUTGOING_MAX = 2048, WIRE_MAX = 16384 };

struct log_entry {
    unsigned message;       /* of ours: its number; 0: of somebody else */
    uint64_t recall_target; /* a recall: the seq it takes back */
    bool is_recalled;
};

struct model_log {
    struct log_entry entries[LOG_MAX]; /* by seq; 0 is unused */
    uint64_t head;
    uint64_t stored; /* as the client acknowledged */
    /* the client's database */
    uint64_t database_stored;
    uint64_t shown;
    bool is_body_stored[LOG_MAX];
    unsigned applied[LOG_MAX]; /* by the recall's seq, since the last restart */
};

enum outgoing_state { OUTGOING_UNKNOWN, OUTGOING_SENDING, OUTGOING_ACCEPTED, OUTGOING_FAILED };

struct world {
    struct prng prng;
    uint64_t now_ms;
    uint64_t wake_ms;
    Unsay__V1__Follow follow;
    size_t receipt_count;
    struct client_core *core;
    struct arena arena;
    bool is_connected;
    bool is_quiet; /* the server neither loses nor refuses any more */
    struct model_log logs[CONVERSATIONS];
    enum outgoing_state outgoing[OUTGOING_MAX];
    bool is_in_log[OUTGOING_MAX];
    uint64_t outgoing_count;     /* numbers 1... */
    struct blob *wire[WIRE_MAX]; /* to the client, in order */
    size_t wire_first;
    size_t wire_end;
    size_t stored_count;
};

extern const char *const conversation_names[CONVERSATIONS];

bool chance(struct world *world, unsigned percent);
size_t log_index(const char *name);

/* The last recall up to `seq`; 0: there is none. */
uint64_t log_last_recall(const struct model_log *log, uint64_t seq);

/* ---- The server ---- */

/* Appends, and pushes it, mostly. */
void server_append(struct world *world, size_t index, struct log_entry entry);

/* Takes a message back; the notice may overtake what is on the wire, bodies included. */
void server_recall(struct world *world, size_t index);

/* Tells the client that it missed pushes. */
void server_behind(struct world *world);

/* A frame of the client; what is answered goes on the wire. */
void server_receive(struct world *world, const wire_client_frame *frame);

/* What is on its way to the client is lost. */
void wire_clear(struct world *world);

/* ---- The shell ---- */

/* What the client wants done. */
void shell_perform(struct world *world);

/* Hands the client a message to send; false when it takes no more now. */
bool shell_offer(struct world *world, uint64_t number);

/* Cuts the connection; what was on the wire is lost. */
void shell_disconnect(struct world *world);

/* The process starts anew from the database. */
void shell_restart(struct world *world);

#endif
