#include "checks.h"

#include "core/frame.h"
#include "storage/store.h"

enum { CHECK_PAGE = 100 };

void check_store(struct world *world, check_visit *visit, void *context)
{
    struct store_event events[CHECK_PAGE];
    struct arena arena;
    arena_init(&arena);
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        struct log *log = &world->history.logs[i];
        struct store_range range = {.conversation = view_of(log->id),
                                    .origin = ORIGIN_DEFAULT,
                                    .limit = CHECK_PAGE,
                                    .bytes_max = SIZE_MAX};
        bool more = true;
        while (more) {
            size_t count = 0;
            arena_reset(&arena);
            if (store_read_events(world->server.store, &range, &arena, events, &count, &more) !=
                STATUS_OK)
                break;
            for (size_t at = 0; at < count; at++) {
                visit(world, log, events[at].seq, event_decode(events[at].bytes, &arena), context);
                range.after = events[at].seq;
            }
        }
    }
    arena_fini(&arena);
}
