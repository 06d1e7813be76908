/* Holds the recalls in a store against the entries of its audit log: each recall has exactly one
 * granted entry, in the log or still in the store's journal, and each granted entry has its recall,
 * with the same operator, target and time. Entries that tell of what was lost before a restore are
 * left out, as the restore's own entry says which they are.
 *
 * The log's granted entries are noted in memory, 40 bytes each, and sorted; then one walk over all
 * events of the store looks each recall up. Nothing else grows with the size of either. */
#ifndef UNSAY_CLI_MATCH_H
#define UNSAY_CLI_MATCH_H

#include "storage/audit/tree.h"
#include "storage/store.h"

enum mismatch_kind {
    MISMATCH_NO_ENTRY,   /* a recall that no entry tells of */
    MISMATCH_NO_RECALL,  /* an entry whose recall is not in the store */
    MISMATCH_DIFFERENT,  /* entry and recall contradict each other */
    MISMATCH_DOUBLED,    /* another entry tells of the same recall */
    MISMATCH_UNREADABLE, /* an entry, or an event, cannot be decoded */
    MISMATCH_KINDS
};

struct mismatch {
    enum mismatch_kind kind;
    bool has_entry;
    bool is_in_journal; /* the entry; else at `index` in the log */
    uint64_t index;
    char recall[128]; /* "CONVERSATION@SEQ"; empty: not known */
    char text[320];   /* a sentence */
};

struct match {
    struct store *store;     /* lent; nobody writes to it meanwhile */
    const struct tree *tree; /* the log's; lent */
    uint64_t from;           /* entries before this one tell of another store */
    void (*on_mismatch)(void *context, const struct mismatch *mismatch);
    void (*on_progress)(void *context, uint64_t events); /* may be NULL */
    void *context;

    uint64_t events;     /* the answer: what was looked at */
    uint64_t recalls;    /* of these */
    uint64_t entries;    /* granted ones */
    uint64_t in_journal; /* of these */
    uint64_t problems;
};

/* OK when everything could be looked at, whatever was found. */
MUST_CHECK enum status match_run(struct match *match, struct failure *failure);

#endif
