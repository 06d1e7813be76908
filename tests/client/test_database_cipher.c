#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

#include "client/cipher.h"
#include "client/database_state.h"
#include "client/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t key_one[CIPHER_KEY_BYTES] = "the application's first key ....";
static const uint8_t key_two[CIPHER_KEY_BYTES] = "the application's second key ...";

static int encrypted_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    database_close(fixture->database);
    fixture->database = NULL;
    int directory = directory_open(fixture->scratch.path);
    assert_int_equal(state_wipe(directory, NULL), STATUS_OK);
    close(directory);
    fixture->key = key_one;
    fixture_open(fixture);
    return 0;
}

static void fill(struct fixture *fixture, unsigned count)
{
    char text[4096];
    for (unsigned i = 0; i < count; i++) {
        canary_write(text, i);
        fixture_put(fixture, make_message(&fixture->arena, "g:1", i + 1, text));
    }
    fixture_send(fixture, 1, "outgoing-canary");
}

static void check_filled(struct fixture *fixture, unsigned count)
{
    char text[4096];
    for (unsigned i = 0; i < count; i++) {
        canary_write(text, i);
        struct unsay_event event = fixture_get(fixture, "g:1", i + 1);
        assert_int_equal(event.body_bytes, strlen(text));
        assert_memory_equal(event.body, text, event.body_bytes);
    }
    fixture_assert_outbox(fixture, "o");
}

static void close_fixture(struct fixture *fixture)
{
    database_close(fixture->database);
    fixture->database = NULL;
}

static enum status open_with(struct fixture *fixture, const uint8_t *key, struct failure *failure)
{
    struct database *database = NULL;
    struct database_options options = {
        .directory = fixture->scratch.path, .user = "alice", .device = "phone", .key = key};
    enum status status = database_open(&options, &database, failure);
    database_close(database);
    return status;
}

static bool has_plain_text(struct fixture *fixture)
{
    static const char *const words[] = {"canary", "SQLite", "CREATE", "alice", "phone"};
    bool is_there = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        is_there = is_there || scratch_contains(&fixture->scratch, words[i], strlen(words[i]));
    return is_there;
}

static void no_file_of_an_encrypted_database_holds_text(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, 300);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db-wal"), 1);
    assert_false(has_plain_text(fixture));
    check_filled(fixture, 300);
    fixture_reopen(fixture);
    check_filled(fixture, 300);
    assert_false(has_plain_text(fixture));
}

/* As after the death of a process: the log is there. */
static void the_encrypted_log_is_read_after_a_crash(void **state)
{
    struct fixture *fixture = *state;
    struct scratch other;
    char command[256];
    fill(fixture, 50);
    scratch_init(&other);
    snprintf(command, sizeof(command), "cp %s/unsay.db* %s/", fixture->scratch.path, other.path);
    assert_int_equal(system(command), 0);
    struct fixture copy = *fixture;
    copy.scratch = other;
    arena_init(&copy.arena);
    fixture_open(&copy);
    check_filled(&copy, 50);
    database_close(copy.database);
    arena_fini(&copy.arena);
    scratch_fini(&other);
}

static void each_wrong_key_has_its_answer(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    fill(fixture, 3);
    close_fixture(fixture);
    assert_int_equal(open_with(fixture, key_two, &failure), STATUS_UNTRUSTED);
    assert_non_null(strstr(failure.text, "with another key"));
    assert_int_equal(open_with(fixture, NULL, &failure), STATUS_UNTRUSTED);
    assert_non_null(strstr(failure.text, "no key was given"));
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 0);
    fixture_open(fixture);
    check_filled(fixture, 3);
}

static void a_plain_database_with_a_key_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    fill(fixture, 3);
    close_fixture(fixture);
    assert_int_equal(open_with(fixture, key_one, &failure), STATUS_UNTRUSTED);
    assert_non_null(strstr(failure.text, "is not encrypted"));
    fixture_open(fixture);
    check_filled(fixture, 3);
}

