/* Catching up: the conversations are listed in pages, and those that are behind are read, a few at
 * a time (one while the list still comes), the latest first, page after page, until the cursor
 * reaches the head.
 *
 *   known behind --queue--> reading --PageEnd--> done, or (progress) reading the next page,
 *                              |                 or (nothing came) waits with backoff, then queue
 *
 * Where sync gives nothing between the cursor and a later place, the range is skipped: of a
 * conversation of which nothing is stored at once; else the recalls in it are read and applied
 * first, page by page, and the cursor moves as far as they were looked for.
 *
 * A server that never delivers what it announces keeps a conversation waiting with growing pauses;
 * one that refuses the read is asked again only after the next listing or push. */
#ifndef UNSAY_CORE_CLIENT_SYNC_H
#define UNSAY_CORE_CLIENT_SYNC_H

#include "base/limits.h"
#include "base/list.h"
#include "core/client.h"
#include "core/client_queue.h"

enum { CLIENT_PAGES_MAX = 4 };

struct client_conversation;

struct client_page {
    struct client_conversation *conversation; /* NULL: free */
    uint64_t request;
    uint64_t after;
    uint64_t before; /* a range that is skipped: its recalls are read; 0: everything is */
    uint32_t event_count;
    uint64_t last; /* seq of the last event of a page of recalls: they ascend, each counts once */
};

struct client_sync {
    struct client_page pages[CLIENT_PAGES_MAX];
    size_t page_count;         /* under way */
    struct client_queue queue; /* conversations to read */
    struct list waiting;
    uint64_t lag;          /* events that are known to be missing */
    uint64_t done;         /* that were missing since the start, and are not any more */
    uint64_t waiting_ms;   /* not later than the earliest retry_ms of those that wait */
    bool is_listed;        /* the list is complete */
    bool is_list_outdated; /* list once more when this one is complete */
    uint32_t list_round;   /* of the listing under way, or the last one */
    uint64_t list_request; /* 0: none under way */
    uint64_t list_retry_ms;
    uint64_t list_later_ms; /* after a resumption: list, when there is time */
    uint32_t list_failures;
    char list_after[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t answer_due_ms; /* something is under way: by when the next sign of it must come */
};

void client_sync_init(struct client_sync *sync);
void client_sync_fini(struct client_sync *sync);

/* After Welcome. */
void client_sync_start(struct client_core *core);

/* News: the user was invited, or is so no longer. False when the contract does not allow it. */
bool client_sync_invited(struct client_core *core, const wire_conversation_entry *entry);

/* After a Welcome that tells what is new: the rest is known. The conversations are listed all the
 * same, when the connection has held for a while: what is no event is found then. False when the
 * contract does not allow it. */
bool client_sync_resume(struct client_core *core, wire_conversation_entry *const *news,
                        size_t count);

/* Pushes were dropped: list again. */
void client_sync_behind(struct client_core *core);

void client_sync_stop(struct client_core *core);

/* The server speaks of the conversation: it is not one that the list will lack. */
void client_sync_heard(struct client_core *core, struct client_conversation *conversation);

/* The log is known to reach to `head`, beyond the cursor: read, unless `patience_ms` closes the
 * gap. */
void client_sync_gap(struct client_core *core, struct client_conversation *conversation,
                     uint64_t head, uint32_t patience_ms);

/* The application shows the conversation, or no longer. */
void client_sync_set_open(struct client_core *core, struct client_conversation *conversation,
                          bool is_open);

/* The cursor moved: the conversation may no longer be behind. */
void client_sync_advanced(struct client_core *core, struct client_conversation *conversation);

/* An answer with a number of CLIENT_REQUEST_SYNC; false when the contract does not allow it. */
bool client_sync_answer(struct client_core *core, const wire_server_frame *frame);

void client_sync_tick(struct client_core *core);
uint64_t client_sync_wake_ms(const struct client_sync *sync);

#endif
