#include "routing/overview.h"

#include "base/limits.h"
#include "core/field.h"
#include "core/frame.h"
#include "core/visibility.h"

enum { OVERVIEW_CHUNK = 128 };

/* Fields of Message, and of Tombstone. */
enum { MESSAGE_SENDER = 2, MESSAGE_STATE = 6, MESSAGE_TOMBSTONE = 7, MESSAGE_MENTIONS = 10 };
enum { TOMBSTONE_VANISHED = 6 };

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

/* An event's message, encoded; false where the event is of another kind. */
static bool overview_find_message(struct view event, struct view *message)
{
    struct field field;
    while (field_next(&event, &field)) {
        if (field.number == EVENT_KIND(MESSAGE))
            *message = field.bytes;
        if (field.number >= EVENT_KIND(MESSAGE))
            return field.number == EVENT_KIND(MESSAGE);
    }
    return false;
}

static bool overview_is(struct view text, const char *other)
{
    return view_equal(text, view_of(other));
}

/* A message as far as it is counted. Most of what is looked at is only counted, so it is not
 * decoded.
 */
struct overview_message {
    Unsay__V1__MessageState state;
    bool is_own;
    bool is_mention; /* of the user, or of everyone */
    bool has_vanished;
};

static bool overview_is_vanished(struct view tombstone)
{
    struct field field;
    bool is_vanished = false;
    while (field_next(&tombstone, &field)) {
        if (field.number == TOMBSTONE_VANISHED)
            is_vanished = field.value != 0;
    }
    return is_vanished;
}

static struct overview_message overview_look(struct view message, const char *user)
{
    struct overview_message seen = {.state = WIRE(MESSAGE_STATE, UNSPECIFIED)};
    struct field field;
    while (field_next(&message, &field)) {
        if (field.number == MESSAGE_SENDER)
            seen.is_own = overview_is(field.bytes, user);
        else if (field.number == MESSAGE_STATE)
            seen.state = (Unsay__V1__MessageState)field.value;
        else if (field.number == MESSAGE_TOMBSTONE)
            seen.has_vanished = overview_is_vanished(field.bytes);
        else if (field.number == MESSAGE_MENTIONS)
            seen.is_mention |= overview_is(field.bytes, user) || overview_is(field.bytes, "*");
    }
    return seen;
}

/* The event as it is shown, in the arena. */
static wire_event *overview_preview(struct view bytes, struct arena *arena)
{
    wire_event *event = event_decode(bytes, arena);
    if (event == NULL || event->kind_case != EVENT_KIND(MESSAGE))
        return NULL;
    event->message->n_mentions = 0;
    if (event->message->body.len > LIMIT_PREVIEW_BODY_BYTES_MAX)
        event->message->body.len = 0;
    return event;
}

/* From the latest event back. */
struct overview_walk {
    struct overview *overview;
    struct arena *arena; /* of the overview */
    const char *user;
    const struct member_row *member;
    uint64_t displayed;
    uint64_t before; /* events with smaller seqs are left; 0: all */
    size_t events_left;
    size_t bytes_left;
    struct barren run; /* that ends here */
    struct barren known;
};

static uint64_t barren_count(struct barren barren)
{
    return barren.first == 0 ? 0 : barren.last - barren.first + 1;
}

/* These are barren, and next to the ones before. */
static void overview_pass(struct overview_walk *walk, struct barren barren)
{
    if (walk->run.first == 0)
        walk->run.last = barren.last;
    walk->run.first = barren.first;
}

static void overview_end_run(struct overview_walk *walk)
{
    if (barren_count(walk->run) >= barren_count(walk->known))
        walk->known = walk->run;
    walk->run = (struct barren){.first = 0};
}

