/* What routing asks of the outside, and what only the program that links it can answer: the server
 * with threads and sockets, the simulation with neither. Chosen by linking; there is no table of
 * functions. */
#ifndef UNSAY_ROUTING_SHELL_H
#define UNSAY_ROUTING_SHELL_H

#include "routing/group.h"
#include "routing/mail.h"

struct worker;

/* Commits the group's changes, synced (none: nothing to write), then hands the group to every
 * worker as MAIL_GROUP, with `failure` set when the commit failed. Groups of one worker stay in
 * order. */
void shell_commit(void *shell, struct group *group);

/* Puts mail into another worker's mailbox, or the caller's own; order is kept between two workers.
 * False: the mailbox is full, and the caller keeps the mail. MAIL_GROUP and MAIL_ANSWERS always
 * fit. */
bool shell_post(void *shell, unsigned worker, struct mail mail);

/* The session has frames: pull them with worker_next_frame as far as the connection takes them. */
void shell_flush(void *link);

/* Close the connection once what is queued was sent, or cannot be; then call worker_session_closed.
 */
void shell_close(void *link);

#endif
