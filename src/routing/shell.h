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
 * False: the mailbox is full, and the caller keeps the mail. That is so for MAIL_REQUEST,
 * MAIL_CALL, MAIL_FORWARD, MAIL_CLAIM and MAIL_REPLACED only: the others always fit, being bounded
 * by the groups under way and by what an owner may have asked others for. */
bool shell_post(void *shell, unsigned worker, struct mail mail);

/* Reads the policy file again. True: *policy is valid until shell_release_policy. False: it is not
 * valid, or there is none; `text` says what is wrong. */
bool shell_load_policy(void *shell, const struct policy **policy, char *text, size_t text_bytes);

/* No worker decides by it any more. */
void shell_release_policy(void *shell, const struct policy *policy);

/* A page of attempts from the audit log; everything lives in the arena. */
MUST_CHECK enum status shell_list_attempts(void *shell, const wire_list_recalls *query,
                                           struct arena *arena, wire_recall_page *page);

/* The policies that were in force, as info->versions, latest first. */
MUST_CHECK enum status shell_list_policies(void *shell, struct arena *arena,
                                           wire_policy_info *info);

/* A ticket for the session, good until `expires_ms`; returns its size, 0 for none. */
size_t shell_seal_ticket(void *shell, const struct session *session, uint64_t expires_ms,
                         uint8_t ticket[LIMIT_TICKET_BYTES_MAX]);

/* The session has frames: pull them with worker_next_frame as far as the connection takes them. */
void shell_flush(void *link);

/* Close the connection once what is queued was sent, or cannot be; then call worker_session_closed.
 */
void shell_close(void *link);

/* A frame for the caller of a call, whose link this is; takes over the hold. With `is_last` the
 * call is over, and the link is not used again. */
void shell_answer_call(void *link, struct blob *frame, bool is_last);

#endif