static void overview_add(struct overview_walk *walk, const struct store_event *event)
{
    struct overview *overview = walk->overview;
    struct overview_message seen = {.has_vanished = true};
    struct view message;
    if (overview_find_message(event->bytes, &message))
        seen = overview_look(message, walk->user);
    if (overview->preview == NULL && !seen.has_vanished)
        overview->preview = overview_preview(event->bytes, walk->arena);
    if (seen.state != WIRE(MESSAGE_STATE, NORMAL)) {
        overview_pass(walk, (struct barren){event->seq, event->seq});
        return;
    }
    overview_end_run(walk);
    if (event->seq <= walk->displayed || seen.is_own || overview->unread >= LIMIT_UNREAD_MAX)
        return;
    overview->unread++;
    overview->mentions += seen.is_mention;
}

static bool overview_is_done(const struct overview_walk *walk)
{
    bool is_counted = (walk->before != 0 && walk->before <= walk->displayed + 1) ||
                      walk->overview->unread >= LIMIT_UNREAD_MAX;
    return walk->before == 1 || walk->events_left == 0 || walk->bytes_left == 0 ||
           (is_counted && walk->overview->preview != NULL);
}

/* Where the next events are known to be barren and are not to be shown either. */
static bool overview_skip(struct overview_walk *walk)
{
    struct barren known = walk->known;
    if (walk->overview->preview == NULL || walk->before <= known.first ||
        walk->before > known.last + 1)
        return false;
    uint64_t passed = walk->before - known.first;
    walk->events_left -= passed < walk->events_left ? (size_t)passed : walk->events_left;
    overview_pass(walk, (struct barren){known.first, walk->before - 1});
    walk->before = known.first;
    return true;
}

/* The next chunk, which ends before what is barren. */
static enum status overview_read_chunk(struct overview_walk *walk, struct store *store,
                                       struct view conversation, struct arena *scratch)
{
    struct store_event events[OVERVIEW_CHUNK];
    size_t count = 0;
    bool more;
    bool is_above = walk->before == 0 || walk->before > walk->known.last + 1;
    struct store_range range = {
        .conversation = conversation,
        .origin = ORIGIN_DEFAULT,
        .after = is_above ? walk->known.last : 0,
        .before = walk->before,
        .limit = walk->events_left < OVERVIEW_CHUNK ? (uint32_t)walk->events_left : OVERVIEW_CHUNK,
        .bytes_max = walk->bytes_left,
        .newest = true,
    };
    struct visible_range visible = visibility_range(walk->member, range.after, walk->before, true);
    if (visible.is_empty || visible.before != walk->before)
        overview_end_run(walk); /* what is hidden from one user is not barren for others */
    if (visible.is_empty) {
        walk->before = range.after + 1;
        return STATUS_OK;
    }
    range.after = visible.after;
    range.before = visible.before;
    arena_reset(scratch);
    enum status status = store_read_events(store, &range, scratch, events, &count, &more);
    if (status != STATUS_OK)
        return status;
    for (size_t i = count; i > 0; i--) {
        size_t bytes = events[i - 1].bytes.size;
        overview_add(walk, &events[i - 1]);
        walk->bytes_left -= bytes < walk->bytes_left ? bytes : walk->bytes_left;
        walk->before = events[i - 1].seq;
    }
    walk->events_left -= count;
    if (!more)
        walk->before = range.after + 1;
    return STATUS_OK;
}

enum status overview_read(struct store *store, const char *user, struct view conversation,
                          const struct member_row *member, struct barren *barren,
                          struct arena *arena, struct overview *overview)
{
    struct overview_walk walk = {
        .overview = overview,
        .arena = arena,
        .user = user,
        .member = member,
        .events_left = LIMIT_OVERVIEW_EVENTS_MAX,
        .bytes_left = LIMIT_OVERVIEW_BYTES_MAX,
        .known = *barren,
    };
    struct arena scratch;
    arena_init(&scratch);
    *overview = (struct overview){.preview = NULL};
    enum status status =
        overview_displayed(store, view_of(user), conversation, &scratch, &walk.displayed);
    while (status == STATUS_OK && !overview_is_done(&walk)) {
        if (!overview_skip(&walk))
            status = overview_read_chunk(&walk, store, conversation, &scratch);
    }
    overview_end_run(&walk);
    *barren = walk.known;
    arena_fini(&scratch);
    return status;
}
