/* libunsay: what a device keeps: taking it along, files that go with messages, and the state
 * directory while no client has it open: its key, and wiping it. */
#ifndef UNSAY_DEVICE_H
#define UNSAY_DEVICE_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Taking along ---- */

/* After each page of at most 200 lines; false: enough, and the export ends with STOPPED. */
typedef bool unsay_export_fn(void *context, uint64_t done, uint64_t total);

/* Writes all events and outgoing messages that this device has to a file descriptor, a JSON object
 * a line (docs/sdk.md). The log as it is when the export begins, so that what comes meanwhile is
 * not in it; what is taken back meanwhile is a tombstone there, unless its line was written before.
 * On the calling thread, a page at a time; the client goes on meanwhile, and evicts nothing.
 * UNREACHABLE: the descriptor cannot be written; errno says why. `progress` may be NULL. */
UNSAY_API enum unsay_result unsay_export(struct unsay *client, int file, unsay_export_fn *progress,
                                         void *context);

/* ---- Files ---- */

/* A file that goes with a message: when the message is taken back, evicted or wiped, the file is
 * overwritten and removed, after a restart if need be. The device's receipt, which says that it has
 * no body any more, waits for that. */
struct unsay_attachment {
    const char *conversation;
    struct unsay_target target; /* stored here, or in the outbox by its message id */
    const char *path; /* in options.attachment_directory: names with "/" between them; no link is
                       * followed. At most 16 for a message. It need not exist. */
};

enum unsay_attached {
    UNSAY_ATTACHED = 1,
    UNSAY_ATTACHED_TOO_LATE /* the message was taken back already: the file is removed */
};

/* INVALID: there is no such message here, or the path or the number of files is out of range. */
UNSAY_API enum unsay_result unsay_attach(struct unsay *client,
                                         const struct unsay_attachment *attachment,
                                         enum unsay_attached *attached);

/* ---- The state directory, while no client has it open ---- */

enum unsay_state_kind {
    UNSAY_STATE_NONE, /* no directory, or no database in it */
    UNSAY_STATE_PLAIN,
    UNSAY_STATE_ENCRYPTED,
    UNSAY_STATE_DAMAGED, /* unsay_new would set the file aside */
    UNSAY_STATE_WIPING   /* a wipe was interrupted; unsay_new, or another wipe, finishes it */
};

struct unsay_state {
    enum unsay_state_kind kind;
    uint64_t bytes;     /* of the database and its log */
    uint32_t set_aside; /* damaged databases */
};

/* Opens nothing and needs no key; also while a client has the directory. */
UNSAY_API enum unsay_result unsay_state(const char *state_directory, struct unsay_state *state);

/* From one key to another; a NULL is "not encrypted". Between two keys this is one small write;
 * from plain to encrypted, or back, the database is copied. When it is interrupted the database has
 * the one key or the other. WRONG_KEY: `old_key` does not fit. `text` says what is wrong. */
UNSAY_API enum unsay_result unsay_change_key(const char *state_directory, const uint8_t *old_key,
                                             const uint8_t *new_key, char *text, size_t text_bytes);

/* Overwrites and removes everything that libunsay keeps in the directory; needs no key. What is
 * interrupted goes on when the directory is next opened. */
UNSAY_API enum unsay_result unsay_wipe(const char *state_directory, char *text, size_t text_bytes);

/* Stops the client, wipes its state directory and frees it, whatever the result; as unsay_free. */
UNSAY_API enum unsay_result unsay_wipe_client(struct unsay *client, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif

#endif
