#include "routing/report.h"

#include "base/memory.h"
#include "routing/worker.h"

#include <assert.h>

enum { REPORT_FIRST_CAPACITY = 8 };

static void report_name(struct mail_device *device, const struct session *session)
{
    snprintf(device->user, sizeof(device->user), "%s", session->user);
    snprintf(device->device, sizeof(device->device), "%s", session->device);
}

static void report_post(struct worker *worker, const struct group *group, struct mail mail)
{
    bool posted = shell_post(worker->shell, group->worker, mail);
    assert(posted);
    (void)posted;
}

void report_online(struct worker *worker, const struct group *group,
                   const struct publication *publication, const struct interest *interest)
{
    uint32_t capacity = 0;
    const struct list *node = interest == NULL ? NULL : interest->subscriptions.next;
    for (; node != NULL && node != &interest->subscriptions && capacity < LIMIT_ONLINE_DEVICES_MAX;
         node = node->next)
        capacity++;
    struct mail_online *mail = memory_new(sizeof(*mail) + capacity * sizeof(mail->devices[0]));
    snprintf(mail->conversation, sizeof(mail->conversation), "%s", publication->conversation);
    mail->origin = publication->origin;
    mail->seq = publication->seq;
    mail->worker = worker->index;
    mail->is_complete = true;
    node = interest == NULL ? NULL : interest->subscriptions.next;
    for (; node != NULL && node != &interest->subscriptions; node = node->next) {
        const struct subscription *subscription = LIST_ITEM(node, struct subscription, of_interest);
        const struct session *session = subscription->session;
        if (session->is_closing || subscription->is_gone)
            continue;
        mail->is_complete = mail->count < capacity;
        if (!mail->is_complete)
            break;
        report_name(&mail->devices[mail->count++], session);
    }
    report_post(worker, group, (struct mail){.kind = MAIL_ONLINE, .online = mail});
}

static void report_grow(struct report *report)
{
    struct mail_pushed *mail = report->mail;
    report->capacity = report->capacity == 0 ? REPORT_FIRST_CAPACITY : report->capacity * 2;
    report->mail = memory_resize(mail, sizeof(*mail) + report->capacity * sizeof(mail->devices[0]));
}

void report_pushed(struct report *report, struct worker *worker, const struct group *group,
                   const struct publication *publication, const struct session *session)
{
    if (report->mail != NULL && report->mail->count == LIMIT_ONLINE_DEVICES_MAX)
        report_finish(report, worker, group);
    if (report->mail == NULL) {
        report_grow(report);
        *report->mail = (struct mail_pushed){.origin = publication->origin,
                                             .seq = publication->seq,
                                             .target_seq = publication->target_seq};
        snprintf(report->mail->conversation, sizeof(report->mail->conversation), "%s",
                 publication->conversation);
    }
    if (report->mail->count == report->capacity)
        report_grow(report);
    report_name(&report->mail->devices[report->mail->count++], session);
}

void report_finish(struct report *report, struct worker *worker, const struct group *group)
{
    if (report->mail != NULL)
        report_post(worker, group, (struct mail){.kind = MAIL_PUSHED, .pushed = report->mail});
    *report = (struct report){.mail = NULL};
}
