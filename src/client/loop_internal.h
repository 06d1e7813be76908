/* Shared by the files of the loop. */
#ifndef UNSAY_CLIENT_LOOP_INTERNAL_H
#define UNSAY_CLIENT_LOOP_INTERNAL_H

#include "client/link.h"
#include "client/loop.h"

/* A message whose body was erased by the transaction before. */
struct recalled {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    bool is_new; /* stored by the same transaction: never shown with its body */
    struct recalled *next;
};

/* A message of this device that is in the log after all: the transaction before found it there. */
struct settled {
    struct uuid message_id;
    struct database_place place;
    bool is_new; /* the event came just now, after the message had failed */
    struct settled *next;
};

/* The body of a message that is taken back from this device; overwritten when it was kept. */
struct regretted {
    struct view conversation;
    struct uuid message_id;
    struct view body;
    struct regretted *next;
};

/* A conversation that the transaction before changed, or may have changed. */
struct changed {
    struct view conversation;
    struct changed *next;
};

/* What a progress changed; by the transaction before. */
struct moved {
    const wire_progress *progress;
    struct database_moved moved;
    struct moved *next;
};

/* What the transaction before deleted to make room. */
struct evicted {
    struct database_evicted range;
    struct evicted *next;
};

struct loop {
    struct unsay *client;

    /* What other threads may touch. */
    uv_mutex_t lock;
    uv_async_t async;
    struct list inbox;     /* requests */
    struct list displayed; /* struct displayed */
    size_t displayed_count;
    size_t request_count; /* reserved, in the inbox or waiting */
    char *new_token;      /* NULL: none */
    bool has_foreign_token;
    bool has_network_changed;
    bool has_outbox_grown;
    bool is_stopping;
    bool is_started;

    /* The loop's own. */
    uv_thread_t thread;
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_timer_t wake; /* CLIENT_WAKE_AT */
    uint64_t wake_ms;
    uv_timer_t reload; /* after a failed transaction */
    uv_timer_t scrub;
    uv_timer_t files; /* to remove again what could not be removed */
    uint64_t files_pause_ms;
    uv_timer_t evict;                /* the database may still be too large */
    uv_timer_t edits;                /* to overwrite what may no longer be edited */
    uint8_t key[DATABASE_KEY_BYTES]; /* the device's */
    struct client_core *core;        /* NULL while the database does not work */
    struct link *link;
    bool is_link_down; /* to be told to the core */
    char link_reason[512];
    struct list requests; /* waiting for their answers */
    uint64_t last_token;
    uint64_t offered;     /* the highest number of the outbox that the core was offered */
    bool is_outbox_ahead; /* the core knows that the database has more, and will ask */
    enum unsay_connection shown;
    struct arena arena; /* one round of effects */
    struct recalled *recalled;
    struct settled *settled;
    struct regretted *regretted;
    struct changed *changed;
    struct changed **changed_end;
    struct moved *moved;
    struct evicted *evicted;
};

/* Offers the core what is new in the outbox, if it knows the rest. */
void loop_offer_new(struct loop *loop);

/* No core until the database works again: see core/client.h. */
void loop_unload(struct loop *loop, const struct failure *failure);

/* ---- loop_mail.c: what other threads leave for the loop ---- */

void loop_on_mail(uv_async_t *async);
void loop_tell_stop(struct loop *loop);

/* Moves new requests to the waiting ones. */
void loop_receive_requests(struct loop *loop);

/* Frees what was never read. */
void loop_forget_mail(struct loop *loop);

/* ---- loop_requests.c ---- */

void loop_accept_request(struct loop *loop, struct request *request);

/* Offers those that wait to the core, which takes only so many reads at once. */
void loop_submit_requests(struct loop *loop);

/* Recalls of an earlier run that have no answer yet. */
void loop_repeat_requests(struct loop *loop);

/* The request with this token, or NULL. */
struct request *loop_find_request(struct loop *loop, uint64_t token);

/* Takes it out of the waiting ones; the caller frees it. */
void loop_remove_request(struct loop *loop, struct request *request);

/* Unless it is shown already. */
void loop_show_connection(struct loop *loop, enum unsay_connection connection,
                          struct unsay_error error);

/* ---- loop_receipts.c ---- */

MUST_CHECK enum status loop_load_key(struct loop *loop, struct view *public_key);

/* CLIENT_SIGN. */
void loop_sign(struct loop *loop, const struct client_effect *effect);

/* ---- loop_files.c: files that go with messages ---- */

/* When there are new ones to remove. */
void loop_remove_files(struct loop *loop);

/* ---- loop_evict.c ---- */

/* Inside a transaction: makes room if need be, and keeps what to tell. */
void loop_evict(struct loop *loop);

/* After it. */
void loop_show_evicted(struct loop *loop);

/* Makes room from now on, also if nothing else happens. */
void loop_evict_soon(struct loop *loop);

/* ---- loop_store.c ---- */

/* Step 1 of core/client.h: one transaction. */
MUST_CHECK enum status loop_store(struct loop *loop, const struct client_effect *effects,
                                  struct failure *failure);

/* ---- loop_older.c ---- */

/* What the answer to a REQUEST_OLDER changes beside the events of its page. */
void loop_store_older(struct loop *loop, const struct request *request,
                      const struct client_effect *answer);

/* Calls back with the page as it is stored; false when the answer is none. */
bool loop_show_older(struct loop *loop, const struct request *request,
                     const struct client_effect *answer);

/* ---- loop_show.c ---- */

/* What the application sees of step 2; returns the last effect that is shown: events are shown
 * together where the application wants that. */
const struct client_effect *loop_show(struct loop *loop, const struct client_effect *effect);

/* That the database was begun anew, if it was. */
void loop_show_damage(struct loop *loop);

/* Tombstones of messages that had been shown before. */
void loop_show_recalled(struct loop *loop);

/* What the list of conversations shows otherwise than before. */
void loop_show_conversations(struct loop *loop);

#endif
