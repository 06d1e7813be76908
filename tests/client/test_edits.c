#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "client/edits.h"

#include <sodium.h>
#include <string.h>

static struct uuid id_of(unsigned number)
{
    return (struct uuid){{(uint8_t)(number >> 8), (uint8_t)number}};
}

static void put(struct edits *edits, unsigned number, size_t size, uint64_t now_ms)
{
    static uint8_t body[LIMIT_BODY_BYTES_MAX];
    struct uuid id = id_of(number);
    memset(body, (int)number, sizeof(body));
    edits_put(edits, view_of("g:1"), &id, view_make(body, size), now_ms);
}

static size_t get(struct edits *edits, unsigned number, uint64_t now_ms)
{
    uint8_t body[16] = {0};
    struct uuid id = id_of(number);
    size_t size = edits_get(edits, view_of("g:1"), &id, now_ms, body, sizeof(body));
    assert_true(size == 0 || size > sizeof(body) || body[0] == (uint8_t)number);
    return size;
}

static void a_body_is_given_until_its_time_is_over(void **state)
{
    (void)state;
    struct edits edits;
    struct uuid id = id_of(1);
    edits_init(&edits, 1000);
    put(&edits, 1, 5, 10);
    put(&edits, 2, 5, 20);
    put(&edits, 1, 7, 500); /* the first time counts */
    assert_int_equal(get(&edits, 1, 1009), 5);
    assert_int_equal(get(&edits, 1, 1010), 0);
    assert_int_equal(edits_get(&edits, view_of("g:2"), &id, 10, NULL, 0), 0);
    assert_int_equal(edits_get(&edits, view_of("g:1"), &id, 10, NULL, 0), 5);
    assert_int_equal(edits_expire(&edits, 1009), 1010);
    assert_int_equal(edits_expire(&edits, 1010), 1020);
    assert_int_equal(edits.bytes, 5);
    assert_true(edits_expire(&edits, 1020) == UINT64_MAX);
    assert_int_equal(edits.count, 0);
    edits_fini(&edits);
}

static void the_oldest_goes_when_there_are_many(void **state)
{
    (void)state;
    struct edits edits;
    edits_init(&edits, 1000);
    for (unsigned i = 1; i <= LIMIT_EDIT_MESSAGES_MAX + 1; i++)
        put(&edits, i, 1, i);
    assert_int_equal(edits.count, LIMIT_EDIT_MESSAGES_MAX);
    assert_int_equal(get(&edits, 1, 100), 0);
    assert_int_equal(get(&edits, 2, 100), 1);
    edits_fini(&edits);
}

static void the_oldest_goes_when_they_are_large(void **state)
{
    (void)state;
    struct edits edits;
    edits_init(&edits, 1000);
    for (unsigned i = 1; i <= 17; i++)
        put(&edits, i, LIMIT_BODY_BYTES_MAX, i);
    assert_int_equal(edits.bytes, LIMIT_EDIT_BYTES_MAX);
    assert_int_equal(edits.count, 16);
    assert_int_equal(get(&edits, 1, 100), 0);
    assert_int_equal(get(&edits, 2, 100), LIMIT_BODY_BYTES_MAX);
    edits_fini(&edits);
}

static void nothing_is_kept_when_nothing_may_be(void **state)
{
    (void)state;
    struct edits edits;
    edits_init(&edits, 0);
    put(&edits, 1, 5, 10);
    assert_int_equal(edits.count, 0);
    edits_fini(&edits);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_given_until_its_time_is_over),
        cmocka_unit_test(the_oldest_goes_when_there_are_many),
        cmocka_unit_test(the_oldest_goes_when_they_are_large),
        cmocka_unit_test(nothing_is_kept_when_nothing_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
