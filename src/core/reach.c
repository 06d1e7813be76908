#include "core/reach.h"

#include "core/visibility.h"

/* Since when the device may have had the event at the earliest; 0: it has not stored it. */
static uint64_t reach_stored_ms(const struct trail *stored, const struct reach_message *message)
{
    uint64_t earliest_ms;
    if (trail_reached(stored, message->seq, &earliest_ms) == 0)
        return 0;
    return earliest_ms < message->sent_ms ? message->sent_ms : earliest_ms + 1;
}

static bool reach_is_hidden(const struct reach_device *device, uint64_t seq)
{
    return device->member != NULL && visibility_never_allowed(device->member, seq);
}

/* Current members for whom the event is. */
static size_t reach_receivers(const struct reach_audience *audience, uint64_t seq)
{
    size_t count = audience->member_count;
    for (size_t i = 0; i < audience->partial_count; i++)
        count -= row_is_member(audience->partial[i]) &&
                 visibility_never_allowed(audience->partial[i], seq);
    return count;
}

/* What one user's devices, from `at` on, know of the event; returns the first device after them. */
static size_t reach_of_user(const struct reach_audience *audience, size_t at,
                            const struct reach_message *message, uint64_t *stored_ms,
                            bool *is_displayed)
{
    const char *user = audience->devices[at].user;
    *stored_ms = 0;
    *is_displayed = false;
    for (; at < audience->device_count && strcmp(audience->devices[at].user, user) == 0; at++) {
        const struct cursor_row *cursor = audience->devices[at].cursor;
        uint64_t since_ms = reach_stored_ms(&cursor->stored, message);
        if (since_ms != 0 && (*stored_ms == 0 || since_ms < *stored_ms))
            *stored_ms = since_ms;
        *is_displayed |= trail_seq(&cursor->displayed) >= message->seq;
    }
    return at;
}

struct reach reach_of(const struct reach_audience *audience, const struct reach_message *message)
{
    if (audience->is_large)
        return (struct reach){WIRE(DELIVERY_STATE, DISPLAYED), message->sent_ms, message->sent_ms};
    struct reach reach = {WIRE(DELIVERY_STATE, UNDELIVERED), 0, 0};
    uint64_t last_ms = 0;
    size_t reached = message->author_is_member ? 1 : 0; /* of the members */
    bool is_reached = false;
    for (size_t at = 0; at < audience->device_count;) {
        bool is_author = strcmp(audience->devices[at].user, message->author) == 0;
        uint64_t stored_ms;
        bool is_displayed;
        at = reach_of_user(audience, at, message, &stored_ms, &is_displayed);
        if (is_author || stored_ms == 0 ||
            reach_is_hidden(&audience->devices[at - 1], message->seq))
            continue;
        is_reached = true;
        reached += audience->devices[at - 1].is_member;
        if (reach.first_ms == 0 || stored_ms < reach.first_ms)
            reach.first_ms = stored_ms;
        if (stored_ms > last_ms)
            last_ms = stored_ms;
        if (is_displayed)
            reach.state = WIRE(DELIVERY_STATE, DISPLAYED);
        else if (reach.state == WIRE(DELIVERY_STATE, UNDELIVERED))
            reach.state = WIRE(DELIVERY_STATE, DELIVERED);
    }
    if (is_reached && reached >= reach_receivers(audience, message->seq))
        reach.each_ms = last_ms;
    return reach;
}

bool reach_may_hold(const struct cursor_row *cursor, uint64_t seq)
{
    return cursor->handed_first <= seq && seq <= cursor->handed_last;
}

/* How far one device got; NONE where the event has not reached it. */
static Unsay__V1__DeviceReach reach_of_device(const struct cursor_row *cursor, uint64_t seq,
                                              uint64_t *since_ms)
{
    uint64_t earliest_ms;
    if (trail_seq(&cursor->displayed) >= seq) {
        *since_ms = trail_reached(&cursor->displayed, seq, &earliest_ms);
        return WIRE(DEVICE_REACH, DISPLAYED);
    }
    if (trail_seq(&cursor->stored) >= seq) {
        *since_ms = trail_reached(&cursor->stored, seq, &earliest_ms);
        return WIRE(DEVICE_REACH, STORED);
    }
    *since_ms = cursor->handed_ms;
    return reach_may_hold(cursor, seq) ? WIRE(DEVICE_REACH, PUSHED) : WIRE(DEVICE_REACH, NONE);
}

void reach_list(const struct reach_audience *audience, uint64_t seq, struct arena *arena,
                wire_dossier *dossier)
{
    dossier->is_complete = !audience->is_large;
    if (audience->is_large)
        return;
    dossier->devices = arena_alloc(arena, audience->device_count * sizeof(*dossier->devices));
    for (size_t i = 0; i < audience->device_count; i++) {
        const struct reach_device *device = &audience->devices[i];
        uint64_t since_ms;
        Unsay__V1__DeviceReach reach = reach_of_device(device->cursor, seq, &since_ms);
        if (reach == WIRE(DEVICE_REACH, NONE) || reach_is_hidden(device, seq))
            continue;
        wire_device_exposure *exposure = arena_alloc(arena, sizeof(*exposure));
        unsay__v1__device_exposure__init(exposure);
        exposure->user = (char *)(uintptr_t)device->user;
        exposure->device = (char *)(uintptr_t)device->device;
        exposure->reach = reach;
        exposure->since_ms = since_ms;
        dossier->devices[dossier->n_devices++] = exposure;
    }
}
