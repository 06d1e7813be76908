/* Who is told how far someone has come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "core/progress.h"

static const struct progress_rules rules = {.members_max = 3};
static const struct progress_rules hiding = {.members_max = 3, .hides_displayed = true};

static struct cursor_row cursor_of(uint64_t stored, uint64_t displayed, uint64_t shared)
{
    struct cursor_row row = {.shared = shared};
    trail_move(&row.stored, stored, 1);
    trail_move(&row.displayed, displayed, 1);
    return row;
}

static struct conversation conversation_of(Unsay__V1__ConversationType type, uint32_t members)
{
    return (struct conversation){.id = "c", .origin = 1, .type = type, .member_count = members};
}

static void test_small_and_large(void **state)
{
    struct progress_rules nobody = {.members_max = 0};
    (void)state;
    assert_true(progress_is_small(&rules, WIRE(CONVERSATION_TYPE, GROUP), 3));
    assert_false(progress_is_small(&rules, WIRE(CONVERSATION_TYPE, GROUP), 4));
    assert_true(progress_is_small(&rules, WIRE(CONVERSATION_TYPE, DIRECT), 2));
    assert_false(progress_is_small(&rules, WIRE(CONVERSATION_TYPE, CHANNEL), 2));
    assert_false(progress_is_small(&nobody, WIRE(CONVERSATION_TYPE, DIRECT), 1));
}

static void test_shared_is_what_was_shown_while_others_might_know(void **state)
{
    struct cursor_row row = cursor_of(9, 0, 0);
    (void)state;
    progress_acknowledge(&rules, &row, 3, true, 2);
    assert_int_equal(row.shared, 3);
    progress_acknowledge(&rules, &row, 5, false, 3);
    assert_int_equal(trail_seq(&row.displayed), 5);
    assert_int_equal(row.shared, 3);
    progress_acknowledge(&rules, &row, 5, true, 4); /* again, and less: nothing new is shown */
    progress_acknowledge(&rules, &row, 4, true, 4);
    assert_int_equal(row.shared, 3);
    progress_acknowledge(&hiding, &row, 6, true, 5);
    assert_int_equal(row.shared, 3);
    progress_acknowledge(&rules, &row, 7, true, 6);
    assert_int_equal(row.shared, 7);
}

static void test_each_step_is_told_once(void **state)
{
    struct conversation group = conversation_of(WIRE(CONVERSATION_TYPE, GROUP), 3);
    struct progress_told told = {0, 0, 0};
    (void)state;
    struct cursor_row row = cursor_of(4, 2, 2);
    struct progress_news news = progress_decide(&rules, &group, &row, &told);
    assert_true(news.is_for_members);
    assert_false(news.is_for_own); /* the members' frame says it all */
    assert_int_equal(news.stored, 4);
    assert_int_equal(news.displayed, 2);
    news = progress_decide(&rules, &group, &row, &told);
    assert_false(news.is_for_members || news.is_for_own);
    row = cursor_of(3, 1, 1); /* another device, behind */
    news = progress_decide(&rules, &group, &row, &told);
    assert_false(news.is_for_members || news.is_for_own);
    row = cursor_of(3, 3, 3); /* ... which is ahead in what it has shown */
    news = progress_decide(&rules, &group, &row, &told);
    assert_true(news.is_for_members);
    assert_int_equal(news.displayed, 3);
}

static void test_what_is_hidden_is_for_own_devices(void **state)
{
    struct conversation group = conversation_of(WIRE(CONVERSATION_TYPE, GROUP), 3);
    struct progress_told told = {0, 0, 0};
    (void)state;
    struct cursor_row row = cursor_of(4, 4, 2);
    struct progress_news news = progress_decide(&rules, &group, &row, &told);
    assert_true(news.is_for_members && news.is_for_own);
    assert_int_equal(news.displayed, 2);
    assert_int_equal(news.own, 4);
    told = (struct progress_told){0, 0, 0};
    news = progress_decide(&hiding, &group, &row, &told);
    assert_true(news.is_for_members && news.is_for_own);
    assert_int_equal(news.displayed, 0);
    assert_int_equal(news.own, 4);
}

static void test_of_a_large_one_only_own_devices_hear(void **state)
{
    struct conversation group = conversation_of(WIRE(CONVERSATION_TYPE, GROUP), 4);
    struct progress_told told = {0, 0, 0};
    (void)state;
    struct cursor_row row = cursor_of(4, 0, 0);
    struct progress_news news = progress_decide(&rules, &group, &row, &told);
    assert_false(news.is_for_members || news.is_for_own);
    row = cursor_of(4, 4, 4);
    news = progress_decide(&rules, &group, &row, &told);
    assert_false(news.is_for_members);
    assert_true(news.is_for_own);
    group.member_count = 3; /* by now nothing of it was told to the others */
    news = progress_decide(&rules, &group, &row, &told);
    assert_true(news.is_for_members);
    assert_false(news.is_for_own);
}

