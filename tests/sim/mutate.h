/* Ways to break the simulated outside on purpose: see mutation.def. Each function gives what is to
 * be taken instead of the real thing, which is the thing itself where its mutation is not on. */
#ifndef UNSAY_SIM_MUTATE_H
#define UNSAY_SIM_MUTATE_H

#include "base/arena.h"
#include "core/change.h"
#include "core/contract.h"
#include "routing/mail.h"

struct world;

/* What a commit writes; lives in the arena. */
struct change_list mutate_changes(struct world *world, const struct change_list *changes,
                                  struct arena *arena);

/* What a client sends: changes `frame`; true when `payload` is no longer its encoding. */
bool mutate_request(const struct world *world, wire_client_frame *frame);

/* What a connection is handed; the hold goes from the one to the other. */
struct blob *mutate_answer(const struct world *world, struct blob *frame);

/* Mail on its way: false when it is lost. */
bool mutate_mail(const struct world *world, const struct mail *mail);

#endif
