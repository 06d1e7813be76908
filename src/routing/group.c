#include "routing/group.h"

#include "base/limits.h"
#include "base/memory.h"
#include "routing/wave.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert(LIMIT_WORKERS_MAX <= 64, "a group has a bit for each worker");

enum { GROUP_KEY_BYTES_MAX = 1 + 3 * (1 + LIMIT_CONVERSATION_ID_BYTES_MAX) + UUID_BYTES + 16 };

struct group *group_new(unsigned worker, uint64_t number)
{
    struct group *group = memory_new(sizeof(*group));
    group->worker = worker;
    group->number = number;
    arena_init(&group->arena);
    effects_init(&group->effects, &group->arena);
    table_init(&group->overlay);
    return group;
}

void group_free(struct group *group)
{
    if (group == NULL)
        return;
    for (struct answer *answer = group->first_answer; answer != NULL; answer = answer->next)
        blob_release(answer->frame);
    group_release_waves(group, NULL);
    effects_fini(&group->effects);
    table_fini(&group->overlay);
    arena_fini(&group->arena);
    free(group);
}

void group_make_waves(struct group *group)
{
    size_t count = 0;
    const struct publication *publication = group->effects.first;
    for (; publication != NULL; publication = publication->next)
        count += publication->is_recall;
    group->waves = count == 0 ? NULL : memory_new_array(count, sizeof(struct wave *));
    for (; group->wave_count < count; group->wave_count++)
        group->waves[group->wave_count] = wave_new();
}

void group_release_waves(struct group *group, struct stats *stats)
{
    for (size_t i = 0; i < group->wave_count; i++)
        wave_release(group->waves[i], stats);
    free(group->waves);
    group->waves = NULL;
    group->wave_count = 0;
}

void group_answer(struct group *group, unsigned worker, uint64_t session, uint64_t request,
                  struct blob *frame)
{
    struct answer *answer = arena_alloc(&group->arena, sizeof(*answer));
    *answer =
        (struct answer){.worker = worker, .session = session, .request = request, .frame = frame};
    group->answering |= UINT64_C(1) << worker;
    if (group->last_answer == NULL)
        group->first_answer = answer;
    else
        group->last_answer->next = answer;
    group->last_answer = answer;
}

static uint8_t *group_put(uint8_t *out, struct view part)
{
    assert(part.size <= UINT8_MAX);
    *out++ = (uint8_t)part.size;
    if (part.size > 0)
        memcpy(out, part.data, part.size);
    return out + part.size;
}

/* The key of a change, unambiguous; returns its size, 0 for kinds that the overlay leaves out. */
static size_t group_key(const struct change *change, uint8_t key[GROUP_KEY_BYTES_MAX])
{
    uint8_t *out = key;
    *out++ = (uint8_t)change->kind;
    out = group_put(out, change->conversation);
    switch (change->kind) {
    case CHANGE_EVENT:
        memcpy(out, &change->origin, sizeof(change->origin));
        memcpy(out + sizeof(change->origin), &change->seq, sizeof(change->seq));
        return (size_t)(out - key) + sizeof(change->origin) + sizeof(change->seq);
    case CHANGE_MESSAGE_ID:
        out = group_put(out, change->user);
        memcpy(out, change->id.bytes, UUID_BYTES);
        return (size_t)(out - key) + UUID_BYTES;
    case CHANGE_REQUEST:
        out = group_put(out, change->user);
        out = group_put(out, change->request_id);
        return (size_t)(out - key);
    case CHANGE_CURSOR:
        out = group_put(out, change->user);
        out = group_put(out, change->device);
        memcpy(out, &change->origin, sizeof(change->origin));
        return (size_t)(out - key) + sizeof(change->origin);
    case CHANGE_DEVICE:
        out = group_put(out, change->user);
        out = group_put(out, change->device);
        return (size_t)(out - key);
    case CHANGE_USER:
        out = group_put(out, change->user);
        return (size_t)(out - key);
    case CHANGE_JOB:
        out = group_put(out, change->user);
        out = group_put(out, change->request_id);
        return (size_t)(out - key);
    case CHANGE_MEMBER:
        out = group_put(out, change->user);
        return (size_t)(out - key);
    case CHANGE_CONVERSATION:
        return (size_t)(out - key);
    case CHANGE_PIN:
    case CHANGE_FORWARD:
    case CHANGE_APPROVAL:
    case CHANGE_PUSHED:
    case CHANGE_POLICY:
    case CHANGE_LAST_MESSAGE:
    case CHANGE_AUDIT:
    case CHANGE_OUTBOX:
        return 0;
    }
    return 0;
}

static void group_absorb(struct group *group)
{
    const struct change *change =
        group->absorbed == NULL ? group->effects.changes.first : group->absorbed->next;
    for (; change != NULL; change = change->next) {
        uint8_t key[GROUP_KEY_BYTES_MAX];
        size_t size = group_key(change, key);
        if (size > 0) {
            struct view kept = arena_copy(&group->arena, view_make(key, size));
            table_put(&group->overlay, kept, (void *)(uintptr_t)change);
        }
        group->absorbed = change;
    }
}

const struct change *group_find(struct group *group, const struct change *probe)
{
    uint8_t key[GROUP_KEY_BYTES_MAX];
    group_absorb(group);
    return table_get(&group->overlay, view_make(key, group_key(probe, key)));
}