static void test_counting_receivers(void **state)
{
    static const struct {
        struct progress_place place;
        uint32_t receivers;
        uint32_t stored;
        uint32_t displayed;
    } cases[] = {
        {{"ann", 1, 9, 9, 9}, 0, 0, 0},                                 /* the author */
        {{"bob", 5, 9, 9, 9}, 0, 0, 0},                                 /* came with the event */
        {{"bob", 6, 9, 9, 9}, 0, 0, 0},                                 /* came later */
        {{"bob", 4, 4, 4, 4}, 1, 0, 0}, {{"bob", 4, 5, 4, 5}, 1, 1, 0}, /* hides it */
        {{"bob", 4, 6, 5, 6}, 1, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire_receipts receipts = UNSAY__V1__RECEIPTS__INIT;
        assert_int_equal(progress_count(&cases[i].place, "ann", 5, &receipts),
                         cases[i].receivers != 0);
        assert_int_equal(receipts.receivers, cases[i].receivers);
        assert_int_equal(receipts.stored, cases[i].stored);
        assert_int_equal(receipts.displayed, cases[i].displayed);
    }
}

/* ---- Two frames become one ---- */

struct sketch {
    wire_progress progress;
    wire_member_progress members[4];
    wire_member_progress *list[4];
};

static void sketch_init(struct sketch *sketch, bool is_whole)
{
    unsay__v1__progress__init(&sketch->progress);
    sketch->progress.conversation = (char *)(uintptr_t) "c";
    sketch->progress.is_whole = is_whole;
    sketch->progress.members = sketch->list;
}

static void sketch_add(struct sketch *sketch, const char *user, uint64_t stored, uint64_t displayed)
{
    wire_member_progress *member = &sketch->members[sketch->progress.n_members];
    unsay__v1__member_progress__init(member);
    member->user = (char *)(uintptr_t)user;
    member->stored = stored;
    member->displayed = displayed;
    sketch->list[sketch->progress.n_members++] = member;
}

static void assert_member(const wire_progress *progress, size_t at, const char *user,
                          uint64_t stored, uint64_t displayed)
{
    assert_true(at < progress->n_members);
    assert_string_equal(progress->members[at]->user, user);
    assert_int_equal(progress->members[at]->stored, stored);
    assert_int_equal(progress->members[at]->displayed, displayed);
}

static void test_merging(void **state)
{
    struct arena arena;
    struct sketch part;
    struct sketch other;
    struct sketch whole;
    (void)state;
    arena_init(&arena);
    sketch_init(&part, false);
    sketch_add(&part, "ann", 5, 1);
    sketch_add(&part, "gone", 9, 9);
    sketch_init(&other, false);
    sketch_add(&other, "ann", 4, 2);
    sketch_add(&other, "bob", 1, 0);
    sketch_init(&whole, true);
    sketch_add(&whole, "ann", 3, 3);
    sketch_add(&whole, "bob", 0, 0);

    const wire_progress *merged = progress_merge(&part.progress, &other.progress, "eve", &arena);
    assert_false(merged->is_whole);
    assert_int_equal(merged->n_members, 3);
    assert_member(merged, 0, "ann", 5, 2);
    assert_member(merged, 1, "gone", 9, 9);
    assert_member(merged, 2, "bob", 1, 0);

    merged = progress_merge(&part.progress, &whole.progress, "eve", &arena);
    assert_true(merged->is_whole);
    assert_int_equal(merged->n_members, 2);
    assert_member(merged, 0, "ann", 5, 3);
    assert_member(merged, 1, "bob", 0, 0);

    merged = progress_merge(&whole.progress, &other.progress, "eve", &arena);
    assert_true(merged->is_whole);
    assert_int_equal(merged->n_members, 2);
    assert_member(merged, 0, "ann", 4, 3);
    assert_member(merged, 1, "bob", 1, 0);

    /* Of a large conversation the user's own place alone is told, and it must not be lost. */
    sketch_init(&whole, true);
    whole.progress.is_large = true;
    merged = progress_merge(&part.progress, &whole.progress, "ann", &arena);
    assert_true(merged->is_large);
    assert_int_equal(merged->n_members, 1);
    assert_member(merged, 0, "ann", 5, 1);

    assert_int_equal(part.members[0].displayed, 1); /* shared with others: untouched */
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_and_large),
        cmocka_unit_test(test_shared_is_what_was_shown_while_others_might_know),
        cmocka_unit_test(test_each_step_is_told_once),
        cmocka_unit_test(test_what_is_hidden_is_for_own_devices),
        cmocka_unit_test(test_of_a_large_one_only_own_devices_hear),
        cmocka_unit_test(test_counting_receivers),
        cmocka_unit_test(test_merging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
