/* The network: connections between devices and workers, each a pipe of frames in either direction.
 * A pipe keeps the order of its frames, unless the profile is hostile; a connection can stall, be
 * cut with everything that is under way, or stay half open: known to be gone at one end only. */
#ifndef UNSAY_SIM_NETWORK_H
#define UNSAY_SIM_NETWORK_H

#include "base/blob.h"
#include "base/limits.h"

struct world;
struct session;

enum { LINK_ASKED_MAX = 16, LINK_PROMISED_MAX = 64 };

struct pipe {
    struct blob **frames; /* owned, each held */
    size_t first;
    size_t end;
    size_t capacity;
    uint64_t last_ms; /* when the latest frame arrives */
};

struct link {
    uint32_t number;
    unsigned device;
    unsigned worker;
    bool is_client_open;
    bool is_server_open;
    bool is_cut;
    bool is_closing;       /* the server closes it when everything is sent */
    unsigned window;       /* frames that the connection takes at once */
    unsigned swallowed;    /* frames that a cut connection took */
    uint64_t heard_ms;     /* by the server */
    uint32_t heartbeat_ms; /* granted */
    uint64_t closing_ms;
    struct world *world;
    struct session *session; /* of the worker; NULL until Hello */
    uint32_t promised_count; /* logs of the user's when it signed in: what it must have when it is
                              * live */
    struct {
        char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
        uint64_t head;
    } promised[LINK_PROMISED_MAX];
    uint32_t asked_count; /* recalls that came on this connection */
    struct {
        uint64_t request;
        uint32_t asked;      /* index */
    } asked[LINK_ASKED_MAX]; /* the latest, in turn */
    struct pipe up;          /* to the server */
    struct pipe down;
};

struct network {
    struct link **links; /* owned, by number; kept to the end */
    uint32_t count;
    uint32_t capacity;
};

void network_fini(struct network *network);

/* A connection of the device to a random worker, under way: STEP_LINK_UP comes. */
struct link *network_connect(struct world *world, unsigned device);

/* Both take a hold of their own. */
void network_send_up(struct world *world, struct link *link, struct blob *frame);
void network_send_down(struct world *world, struct link *link, struct blob *frame);

/* How many frames the connection takes now. */
size_t network_room(const struct link *link);

/* NULL when the pipe is empty; the hold goes to the caller. */
struct blob *pipe_take(struct pipe *pipe);

/* One end closes; the other may learn of it. */
void network_close_client(struct world *world, struct link *link);
void network_close_server(struct world *world, struct link *link);

/* The connection is cut, and what is under way is lost, perhaps in one direction only. */
void network_cut(struct world *world, struct link *link);

#endif
