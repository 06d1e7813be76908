#include "routing/owner_pins.h"

#include "base/memory.h"
#include "core/pin.h"
#include "routing/worker.h"

#include <assert.h>
#include <stdlib.h>

void pinned_fini(struct pinned *pinned)
{
    free(pinned->seqs);
    *pinned = (struct pinned){.is_loaded = false};
}

static void pinned_add(struct pinned *pinned, uint64_t seq)
{
    assert(pinned->count < LIMIT_PINS_MAX);
    if (pinned->seqs == NULL)
        pinned->seqs = memory_new_array(LIMIT_PINS_MAX, sizeof(*pinned->seqs));
    pinned->seqs[pinned->count++] = seq;
}

/* Where the seq is; pinned->count where it is not. */
static size_t pinned_find(const struct pinned *pinned, uint64_t seq)
{
    size_t at = 0;
    while (at < pinned->count && pinned->seqs[at] != seq)
        at++;
    return at;
}

static void pinned_remove(struct pinned *pinned, uint64_t seq)
{
    size_t at = pinned_find(pinned, seq);
    if (at < pinned->count)
        pinned->seqs[at] = pinned->seqs[--pinned->count];
}

enum status owner_load_pins(struct worker *worker, struct owned_conversation *owned)
{
    struct store_pin pins[LIMIT_PINS_MAX];
    size_t count = 0;
    if (owned->pins.is_loaded)
        return STATUS_OK;
    /* No pin changes before they are loaded, so the store knows of all of them. */
    enum status status =
        store_list_pins(worker->store, view_of(owned->id), owned->conversation.origin,
                        LIMIT_PINS_MAX, &worker->scratch, pins, &count);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        pinned_add(&owned->pins, pins[i].seq);
    owned->pins.is_loaded = true;
    return STATUS_OK;
}

bool owner_is_pinned(const struct owned_conversation *owned, uint64_t seq)
{
    assert(owned->pins.is_loaded);
    return pinned_find(&owned->pins, seq) < owned->pins.count;
}

void owner_drop_pin(struct worker *worker, struct owned_conversation *owned, uint64_t seq)
{
    if (!owner_is_pinned(owned, seq))
        return;
    pin_drop(&owned->conversation, seq, &owner_group(worker)->effects);
    pinned_remove(&owned->pins, seq);
}

/* What the request's target names, and whether it is pinned. */
static enum status owner_find_pin(struct worker *worker, struct owned_conversation *owned,
                                  const wire_reference *target, struct pin_facts *facts)
{
    enum status status = owner_load_pins(worker, owned);
    if (status != STATUS_OK)
        return status;
    facts->pin_count = owned->pins.count;
    if (target->origin != 0 && target->origin != owned->conversation.origin)
        return STATUS_OK;
    facts->is_pinned = owner_is_pinned(owned, target->seq);
    wire_event *event;
    status = owner_get_event(worker, owned, target->seq, &event);
    if (status == STATUS_OK)
        facts->event = event;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void owner_change_pin(struct worker *worker, const struct request *request)
{
    const wire_change_pin *change = request->frame->change_pin;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, change->conversation, &owned, &scratch, &member))
        return;
    struct pin_facts facts = {
        .author = &request->author, .member = &member->member, .now_ms = worker->now.wall_ms};
    if (owner_find_pin(worker, owned, change->target, &facts) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    struct group *group = owner_group(worker);
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    const char *detail;
    refusal_code refusal =
        pin_change(&owned->conversation, change, &facts, &group->effects, &appended, &detail);
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, detail);
        return;
    }
    if (appended.seq != 0) {
        owned->touched = group->number;
        if (change->is_pinned)
            pinned_add(&owned->pins, change->target->seq);
        else
            pinned_remove(&owned->pins, change->target->seq);
    }
    answer.body_case = SERVER_FRAME(APPENDED);
    answer.appended = &appended;
    owner_answer(worker, request, &answer);
}
