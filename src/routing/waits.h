/* Recalls whose answer waits until devices have applied them. Kept in memory only: a client that
 * hears nothing asks again with the same request id. */
#ifndef UNSAY_ROUTING_WAITS_H
#define UNSAY_ROUTING_WAITS_H

#include "base/list.h"
#include "core/recall.h"
#include "routing/mail.h"

struct worker;
struct group;
struct owned_conversation;
struct request;

struct wait_device {
    struct mail_device name;
    uint64_t applied_with; /* number of the group that has its acknowledgement; 0: none has */
};

struct wait {
    struct list waits;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t seq;         /* of the last recall */
    uint64_t after_group; /* not over before this group is committed */
    uint64_t due_ms;      /* steady clock: the answer is given then, whoever is missing */
    unsigned unheard;     /* workers that have yet to say who is connected */
    uint32_t device_count;
    uint32_t applied_count;
    struct wait_device *devices; /* that are waited for */
    unsigned worker;             /* who asked */
    uint64_t session;
    uint64_t request;
    struct arena arena;
    wire_recall_result *result; /* in the arena */
};

struct waits {
    struct list waits; /* struct wait */
    size_t count;
};

void waits_init(struct waits *waits);
void waits_fini(struct waits *waits);

/* Holds the answer back, when the request asks for it and something was taken back. False: there is
 * nothing to wait for, or no room. `is_published`: the open group publishes the last recall. */
bool waits_begin(struct worker *worker, const struct request *request,
                 struct owned_conversation *owned, const wire_recall_result *result,
                 bool is_published);

/* The device has stored the conversation up to `stored`. */
void waits_stored(struct worker *worker, const char *conversation, const char *user,
                  const char *device, uint64_t stored);

/* Gives the answers that are due; called by the tick, and when a group was committed. */
void waits_end(struct worker *worker);

/* The group was not committed: neither are the recalls that it and later ones decided, nor the
 * acknowledgements in them. */
void waits_fail(struct worker *worker, const struct group *group);

#endif
