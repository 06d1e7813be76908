#include "schedule.h"

#include "base/memory.h"

void schedule_fini(struct schedule *schedule)
{
    free(schedule->heap);
    *schedule = (struct schedule){.heap = NULL};
}

static bool step_is_before(const struct step *a, const struct step *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void schedule_put(struct schedule *schedule, uint64_t at_ms, enum step_kind kind, uint32_t subject,
                  uint64_t generation)
{
    if (schedule->count == schedule->capacity) {
        schedule->capacity = schedule->capacity == 0 ? 256 : schedule->capacity * 2;
        schedule->heap =
            memory_resize(schedule->heap, schedule->capacity * sizeof(*schedule->heap));
    }
    struct step step = {at_ms, ++schedule->orders, generation, kind, subject};
    size_t at = schedule->count++;
    while (at > 0 && step_is_before(&step, &schedule->heap[(at - 1) / 2])) {
        schedule->heap[at] = schedule->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    schedule->heap[at] = step;
}

bool schedule_take(struct schedule *schedule, struct step *step)
{
    if (schedule->count == 0)
        return false;
    struct step *heap = schedule->heap;
    *step = heap[0];
    struct step last = heap[--schedule->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= schedule->count)
            break;
        if (child + 1 < schedule->count && step_is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!step_is_before(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    if (schedule->count > 0)
        heap[at] = last;
    return true;
}
