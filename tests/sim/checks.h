/* The checkers, one promise of DESIGN.md each, in a file of its own. They look and call
 * world_break. */
#ifndef UNSAY_SIM_CHECKS_H
#define UNSAY_SIM_CHECKS_H

#include "history.h"
#include "world.h"

/* P1: nothing accepted is lost. */
void check_loss_answered(struct world *world, const wire_server_frame *frame);
void check_loss_end(struct world *world);

/* P2: nothing is doubled. */
void check_double_committed(struct world *world, const struct message *message, uint64_t seq);
void check_double_shown(struct world *world, const struct device *device,
                        const struct kept_event *event, uint64_t seq);
void check_double_end(struct world *world);

/* P3: order. */
void check_order_committed(struct world *world, const struct log *log, uint64_t seq);
void check_order_storing(struct world *world, const struct device *device,
                         const struct kept_conversation *kept, const wire_event *event);
void check_order_cursor(struct world *world, const struct device *device,
                        const struct kept_conversation *kept);
void check_order_end(struct world *world);

/* P4: a recall is final. */
void check_final_committed(struct world *world, const struct log *log, uint64_t seq,
                           const struct logged *before, const struct logged *after);
void check_final_end(struct world *world);

/* P5: no late exposure. */
void check_exposure_committed(struct world *world, struct view event);
void check_exposure_handed(struct world *world, const struct link *link, struct view frame);
void check_exposure_end(struct world *world);

/* P6: authority. */
void check_authority_committed(struct world *world, const wire_event *recall,
                               const struct message *target, uint64_t decided_ms);

/* P7: convergence. True when everything has; else *lacking says what has not. */
bool check_convergence(struct world *world, char *lacking, size_t size);
void check_convergence_end(struct world *world);

/* P10: bounded. */
void check_limits(struct world *world, const struct session *session);

/* The same request has the same answer. */
void check_answers(struct world *world, const struct link *link, const wire_server_frame *frame);

/* What the store holds: walks every event of every conversation. */
typedef void check_visit(struct world *world, const struct log *log, uint64_t seq,
                         const wire_event *event, void *context);
void check_store(struct world *world, check_visit *visit, void *context);

#endif
