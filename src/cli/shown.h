/* How far the command line has shown each conversation of a state directory: the file "shown" in
 * it, lines of "SEQ TIME CONVERSATION", of which the last one for a conversation counts. TIME is
 * that of the event, which tells whether the database still holds the log that was shown. It names
 * every conversation of which the device has stored something, so that `watch` shows what other
 * commands fetched. It is not synced: after a power cut, events may be shown again. */
#ifndef UNSAY_CLI_SHOWN_H
#define UNSAY_CLI_SHOWN_H

#include "base/limits.h"
#include "base/status.h"
#include "base/table.h"

struct shown_entry {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t seq;     /* shown up to here */
    uint64_t time_ms; /* of the event at seq; 0: not known */
    bool is_due;      /* the database may hold more */
};

struct shown {
    struct table entries; /* by conversation; values owned */
    FILE *file;           /* owned; appended to; NULL after a failure */
    size_t lines;         /* in the file */
    char path[4200];
};

/* Reads the file, and rewrites it with one line for each conversation. The directory exists and is
 * held by this process's client. After a failure shown_fini is still due. */
MUST_CHECK enum status shown_init(struct shown *shown, const char *directory,
                                  struct failure *failure);
void shown_fini(struct shown *shown);

/* An event of the conversation was stored, possibly not the first one: a process that was killed
 * may have stored others, of which it could not even note that there are some. */
void shown_stored(struct shown *shown, const char *conversation);

/* NULL when nothing of the conversation was ever stored. */
struct shown_entry *shown_find(const struct shown *shown, const char *conversation);

/* Everything up to seq was shown; the event there has this time. */
void shown_advance(struct shown *shown, struct shown_entry *entry, uint64_t seq, uint64_t time_ms);

/* The log is another one than that which was shown: it is shown from its beginning. */
void shown_restart(struct shown *shown, struct shown_entry *entry);

/* Writes out what was noted. */
MUST_CHECK bool shown_flush(struct shown *shown);

#endif
