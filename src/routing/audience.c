#include "routing/audience.h"

#include "base/memory.h"

#include <stdlib.h>

void audience_fini(struct audience *audience)
{
    for (size_t i = 0; i < audience->reach.device_count; i++)
        free(audience->owned[i]);
    for (size_t i = 0; i < audience->reach.partial_count; i++)
        free(audience->partial[i]);
    free(audience->owned);
    free(audience->devices);
    free(audience->partial);
    free(audience->partial_rows);
    *audience = (struct audience){.is_loaded = false};
}

static int audience_compare(const struct audience_device *device, const char *user,
                            const char *name)
{
    int order = strcmp(device->user, user);
    return order != 0 ? order : strcmp(device->device, name);
}

/* Where the device is, or would be. */
static size_t audience_place(const struct audience *audience, const char *user, const char *device)
{
    size_t low = 0;
    size_t high = audience->reach.device_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (audience_compare(audience->owned[middle], user, device) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct audience_device *audience_find(const struct audience *audience, const char *user,
                                      const char *device)
{
    size_t at = audience_place(audience, user, device);
    if (at == audience->reach.device_count ||
        audience_compare(audience->owned[at], user, device) != 0)
        return NULL;
    return audience->owned[at];
}

static void audience_grow(struct audience *audience)
{
    size_t capacity = audience->capacity == 0 ? 4 : 2 * audience->capacity;
    audience->owned = memory_resize(audience->owned, capacity * sizeof(struct audience_device *));
    audience->devices = memory_resize(audience->devices, capacity * sizeof(*audience->devices));
    audience->capacity = capacity;
    audience->reach.devices = audience->devices;
}

/* The user's row, where something is hidden from them. */
static const struct member_row *audience_find_partial(const struct audience *audience,
                                                      const char *user)
{
    for (size_t i = 0; i < audience->reach.partial_count; i++) {
        if (strcmp(audience->partial[i]->user, user) == 0)
            return &audience->partial[i]->row;
    }
    return NULL;
}

void audience_hide(struct audience *audience, const char *user, const struct member_row *row)
{
    size_t count = audience->reach.partial_count + 1;
    struct audience_partial *added = memory_new(sizeof(*added));
    added->row = *row;
    snprintf(added->user, sizeof(added->user), "%s", user);
    audience->partial = memory_resize(audience->partial, count * sizeof(struct audience_partial *));
    audience->partial_rows =
        memory_resize(audience->partial_rows, count * sizeof(const struct member_row *));
    audience->partial[count - 1] = added;
    audience->partial_rows[count - 1] = &added->row;
    audience->reach.partial = audience->partial_rows;
    audience->reach.partial_count = count;
    for (size_t at = audience_place(audience, user, "");
         at < audience->reach.device_count && strcmp(audience->owned[at]->user, user) == 0; at++)
        audience->devices[at].member = &added->row;
}

struct audience_device *audience_add(struct audience *audience, const char *user,
                                     const char *device, bool is_member)
{
    struct audience_device *found = audience_find(audience, user, device);
    if (found != NULL || audience->reach.is_large)
        return found;
    size_t count = audience->reach.device_count;
    if (count == LIMIT_REACH_DEVICES_MAX) {
        audience_become_large(audience);
        return NULL;
    }
    if (count == audience->capacity)
        audience_grow(audience);
    size_t at = audience_place(audience, user, device);
    struct audience_device *added = memory_new(sizeof(*added));
    snprintf(added->user, sizeof(added->user), "%s", user);
    snprintf(added->device, sizeof(added->device), "%s", device);
    memmove(&audience->owned[at + 1], &audience->owned[at],
            (count - at) * sizeof(struct audience_device *));
    memmove(&audience->devices[at + 1], &audience->devices[at],
            (count - at) * sizeof(*audience->devices));
    audience->owned[at] = added;
    audience->devices[at] = (struct reach_device){
        .user = added->user,
        .device = added->device,
        .is_member = is_member,
        .member = audience_find_partial(audience, user),
        .cursor = &added->cursor,
    };
    audience->reach.device_count++;
    return added;
}

void audience_become_large(struct audience *audience)
{
    audience_fini(audience);
    audience->is_loaded = true;
    audience->reach.is_large = true;
}
