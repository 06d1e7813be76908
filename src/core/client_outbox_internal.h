/* Shared by the files of the outbox. */
#ifndef UNSAY_CORE_CLIENT_OUTBOX_INTERNAL_H
#define UNSAY_CORE_CLIENT_OUTBOX_INTERNAL_H

#include "core/client_core.h"

static inline struct view client_lane_id(const struct client_lane *lane)
{
    return view_make(lane->id, lane->id_bytes);
}

/* The tick has something to do by then. */
void client_outbox_wake(struct client_outbox *outbox, uint64_t at_ms);

/* What has not been sent goes out, oldest first, as far as there is room for it. */
void client_outbox_pump(struct client_core *core);

/* Stores and shows that the message has failed; REFUSAL_NONE: given up. `detail` is the server's,
 * and may be empty. */
void client_outbox_fail(struct client_core *core, struct view conversation, struct uuid message_id,
                        refusal_code refusal, const char *detail);

/* ---- client_outbox_load.c ---- */

/* Asks for more entries when the window is half empty and the database has others. */
void client_outbox_want(struct client_core *core);

#endif
