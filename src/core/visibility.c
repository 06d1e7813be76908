#include "core/visibility.h"

uint64_t visibility_end(const struct member_row *row)
{
    return row_is_member(row) ? UINT64_MAX : row->left_seq;
}

static const struct span *visibility_span(const struct member_row *row, uint64_t seq)
{
    for (uint32_t i = 0; i < row->hidden_count; i++) {
        if (row->hidden[i].first <= seq && seq <= row->hidden[i].last)
            return &row->hidden[i];
    }
    return NULL;
}

bool visibility_allows(const struct member_row *row, uint64_t seq)
{
    return seq <= visibility_end(row) && visibility_span(row, seq) == NULL;
}

bool visibility_never_allowed(const struct member_row *row, uint64_t seq)
{
    const struct span *span = visibility_span(row, seq);
    return span != NULL && !(row->is_merged && span == row->hidden);
}

bool visibility_allows_recall(const struct member_row *row, uint64_t seq, uint64_t target_seq)
{
    return seq <= visibility_end(row) &&
           (visibility_span(row, seq) == NULL || !visibility_never_allowed(row, target_seq));
}

uint64_t visibility_since(const struct member_row *row)
{
    return row->hidden_count == 0 ? 1 : row->hidden[row->hidden_count - 1].last + 1;
}

/* The first part of what lies between. */
static void visibility_first(const struct member_row *row, struct visible_range *range)
{
    for (uint32_t i = 0; i < row->hidden_count; i++) {
        const struct span *span = &row->hidden[i];
        if (span->last <= range->after)
            continue;
        if (span->first >= range->before)
            return;
        if (span->first > range->after + 1) {
            range->more = span->last + 1 < range->before;
            range->before = span->first;
            return;
        }
        if (range->hidden.first == 0)
            range->hidden.first = range->after + 1;
        range->has_recalls |= span->first > 1 || row->is_merged;
        range->hidden.last = span->last < range->before ? span->last : range->before - 1;
        range->after = range->hidden.last;
    }
}

/* The last part of it. */
static void visibility_last(const struct member_row *row, struct visible_range *range)
{
    for (uint32_t i = row->hidden_count; i > 0; i--) {
        const struct span *span = &row->hidden[i - 1];
        if (span->first >= range->before)
            continue;
        if (span->last + 1 >= range->before) {
            range->before = span->first;
            continue;
        }
        if (span->last > range->after) {
            range->more = span->first > range->after + 1;
            range->after = span->last;
        }
        return;
    }
}

struct visible_range visibility_range(const struct member_row *row, uint64_t after, uint64_t before,
                                      bool newest)
{
    uint64_t end = visibility_end(row);
    struct visible_range range = {.after = after, .before = before == 0 ? UINT64_MAX : before};
    if (end < range.before)
        range.before = end + 1;
    if (range.after < range.before && newest)
        visibility_last(row, &range);
    else if (range.after < range.before)
        visibility_first(row, &range);
    range.is_empty = range.after >= range.before || range.after + 1 >= range.before;
    if (range.before == UINT64_MAX)
        range.before = 0;
    return range;
}

/* The first event that who joins with event `seq` sees. */
static uint64_t visibility_from(const struct conversation_settings *settings, uint64_t seq)
{
    if (settings->history == WIRE(HISTORY_VISIBILITY, EVERYTHING))
        return 1;
    if (settings->history == WIRE(HISTORY_VISIBILITY, LAST))
        return seq > settings->history_last ? seq - settings->history_last : 1;
    return seq;
}

static void visibility_hide(struct member_row *row, uint64_t first, uint64_t last)
{
    struct span *before = row->hidden_count == 0 ? NULL : &row->hidden[row->hidden_count - 1];
    if (before != NULL && before->last + 1 >= first) {
        before->last = last;
        return;
    }
    if (row->hidden_count == LIMIT_HIDDEN_SPANS_MAX) {
        row->hidden[0].last = row->hidden[1].last;
        row->is_merged = true;
        row->hidden_count--;
        memmove(&row->hidden[1], &row->hidden[2], (row->hidden_count - 1) * sizeof(row->hidden[0]));
    }
    row->hidden[row->hidden_count++] = (struct span){first, last};
}

void visibility_join(struct member_row *row, const struct conversation_settings *settings,
                     uint64_t seq)
{
    uint64_t from = visibility_from(settings, seq);
    while (row->hidden_count > 0 && row->hidden[row->hidden_count - 1].first >= from)
        row->hidden_count--;
    if (row->hidden_count > 0 && row->hidden[row->hidden_count - 1].last >= from)
        row->hidden[row->hidden_count - 1].last = from - 1;
    row->is_merged &= row->hidden_count > 0;
    if (from > row->left_seq + 1)
        visibility_hide(row, row->left_seq + 1, from - 1);
}
