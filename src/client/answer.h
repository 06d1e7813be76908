/* Answers of the server in the application's words. What is returned lies in the arena, and lends
 * from `wire`. */
#ifndef UNSAY_CLIENT_ANSWER_H
#define UNSAY_CLIENT_ANSWER_H

#include "base/arena.h"
#include "core/contract.h"
#include "unsay/conversation.h"
#include "unsay/levels.h"
#include "unsay/operator.h"

const struct unsay_recall_answer *answer_recall(const wire_recall_result *wire,
                                                struct arena *arena);
const struct unsay_appended *answer_appended(const wire_appended *wire, struct arena *arena);
const struct unsay_member_page *answer_members(const wire_member_page *wire, struct arena *arena);
const struct unsay_pins *answer_pins(const wire_pin_list *wire, struct arena *arena);
const struct unsay_listing *answer_listing(const wire_listing *wire, struct arena *arena);
const struct unsay_range_progress *answer_range(const wire_range_progress *wire,
                                                struct arena *arena);
const struct unsay_exposure *answer_exposure(const wire_exposure *wire, struct arena *arena);
const struct unsay_recall_page *answer_recalls(const wire_recall_page *wire, struct arena *arena);
const struct unsay_evidence *answer_evidence(const wire_evidence *wire, struct arena *arena);
const struct unsay_policy *answer_policy(const wire_policy_info *wire, struct arena *arena);
const struct unsay_receipts *answer_receipts(const wire_receipts *wire, struct arena *arena);
const struct unsay_privacy *answer_privacy(const wire_privacy *wire, struct arena *arena);

#endif
