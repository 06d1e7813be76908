/* Questions that are asked when everything is at rest, and whose answers can then be checked
 * exactly: every device asks for its conversations, the people with a mandate for reports. */
#ifndef UNSAY_SIM_QUESTIONS_H
#define UNSAY_SIM_QUESTIONS_H

#include "core/contract.h"

#include <stdbool.h>

struct link;
struct world;

struct questions {
    unsigned lists;
    unsigned reports;
    unsigned receipts;
};

void questions_ask(struct world *world);

/* Every frame that is handed out at rest. */
void questions_answered(struct world *world, const struct link *link,
                        const wire_server_frame *frame);

bool questions_are_answered(const struct world *world);

#endif
