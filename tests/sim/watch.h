/* Where the simulation can be watched: what was decided and committed, what frames were handed to
 * the network, what devices stored and showed. Each point keeps the history and asks the checkers
 * (checks.h). Nothing here changes the system. */
#ifndef UNSAY_SIM_WATCH_H
#define UNSAY_SIM_WATCH_H

#include "core/change.h"
#include "core/contract.h"
#include "routing/group.h"

struct world;
struct link;
struct device;
struct session;
struct kept_conversation;
struct kept_place;

/* What the worker decided in this group (NULL: nothing) since the last call; its clock and policy
 * are those of then. */
void watch_decided(struct world *world, unsigned worker, const struct group *group);

/* The store holds these changes now. */
void watch_committed(struct world *world, const struct change_list *changes);

/* A commit failed, whether it was written or not. */
void watch_failed(struct world *world);

/* A worker handles a committed group: from now on it knows the group's recalls. */
void watch_published(struct world *world, unsigned worker, const struct group *group);

/* The server starts with nothing but the store. */
void watch_restarted(struct world *world);

/* A frame is handed to the network. */
void watch_handed(struct world *world, const struct link *link, struct view frame);

/* A device signs in, and is live: it then has what there was. */
void watch_signed_in(struct world *world, struct link *link, const char *user);
void watch_live(struct world *world, struct device *device);

void watch_session(struct world *world, const struct session *session);

/* A device's database is about to take an event as the next one of its conversation. */
void watch_storing(struct world *world, const struct device *device,
                   const struct kept_conversation *kept, const wire_event *event);

/* It is about to skip what lies after `after`, up to `seq`; or to take an event of that after all.
 */
void watch_skipping(struct world *world, const struct device *device,
                    const struct kept_conversation *kept, uint64_t after, uint64_t seq);
void watch_fetched(struct world *world, const struct device *device,
                   const struct kept_conversation *kept, const wire_event *event);
void watch_cursor(struct world *world, struct device *device, const struct kept_conversation *kept);
/* A device has taken what it was told of a user's place. */
void watch_place(struct world *world, const struct device *device,
                 const struct kept_conversation *kept, unsigned user,
                 const struct kept_place *before);
void watch_shown(struct world *world, const struct device *device,
                 const struct kept_conversation *kept, const wire_event *event);

/* Everything has come to rest. */
void watch_end(struct world *world);

#endif
