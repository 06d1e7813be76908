/* Pages of the user's list of conversations, by id or by activity. The order by activity is made
 * for each page from all of the user's conversations: no row is written per member and message.
 * What it costs is bounded by CONVERSATIONS_PER_USER_MAX, and most of it is in memory from the
 * second page on, kept up by what is published. */
#ifndef UNSAY_ROUTING_LISTING_H
#define UNSAY_ROUTING_LISTING_H

#include "base/status.h"
#include "routing/reader.h"

struct interest;
struct publication;
struct store_membership;

/* Reads the page into the session's page lane. */
void listing_serve(struct worker *worker, struct session *session, const struct reading *reading);

/* A conversation as a page shows it, without unread, mentions and preview; what it points at lives
 * in the worker's scratch arena. */
MUST_CHECK enum status listing_describe(struct worker *worker, const struct session *session,
                                        const struct store_membership *membership,
                                        wire_conversation_entry *entry, wire_head *head);

/* An event of the conversation is published. */
void listing_note_message(struct interest *interest, const struct publication *publication);

#endif
