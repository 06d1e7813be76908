#include "routing/exposure.h"

#include "core/frame.h"
#include "core/hlc.h"
#include "core/ids.h"
#include "core/receipt.h"
#include "core/visibility.h"
#include "routing/worker.h"

#include <sodium.h>

enum { EXPOSURE_BATCH = 256 };

struct exposure {
    struct worker *worker;
    struct view conversation;
    const wire_recall *recall;
    uint64_t recall_seq;
    uint64_t recall_ms;
    const wire_dossier *dossier; /* NULL: there is none */
    struct view after_user;
    struct view after_device;
    size_t limit;
    const struct member_row *member; /* of the user at hand */
    struct store_device *devices;    /* room for EXPOSURE_BATCH: of the user at hand */
    wire_exposure answer;
    wire_exposure_totals totals;
};

/* ---- One device ---- */

/* From the dossier, which the recall's commit wrote. */
static const wire_device_exposure *exposure_recorded(const struct exposure *exposure,
                                                     struct view user, struct view device)
{
    for (size_t i = 0; i < exposure->dossier->n_devices; i++) {
        const wire_device_exposure *recorded = exposure->dossier->devices[i];
        if (view_equal(view_of(recorded->user), user) &&
            view_equal(view_of(recorded->device), device))
            return recorded;
    }
    return NULL;
}

/* From the cursor's trail: what may have come before the recall counts as having come. */
static bool exposure_came_before(const struct exposure *exposure, const struct trail *trail,
                                 uint64_t *since_ms)
{
    uint64_t earliest_ms;
    uint64_t reached_ms = trail_reached(trail, exposure->recall->target_seq, &earliest_ms);
    *since_ms = reached_ms;
    return reached_ms != 0 &&
           (reached_ms <= exposure->recall_ms || earliest_ms + 1 < exposure->recall_ms);
}

static void exposure_set_reach(const struct exposure *exposure, const struct cursor_row *cursor,
                               const struct device_row *registered, wire_device_exposure *device)
{
    uint64_t since_ms;
    if (exposure->dossier != NULL && exposure->dossier->is_complete) {
        const wire_device_exposure *recorded =
            exposure_recorded(exposure, view_of(device->user), view_of(device->device));
        if (recorded != NULL) {
            device->reach = recorded->reach;
            device->since_ms = recorded->since_ms;
        }
    } else if (registered == NULL || registered->since_ms > exposure->recall_ms ||
               visibility_never_allowed(exposure->member, exposure->recall->target_seq)) {
        return; /* there was no such device yet, or the message was not for it */
    } else if (exposure_came_before(exposure, &cursor->displayed, &since_ms)) {
        device->reach = WIRE(DEVICE_REACH, DISPLAYED);
        device->since_ms = since_ms;
    } else if (exposure_came_before(exposure, &cursor->stored, &since_ms)) {
        device->reach = WIRE(DEVICE_REACH, STORED);
        device->since_ms = since_ms;
    } else if (reach_may_hold(cursor, exposure->recall->target_seq)) {
        device->reach = WIRE(DEVICE_REACH, PUSHED);
        device->since_ms = cursor->handed_ms;
    }
}

/* Whether the signature is that of one of the device's keys. */
static bool exposure_verify(const struct receipt *receipt, const struct cursor_row *cursor,
                            const struct device_row *registered)
{
    char text[RECEIPT_TEXT_BYTES_MAX];
    struct view signed_text = receipt_text(receipt, text);
    for (uint32_t i = 0; i < registered->key_count; i++) {
        if (crypto_sign_verify_detached(cursor->receipt, signed_text.data, signed_text.size,
                                        registered->keys[i].key) == 0)
            return true;
    }
    return false;
}

