/* Questions that change nothing, one at a time: how long an answer takes. */
#ifndef UNSAY_CLI_BENCH_ASK_H
#define UNSAY_CLI_BENCH_ASK_H

#include "cli/bench_load.h"

/* The last events before `before` (0: of all). load->question gets the answer. */
void ask_page(struct load_client *client, uint64_t before, unsigned limit);

/* The user's conversations with unread and preview; likewise. */
void ask_list(struct load_client *client);

/* Waits for the answer. */
MUST_CHECK enum status ask_await(struct load *load, double seconds);

/* A frame that answers a question. */
void ask_take(struct load_client *client, const wire_server_frame *frame);

#endif
