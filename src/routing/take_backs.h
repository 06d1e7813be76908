/* The messages of an owner that were taken back and whose forwards go along: it asks the owner of
 * each forward, and keeps the row of the job (core/take_back.h) until all have answered that it is
 * done and durable.
 *
 *        commit of the recall, or a start that finds the row
 *                            |
 *                            v     mail to the owners      all are done
 *   (waits for a while) --> READY ------------------> ASKED ----------> row removed
 *            ^                                          |
 *            +------------ the store failed one --------+
 *
 * Whatever is forgotten on the way, by a crash or a failed commit, is asked again from the row: a
 * forward that was taken back is not taken back twice. */
#ifndef UNSAY_ROUTING_TAKE_BACKS_H
#define UNSAY_ROUTING_TAKE_BACKS_H

#include "base/limits.h"
#include "base/list.h"
#include "base/table.h"
#include "base/uuid.h"

struct worker;

struct take_backs {
    struct table sources; /* struct source, by its key */
    struct list ready;    /* struct source, in turn */
    struct list failed;   /* struct source; ready again at retry_ms */
    uint64_t retry_ms;    /* steady clock */
    size_t under_way;     /* mails without an answer */
    uint64_t last_round;
};

/* To the owner of a forward: take it back. */
struct mail_take_back {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    char user[LIMIT_USER_ID_BYTES_MAX + 1]; /* who forwarded */
    struct uuid message_id;
    char source[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t seq;   /* of the source */
    uint64_t round; /* for the answer */
    size_t job_bytes;
    uint8_t job[]; /* the source's row */
};

/* The answer, once what was done is durable. */
struct mail_taken_back {
    char source[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t seq;
    uint64_t round;
    bool is_done; /* or there is nothing to do; else the store failed: ask again */
};

void take_backs_init(struct take_backs *all);

/* Forgets them; the rows stay. */
void take_backs_fini(struct take_backs *all);

/* No room for more: recalls are to wait. */
bool take_backs_are_full(const struct take_backs *all);

/* There is a row, or it comes with this group. False: it is known already. */
bool take_backs_add(struct take_backs *all, struct view conversation, uint64_t seq,
                    uint64_t after_group);

/* Asks as many owners as may be under way at once. */
void take_backs_run(struct worker *worker);

/* An owner's answer, lent. */
void take_backs_answered(struct worker *worker, const struct mail_taken_back *mail);

#endif
