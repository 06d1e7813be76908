/* Ids: which characters and lengths pass, and that no two pairs of users share a conversation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ids.h"

static const char *const a64 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const struct {
    const char *id;
    bool is_conversation;
    bool is_user;
} cases[] = {
    {"", false, false},         {"a", true, true},     {"A-Z_0.9@x", true, true},
    {"d:a:b", true, false},     {":", true, false},    {"a b", false, false},
    {"a/b", false, false},      {"a\n", false, false}, {"a\x7f", false, false},
    {"\xc3\xa4", false, false}, {"a#", false, false},  {"a+", false, false},
    {"a`", false, false},       {"a[", false, false},  {"a{", false, false},
    {"-", true, true},          {".", true, true},     {"@", true, true},
};

static void characters_are_a_closed_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct view id = view_of(cases[i].id);
        assert_int_equal(id_is_conversation(id), cases[i].is_conversation);
        assert_int_equal(id_is_device(id), cases[i].is_conversation);
        assert_int_equal(id_is_user(id), cases[i].is_user);
    }
    assert_false(id_is_user(view_make("a\0b", 3)));
    assert_false(id_is_conversation(view_make("a\0b", 3)));
}

static void lengths_end_at_64(void **state)
{
    (void)state;
    char a65[66];
    snprintf(a65, sizeof(a65), "%sa", a64);
    assert_true(id_is_conversation(view_of(a64)) && id_is_user(view_of(a64)));
    assert_true(id_is_device(view_of(a64)));
    assert_false(id_is_conversation(view_of(a65)) || id_is_user(view_of(a65)));
    assert_false(id_is_device(view_of(a65)));
}

static void a_direct_conversation_is_the_same_from_both_sides(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        const char *id;
    } pairs[] = {
        {"ann", "bob", "d:ann:bob"}, {"a", "a", "d:a:a"},   {"a", "ab", "d:a:ab"},
        {"Z", "a", "d:Z:a"},         {"a-", "a", "d:a:a-"}, {"a@b.c", "d", "d:a@b.c:d"},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct view a = view_of(pairs[i].a);
        struct view b = view_of(pairs[i].b);
        assert_string_equal(id_direct_conversation(&arena, a, b).data, pairs[i].id);
        assert_string_equal(id_direct_conversation(&arena, b, a).data, pairs[i].id);
    }
    arena_fini(&arena);
}

static void long_users_get_a_hashed_id(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct view other = view_of("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    for (size_t size = 1; size <= LIMIT_USER_ID_BYTES_MAX; size++) {
        struct view user = view_make(a64, size);
        struct view id = id_direct_conversation(&arena, user, other);
        assert_true(id_is_conversation(id));
        assert_memory_equal(id.data, "dh:", 3);
        assert_int_equal(id.size, 59);
        assert_true(view_equal(id, id_direct_conversation(&arena, other, user)));
    }
    /* 61 bytes of users fit: "d:" and ":" make it 64. */
    struct view fits =
        id_direct_conversation(&arena, view_make(a64, 30), view_make(other.data, 31));
    assert_int_equal(fits.size, 64);
    assert_memory_equal(fits.data, "d:a", 3);
    struct view hashed =
        id_direct_conversation(&arena, view_make(a64, 31), view_make(other.data, 31));
    assert_memory_equal(hashed.data, "dh:", 3);
    arena_fini(&arena);
}

static void no_two_pairs_share_an_id(void **state)
{
    (void)state;
    static const char *const users[] = {
        "a",
        "b",
        "ab",
        "aa",
        "a.b",
        "a@b",
        "a-b",
        "d",
        "dh",
        "g",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
    enum { USERS = sizeof(users) / sizeof(users[0]) };
    struct view ids[USERS * USERS];
    size_t count = 0;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < USERS; i++) {
        for (size_t j = i; j < USERS; j++) {
            struct view id = id_direct_conversation(&arena, view_of(users[i]), view_of(users[j]));
            assert_true(id_is_conversation(id));
            assert_false(id_is_user(id));
            for (size_t k = 0; k < count; k++)
                assert_false(view_equal(ids[k], id));
            ids[count++] = id;
        }
    }
    arena_fini(&arena);
}

static void a_created_conversation_is_named_after_its_creation(void **state)
{
    (void)state;
    struct arena arena;
    struct uuid id = {{0x01, 0x8b, 0xcf, 0xe5, [15] = 0xff}};
    arena_init(&arena);
    struct view conversation = id_created_conversation(&arena, &id);
    assert_string_equal(conversation.data, "g:018bcfe50000000000000000000000ff");
    assert_true(id_is_conversation(conversation));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_a_closed_list),
        cmocka_unit_test(lengths_end_at_64),
        cmocka_unit_test(a_direct_conversation_is_the_same_from_both_sides),
        cmocka_unit_test(long_users_get_a_hashed_id),
        cmocka_unit_test(no_two_pairs_share_an_id),
        cmocka_unit_test(a_created_conversation_is_named_after_its_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
