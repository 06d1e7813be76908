#include "server/mailbox.h"

#include "base/memory.h"

#include <stdlib.h>

void mailbox_init(struct mailbox *mailbox)
{
    *mailbox = (struct mailbox){.count = 0};
    uv_mutex_init(&mailbox->mutex);
}

void mailbox_fini(struct mailbox *mailbox)
{
    for (size_t i = 0; i < mailbox->count; i++)
        mail_discard(&mailbox->posted[i]);
    free(mailbox->posted);
    free(mailbox->taken);
    uv_mutex_destroy(&mailbox->mutex);
}

bool mailbox_post(struct mailbox *mailbox, struct mail mail, bool *was_empty)
{
    bool is_bounded = mail.kind == MAIL_REQUEST || mail.kind == MAIL_FORWARD ||
                      mail.kind == MAIL_CLAIM || mail.kind == MAIL_REPLACED;
    uv_mutex_lock(&mailbox->mutex);
    if (is_bounded && mailbox->count >= LIMIT_MAILBOX_MAX) {
        uv_mutex_unlock(&mailbox->mutex);
        return false;
    }
    if (mailbox->count == mailbox->capacity) {
        mailbox->capacity = mailbox->capacity == 0 ? 64 : mailbox->capacity * 2;
        mailbox->posted =
            memory_resize(mailbox->posted, mailbox->capacity * sizeof(*mailbox->posted));
    }
    *was_empty = mailbox->count == 0;
    mailbox->posted[mailbox->count++] = mail;
    uv_mutex_unlock(&mailbox->mutex);
    return true;
}

struct mail *mailbox_take(struct mailbox *mailbox, size_t *count)
{
    uv_mutex_lock(&mailbox->mutex);
    struct mail *taken = mailbox->posted;
    size_t capacity = mailbox->capacity;
    *count = mailbox->count;
    mailbox->posted = mailbox->taken;
    mailbox->capacity = mailbox->taken_capacity;
    mailbox->count = 0;
    mailbox->taken = taken;
    mailbox->taken_capacity = capacity;
    uv_mutex_unlock(&mailbox->mutex);
    return taken;
}

size_t mailbox_count(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->mutex);
    size_t count = mailbox->count;
    uv_mutex_unlock(&mailbox->mutex);
    return count;
}
