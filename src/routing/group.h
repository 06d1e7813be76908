/* A commit group: everything that one worker decided while its last commit was under way. It is
 * written as one atomic, synced commit, and only then are its events published and its answers
 * given.
 *
 *   OPEN --commit--> IN FLIGHT --committed--> every worker publishes --> answers --> freed
 *                              \--failed-----> every answer becomes an error ------> freed
 *
 * Where an answer tells of a recall, of this group or an earlier one, the answers wait until every
 * worker has published: whoever hears that a message was taken back may rely on no connection
 * handing out its body any more.
 *
 * A commit that failed may have been written all the same (store.h). So the sessions that its
 * events would have reached fall behind: they find in the store what there is. */
#ifndef UNSAY_ROUTING_GROUP_H
#define UNSAY_ROUTING_GROUP_H

#include "base/table.h"
#include "core/conversation.h"
#include "routing/stats.h"

#include <stdatomic.h>

/* A frame for one session, on whichever worker it lives. */
struct answer {
    unsigned worker;
    uint64_t session;
    uint64_t request;     /* for the error, should the commit fail */
    struct blob *frame;   /* held by the group */
    bool is_confirmation; /* the frame is an AckConfirmed */
    struct answer *next;
};

struct moved; /* owner_progress.h */
struct wave;

struct group {
    uint64_t number;       /* of its worker, ascending */
    unsigned worker;       /* who decided */
    uint64_t opened_ns;    /* steady clock */
    uint64_t committed_ns; /* likewise, when it was durable; 0: when it is published */
    struct arena arena;
    struct effects effects;
    struct answer *first_answer;
    struct answer *last_answer;
    uint64_t answering; /* workers that have answers to give, a bit each */
    size_t requests;
    const struct policy *policy;   /* comes into force with this group; NULL: none */
    const struct policy *retired;  /* the one before it; set by the group's own worker */
    struct moved *moved;           /* how far members have come; the owner's only */
    bool tells_recall;             /* an answer says that a message was taken back */
    struct table overlay;          /* key bytes -> struct change, latest; the owner's only */
    const struct change *absorbed; /* last change that is in the overlay */
    Unsay__V1__ErrorCode failure;  /* set when the commit failed */
    atomic_uint waiting;           /* workers that have not finished the current phase */
    struct wave **waves;           /* one for each recall that it publishes, in order; held */
    size_t wave_count;
};

struct group *group_new(unsigned worker, uint64_t number);
void group_free(struct group *group);

/* Before it is committed: from here on it publishes no other recalls. */
void group_make_waves(struct group *group);

/* Lets go of them, once they are published; `stats` as wave_release. */
void group_release_waves(struct group *group, struct stats *stats);

static inline bool group_is_empty(const struct group *group)
{
    return group->requests == 0;
}

/* The group takes over one hold of `frame`. */
void group_answer(struct group *group, unsigned worker, uint64_t session, uint64_t request,
                  struct blob *frame);

/* The latest change to this row in the group, NULL when it has none. Only kinds CONVERSATION,
 * MEMBER, EVENT, MESSAGE_ID, REQUEST, CURSOR, DEVICE, USER and JOB are looked for; `probe` needs
 * the key fields of its kind. */
const struct change *group_find(struct group *group, const struct change *probe);

#endif
