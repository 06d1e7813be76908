/* Events as a server would make them; everything lies in the arena. */
#ifndef UNSAY_TESTS_CLIENT_EVENTS_H
#define UNSAY_TESTS_CLIENT_EVENTS_H

#include "base/arena.h"
#include "core/contract.h"

wire_event *make_message(struct arena *arena, const char *conversation, uint64_t seq,
                         const char *body);

/* Parts of a message beside its body. */
void make_quote(struct arena *arena, wire_event *event, uint64_t seq);
void make_mention(struct arena *arena, wire_event *event, const char *user);
void make_source(struct arena *arena, wire_event *event, const char *conversation, uint64_t seq);

/* By bob. */
wire_event *make_membership(struct arena *arena, const char *conversation, uint64_t seq,
                            const char *user, Unsay__V1__Role role);
wire_event *make_pin(struct arena *arena, const char *conversation, uint64_t seq,
                     uint64_t target_seq);

/* Of the event at `target_seq`. */
wire_event *make_recall(struct arena *arena, const char *conversation, uint64_t seq,
                        uint64_t target_seq);

/* The message at `seq` as it is after its recall. */
wire_event *make_tombstone(struct arena *arena, const char *conversation, uint64_t seq);

/* The message id of make_message at `seq`. */
struct view message_id_of(struct arena *arena, uint64_t seq);

#endif
