/* What only the store on RocksDB can do: refuse a directory, lose its disk, and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "storage/kv_rocksdb.h"
#include "storage/store_kv.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "scratch.h"

struct fixture {
    char parent[SCRATCH_PATH_BYTES];
    char directory[SCRATCH_PATH_BYTES + 8];
    struct store *store;
    struct failure failure;
    struct kv_rocksdb_faults faults;
};

static enum status fixture_open(struct fixture *fixture)
{
    struct store_options options = {.directory = fixture->directory, .buffer_bytes = 1 << 20};
    fixture->failure.text[0] = 0;
    return store_open_rocksdb(&options, &fixture->store, &fixture->failure);
}

static void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    scratch_make(fixture->parent);
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/store", fixture->parent);
    *state = fixture;
    return fixture_open(fixture) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    scratch_remove(fixture->directory);
    scratch_remove(fixture->parent);
    free(fixture);
    return 0;
}

static enum status put(struct fixture *fixture, uint64_t seq, const char *text)
{
    struct change change = {.kind = CHANGE_EVENT,
                            .conversation = view_of("c"),
                            .origin = 1,
                            .seq = seq,
                            .bytes = view_of(text)};
    struct change_list list = {NULL, NULL, 0, 0};
    const struct change_list *lists[] = {&list};
    change_list_add(&list, &change);
    return store_commit(fixture->store, lists, 1, &fixture->failure);
}

static enum status get(struct fixture *fixture, uint64_t seq)
{
    struct arena arena;
    struct view bytes;
    struct event_key key = {view_of("c"), 1, seq};
    arena_init(&arena);
    enum status status = store_get_event(fixture->store, key, &arena, &bytes);
    arena_fini(&arena);
    return status;
}

static void set_faults(struct fixture *fixture)
{
    kv_rocksdb_set_faults(store_kv(fixture->store), &fixture->faults);
}

static void file_write(struct fixture *fixture, const char *name, const char *text)
{
    char path[SCRATCH_PATH_BYTES * 2];
    snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void file_rename(struct fixture *fixture, const char *from, const char *to)
{
    char path[2][SCRATCH_PATH_BYTES * 2];
    snprintf(path[0], sizeof(path[0]), "%s/%s", fixture->directory, from);
    snprintf(path[1], sizeof(path[1]), "%s/%s", fixture->directory, to);
    assert_int_equal(rename(path[0], path[1]), 0);
}

static void assert_open_fails(struct fixture *fixture, enum status status, const char *text)
{
    assert_int_equal(fixture_open(fixture), status);
    assert_null(fixture->store);
    assert_int_equal(fixture->failure.status, status);
    assert_non_null(strstr(fixture->failure.text, fixture->directory));
    assert_non_null(strstr(fixture->failure.text, text));
}

static void test_directory_is_private(void **state)
{
    struct fixture *fixture = *state;
    struct stat directory;
    assert_int_equal(stat(fixture->directory, &directory), 0);
    assert_int_equal(directory.st_mode & 0777, 0700);
}

static void test_directory_cannot_be_made(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = *fixture;
    snprintf(other.directory, sizeof(other.directory), "%s/no/no", fixture->parent);
    other.store = NULL;
    assert_open_fails(&other, STATUS_IO, "No such file or directory");
    snprintf(other.directory, sizeof(other.directory), "%s/f", fixture->parent);
    FILE *file = fopen(other.directory, "w");
    assert_non_null(file);
    fclose(file);
    assert_open_fails(&other, STATUS_IO, "Not a directory");
}

static void test_directory_in_use(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = *fixture;
    assert_open_fails(&other, STATUS_IN_USE, "another process has this directory");

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(fixture_open(&other) == STATUS_IN_USE ? 0 : 1);
    int exit_status;
    assert_int_equal(waitpid(child, &exit_status, 0), child);
    assert_true(WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0);
}

static void test_other_formats(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture, 1, "kept"), STATUS_OK);
    fixture_close(fixture);
    file_write(fixture, "FORMAT", "unsay-store 3\n");
    assert_open_fails(fixture, STATUS_VERSION, "format 3");
    file_write(fixture, "FORMAT", "unsay-store 1\n");
    assert_open_fails(fixture, STATUS_VERSION, "move this one away to start anew");
    file_write(fixture, "FORMAT", "unsay-store 99999 whatever is new\n");
    assert_open_fails(fixture, STATUS_VERSION, "format 99999");
    static const char *const damaged[] = {"",
                                          "unsay-store",
                                          "unsay-store 0\n",
                                          "unsay-store 2",
                                          "unsay-store 2 old\n",
                                          "unsay-store -1\n",
                                          "unsay-store 2\nand more",
                                          "something else 2\n"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        file_write(fixture, "FORMAT", damaged[i]);
        assert_open_fails(fixture, STATUS_CORRUPT, "FORMAT");
    }
    file_rename(fixture, "FORMAT", "FORMAT.kept");
    assert_open_fails(fixture, STATUS_CORRUPT, "no file FORMAT");
    file_write(fixture, "FORMAT", "unsay-store 2\n");
    assert_int_equal(fixture_open(fixture), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_OK);
}

static void test_lost_database_is_not_replaced(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    file_rename(fixture, "CURRENT", "CURRENT.kept");
    assert_open_fails(fixture, STATUS_CORRUPT, "restore a backup");
    file_rename(fixture, "CURRENT.kept", "CURRENT");
    assert_int_equal(fixture_open(fixture), STATUS_OK);

    fixture_close(fixture);
    scratch_remove(fixture->directory);
    assert_int_equal(mkdir(fixture->directory, 0700), 0);
    file_write(fixture, "FORMAT", "unsay-store 2\n");
    assert_open_fails(fixture, STATUS_CORRUPT, "restore a backup");
}

static void test_interrupted_creation_goes_on(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    file_write(fixture, "FORMAT", "unsay-store 2 new\n");
    assert_int_equal(fixture_open(fixture), STATUS_OK);
    fixture_close(fixture);
    scratch_remove(fixture->directory);
    assert_int_equal(mkdir(fixture->directory, 0700), 0);
    file_write(fixture, "FORMAT", "unsay-store 2 new\n");
    assert_int_equal(fixture_open(fixture), STATUS_OK);
    assert_int_equal(put(fixture, 1, "x"), STATUS_OK);
}

/* A crash after the database was made and before it had an id. */
static void test_store_without_an_id_gets_one(void **state)
{
    struct fixture *fixture = *state;
    struct store_options options = {.directory = fixture->directory};
    struct kv *kv;
    struct uuid ids[3];
    assert_int_equal(store_get_id(fixture->store, &ids[0]), STATUS_OK);
    fixture_close(fixture);
    scratch_remove(fixture->directory);
    assert_int_equal(kv_rocksdb_open(&options, NULL, &kv, &fixture->failure), STATUS_OK);
    kv->operations->close(kv);
    for (int i = 1; i < 3; i++) {
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), STATUS_OK);
        assert_int_equal(store_get_id(fixture->store, &ids[i]), STATUS_OK);
    }
    assert_memory_not_equal(ids[0].bytes, ids[1].bytes, UUID_BYTES);
    assert_memory_equal(ids[1].bytes, ids[2].bytes, UUID_BYTES);
}

