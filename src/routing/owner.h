/* The owner: the side of a worker that decides for the conversations whose id hashes to it. It
 * looks up the facts (in what it has in memory, in what is decided but not yet committed, in the
 * store), lets the rules of src/core decide, and gathers changes, events and answers in the open
 * group. */
#ifndef UNSAY_ROUTING_OWNER_H
#define UNSAY_ROUTING_OWNER_H

#include "base/limits.h"
#include "base/list.h"
#include "base/status.h"
#include "core/recall.h"
#include "routing/audience.h"
#include "routing/group.h"
#include "routing/jobs.h"
#include "routing/outgoing.h"
#include "routing/owner_forward.h"
#include "routing/owner_members.h"
#include "routing/owner_pins.h"
#include "routing/owner_progress.h"
#include "routing/owner_settings.h"
#include "routing/owner_take_back.h"
#include "routing/recent.h"
#include "routing/waits.h"

struct mail_online;
struct mail_handed;
struct mail_pushed;
struct worker;

/* A client's request, wherever its session is. Everything is lent for the call. */
struct request {
    unsigned worker;
    uint64_t session;
    struct author author;
    bool may_create; /* the user may be in one more conversation */
    const wire_client_frame *frame;
    const struct mail_forward *forward; /* a Send that the source of a forward has decided on */
};

/* Answers that are kept for requests of one user in one conversation. */
enum owned_answers { ANSWERS_UNKNOWN, ANSWERS_NONE, ANSWERS_SOME };

struct owned_member {
    struct member member;
    struct progress_told told;
    enum owned_answers answers; /* NONE: none need be looked for */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
};

struct owned_conversation {
    struct conversation conversation;
    uint64_t touched;     /* number of the last group that changed it */
    uint64_t recalled_in; /* no later group took back a message here */
    struct table members; /* struct owned_member */
    struct audience audience;
    struct pinned pins;
    struct moved *moved; /* in the open group, of number moved_in */
    uint64_t moved_in;
    struct list used; /* owner.used, least recently used first */
    uint64_t hash;    /* of the id */
    char id[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
};

struct owner {
    struct table conversations; /* struct owned_conversation */
    struct list used;
    struct recent recent;
    struct list outgoing; /* mail for other owners, until its group is committed */
    struct jobs jobs;
    struct waits waits;
    size_t member_count;
    size_t device_count; /* in audiences */
    struct group *open;
    struct group *in_flight; /* NULL when no commit is under way */
    uint64_t last_number;
    uint64_t committed; /* number of the last group that is durable */
};

void owner_init(struct owner *owner);
void owner_fini(struct owner *owner);

/* Decides on a request of kind send, recall, ack, open or create; the answer follows the commit. */
void owner_request(struct worker *worker, const struct request *request);

/* Sends the open group to its commit when none is under way. */
void owner_commit(struct worker *worker);

/* The group in flight came back, committed or failed. */
void owner_committed(struct worker *worker, struct group *group);

/* ---- Between the parts of the owner ---- */

/* The conversation from memory or store. NULL: *refusal tells (UNKNOWN_CONVERSATION or
 * STORAGE_UNAVAILABLE). */
struct owned_conversation *owner_load(struct worker *worker, struct view id,
                                      Unsay__V1__ErrorCode *refusal);

/* A conversation that does not exist yet, in memory. */
struct owned_conversation *owner_new_conversation(struct worker *worker, struct view id);

/* What is known about the user here; `scratch` is used for one who is no member. */
MUST_CHECK enum status owner_load_member(struct worker *worker, struct owned_conversation *owned,
                                         const char *user, struct owned_member *scratch,
                                         struct owned_member **member);

/* The conversation and the author's place in it; false when the request was refused. */
bool owner_find_author(struct worker *worker, const struct request *request,
                       const char *conversation, struct owned_conversation **owned,
                       struct owned_member *scratch, struct owned_member **member);

/* The latest uncommitted change to a row, NULL when it has none: see group_find. */
const struct change *owner_find(struct owner *owner, const struct change *probe);

/* Rows, as the latest decision left them, committed or not; views live in the worker's scratch
 * arena or in the groups. STATUS_NOT_FOUND where there is none. */
MUST_CHECK enum status owner_get_message_id(struct worker *worker, const char *conversation,
                                            const char *user, const struct uuid *id,
                                            struct message_id_row *row);
/* Who follows the conversation, with every decision so far; NULL: the store failed. Valid until the
 * next input. */
const struct reach_audience *owner_audience(struct worker *worker,
                                            struct owned_conversation *owned);

/* Makes room for devices, by forgetting audiences of other conversations than `spared`. */
void owner_evict_audiences(struct owner *owner, const struct owned_conversation *spared);

/* Members have changed: whoever asks next looks again. */
void owner_forget_audience(struct owner *owner, struct owned_conversation *owned);

/* An event likewise, whole. */
MUST_CHECK enum status owner_read_event(struct worker *worker,
                                        const struct owned_conversation *owned, uint64_t seq,
                                        wire_event **event);
/* An event likewise; the body of a message may be missing. */
MUST_CHECK enum status owner_get_event(struct worker *worker,
                                       const struct owned_conversation *owned, uint64_t seq,
                                       wire_event **event);

/* The group that takes decisions now; counts one request. */
struct group *owner_group(struct worker *worker);

void owner_answer(struct worker *worker, const struct request *request, wire_server_frame *answer);
void owner_refuse(struct worker *worker, const struct request *request, Unsay__V1__ErrorCode code,
                  const char *detail);

/* As above, with a hint when to come back. */
void owner_refuse_until(struct worker *worker, const struct request *request,
                        Unsay__V1__ErrorCode code, const char *detail, uint32_t retry_after_ms);

/* A device's cursor with every decision so far; zeroed where it has none. */
MUST_CHECK enum status owner_get_cursor(struct worker *worker,
                                        const struct owned_conversation *owned, const char *user,
                                        const char *device, struct cursor_row *row);

/* Puts the cursor among the open group's changes; the user may have left. */
void owner_put_cursor(struct worker *worker, struct owned_conversation *owned, const char *user,
                      const char *device, bool is_member, const struct cursor_row *row);

/* Counts what was decided about a recall. */
void owner_count_recall(struct worker *worker, const struct recall_ruling *ruling);

void owner_evidence(struct worker *worker, const struct request *request);
void owner_range(struct worker *worker, const struct request *request);
void owner_change_listing(struct worker *worker, const struct request *request);
void owner_send(struct worker *worker, const struct request *request);
void owner_recall(struct worker *worker, const struct request *request);
void owner_open(struct worker *worker, const struct request *request);
void owner_create(struct worker *worker, const struct request *request);
void owner_ack(struct worker *worker, const struct request *request, const wire_ack *ack);
void owner_privacy(struct worker *worker, const struct request *request);

/* What workers report when they publish a recall of this owner's conversations. */
void owner_online(struct worker *worker, const struct mail_online *mail);
void owner_pushed(struct worker *worker, const struct mail_pushed *mail);

/* A session has ended, and its device may hold what it has not confirmed. */
void owner_handed(struct worker *worker, const struct mail_handed *mail);

#endif
