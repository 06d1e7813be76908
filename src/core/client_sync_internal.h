/* Shared by the files of sync. */
#ifndef UNSAY_CORE_CLIENT_SYNC_INTERNAL_H
#define UNSAY_CORE_CLIENT_SYNC_INTERNAL_H

#include "core/client_core.h"

/* Something was asked or answered. */
void client_sync_expect(struct client_core *core);

uint32_t client_sync_delay_ms(struct client_core *core, uint32_t failures);

/* Queues the conversation, unless it is under way already; true when it may be read now. */
bool client_sync_queue(struct client_core *core, struct client_conversation *conversation,
                       uint64_t head, uint32_t patience_ms);

/* Reads what may be read, and sees whether anything is left to do. */
void client_sync_pump(struct client_core *core);

void client_sync_show_progress(struct client_core *core);

/* ---- client_listing.c ---- */

/* Asks for the next page of the list. */
void client_sync_list(struct client_core *core);

/* An answer to that; false when the contract does not allow it. */
bool client_sync_list_answer(struct client_core *core, const wire_server_frame *frame);

#endif