static void test_failed_store_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    struct store_stats stats;
    assert_int_equal(put(fixture, 1, "before"), STATUS_OK);

    fixture->faults.write_status = fixture->faults.open_status = STATUS_IO;
    set_faults(fixture);
    assert_int_equal(put(fixture, 2, "lost"), STATUS_IO);
    assert_int_equal(get(fixture, 1), STATUS_IO);
    assert_int_equal(put(fixture, 2, "opening fails"), STATUS_IO);
    store_read_stats(fixture->store, &stats);
    assert_true(stats.is_failed);

    fixture->faults.write_status = fixture->faults.open_status = STATUS_OK;
    set_faults(fixture);
    assert_int_equal(put(fixture, 2, "within the second"), STATUS_IO);
    assert_int_equal(get(fixture, 1), STATUS_IO);
    fixture->faults.clock_ahead_ms = 1000;
    set_faults(fixture);
    assert_int_equal(store_commit(fixture->store, NULL, 0, &fixture->failure), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_OK);
    assert_int_equal(get(fixture, 2), STATUS_NOT_FOUND);
    assert_int_equal(put(fixture, 2, "after"), STATUS_OK);
    store_read_stats(fixture->store, &stats);
    assert_false(stats.is_failed);
}

static void test_no_space(void **state)
{
    struct fixture *fixture = *state;
    struct store_stats stats;
    fixture->faults.has_disk_free = true;
    fixture->faults.disk_free_bytes = LIMIT_DISK_FREE_BYTES_MIN - 1;
    fixture->faults.clock_ahead_ms = 250;
    set_faults(fixture);
    assert_int_equal(put(fixture, 1, "x"), STATUS_NO_SPACE);
    assert_non_null(strstr(fixture->failure.text, "make room"));
    assert_int_equal(get(fixture, 1), STATUS_NOT_FOUND);
    store_read_stats(fixture->store, &stats);
    assert_int_equal(stats.disk_free_bytes, LIMIT_DISK_FREE_BYTES_MIN - 1);
    assert_true(stats.is_failed);

    fixture->faults.disk_free_bytes = LIMIT_DISK_FREE_BYTES_MIN;
    fixture->faults.clock_ahead_ms += 250;
    set_faults(fixture);
    assert_int_equal(put(fixture, 1, "x"), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_OK);
}

