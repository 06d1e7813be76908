#include "routing/overview.h"

#include "base/limits.h"
#include "core/frame.h"

enum { OVERVIEW_CHUNK = 64 };

/* How far any of the user's devices has displayed the conversation. */
static enum status overview_displayed(struct store *store, struct view user,
                                      struct view conversation, struct arena *arena,
                                      uint64_t *displayed)
{
    struct store_cursor cursors[LIMIT_OVERVIEW_DEVICES_MAX];
    struct view first = {NULL, 0};
    size_t count = 0;
    *displayed = 0;
    enum status status = store_list_cursors(store, conversation, ORIGIN_DEFAULT, user, first,
                                            LIMIT_OVERVIEW_DEVICES_MAX, arena, cursors, &count);
    for (size_t i = 0; status == STATUS_OK && i < count && view_equal(cursors[i].user, user); i++) {
        uint64_t seq = trail_seq(&cursors[i].row.displayed);
        *displayed = seq > *displayed ? seq : *displayed;
    }
    return status;
}

static bool overview_mentions(const wire_message *message, const char *user)
{
    for (size_t i = 0; i < message->n_mentions; i++) {
        if (strcmp(message->mentions[i], user) == 0 || strcmp(message->mentions[i], "*") == 0)
            return true;
    }
    return false;
}

static wire_event *overview_preview(struct view bytes, struct arena *arena)
{
    wire_event *event = event_decode(arena_copy(arena, bytes), arena);
    if (event == NULL)
        return NULL;
    event->message->n_mentions = 0;
    if (event->message->body.len > LIMIT_PREVIEW_BODY_BYTES_MAX)
        event->message->body.len = 0;
    return event;
}

/* One event, from the latest back. */
static void overview_add(struct overview *overview, const wire_event *event, struct view bytes,
                         const char *user, uint64_t displayed, struct arena *arena)
{
    if (event == NULL || event->kind_case != EVENT_KIND(MESSAGE))
        return;
    const wire_message *message = event->message;
    bool is_shown = message->tombstone == NULL || !message->tombstone->vanished;
    if (overview->preview == NULL && is_shown)
        overview->preview = overview_preview(bytes, arena);
    if (event->seq <= displayed || message->state != WIRE(MESSAGE_STATE, NORMAL) ||
        strcmp(message->sender, user) == 0 || overview->unread >= LIMIT_UNREAD_MAX)
        return;
    overview->unread++;
    overview->mentions += overview_mentions(message, user);
}

enum status overview_read(struct store *store, const char *user, struct view conversation,
                          struct arena *arena, struct overview *overview)
{
    struct store_event events[OVERVIEW_CHUNK];
    struct store_range range = {.conversation = conversation,
                                .origin = ORIGIN_DEFAULT,
                                .limit = OVERVIEW_CHUNK,
                                .newest = true};
    struct arena scratch;
    uint64_t displayed;
    size_t bytes_left = LIMIT_OVERVIEW_BYTES_MAX;
    size_t events_left = LIMIT_OVERVIEW_EVENTS_MAX;
    bool more = true;
    arena_init(&scratch);
    *overview = (struct overview){.preview = NULL};
    enum status status =
        overview_displayed(store, view_of(user), conversation, &scratch, &displayed);
    while (status == STATUS_OK && more && bytes_left > 0 && events_left > 0) {
        size_t count = 0;
        arena_reset(&scratch);
        range.bytes_max = bytes_left;
        status = store_read_events(store, &range, &scratch, events, &count, &more);
        for (size_t i = count; status == STATUS_OK && i > 0; i--) {
            struct view bytes = events[i - 1].bytes;
            overview_add(overview, event_decode(bytes, &scratch), bytes, user, displayed, arena);
            bytes_left -= bytes.size < bytes_left ? bytes.size : bytes_left;
            range.before = events[i - 1].seq;
        }
        events_left -= count < events_left ? count : events_left;
        bool is_counted = range.before <= displayed + 1 || overview->unread >= LIMIT_UNREAD_MAX;
        more = more && count > 0 && !(is_counted && overview->preview != NULL);
    }
    arena_fini(&scratch);
    return status;
}
