/* What a worker that publishes a recall tells the owner of the conversation about its sessions: who
 * is connected, where someone waits for them, and to whose connections the message had been handed
 * without the device having said that it stored it. The mails are sent before anything that these
 * devices say about the recall. */
#ifndef UNSAY_ROUTING_REPORT_H
#define UNSAY_ROUTING_REPORT_H

#include "routing/mail.h"

struct group;
struct publication;
struct worker;

/* Sends MAIL_ONLINE; `interest` is NULL where no session follows the conversation. */
void report_online(struct worker *worker, const struct group *group,
                   const struct publication *publication, const struct interest *interest);

/* Gathers MAIL_PUSHED. Zeroed: nobody so far. */
struct report {
    struct mail_pushed *mail; /* owned */
    uint32_t capacity;
};

void report_pushed(struct report *report, struct worker *worker, const struct group *group,
                   const struct publication *publication, const struct session *session);

/* Sends what was gathered, if anything was. */
void report_finish(struct report *report, struct worker *worker, const struct group *group);

#endif
