/* What the open group will tell of how far members have come: gathered while acknowledgements are
 * decided on, one frame for each conversation and group, encoded when the group goes to its commit.
 * Nothing of it is stored; the cursors are the truth. */
#ifndef UNSAY_ROUTING_OWNER_PROGRESS_H
#define UNSAY_ROUTING_OWNER_PROGRESS_H

#include "core/progress.h"

struct group;
struct owned_conversation;
struct owned_member;
struct worker;

/* The device's cursor is as `row` says, once the open group is committed. */
void owner_note_progress(struct worker *worker, struct owned_conversation *owned,
                         struct owned_member *member, const char *device,
                         const struct cursor_row *row);

/* Adds the publications to the group's effects. */
void owner_tell_progress(struct group *group);

#endif
