/* How far others have come, and the user's other devices: as the server tells it, and after every
 * catching up (link LIVE) asked for whole, page after page, because news are not repeated.
 *
 *   LIVE --> asking --page with next--> asking ... --last page--> done
 *              |  ^--no answer, or refused for now: after a pause--/
 *              \--refused for good: done, until the next LIVE
 *
 * Nothing of it is kept here: the shell stores it, by these rules, for each conversation and
 * origin:
 *
 *   - numbers only grow: of two the larger one stays;
 *   - a whole progress replaces the others' places, unless its seq is smaller than that of the
 * whole one that was stored last: then, and when it is not whole, it moves places that are there;
 *   - the user's own place is always taken, and stays when a whole one does not list it;
 *   - where a whole one says that the conversation is large, nothing is known of the others.
 *
 * The user was shown what a device of theirs has displayed, this one or another. */
#ifndef UNSAY_CORE_CLIENT_PROGRESS_H
#define UNSAY_CORE_CLIENT_PROGRESS_H

#include "base/limits.h"
#include "core/client.h"

struct client_progress {
    uint64_t request; /* 0: none under way */
    uint64_t due_ms;  /* of asking again */
    uint32_t failures;
    char after[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    bool has_privacy; /* the rest is known */
    bool hides_displayed;
    bool server_hides_displayed;
};

void client_progress_init(struct client_progress *progress);

/* The link is LIVE. */
void client_progress_start(struct client_core *core);

/* The connection is gone. */
void client_progress_stop(struct client_core *core);

/* News; false: no server that keeps the contract sends this. */
bool client_progress_told(struct client_core *core, const wire_progress_page *page);
void client_progress_privacy(struct client_core *core, const wire_privacy *privacy);

/* An answer with a number of CLIENT_REQUEST_SYNC and slot CLIENT_PROGRESS_SLOT; likewise. */
bool client_progress_answer(struct client_core *core, const wire_server_frame *frame);

void client_progress_tick(struct client_core *core);
uint64_t client_progress_wake_ms(const struct client_progress *progress);

#endif