static void change(struct fixture *fixture, const uint8_t *key)
{
    struct failure failure = {STATUS_OK, ""};
    close_fixture(fixture);
    if (state_change_key(fixture->scratch.path, fixture->key, key, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    fixture->key = key;
    fixture_open(fixture);
}

static void the_key_is_changed(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    uint8_t device_key[DATABASE_KEY_BYTES];
    uint8_t again[DATABASE_KEY_BYTES];
    fill(fixture, 100);
    assert_int_equal(database_key(fixture->database, device_key), STATUS_OK);
    change(fixture, key_two);
    check_filled(fixture, 100);
    close_fixture(fixture);
    assert_int_equal(open_with(fixture, key_one, &failure), STATUS_UNTRUSTED);
    fixture_open(fixture);

    change(fixture, NULL);
    check_filled(fixture, 100);
    assert_true(has_plain_text(fixture));
    change(fixture, key_one);
    check_filled(fixture, 100);
    assert_false(has_plain_text(fixture));
    assert_int_equal(database_key(fixture->database, again), STATUS_OK);
    assert_memory_equal(device_key, again, sizeof(again));
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db."), 0);
}

static void a_key_that_does_not_fit_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    fill(fixture, 3);
    assert_int_equal(state_change_key(fixture->scratch.path, key_one, key_two, &failure),
                     STATUS_IN_USE);
    close_fixture(fixture);
    assert_int_equal(state_change_key(fixture->scratch.path, key_two, key_one, &failure),
                     STATUS_UNTRUSTED);
    assert_int_equal(state_change_key(fixture->scratch.path, NULL, key_one, &failure),
                     STATUS_UNTRUSTED);
    fixture_open(fixture);
    check_filled(fixture, 3);
}

/* A change of key that died between the two slots: either key opens the file, and then it is the
 * only one. */
static void an_interrupted_change_leaves_the_one_or_the_other(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    uint8_t slot[CIPHER_SLOT_BYTES];
    char path[128];
    fill(fixture, 3);
    close_fixture(fixture);
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    int file = open(path, O_RDONLY);
    assert_int_equal(pread(file, slot, sizeof(slot), 0), sizeof(slot));
    close(file);
    assert_int_equal(state_change_key(fixture->scratch.path, key_one, key_two, &failure),
                     STATUS_OK);
    scratch_overwrite(&fixture->scratch, "unsay.db", CIPHER_SECOND_SLOT, slot, sizeof(slot));
    fixture_open(fixture);
    check_filled(fixture, 3);
    close_fixture(fixture);
    assert_int_equal(open_with(fixture, key_two, &failure), STATUS_UNTRUSTED);

    scratch_overwrite(&fixture->scratch, "unsay.db", 0, "torn", 4);
    fixture_open(fixture);
    check_filled(fixture, 3);
}

/* The name of what a change has replaced may still be one of the database itself. */
static void leftovers_of_a_change_are_erased(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    char old_path[128];
    fill(fixture, 3);
    close_fixture(fixture);
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    snprintf(old_path, sizeof(old_path), "%s/unsay.db.old", fixture->scratch.path);
    assert_int_equal(link(path, old_path), 0);
    fixture_open(fixture);
    check_filled(fixture, 3);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db."), 0);

    int file = open(old_path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(file, "what was plain", 14), 14);
    fixture_reopen(fixture);
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    close(file);
    assert_int_equal(status.st_nlink, 0);
    check_filled(fixture, 3);
}

/* The header cannot be read: nothing opens the file any more, and a new one is begun. */
static void a_destroyed_header_is_damage(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t zeros[CIPHER_HEADER_BYTES];
    struct database_damage damage;
    fill(fixture, 3);
    close_fixture(fixture);
    scratch_overwrite(&fixture->scratch, "unsay.db", 0, zeros, sizeof(zeros));
    fixture_open(fixture);
    assert_true(database_take_damage(fixture->database, &damage));
    assert_false(database_take_damage(fixture->database, &damage));
    assert_int_equal(damage.outbox, 0);
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    fill(fixture, 3);
    assert_false(has_plain_text(fixture));
}

static void a_damaged_page_is_set_aside_and_the_outbox_saved(void **state)
{
    struct fixture *fixture = *state;
    struct database_damage damage;
    fill(fixture, 300);
    close_fixture(fixture);
    /* The third page is the root of `event`. */
    scratch_overwrite(&fixture->scratch, "unsay.db", CIPHER_HEADER_BYTES + 2 * 4136L + 77,
                      "sixteen of these", 16);
    fixture_open(fixture);
    struct unsay_event event;
    assert_int_equal(
        database_event(fixture->database, view_of("g:1"), 1, 1, &fixture->arena, &event),
        STATUS_CORRUPT);
    assert_int_equal(database_repair(fixture->database, NULL), STATUS_OK);
    assert_true(database_take_damage(fixture->database, &damage));
    assert_int_equal(damage.outbox, 1);
    fixture_assert_outbox(fixture, "o");
    assert_false(has_plain_text(fixture));
    fixture_reopen(fixture);
    fixture_assert_outbox(fixture, "o");
}

enum { MAPPING_BYTES_MAX = 1 << 30 }; /* a sanitizer has larger ones */

/* Of this process's memory, as far as it can be read. */
static bool memory_contains(const uint8_t *bytes, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    char line[512];
    bool is_there = false;
    assert_true(maps != NULL && memory >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || strstr(line, "rw-p") == NULL ||
            to - from > MAPPING_BYTES_MAX)
            continue;
        uint8_t *copy = malloc(to - from);
        ssize_t got = pread(memory, copy, to - from, (off_t)from);
        for (ssize_t at = 0; at + (ssize_t)size <= got; at++) {
            size_t same =
                0; /* `bytes` are the key's complement, so that they do not find themselves */
            while (same < size && copy[at + (ssize_t)same] + bytes[same] == 0xff)
                same++;
            is_there = is_there || same == size;
        }
        explicit_bzero(copy, to - from);
        free(copy);
    }
    fclose(maps);
    close(memory);
    return is_there;
}

