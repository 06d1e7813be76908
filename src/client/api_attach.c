/* Files that go with messages. */
#include "client/attachment.h"
#include "client/client.h"
#include "client/loop.h"
#include "core/ids.h"
#include "unsay/device.h"

static bool attachment_is_valid(const struct unsay_attachment *attachment)
{
    return attachment != NULL && id_is_conversation(view_of(attachment->conversation)) &&
           attachment_path_is_valid(view_of(attachment->path));
}

enum unsay_result unsay_attach(struct unsay *client, const struct unsay_attachment *attachment,
                               enum unsay_attached *attached)
{
    if (!attachment_is_valid(attachment) || attached == NULL || !client->has_attachments)
        return UNSAY_INVALID;
    const struct unsay_target *target = &attachment->target;
    struct uuid message_id;
    memcpy(message_id.bytes, target->message_id, UUID_BYTES);
    database_begin(client->database);
    enum database_attached found =
        database_attach(client->database, view_of(attachment->conversation),
                        target->origin == 0 ? ORIGIN_DEFAULT : target->origin, target->seq,
                        &message_id, view_of(attachment->path));
    if (database_commit(client->database, NULL) != STATUS_OK)
        return UNSAY_STORAGE;
    if (found != DATABASE_ATTACHED && found != DATABASE_ATTACHED_TOO_LATE)
        return UNSAY_INVALID;
    *attached = found == DATABASE_ATTACHED ? UNSAY_ATTACHED : UNSAY_ATTACHED_TOO_LATE;
    if (found == DATABASE_ATTACHED_TOO_LATE) {
        database_remove_now(client->database, attachment->path);
        loop_remove_soon(client->loop);
    }
    return UNSAY_OK;
}
