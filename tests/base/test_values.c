/* Small values: UUIDs, token buckets, status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bucket.h"
#include "base/prng.h"
#include "base/status.h"
#include "base/uuid.h"

#include <string.h>

/* RFC 9562, A.6 */
static void the_uuid_of_the_rfc(void **state)
{
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[UUID_TEXT_BYTES + 1];
    struct uuid parsed;
    (void)state;
    struct uuid uuid = uuid_v7(0x017f22e279b0, random);
    uuid_format(&uuid, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(uuid_parse(view_of("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &parsed));
    assert_int_equal(uuid_compare(&uuid, &parsed), 0);
}

static void uuids_sort_by_time(void **state)
{
    static const uint8_t high[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t low[10];
    (void)state;
    struct uuid before = uuid_v7(1000, high);
    struct uuid after = uuid_v7(1001, low);
    assert_true(uuid_compare(&before, &after) < 0);
    assert_int_equal(before.bytes[6] >> 4, 7);
    assert_int_equal(before.bytes[8] >> 6, 2);
    assert_int_equal(after.bytes[8] >> 6, 2);
}

static void texts_that_are_no_uuid(void **state)
{
    static const char *const texts[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f-",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    };
    struct uuid uuid;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(uuid_parse(view_of(texts[i]), &uuid));
}

static void an_id_has_a_next_one(void **state)
{
    struct uuid uuid = {{0}};
    (void)state;
    assert_true(uuid_is_zero(&uuid));
    uuid.bytes[15] = 255;
    assert_true(uuid_increment(&uuid));
    assert_int_equal(uuid.bytes[14], 1);
    assert_int_equal(uuid.bytes[15], 0);
    memset(uuid.bytes, 255, sizeof(uuid.bytes));
    assert_false(uuid_increment(&uuid));
}

static void a_bucket_gives_rate_and_burst(void **state)
{
    struct bucket bucket;
    (void)state;
    bucket_init(&bucket, 10, 3, 1000);
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&bucket, 1000));
    assert_false(bucket_take(&bucket, 1000));
    assert_false(bucket_take(&bucket, 1099));
    assert_true(bucket_take(&bucket, 1100));
    assert_false(bucket_take(&bucket, 500)); /* the clock went back */
    assert_false(bucket_take(&bucket, 1199));
    assert_true(bucket_take(&bucket, 1200));
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&bucket, UINT64_MAX));
    assert_false(bucket_take(&bucket, UINT64_MAX));
}

/* Against the plain sum, which is free of overflow at these sizes. */
static void a_bucket_gives_what_it_should(void **state)
{
    struct prng prng = {3};
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct bucket bucket;
        uint32_t rate = (uint32_t)prng_below(&prng, 5000) + 1;
        uint32_t burst = (uint32_t)prng_below(&prng, 100) + 1;
        uint64_t full = burst * UINT64_C(1000), milli = full, now_ms = 0;
        bucket_init(&bucket, rate, burst, 0);
        for (int step = 0; step < 2000; step++) {
            uint64_t elapsed_ms = prng_below(&prng, 3);
            now_ms += elapsed_ms;
            milli = milli + elapsed_ms * rate > full ? full : milli + elapsed_ms * rate;
            assert_int_equal(bucket_take(&bucket, now_ms), milli >= 1000);
            milli -= milli >= 1000 ? 1000 : 0;
        }
    }
    struct bucket unlimited;
    bucket_init(&unlimited, 0, 0, 0);
    assert_true(bucket_take(&unlimited, 0));
}

static void failures_say_what_happened(void **state)
{
    struct failure failure;
    char long_text[1000];
    (void)state;
    assert_int_equal(failure_set(&failure, STATUS_IO, "%s %d", "disk", 7), STATUS_IO);
    assert_int_equal(failure.status, STATUS_IO);
    assert_string_equal(failure.text, "disk 7");
    assert_int_equal(failure_set(NULL, STATUS_LIMIT, "ignored"), STATUS_LIMIT);
    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = 0;
    (void)failure_set(&failure, STATUS_IO, "%s", long_text);
    assert_int_equal(strlen(failure.text), sizeof(failure.text) - 1);
    assert_string_equal(status_text(STATUS_OK), "done");
    assert_string_equal(status_text((enum status)99), "unknown failure");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_uuid_of_the_rfc),
        cmocka_unit_test(uuids_sort_by_time),
        cmocka_unit_test(texts_that_are_no_uuid),
        cmocka_unit_test(an_id_has_a_next_one),
        cmocka_unit_test(a_bucket_gives_rate_and_burst),
        cmocka_unit_test(a_bucket_gives_what_it_should),
        cmocka_unit_test(failures_say_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