static void the_key_does_not_stay_in_memory(void **state)
{
    struct fixture *fixture = *state;
    uint8_t key[CIPHER_KEY_BYTES];
    uint8_t complement[CIPHER_KEY_BYTES];
    struct failure failure;
    close_fixture(fixture);
    for (size_t i = 0; i < sizeof(key); i++) {
        complement[i] = (uint8_t)(i * 37 + 11);
        key[i] = (uint8_t)~complement[i];
    }
    assert_int_equal(state_change_key(fixture->scratch.path, key_one, key, &failure), STATUS_OK);
    fixture->key = key;
    fixture_open(fixture);
    assert_true(memory_contains(complement, sizeof(complement)));
    memset(key, 0, sizeof(key));
    assert_false(memory_contains(complement, sizeof(complement)));
}

#define plain_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define encrypted_test(name) \
    cmocka_unit_test_setup_teardown(name, encrypted_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        encrypted_test(no_file_of_an_encrypted_database_holds_text),
        encrypted_test(the_encrypted_log_is_read_after_a_crash),
        encrypted_test(each_wrong_key_has_its_answer),
        plain_test(a_plain_database_with_a_key_is_refused),
        encrypted_test(the_key_is_changed),
        encrypted_test(a_key_that_does_not_fit_changes_nothing),
        encrypted_test(an_interrupted_change_leaves_the_one_or_the_other),
        encrypted_test(leftovers_of_a_change_are_erased),
        encrypted_test(a_destroyed_header_is_damage),
        encrypted_test(a_damaged_page_is_set_aside_and_the_outbox_saved),
        encrypted_test(the_key_does_not_stay_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
