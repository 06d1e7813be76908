/* A crash, a power cut or a failing disk at every single point: what was answered is there, what is
 * there verifies, and the log goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "crash.h"
#include "samples.h"

#include <errno.h>
#include <unistd.h>

/* Sizes of the log after each batch: within a tile, over its end, exactly to it, several tiles, and
 * more files than are synced one by one. */
static const uint64_t sizes[] = {1, 2, 7, 255, 257, 512, 600, 1500, 1501, 6000};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static bool is_a_size(uint64_t size)
{
    bool is_found = size == 0;
    for (size_t i = 0; i < SIZES; i++)
        is_found = is_found || sizes[i] == size;
    return is_found;
}

static void check_verifies(const char *directory, uint64_t size, const char *when)
{
    struct findings findings;
    sample_verify(directory, view_make(NULL, 0), &findings);
    if (findings.count > 0 || (size != UINT64_MAX && findings.notes > 0))
        fail_msg("%s: %s: %s", when, findings.list[0].file, findings.list[0].text);
    if (size != UINT64_MAX)
        assert_true(findings.checkpoint.size == size);
}

static void check_entries(const struct audit_log *log)
{
    struct arena arena;
    struct view *entries = memory_new_array((size_t)audit_log_size(log), sizeof(*entries));
    arena_init(&arena);
    assert_int_equal(audit_log_read(log, 0, (size_t)audit_log_size(log), &arena, entries, NULL),
                     STATUS_OK);
    for (uint64_t i = 0; i < audit_log_size(log); i++) {
        char text[SAMPLE_ENTRY_BYTES];
        assert_true(view_equal(entries[i], sample_entry(i, text)));
    }
    arena_fini(&arena);
    free(entries);
}

static void write_log(const char *directory)
{
    struct note_signer signer;
    struct audit_log *log = NULL;
    sample_signer(&signer);
    assert_int_equal(audit_log_open(directory, &signer, &log, NULL), STATUS_OK);
    for (size_t i = 0; i < SIZES; i++) {
        assert_int_equal(sample_append(log, sizes[i], NULL), STATUS_OK);
        crash_mark(sizes[i]);
        if (i % 3 != 1)
            continue;
        audit_log_close(log);
        assert_int_equal(audit_log_open(directory, &signer, &log, NULL), STATUS_OK);
    }
    audit_log_close(log);
}

static void check_crash(size_t calls, enum crash_kind kind, uint64_t seed)
{
    char directory[SAMPLE_PATH_BYTES];
    char path[2 * SAMPLE_PATH_BYTES];
    char when[64];
    struct note_signer signer;
    struct audit_log *log = NULL;
    struct failure failure;
    snprintf(when, sizeof(when), "after call %zu, kind %d, seed %u", calls, kind, (unsigned)seed);
    sample_signer(&signer);
    sample_directory_make(directory);
    uint64_t answered = crash_restore(calls, kind, seed, directory);
    /* Whatever the checkpoint of the moment covers, is there. */
    snprintf(path, sizeof(path), "%s/checkpoint", directory);
    if (access(path, F_OK) == 0)
        check_verifies(directory, UINT64_MAX, when);
    if (audit_log_open(directory, &signer, &log, &failure) != STATUS_OK)
        fail_msg("%s: %s", when, failure.text);
    uint64_t size = audit_log_size(log);
    if (size < answered || !is_a_size(size) || audit_log_state(log)->position != size * 10)
        fail_msg("%s: %u entries, %u were answered", when, (unsigned)size, (unsigned)answered);
    check_verifies(directory, size, when);
    check_entries(log);
    for (size_t i = 0; i < SIZES && sizes[i] <= 1501; i++)
        if (sizes[i] > size)
            assert_int_equal(sample_append(log, sizes[i], &failure), STATUS_OK);
    check_verifies(directory, audit_log_size(log), when);
    audit_log_close(log);
    sample_directory_remove(directory);
}

static void test_crash_anywhere(void **state)
{
    char directory[SAMPLE_PATH_BYTES];
    (void)state;
    sample_directory_make(directory);
    crash_record(directory);
    write_log(directory);
    size_t calls = crash_end();
    assert_in_range(calls, 150, 3000);
    sample_directory_remove(directory);
    for (size_t i = 0; i <= calls; i++) {
        check_crash(i, CRASH_KILLED, 0);
        check_crash(i, CRASH_STRICT, 0);
        check_crash(i, CRASH_MIXED, i);
        check_crash(i, CRASH_MIXED, ~i);
    }
    crash_forget();
}

/* Every call fails once, or for a while; the caller reloads, looks, and appends what is missing. */
static bool write_failing(const char *directory, size_t call, size_t more, int error,
                          uint64_t size_max, size_t *failed_at)
{
    struct note_signer signer;
    struct audit_log *log = NULL;
    struct failure failure;
    sample_signer(&signer);
    crash_fail(call, more, error);
    for (int tries = 0; audit_log_open(directory, &signer, &log, &failure) != STATUS_OK; tries++)
        assert_in_range(tries, 0, 20);
    for (size_t i = 0; i < SIZES && sizes[i] <= size_max; i++) {
        for (int tries = 0; audit_log_size(log) < sizes[i]; tries++) {
            assert_in_range(tries, 0, 20);
            enum status status = sample_append(log, sizes[i], &failure);
            crash_mark(audit_log_size(log));
            if (status == STATUS_OK)
                continue;
            assert_true(status == (error == ENOSPC ? STATUS_NO_SPACE : STATUS_IO));
            while (audit_log_reload(log, &failure) != STATUS_OK)
                assert_in_range(tries++, 0, 20);
            crash_mark(audit_log_size(log));
            check_verifies(directory, audit_log_size(log), "after a failure");
        }
    }
    bool has_failed = crash_has_failed(failed_at);
    crash_fail(SIZE_MAX, 0, 0);
    check_entries(log);
    check_verifies(directory, size_max, "in the end");
    audit_log_close(log);
    return has_failed;
}

static void test_failing_disk(void **state)
{
    (void)state;
    bool has_failed = true;
    for (size_t call = 0; has_failed; call++) {
        for (size_t more = 0; more < 4; more += 3) {
            char directory[SAMPLE_PATH_BYTES];
            sample_directory_make(directory);
            size_t failed_at;
            has_failed =
                write_failing(directory, call, more, call % 2 == 0 ? ENOSPC : EIO, 600, &failed_at);
            sample_directory_remove(directory);
        }
        assert_in_range(call, 0, 2000);
    }
}

/* A call fails, the log recovers without a restart, and soon after that the power goes: what was
 * found on the disk was not built upon before it was durable. */
static void test_failure_before_power_cut(void **state)
{
    enum { CALLS_AFTER = 16 };
    (void)state;
    bool has_failed = true;
    for (size_t call = 0; has_failed; call++) {
        char directory[SAMPLE_PATH_BYTES];
        size_t failed_at;
        sample_directory_make(directory);
        crash_record(directory);
        has_failed = write_failing(directory, call, 0, EIO, 257, &failed_at);
        size_t calls = crash_end();
        sample_directory_remove(directory);
        for (size_t i = failed_at; has_failed && i <= calls && i < failed_at + CALLS_AFTER; i++) {
            check_crash(i, CRASH_STRICT, 0);
            check_crash(i, CRASH_MIXED, i);
        }
        crash_forget();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_anywhere),
        cmocka_unit_test(test_failing_disk),
        cmocka_unit_test(test_failure_before_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