static Unsay__V1__ReceiptState exposure_receipt(const struct exposure *exposure,
                                                const struct cursor_row *cursor,
                                                const wire_device_exposure *device,
                                                const struct device_row *registered)
{
    if (cursor->receipt_seq < exposure->recall_seq)
        return device->applied ? WIRE(RECEIPT_STATE, UNSIGNED) : WIRE(RECEIPT_STATE, MISSING);
    struct receipt receipt = {
        .store = exposure->worker->settings.store,
        .conversation = arena_text(&exposure->worker->scratch, exposure->conversation),
        .origin = ORIGIN_DEFAULT,
        .user = device->user,
        .device = device->device,
        .stored = cursor->receipt_seq,
        .time_ms = cursor->receipt_time_ms,
    };
    bool is_signed = exposure_verify(&receipt, cursor, registered);
    /* What was signed before the store was put back from a backup names the store that it was. */
    for (size_t i = 0; i < exposure->worker->settings.past_count && !is_signed; i++) {
        receipt.store = exposure->worker->settings.pasts[i].id;
        is_signed = exposure_verify(&receipt, cursor, registered);
    }
    return is_signed ? WIRE(RECEIPT_STATE, SIGNED) : WIRE(RECEIPT_STATE, INVALID);
}

/* What no cursor tells: it was on its way. */
static enum status exposure_find_pushed(const struct exposure *exposure, struct view user,
                                        struct view name, wire_device_exposure *device)
{
    struct event_key recall = {exposure->conversation, ORIGIN_DEFAULT, exposure->recall_seq};
    if (device->reach != WIRE(DEVICE_REACH, NONE))
        return STATUS_OK;
    enum status status = store_get_pushed(exposure->worker->store, recall, user, name);
    if (status == STATUS_OK) {
        device->reach = WIRE(DEVICE_REACH, PUSHED);
        device->since_ms = exposure->recall_ms;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void exposure_count(wire_exposure_totals *totals, const wire_device_exposure *device)
{
    totals->devices++;
    totals->pushed += device->reach == WIRE(DEVICE_REACH, PUSHED);
    totals->stored += device->reach == WIRE(DEVICE_REACH, STORED);
    totals->displayed += device->reach == WIRE(DEVICE_REACH, DISPLAYED);
    totals->applied += device->applied ? 1 : 0;
    totals->outstanding += !device->applied && device->reach != WIRE(DEVICE_REACH, NONE);
    totals->receipts_signed += device->receipt == WIRE(RECEIPT_STATE, SIGNED);
    totals->receipts_unsigned += device->receipt == WIRE(RECEIPT_STATE, UNSIGNED);
}

/* Adds the device to the page; *goes_on becomes false when the page is full. */
static enum status exposure_add(struct exposure *exposure, struct view user, struct view name,
                                const struct cursor_row *cursor,
                                const struct device_row *registered, bool *goes_on)
{
    struct arena *arena = &exposure->worker->scratch;
    int order = view_compare(user, exposure->after_user);
    if (order < 0 || (order == 0 && view_compare(name, exposure->after_device) <= 0))
        return STATUS_OK;
    if (exposure->answer.n_devices == exposure->limit) {
        exposure->answer.more = true;
        *goes_on = false;
        return STATUS_OK;
    }
    wire_device_exposure *device = arena_alloc(arena, sizeof(*device));
    unsay__v1__device_exposure__init(device);
    device->user = arena_text(arena, user);
    device->device = arena_text(arena, name);
    exposure_set_reach(exposure, cursor, registered, device);
    enum status status = exposure_find_pushed(exposure, user, name, device);
    uint64_t earliest_ms;
    device->applied_ms = trail_reached(&cursor->stored, exposure->recall_seq, &earliest_ms);
    device->applied = device->applied_ms != 0;
    device->receipt = exposure_receipt(exposure, cursor, device, registered);
    exposure_count(&exposure->totals, device);
    exposure->answer.devices[exposure->answer.n_devices++] = device;
    return status;
}

/* ---- All devices, by user and name ---- */

static enum status exposure_add_device(struct exposure *exposure, struct view user,
                                       const struct store_device *device, bool *goes_on)
{
    struct cursor_row cursor = {.receipt_seq = 0};
    enum status status = store_get_cursor(exposure->worker->store, user, device->device,
                                          exposure->conversation, ORIGIN_DEFAULT, &cursor);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    return exposure_add(exposure, user, device->device, &cursor, &device->row, goes_on);
}

/* The devices of one user: those that signed in once, with the cursors of those that came this far.
 * *goes_on becomes false when the page is full. */
static enum status exposure_add_user(struct exposure *exposure, struct view user, bool *goes_on)
{
    static const struct cursor_row no_cursor;
    bool is_rest = view_equal(user, exposure->after_user);
    struct view after = is_rest ? exposure->after_device : view_make(NULL, 0);
    size_t count = EXPOSURE_BATCH;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && *goes_on && count == EXPOSURE_BATCH) {
        status = store_list_devices(exposure->worker->store, user, after, EXPOSURE_BATCH,
                                    &exposure->worker->scratch, exposure->devices, &count);
        if (status == STATUS_OK && count == 0 && after.size == 0)
            status = exposure_add(exposure, user, view_of(""), &no_cursor, NULL, goes_on);
        for (size_t i = 0; status == STATUS_OK && i < count && *goes_on; i++) {
            after = exposure->devices[i].device;
            status = exposure_add_device(exposure, user, &exposure->devices[i], goes_on);
        }
    }
    return status;
}

/* The rest of the user with whom the page before ended. */
static enum status exposure_add_rest(struct exposure *exposure, bool *goes_on)
{
    struct member_row row;
    if (exposure->after_user.size == 0)
        return STATUS_OK;
    enum status status = store_get_member(exposure->worker->store, exposure->conversation,
                                          exposure->after_user, &row);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    exposure->member = &row;
    return exposure_add_user(exposure, exposure->after_user, goes_on);
}

static enum status exposure_walk(struct exposure *exposure)
{
    struct arena *arena = &exposure->worker->scratch;
    struct store_membership *members = arena_alloc(arena, EXPOSURE_BATCH * sizeof(*members));
    struct view user = exposure->after_user;
    size_t count = EXPOSURE_BATCH;
    bool goes_on = true;
    exposure->devices = arena_alloc(arena, EXPOSURE_BATCH * sizeof(*exposure->devices));
    enum status status = exposure_add_rest(exposure, &goes_on);
    while (status == STATUS_OK && goes_on && count == EXPOSURE_BATCH) {
        status = store_list_members(exposure->worker->store, exposure->conversation, user,
                                    EXPOSURE_BATCH, arena, members, &count);
        for (size_t i = 0; status == STATUS_OK && i < count && goes_on; i++) {
            user = members[i].user;
            if (visibility_end(&members[i].row) == 0) /* invited at most */
                continue;
            exposure->member = &members[i].row;
            status = exposure_add_user(exposure, user, &goes_on);
        }
    }
    return status;
}

/* ---- The request ---- */

static enum status exposure_event(struct worker *worker, struct view conversation, uint64_t seq,
                                  wire_event **event)
{
    struct event_key key = {conversation, ORIGIN_DEFAULT, seq};
    struct view bytes;
    enum status status = store_get_event(worker->store, key, &worker->scratch, &bytes);
    if (status != STATUS_OK)
        return status;
    *event = event_decode(bytes, &worker->scratch);
    return *event == NULL ? STATUS_CORRUPT : STATUS_OK;
}

/* Finds the recall, named by its own seq or by that of what it took back. */
static enum status exposure_find(struct exposure *exposure, uint64_t seq)
{
    struct worker *worker = exposure->worker;
    struct arena *arena = &worker->scratch;
    wire_event *event;
    struct view bytes;
    enum status status = exposure_event(worker, exposure->conversation, seq, &event);
    if (status == STATUS_OK && event->kind_case == EVENT_KIND(MESSAGE) &&
        event->message->tombstone != NULL)
        status = exposure_event(worker, exposure->conversation,
                                event->message->tombstone->recall_seq, &event);
    if (status != STATUS_OK)
        return status;
    if (event->kind_case != EVENT_KIND(RECALL))
        return STATUS_NOT_FOUND;
    exposure->recall = event->recall;
    exposure->recall_seq = event->seq;
    exposure->recall_ms = hlc_ms(event->time);
    exposure->answer.recall_seq = event->seq;
    exposure->answer.target_seq = event->recall->target_seq;
    exposure->answer.time = event->time;
    struct event_key target = {exposure->conversation, ORIGIN_DEFAULT, event->recall->target_seq};
    status = store_get_dossier(worker->store, target, arena, &bytes);
    if (status == STATUS_OK) {
        ProtobufCAllocator allocator;
        arena_allocator(arena, &allocator);
        exposure->dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
        return exposure->dossier == NULL ? STATUS_CORRUPT : STATUS_OK;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The operator, owners and admins, system and compliance. */
static enum status exposure_may_ask(const struct exposure *exposure, const struct session *session,
                                    bool *may)
{
    struct member_row row;
    *may = session->authority != WIRE(ACTOR, UNSPECIFIED);
    if (*may)
        return STATUS_OK;
    enum status status = store_get_member(exposure->worker->store, exposure->conversation,
                                          view_of(session->user), &row);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    *may = row.role == WIRE(ROLE, OWNER) || row.role == WIRE(ROLE, ADMIN) ||
           (row_is_member(&row) && exposure->recall != NULL &&
            strcmp(exposure->recall->operator_, session->user) == 0);
    if (exposure->recall_seq != 0 && !visibility_allows(&row, exposure->recall_seq))
        *may = false;
    return STATUS_OK;
}

static refusal_code exposure_fill(struct exposure *exposure, const struct session *session,
                                  uint64_t seq)
{
    bool may = false;
    enum status found = exposure_find(exposure, seq);
    enum status status = found == STATUS_NOT_FOUND ? STATUS_OK : found;
    if (status == STATUS_OK)
        status = exposure_may_ask(exposure, session, &may);
    if (status != STATUS_OK)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (!may)
        return REFUSAL_CODE(NOT_PERMITTED);
    if (found == STATUS_NOT_FOUND)
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    return exposure_walk(exposure) == STATUS_OK ? REFUSAL_NONE : REFUSAL_CODE(STORAGE_UNAVAILABLE);
}

void exposure_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_read_exposure *query)
{
    wire_device_exposure *devices[LIMIT_PAGE_EVENTS_MAX];
    struct exposure exposure = {
        .worker = worker,
        .conversation = view_of(query->conversation),
        .limit = query->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : query->limit,
        .answer = UNSAY__V1__EXPOSURE__INIT,
        .totals = UNSAY__V1__EXPOSURE_TOTALS__INIT,
    };
    if (!id_is_conversation(exposure.conversation) || query->origin > ORIGIN_DEFAULT ||
        query->recall_seq == 0 || query->limit > LIMIT_PAGE_EVENTS_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "exposure: a conversation's id, origin 1, a seq, and a limit of 0 to 200",
                       false);
        return;
    }
    if (query->after != NULL) {
        exposure.after_user = view_of(query->after->user);
        exposure.after_device = view_of(query->after->device);
    }
    exposure.answer.conversation = query->conversation;
    exposure.answer.origin = ORIGIN_DEFAULT;
    exposure.answer.devices = devices;
    exposure.answer.totals = &exposure.totals;
    refusal_code refusal = exposure_fill(&exposure, session, query->recall_seq);
    if (refusal != REFUSAL_NONE) {
        session_refuse(worker, session, request, refusal, "", false);
        return;
    }
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(EXPOSURE);
    frame.exposure = &exposure.answer;
    session_answer(worker, session, frame_from_server(&frame));
}
