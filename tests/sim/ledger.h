/* The ledger: what the committed changes add up to, in the order in which they were decided. So it
 * tells, at each decision about a recall, exactly what was so then: places, cursors, recalls. */
#ifndef UNSAY_SIM_LEDGER_H
#define UNSAY_SIM_LEDGER_H

#include "core/change.h"
#include "core/contract.h"

struct log;
struct message;
struct world;

/* An event that is new in its log. */
void ledger_take_event(struct world *world, struct log *log, const wire_event *event);

/* The recall `event` was appended; the target's tombstone follows. */
void ledger_take_recall(struct world *world, struct log *log, const wire_event *event,
                        struct message *target);

/* Where a message was taken back: what is private of it. */
void ledger_take_dossier(struct world *world, struct log *log, uint64_t seq, struct view dossier);

/* Any other change. */
void ledger_take(struct world *world, const struct change *change);

#endif
