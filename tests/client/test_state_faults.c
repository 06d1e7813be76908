/* Changes of key and wipes that are killed at each call that changes a file, in the middle of each
 * write, or that fail there: the database has the one key or the other, with all that was in it,
 * and a wipe is finished by whoever opens the directory next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"
#include "fault.h"

#include "client/database_state.h"
#include "client/directory.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGES = 20, CALLS_MAX = 500 };

static const uint8_t first_key[CIPHER_KEY_BYTES] = "the application's first key ....";
static const uint8_t second_key[CIPHER_KEY_BYTES] = "the application's second key ...";

static void fill(struct fixture *fixture)
{
    char text[4096];
    database_begin(fixture->database);
    for (unsigned i = 0; i < MESSAGES; i++) {
        canary_write(text, i);
        database_put_event(fixture->database, make_message(&fixture->arena, "g:1", i + 1, text));
    }
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_send(fixture, 1, "kept");
    database_close(fixture->database);
    fixture->database = NULL;
}

/* In a process of its own; true when it died there. */
static bool run(void (*work)(struct fixture *fixture, const uint8_t *key), struct fixture *fixture,
                const uint8_t *key, enum fault fault, unsigned long number, bool *is_met)
{
    int result;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fault_arm(fault, number);
        work(fixture, key);
        _exit(fault_count() >= number ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    bool is_killed = WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL;
    assert_true(is_killed || WIFEXITED(result));
    *is_met = is_killed || WEXITSTATUS(result) == 1;
    return is_killed;
}

static enum status open_with(struct fixture *fixture, const uint8_t *key)
{
    struct failure failure;
    struct database_options options = {
        .directory = fixture->scratch.path, .user = "alice", .device = "phone", .key = key};
    return database_open(&options, &fixture->database, &failure);
}

static void check_filled(struct fixture *fixture)
{
    struct database_damage damage;
    char text[4096];
    assert_false(database_take_damage(fixture->database, &damage));
    for (unsigned i = 0; i < MESSAGES; i++) {
        canary_write(text, i);
        struct unsay_event event = fixture_get(fixture, "g:1", i + 1);
        assert_int_equal(event.body_bytes, strlen(text));
        assert_memory_equal(event.body, text, event.body_bytes);
    }
    fixture_assert_outbox(fixture, "k");
}

static void change(struct fixture *fixture, const uint8_t *key)
{
    struct failure failure;
    if (state_change_key(fixture->scratch.path, fixture->key, key, &failure) != STATUS_OK)
        return;
}

/* With either key, or with none; the directory is closed, and has `key` as its key, afterwards. */
static void settle(struct fixture *fixture, const uint8_t *key)
{
    enum status status = open_with(fixture, fixture->key);
    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_UNTRUSTED);
        fixture->key = key;
        assert_int_equal(open_with(fixture, key), STATUS_OK);
    }
    check_filled(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.new"), 0);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.old"), 0);
    database_close(fixture->database);
    fixture->database = NULL;
    bool has_plain = scratch_contains(&fixture->scratch, "canary-", 7);
    assert_int_equal(has_plain, fixture->key == NULL);
}

static void change_with_faults(struct fixture *fixture, const uint8_t *from, const uint8_t *to)
{
    static const enum fault faults[] = {FAULT_KILL, FAULT_TORN, FAULT_NO_SPACE, FAULT_IO};
    fill(fixture);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        bool is_met = true;
        unsigned long number = 1;
        for (; is_met; number++) {
            assert_true(number < CALLS_MAX);
            if (fixture->key != from)
                change(fixture, from);
            fixture->key = from;
            run(change, fixture, to, faults[i], number, &is_met);
            settle(fixture, to);
            arena_reset(&fixture->arena);
        }
        assert_true(number > 2);
        assert_true(fixture->key == to);
    }
}

static void from_key_to_key(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    change(fixture, first_key);
    fixture->key = first_key;
    fixture_open(fixture);
    change_with_faults(fixture, first_key, second_key);
}

static void from_plain_to_encrypted(void **state)
{
    change_with_faults(*state, NULL, first_key);
}

static void from_encrypted_to_plain(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    change(fixture, first_key);
    fixture->key = first_key;
    fixture_open(fixture);
    change_with_faults(fixture, first_key, NULL);
}

static void wipe(struct fixture *fixture, const uint8_t *key)
{
    (void)key;
    struct failure failure;
    int directory = directory_open(fixture->scratch.path);
    if (state_wipe(directory, &failure) != STATUS_OK)
        return;
}

/* Nothing of what was there comes back, unless the wipe had not even begun. */
static void a_wipe_goes_on(void **state)
{
    struct fixture *fixture = *state;
    static const enum fault faults[] = {FAULT_KILL, FAULT_TORN, FAULT_IO};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        bool is_met = true;
        for (unsigned long number = 1; is_met; number++) {
            if (fixture->database == NULL)
                fixture_open(fixture);
            fill(fixture);
            run(wipe, fixture, NULL, faults[i], number, &is_met);
            bool has_begun = scratch_count(&fixture->scratch, "wiping") == 1 ||
                             scratch_count(&fixture->scratch, "unsay.db") == 0;
            fixture_open(fixture);
            assert_true(has_begun || number == 1);
            if (has_begun)
                assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
            if (has_begun)
                assert_false(scratch_contains(&fixture->scratch, "canary-", 7));
            assert_int_equal(scratch_count(&fixture->scratch, "wiping"), 0);
            database_close(fixture->database);
            fixture->database = NULL;
            wipe(fixture, NULL);
            arena_reset(&fixture->arena);
        }
    }
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(from_key_to_key),
        fixture_test(from_plain_to_encrypted),
        fixture_test(from_encrypted_to_plain),
        fixture_test(a_wipe_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