/* The disk fails for real: no file may grow any more. */
static void test_disk_that_refuses(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit limit;
    struct rlimit small;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(put(fixture, 1, "before"), STATUS_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status failed = put(fixture, 2, "refused");
    enum status failed_again = put(fixture, 3, "refused");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(failed, STATUS_IO);
    assert_int_equal(failed_again, STATUS_IO);
    assert_int_equal(get(fixture, 1), STATUS_IO);

    fixture->faults.clock_ahead_ms = 1000;
    set_faults(fixture);
    assert_int_equal(put(fixture, 4, "after"), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_OK);
    assert_int_equal(get(fixture, 3), STATUS_NOT_FOUND);
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_OK);
    assert_int_equal(get(fixture, 3), STATUS_NOT_FOUND);
    assert_int_equal(get(fixture, 4), STATUS_OK);
}

/* Rows and keys that we never wrote are told from missing ones, and from good ones. */
static void test_damaged_rows(void **state)
{
    struct fixture *fixture = *state;
    struct kv *kv = store_kv(fixture->store);
    struct store_event event;
    struct store_range range = {view_of("c"), 1, 0, 0, 1, SIZE_MAX, false};
    struct kv_entry value = {.space = KV_EVENTS,
                             .key = view_make("c\0\0\0\0\1\0\0\0\0\0\0\0\1", 14),
                             .value = view_of("\7")};
    struct kv_entry key = {.next = &value,
                           .space = KV_EVENTS,
                           .key = view_make("c\0\0\0\0\1\0\0\0\0\0\0\0\2\2", 15),
                           .value = view_of("\1")};
    struct kv_batch batch = {.first = &key, .last = &value};
    struct arena arena;
    size_t count;
    bool more;
    arena_init(&arena);
    assert_int_equal(kv->operations->write(kv, &batch, NULL), STATUS_OK);
    assert_int_equal(get(fixture, 1), STATUS_CORRUPT);
    assert_int_equal(get(fixture, 2), STATUS_NOT_FOUND);
    assert_int_equal(store_read_events(fixture->store, &range, &arena, &event, &count, &more),
                     STATUS_CORRUPT);
    range.after = 1;
    assert_int_equal(store_read_events(fixture->store, &range, &arena, &event, &count, &more),
                     STATUS_CORRUPT);
    arena_fini(&arena);
}

static void test_tuning_is_checked(void **state)
{
    struct fixture *fixture = *state;
    struct store_options options = {.directory = fixture->directory};
    struct kv *kv;
    fixture_close(fixture);
    assert_int_equal(kv_rocksdb_open(&options, "no_such_option=1", &kv, &fixture->failure),
                     STATUS_MALFORMED);
    assert_int_equal(kv_rocksdb_open(&options, "write_buffer_size=4M", &kv, &fixture->failure),
                     STATUS_OK);
    kv->operations->close(kv);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_directory_is_private),
        CASE(test_directory_cannot_be_made),
        CASE(test_directory_in_use),
        CASE(test_other_formats),
        CASE(test_lost_database_is_not_replaced),
        CASE(test_interrupted_creation_goes_on),
        CASE(test_store_without_an_id_gets_one),
        CASE(test_failed_store_is_not_read),
        CASE(test_no_space),
        CASE(test_disk_that_refuses),
        CASE(test_damaged_rows),
        CASE(test_tuning_is_checked),
    };
    return cmocka_run_group_tests_name("kv_rocksdb", tests, NULL, NULL);
}
