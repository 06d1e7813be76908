/* Arenas, buffers and blobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/blob.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "base/prng.h"

#include <stdalign.h>

static void an_arena_hands_out_apart_and_aligned(void **state)
{
    enum { COUNT = 500 };
    struct arena arena;
    uint8_t *parts[COUNT];
    struct prng prng = {1};
    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        size_t sizes[COUNT];
        size_t total = 0;
        for (size_t i = 0; i < COUNT; i++) {
            sizes[i] = prng_below(&prng, i % 50 == 0 ? 30000 : 200);
            parts[i] = arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)parts[i] % alignof(max_align_t), 0);
            memset(parts[i], (int)(i & 255), sizes[i]);
            total += sizes[i];
        }
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(parts[i][at], i & 255);
        }
        assert_true(arena.used_bytes >= total);
        arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    arena_fini(&arena);
    assert_null(arena.first);
}

static void an_arena_keeps_its_first_chunk(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    arena_reset(&arena);
    void *first = arena_alloc(&arena, 10);
    (void)arena_alloc(&arena, 100000);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 10), first);
    arena_fini(&arena);
}

static void arena_copies_end_in_nul(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct view copy = arena_copy(&arena, view_of("hello"));
    assert_int_equal(copy.size, 5);
    assert_string_equal((const char *)copy.data, "hello");
    copy = arena_copy(&arena, view_make(NULL, 0));
    assert_int_equal(copy.size, 0);
    assert_string_equal((const char *)copy.data, "");
    const uint8_t *zero = arena_zero(&arena, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(zero[i], 0);
    arena_fini(&arena);
}

/* Random appends and consumes, against a plain array. */
static void a_buffer_is_a_queue_of_bytes(void **state)
{
    enum { SIZE = 200000 };
    uint8_t *bytes = memory_new(SIZE);
    struct prng prng = {2};
    struct buffer buffer;
    size_t head = 0, tail = 0;
    (void)state;
    buffer_init(&buffer);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)prng_next(&prng);
    while (head < SIZE) {
        size_t more = prng_below(&prng, 700);
        more = more > SIZE - tail ? SIZE - tail : more;
        if (prng_below(&prng, 2) == 0) {
            buffer_append(&buffer, bytes + tail, more);
        } else {
            memcpy(buffer_reserve(&buffer, more + 10), bytes + tail, more);
            buffer_grow(&buffer, more);
        }
        tail += more;
        assert_int_equal(buffer_size(&buffer), tail - head);
        if (tail > head)
            assert_memory_equal(buffer_view(&buffer).data, bytes + head, tail - head);
        size_t less = tail == SIZE ? tail - head : prng_below(&prng, tail - head + 1);
        buffer_consume(&buffer, less);
        head += less;
    }
    assert_true(buffer.capacity < 65536);
    buffer_release(&buffer);
    assert_null(buffer.data);
    buffer_fini(&buffer);
    free(bytes);
}

static void an_empty_buffer_has_an_empty_view(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer);
    assert_int_equal(buffer_view(&buffer).size, 0);
    buffer_append(&buffer, NULL, 0);
    assert_null(buffer.data);
    assert_non_null(buffer_reserve(&buffer, 0));
    buffer_fini(&buffer);
}

static void the_last_holder_frees_a_blob(void **state)
{
    (void)state;
    struct blob *blob = blob_new(3);
    memcpy(blob->bytes, "abc", 3);
    assert_ptr_equal(blob_hold(blob), blob);
    blob_release(blob);
    assert_true(view_equal(blob_view(blob), view_of("abc")));
    blob_release(blob);
    blob_release(NULL);
}

static void views_compare_bytewise(void **state)
{
    (void)state;
    assert_true(view_equal(view_of(NULL), view_of("")));
    assert_false(view_equal(view_of("a"), view_of("ab")));
    assert_true(view_compare(view_of("a"), view_of("ab")) < 0);
    assert_true(view_compare(view_of("b"), view_of("ab")) > 0);
    assert_true(view_compare(view_of("\xff"), view_of("a")) > 0);
    assert_int_equal(view_compare(view_of("a"), view_of("a")), 0);
}

static void memory_of_no_size_is_memory(void **state)
{
    (void)state;
    void *none = memory_new(0);
    assert_non_null(none);
    free(none);
    int *numbers = memory_new_array(10, sizeof(*numbers));
    for (int i = 0; i < 10; i++)
        assert_int_equal(numbers[i], 0);
    free(numbers);
    char *copy = memory_copy("abc", 2);
    assert_string_equal(copy, "ab");
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_hands_out_apart_and_aligned),
        cmocka_unit_test(an_arena_keeps_its_first_chunk),
        cmocka_unit_test(arena_copies_end_in_nul),
        cmocka_unit_test(a_buffer_is_a_queue_of_bytes),
        cmocka_unit_test(an_empty_buffer_has_an_empty_view),
        cmocka_unit_test(the_last_holder_frees_a_blob),
        cmocka_unit_test(views_compare_bytewise),
        cmocka_unit_test(memory_of_no_size_is_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
