#include "core/progress.h"

bool progress_is_small(const struct progress_rules *rules, Unsay__V1__ConversationType type,
                       uint64_t member_count)
{
    return type != WIRE(CONVERSATION_TYPE, CHANNEL) && member_count > 0 &&
           member_count <= rules->members_max;
}

void progress_acknowledge(const struct progress_rules *rules, struct cursor_row *row,
                          uint64_t displayed, bool is_shown, uint64_t now_ms)
{
    if (displayed <= trail_seq(&row->displayed))
        return;
    if (is_shown && !rules->hides_displayed)
        row->shared = displayed;
    trail_move(&row->displayed, displayed, now_ms);
}

static uint64_t progress_larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t progress_shared(const struct progress_rules *rules, const struct cursor_row *row)
{
    return rules->hides_displayed ? 0 : row->shared;
}

struct progress_news progress_decide(const struct progress_rules *rules,
                                     const struct conversation *conversation,
                                     const struct cursor_row *row, struct progress_told *told)
{
    struct progress_news news = {.stored = trail_seq(&row->stored),
                                 .displayed = progress_shared(rules, row),
                                 .own = trail_seq(&row->displayed)};
    if (progress_is_small(rules, conversation->type, conversation->member_count)) {
        news.is_for_members = news.stored > told->stored || news.displayed > told->displayed;
        told->stored = progress_larger(told->stored, news.stored);
        told->displayed = progress_larger(told->displayed, news.displayed);
    }
    bool is_covered = news.is_for_members && news.displayed >= news.own;
    news.is_for_own = news.own > told->own && !is_covered;
    told->own = progress_larger(told->own, news.own);
    return news;
}

void progress_add(const struct progress_rules *rules, const struct cursor_row *row,
                  struct progress_place *place)
{
    place->stored = progress_larger(place->stored, trail_seq(&row->stored));
    place->displayed = progress_larger(place->displayed, trail_seq(&row->displayed));
    place->shared = progress_larger(place->shared, progress_shared(rules, row));
}

bool progress_count(const struct progress_place *place, const char *author, uint64_t seq,
                    wire_receipts *receipts)
{
    if (place->joined >= seq || strcmp(place->user, author) == 0)
        return false;
    receipts->receivers++;
    receipts->stored += place->stored >= seq;
    receipts->displayed += place->shared >= seq;
    return true;
}

static wire_member_progress *progress_find(const wire_progress *progress, const char *user)
{
    for (size_t i = 0; i < progress->n_members; i++) {
        if (strcmp(progress->members[i]->user, user) == 0)
            return progress->members[i];
    }
    return NULL;
}

/* Into one's own structure: `from` may be shared. */
static void progress_put(wire_progress *merged, const wire_member_progress *from,
                         struct arena *arena)
{
    wire_member_progress *member = arena_alloc(arena, sizeof(*member));
    *member = *from;
    merged->members[merged->n_members++] = member;
}

const wire_progress *progress_merge(const wire_progress *older, const wire_progress *newer,
                                    const char *user, struct arena *arena)
{
    const wire_progress *base = newer->is_whole ? newer : older;
    const wire_progress *other = newer->is_whole ? older : newer;
    wire_progress *merged = arena_alloc(arena, sizeof(*merged));
    *merged = *base;
    merged->n_members = 0;
    merged->members = arena_alloc(arena, (base->n_members + other->n_members + 1) *
                                             sizeof(wire_member_progress *));
    for (size_t i = 0; i < base->n_members; i++)
        progress_put(merged, base->members[i], arena);
    for (size_t i = 0; i < other->n_members; i++) {
        const wire_member_progress *from = other->members[i];
        wire_member_progress *member = progress_find(merged, from->user);
        if (member == NULL) {
            if (!merged->is_whole || strcmp(from->user, user) == 0)
                progress_put(merged, from, arena);
            continue;
        }
        member->stored = progress_larger(member->stored, from->stored);
        member->displayed = progress_larger(member->displayed, from->displayed);
        member->joined = progress_larger(member->joined, from->joined);
    }
    return merged;
}
