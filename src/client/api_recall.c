/* Taking back, and what the author may edit then. */
#include "client/ask.h"
#include "client/convert.h"
#include "client/loop.h"
#include "core/ids.h"

enum { RECALL_WAIT_DEFAULT_MS = 10000 };

static bool target_is_valid(const struct unsay_target *target)
{
    struct uuid id;
    memcpy(id.bytes, target->message_id, UUID_BYTES);
    return target->seq != 0 || !uuid_is_zero(&id);
}

static bool recall_is_valid(const struct unsay_recall *recall)
{
    if (recall == NULL || !id_is_conversation(view_of(recall->conversation)) ||
        recall->targets == NULL || recall->count == 0 || recall->count > LIMIT_RECALL_TARGETS_MAX)
        return false;
    if ((recall->request_id != NULL && !ask_is_request_id(recall->request_id)) ||
        !ask_is_reason(recall->reason) || recall->extension_bytes > LIMIT_EXTENSION_BYTES_MAX ||
        (recall->extension == NULL && recall->extension_bytes > 0) ||
        recall->condition > UNSAY_IF_UNREAD || recall->wait > UNSAY_WAIT_ALL ||
        recall->wait_ms > LIMIT_RECALL_WAIT_MS_MAX)
        return false;
    for (size_t i = 0; i < recall->count; i++) {
        if (!target_is_valid(&recall->targets[i]))
            return false;
    }
    return true;
}

static wire_target **recall_targets(const struct unsay_recall *recall, struct arena *arena)
{
    wire_target *targets = arena_alloc(arena, recall->count * sizeof(*targets));
    wire_target **pointers = arena_alloc(arena, recall->count * sizeof(wire_target *));
    for (size_t i = 0; i < recall->count; i++) {
        const struct unsay_target *target = &recall->targets[i];
        unsay__v1__target__init(&targets[i]);
        if (target->seq != 0) {
            targets[i].origin = origin_or_default(target->origin);
            targets[i].seq = target->seq;
        } else {
            targets[i].message_id = bytes_of(view_make(target->message_id, UUID_BYTES));
        }
        pointers[i] = &targets[i];
    }
    return pointers;
}

static uint64_t recall_timeout_ms(const struct unsay_recall *recall)
{
    if (recall->timeout_ms != 0)
        return recall->timeout_ms;
    if (recall->wait == UNSAY_WAIT_COMMITTED)
        return ASK_TIMEOUT_MS;
    return ASK_TIMEOUT_MS + (recall->wait_ms == 0 ? RECALL_WAIT_DEFAULT_MS : recall->wait_ms);
}

enum unsay_result unsay_recall(struct unsay *client, const struct unsay_recall *recall,
                               unsay_recall_fn *callback, void *context)
{
    if (!recall_is_valid(recall))
        return UNSAY_INVALID;
    struct arena arena;
    arena_init(&arena);
    char fresh[UUID_TEXT_BYTES + 1];
    struct uuid id = client_fresh_id();
    uuid_format(&id, fresh);

    wire_recall_request wire = UNSAY__V1__RECALL_REQUEST__INIT;
    wire.conversation = string_of(recall->conversation);
    wire.n_targets = recall->count;
    wire.targets = recall_targets(recall, &arena);
    wire.request_id = bytes_of(view_of(recall->request_id == NULL ? fresh : recall->request_id));
    wire.reason = string_of(recall->reason == NULL ? "" : recall->reason);
    wire.extension = bytes_of(view_make(recall->extension, recall->extension_bytes));
    wire.condition = (Unsay__V1__RecallCondition)recall->condition;
    wire.wait = (Unsay__V1__RecallWait)recall->wait;
    wire.wait_ms = recall->wait_ms;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &wire;
    struct request *request = ask_new(REQUEST_RECALL, &frame, recall_timeout_ms(recall), context);
    request->callback.recall = callback;
    arena_fini(&arena);
    return ask(client, request, true);
}

size_t unsay_recalled_text(struct unsay *client, const char *conversation,
                           const uint8_t message_id[16], void *body, size_t room)
{
    if (!id_is_conversation(view_of(conversation)) || message_id == NULL)
        return 0;
    struct uuid id;
    bool is_normal; /* the recall was refused after all, when the message arrived */
    memcpy(id.bytes, message_id, UUID_BYTES);
    if (database_is_normal(client->database, view_of(conversation), &id, &is_normal) != STATUS_OK ||
        is_normal)
        return 0;
    return edits_get(&client->edits, view_of(conversation), &id, loop_now_ms(), body, room);
}
