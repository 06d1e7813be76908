/* The window of the outbox: the oldest entries that are neither accepted nor failed.
 *
 *   offered --transmitted--> in flight --Accepted--> accepted (leaves)
 *                             |   ^  \---refused, or no answer for too long--> failed (leaves)
 *                             v   |
 *                            repeated: 1, 2, 4 ... s without an answer; on a new connection at once
 *
 * So many go out at once as the link answers (client_flight.h); of a lane only the oldest that is
 * in flight is repeated, since those after it are stored after it, and answered after it.
 *
 * A lane is the entries of one conversation. The server stores them in order only, since each names
 * its unresolved predecessor (a retry aside: that one may be in the log from before). So when one
 * is refused for now, those after it will be too: the lane pauses there, what the server says about
 * later entries is not heeded, and all of them go out again in order when the pause ends. */
#ifndef UNSAY_CORE_CLIENT_OUTBOX_H
#define UNSAY_CORE_CLIENT_OUTBOX_H

#include "base/limits.h"
#include "base/list.h"
#include "base/table.h"
#include "core/client.h"
#include "core/client_flight.h"
#include "core/refusal.h"

struct client_lane;

struct client_entry {
    struct list window_node;
    struct list lane_node;
    struct client_lane *lane;
    uint64_t number;
    uint32_t slot;
    uint64_t first_request; /* numbers from here on, with this slot, are this entry's */
    uint64_t request;       /* of the latest transmission */
    struct uuid message_id;
    struct uuid after; /* named by the latest transmission; zero: none */
    Unsay__V1__ContentType content_type;
    uint8_t *body; /* owned */
    size_t body_bytes;
    uint8_t *detail; /* owned */
    size_t detail_bytes;
    uint64_t since_ms;    /* offered, or first transmitted */
    uint64_t due_ms;      /* of the next repetition */
    uint32_t attempts;    /* repetitions on this connection */
    refusal_code refusal; /* the latest, if any */
    bool is_begun;        /* was ever transmitted */
    bool is_retry;        /* the log may hold it, so it says nothing of those before it */
    bool is_in_flight;    /* transmitted on this connection, and not to be sent anew */
};

struct client_lane {
    struct list entries;         /* by number */
    struct client_entry *paused; /* this one and those after it wait; NULL: none */
    uint64_t resume_ms;
    bool is_out_of_order; /* it waits for its predecessor only */
    size_t id_bytes;
    char id[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
};

enum client_outbox_load {
    CLIENT_LOAD_NONE,
    CLIENT_LOAD_ASKED, /* offers are new entries, which the load will bring */
    CLIENT_LOAD_TAKEN  /* offers are the answer */
};

struct client_outbox {
    struct client_entry *slots[LIMIT_OUTBOX_WINDOW];
    struct list window; /* by number */
    size_t count;
    uint32_t next_slot; /* where to look for a free one */
    struct table lanes;
    size_t in_flight;
    struct client_flight flight;
    uint64_t answered_ms; /* when the last one was resolved */
    uint64_t last_number;
    bool has_more; /* the database holds entries after last_number */
    enum client_outbox_load load;
    uint64_t tick_ms; /* not later than the earliest repetition, resumption or giving up */
};

void client_outbox_init(struct client_outbox *outbox);
void client_outbox_fini(struct client_outbox *outbox);

/* Asks for entries. */
void client_outbox_start(struct client_core *core);

/* The shell has the effects, CLIENT_LOAD_OUTBOX among them if it was queued. */
void client_outbox_taken(struct client_outbox *outbox);

bool client_outbox_offer(struct client_core *core, const struct client_outgoing *outgoing);
void client_outbox_loaded(struct client_core *core, bool more);

/* The log is another one: what an entry refers to by seq would now be some other message, so such
 * entries fail. */
void client_outbox_forget(struct client_core *core);

/* The database puts entries behind those that it had, without offering them: they are to be loaded.
 */
void client_outbox_filled(struct client_core *core);

/* A new connection: the whole window goes out, in order. */
void client_outbox_resume(struct client_core *core);
void client_outbox_stop(struct client_core *core);

/* An answer with a number of CLIENT_REQUEST_SEND; false when it does not fit the Send. */
bool client_outbox_answer(struct client_core *core, const wire_server_frame *frame);

void client_outbox_tick(struct client_core *core);
uint64_t client_outbox_wake_ms(const struct client_outbox *outbox);
size_t client_outbox_in_flight(const struct client_outbox *outbox);

#endif
