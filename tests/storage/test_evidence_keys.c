/* Keys on the disk: private, bound to their day and place, and gone when they are destroyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "storage/evidence_keys.h"

#include "scratch.h"

enum { DAY_MS = 86400000 };
static const char key_file[] = "20780.key";
static const uint64_t until_ms = UINT64_C(20780) * DAY_MS + 5;

struct fixture {
    char parent[SCRATCH_PATH_BYTES];
    char directory[SCRATCH_PATH_BYTES + 8];
    char file[SCRATCH_PATH_BYTES + 32];
    struct evidence_keys *keys;
    struct arena arena;
    struct view sealed;
};

static void fixture_reopen(struct fixture *fixture)
{
    evidence_keys_free(fixture->keys);
    fixture->keys = evidence_keys_new(fixture->directory);
}

static enum status seal(struct fixture *fixture, struct failure *failure)
{
    return evidence_keys_seal(fixture->keys, view_of("place"), view_of("body"), until_ms,
                              &fixture->arena, &fixture->sealed, failure);
}

static enum status open_at(struct fixture *fixture, const char *place, struct view sealed)
{
    struct view body;
    enum status status =
        evidence_keys_open(fixture->keys, view_of(place), sealed, until_ms, &fixture->arena, &body);
    if (status == STATUS_OK)
        assert_true(view_equal(body, view_of("body")));
    return status;
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    scratch_make(fixture->parent);
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/keys", fixture->parent);
    snprintf(fixture->file, sizeof(fixture->file), "%s/%s", fixture->directory, key_file);
    fixture->keys = evidence_keys_new(fixture->directory);
    arena_init(&fixture->arena);
    *state = fixture;
    return seal(fixture, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    evidence_keys_free(fixture->keys);
    arena_fini(&fixture->arena);
    scratch_remove(fixture->directory);
    scratch_remove(fixture->parent);
    free(fixture);
    return 0;
}

static void test_files_are_private(void **state)
{
    struct fixture *fixture = *state;
    struct stat file;
    assert_int_equal(stat(fixture->directory, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0700);
    assert_int_equal(stat(fixture->file, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(scratch_count(fixture->directory, "body", 4), 0);
}

static void test_another_process_reads_it(void **state)
{
    struct fixture *fixture = *state;
    struct view first = fixture->sealed;
    fixture_reopen(fixture);
    assert_int_equal(open_at(fixture, "place", first), STATUS_OK);
    assert_int_equal(seal(fixture, NULL), STATUS_OK);
    assert_false(view_equal(first, fixture->sealed));
    assert_int_equal(open_at(fixture, "place", first), STATUS_OK);
    assert_int_equal(open_at(fixture, "place", fixture->sealed), STATUS_OK);
}

static void test_damage_is_seen(void **state)
{
    struct fixture *fixture = *state;
    struct view sealed = fixture->sealed;
    assert_int_equal(open_at(fixture, "another place", sealed), STATUS_CORRUPT);
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(open_at(fixture, "place", view_make(sealed.data, size)), STATUS_CORRUPT);
    uint8_t *damaged = memory_copy(sealed.data, sealed.size);
    for (size_t i = 0; i < sealed.size; i++) {
        damaged[i] ^= 1;
        assert_int_equal(open_at(fixture, "place", view_make(damaged, sealed.size)),
                         i < 8 ? STATUS_NOT_FOUND : STATUS_CORRUPT);
        damaged[i] ^= 1;
    }
    free(damaged);
}

static void test_damaged_key_file(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure = {STATUS_OK, ""};
    assert_int_equal(truncate(fixture->file, 39), 0);
    fixture_reopen(fixture);
    assert_int_equal(open_at(fixture, "place", fixture->sealed), STATUS_CORRUPT);
    assert_int_equal(seal(fixture, &failure), STATUS_CORRUPT);
    assert_non_null(strstr(failure.text, fixture->file));
}

static void test_destroyed_key(void **state)
{
    struct fixture *fixture = *state;
    struct view sealed = fixture->sealed;
    char key[40];
    int fd = open(fixture->file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, key, sizeof(key)), sizeof(key));
    assert_int_equal(evidence_keys_destroy(fixture->keys, until_ms, NULL), STATUS_OK);
    assert_int_equal(open_at(fixture, "place", sealed), STATUS_OK);

    fixture_reopen(fixture); /* also without the key in memory */
    assert_int_equal(evidence_keys_destroy(fixture->keys, UINT64_C(20781) * DAY_MS, NULL),
                     STATUS_OK);
    assert_int_equal(access(fixture->file, F_OK), -1);
    assert_int_equal(open_at(fixture, "place", sealed), STATUS_NOT_FOUND);
    /* Whoever still has the file open, or its blocks, reads something else. */
    char left[40];
    assert_int_equal(pread(fd, left, sizeof(left), 0), sizeof(left));
    assert_memory_not_equal(left, key, sizeof(key));
    close(fd);
    assert_int_equal(seal(fixture, NULL), STATUS_OK);
    assert_int_equal(open_at(fixture, "place", sealed), STATUS_NOT_FOUND);
}

static void test_directory_that_cannot_be_made(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure = {STATUS_OK, ""};
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/no/no", fixture->parent);
    fixture_reopen(fixture);
    assert_int_equal(seal(fixture, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, "No such file or directory"));
    assert_int_equal(evidence_keys_destroy(fixture->keys, until_ms, NULL), STATUS_OK);
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/keys", fixture->parent);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_files_are_private), CASE(test_another_process_reads_it),
        CASE(test_damage_is_seen),    CASE(test_damaged_key_file),
        CASE(test_destroyed_key),     CASE(test_directory_that_cannot_be_made),
    };
    return cmocka_run_group_tests_name("evidence_keys", tests, NULL, NULL);
}
