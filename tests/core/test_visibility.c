/* Visibility, against a model that keeps for every event whether the user may see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "core/visibility.h"

enum { EVENTS = 60, ROUNDS = 3000 };

/* seen[seq]: may be seen now; was_seen: at any time. */
struct model {
    bool seen[EVENTS + 1];
    bool was_seen[EVENTS + 1];
    uint64_t head;
    bool is_member;
    struct member_row row;
    struct conversation_settings settings;
};

static void model_append(struct model *model)
{
    model->head++;
    model->seen[model->head] = model->was_seen[model->head] = model->is_member;
}

static void model_join(struct model *model)
{
    uint64_t seq = model->head + 1;
    uint64_t from = seq;
    if (model->settings.history == WIRE(HISTORY_VISIBILITY, EVERYTHING))
        from = 1;
    else if (model->settings.history == WIRE(HISTORY_VISIBILITY, LAST))
        from = seq > model->settings.history_last ? seq - model->settings.history_last : 1;
    visibility_join(&model->row, &model->settings, seq);
    model->row.role = WIRE(ROLE, MEMBER);
    model->row.joined_seq = seq;
    model->row.left_seq = 0;
    model->is_member = true;
    model_append(model);
    for (uint64_t at = from; at <= seq; at++)
        model->seen[at] = model->was_seen[at] = true;
}

static void model_leave(struct model *model)
{
    model_append(model);
    model->row.role = WIRE(ROLE, UNSPECIFIED);
    model->row.left_seq = model->head;
    model->is_member = false;
}

static void model_check(const struct model *model)
{
    for (uint64_t seq = 1; seq <= model->head; seq++) {
        bool is_merged = model->row.is_merged && seq >= model->row.hidden[0].first &&
                         seq <= model->row.hidden[0].last;
        if (!is_merged)
            assert_int_equal(visibility_allows(&model->row, seq), model->seen[seq]);
        if (visibility_never_allowed(&model->row, seq))
            assert_false(model->was_seen[seq]);
        for (uint64_t target = 1; target < seq; target++) { /* a recall goes with its target */
            bool is_for = visibility_allows_recall(&model->row, seq, target);
            if (seq <= visibility_end(&model->row) && (model->seen[seq] || model->was_seen[target]))
                assert_true(is_for);
            else if (!model->row.is_merged)
                assert_false(is_for);
        }
        if (visibility_allows(&model->row, seq)) /* never more than the rule gives */
            assert_true(model->seen[seq]);
    }
}

/* Pages until there are no more, as a client reads them: everything that may be seen, in order, and
 * the cursor passes over the rest. */
static void model_read_forwards(const struct model *model, uint64_t after)
{
    uint64_t cursor = after;
    bool more = true;
    uint64_t end = visibility_end(&model->row) < model->head ? model->row.left_seq : model->head;
    for (int pages = 0; more; pages++) {
        assert_true(pages <= 2 * LIMIT_HIDDEN_SPANS_MAX + 2);
        struct visible_range range = visibility_range(&model->row, cursor, 0, false);
        if (range.hidden.first != 0) {
            assert_int_equal(range.hidden.first, cursor + 1);
            for (uint64_t at = range.hidden.first; at <= range.hidden.last; at++)
                assert_false(visibility_allows(&model->row, at));
            cursor = range.hidden.last;
        }
        assert_int_equal(range.after, cursor);
        uint64_t stop = range.before == 0 || range.before > end ? end + 1 : range.before;
        for (uint64_t at = cursor + 1; at < stop; at++) {
            assert_true(visibility_allows(&model->row, at));
            cursor = at;
        }
        more = range.more;
    }
    if (after <= end)
        assert_int_equal(cursor, end);
}

static void model_read_backwards(const struct model *model, uint64_t after, uint64_t before)
{
    uint64_t low = before;
    bool more = true;
    while (more) {
        struct visible_range range = visibility_range(&model->row, after, low, true);
        uint64_t head = model->head + 1;
        uint64_t from = range.before == 0 || range.before > head ? head : range.before;
        for (uint64_t at = from; !range.is_empty && at < low && at <= model->head; at++)
            assert_false(visibility_allows(&model->row, at));
        for (uint64_t at = range.after + 1; !range.is_empty && at < from; at++)
            assert_true(visibility_allows(&model->row, at));
        more = range.more;
        low = range.after + 1;
        if (!more) {
            for (uint64_t at = after + 1; at <= range.after && at < low; at++)
                assert_false(visibility_allows(&model->row, at));
        }
    }
}

static void any_history_of_coming_and_going(void **state)
{
    (void)state;
    struct prng prng = {11};
    for (int round = 0; round < ROUNDS; round++) {
        struct model model = {.head = 0};
        while (model.head < EVENTS - 1) {
            uint64_t what = prng_below(&prng, 10);
            if (what == 0 && model.is_member)
                model_leave(&model);
            else if (what < 3 && !model.is_member)
                model_join(&model);
            else if (what == 3)
                model.settings = (struct conversation_settings){
                    .history = (Unsay__V1__HistoryVisibility)prng_below(&prng, 3),
                    .history_last = (uint32_t)prng_below(&prng, 8) + 1};
            else
                model_append(&model);
        }
        model_check(&model);
        if (visibility_end(&model.row) == 0)
            continue;
        model_read_forwards(&model, prng_below(&prng, EVENTS));
        model_read_forwards(&model, 0);
        model_read_backwards(&model, 0, model.head + 1);
        model_read_backwards(&model, prng_below(&prng, 20), 20 + prng_below(&prng, 20));
    }
}

static void strangers_and_the_invited_see_nothing(void **state)
{
    (void)state;
    struct member_row row = {.role = WIRE(ROLE, UNSPECIFIED)};
    assert_int_equal(visibility_end(&row), 0);
    row.role = WIRE(ROLE, INVITED);
    assert_int_equal(visibility_end(&row), 0);
    assert_false(visibility_allows(&row, 1));
    assert_true(visibility_range(&row, 0, 0, false).is_empty);
    assert_true(visibility_range(&row, 0, 0, true).is_empty);
    row.left_seq = 7; /* was in before */
    assert_true(visibility_allows(&row, 7));
    assert_false(visibility_allows(&row, 8));
}

static void any_range_may_be_asked_for(void **state)
{
    (void)state;
    static const uint64_t asked[] = {0, 1, 2, 3, 5, 9, 10, UINT64_MAX - 1, UINT64_MAX};
    struct member_row rows[] = {
        {.role = WIRE(ROLE, MEMBER)},
        {.role = WIRE(ROLE, MEMBER), .hidden_count = 2, .hidden = {{1, 3}, {5, 9}}},
        {.role = WIRE(ROLE, UNSPECIFIED), .left_seq = 10, .hidden_count = 1, .hidden = {{1, 3}}},
    };
    for (size_t row = 0; row < 3; row++) {
        for (size_t i = 0; i < 9; i++) {
            for (size_t j = 0; j < 9; j++) {
                for (int newest = 0; newest < 2; newest++) {
                    struct visible_range range =
                        visibility_range(&rows[row], asked[i], asked[j], newest != 0);
                    assert_true(range.is_empty || range.after >= asked[i]);
                    assert_true(range.is_empty || asked[j] == 0 || range.before <= asked[j]);
                    assert_true(range.is_empty || range.before == 0 ||
                                range.before > range.after + 1);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_of_coming_and_going),
        cmocka_unit_test(strangers_and_the_invited_see_nothing),
        cmocka_unit_test(any_range_may_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
