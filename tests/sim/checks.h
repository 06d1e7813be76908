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
void check_exposure_committed(struct world *world, const wire_event *event, struct view bytes);
void check_exposure_handed(struct world *world, const struct link *link,
                           const wire_server_frame *frame, struct view bytes);
void check_exposure_end(struct world *world);

/* P5: a message that was taken back is not forwarded, and its forwards go with it. */
void check_forward_handed_out(struct world *world, const struct log *source, uint64_t seq);
void check_forward_committed(struct world *world, const struct message *message);
void check_forward_end(struct world *world);

/* P6: authority. */
void check_authority_decided(struct world *world, unsigned worker, struct view entry);
void check_authority_committed(struct world *world, const wire_event *recall,
                               const struct message *target);
void check_authority_attempt(struct world *world, const wire_audit_entry *entry,
                             const struct attempt *attempt);

/* P6: a body that was kept, for those alone who may see it. */
void check_evidence(struct world *world, const struct link *link, const wire_evidence *evidence);

/* P6: who has left is told nothing of what came after. */
void check_departed_handed(struct world *world, const struct link *link,
                           const wire_server_frame *frame);

/* P8: every attempt is on record. */
void check_audit_private(struct world *world, const char *what, struct view bytes);
void check_audit_attempt(struct world *world, const wire_audit_entry *entry,
                         const struct attempt *attempt);
void check_audit_answered(struct world *world, const struct link *link,
                          const wire_server_frame *frame);
void check_audit_end(struct world *world);

/* Whether the device may go on behind `seq`: what it lacks up to there is not for its user. */
bool check_order_skips(struct world *world, const struct device *device,
                       const struct kept_conversation *kept, uint64_t seq);

/* What is new in a log, by what holds there so far. */
void check_groups_committed(struct world *world, const struct log *log, const wire_event *event);
/* What is to be told outside. */
void check_outbox_end(struct world *world);

/* Pins name nothing that was taken back. */
void check_pins_end(struct world *world);

/* All messages of a user were taken back, as far as the policy allowed. */
void check_range_end(struct world *world);

/* Who is said to have applied a recall has. */
void check_reach_answered(struct world *world, const wire_server_frame *frame);

/* At rest: unread, mentions, preview; and who had what was taken back. */
void check_overview(struct world *world, const struct link *link,
                    const wire_conversation_page *page);

/* The list of conversations: by activity on the server, and the same on all of a user's devices. */
void check_list(struct world *world, const struct link *link, const wire_conversation_page *page);
void check_lists_end(struct world *world);
enum list_question { LIST_BY_ID, LIST_BY_ACTIVITY, LIST_WITH_HIDDEN };
enum list_question list_question_of(const struct device *device);

/* What a user set is told to that user alone, and as it was committed. */
void check_listing_handed(struct world *world, const struct link *link,
                          const wire_server_frame *frame);

void check_exposed(struct world *world, const wire_exposure *exposure);

/* P7: levels of delivery: what is told of how far users have come is so, is for those who may hear
 * it, never goes back, and is the same in the end on all devices. */
void check_levels_handed(struct world *world, const struct link *link,
                         const wire_server_frame *frame);
void check_levels_placed(struct world *world, const struct device *device,
                         const struct kept_conversation *kept, unsigned user,
                         const struct kept_place *before);
bool check_levels_converged(struct world *world, struct device *device, const struct log *log,
                            char *lacking, size_t size);
void check_levels_counted(struct world *world, const wire_receipts *receipts);

/* What devices skip, and what they fetch of it. */
void check_absence_told(struct world *world, const struct link *link,
                        const wire_server_frame *frame);
void check_absence_skipping(struct world *world, const struct device *device,
                            const struct kept_conversation *kept, uint64_t after, uint64_t seq);
void check_absence_fetched(struct world *world, const struct device *device,
                           const struct kept_conversation *kept, const wire_event *event);
void check_absence_cursor(struct world *world, struct device *device,
                          const struct kept_conversation *kept);

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
