/* How far the members of conversations have come, from the store's cursors: for a device that asks,
 * and for everyone when members come and go. What is read is committed, so it may be told. */
#ifndef UNSAY_ROUTING_PROGRESS_H
#define UNSAY_ROUTING_PROGRESS_H

#include "core/progress.h"

struct publication;
struct session;
struct worker;

/* ListProgress: answered at once. */
void progress_list(struct worker *worker, struct session *session, uint64_t request,
                   const wire_list_progress *list);

/* The publication says that members came or went: the sessions that follow the conversation are
 * told where everyone is, or that there are too many now. */
void progress_tell_whole(struct worker *worker, const struct publication *publication);

/* News of one conversation, as a frame; the caller holds it. */
struct blob *progress_frame(const wire_progress *progress);

/* One such frame instead of two of the same conversation (progress_merge). */
struct blob *progress_merge_frames(const struct blob *older, const struct blob *newer,
                                   const char *user);

#endif
