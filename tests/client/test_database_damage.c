#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

#include "client/cipher.h"
#include "unsay/search.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t key[CIPHER_KEY_BYTES] = "the application's key ..........";

enum { MESSAGES = 150, FLIPS_SOME = 20, FLIPS_ALL = 1500 };

static long flips = FLIPS_SOME;

/* Files as they are now: the log too, because the client is alive. */
static void copy_files(const struct scratch *from, const struct scratch *to)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -f %s/*; cp %s/unsay.db* %s/", to->path, from->path,
             to->path);
    assert_int_equal(system(command), 0);
}

static long size_of(const struct scratch *scratch, const char *name)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    assert_int_equal(stat(path, &status), 0);
    return (long)status.st_size;
}

static void flip(const struct scratch *scratch, const char *name, long offset, uint8_t mask)
{
    char path[128];
    uint8_t byte;
    snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    int file = open(path, O_RDWR);
    assert_int_equal(pread(file, &byte, 1, offset), 1);
    byte ^= mask;
    assert_int_equal(pwrite(file, &byte, 1, offset), 1);
    close(file);
}

static void fill(struct fixture *fixture)
{
    char text[4096];
    for (unsigned i = 0; i < MESSAGES; i++) {
        canary_write(text, i);
        fixture_put(fixture, make_message(&fixture->arena, "g:1", i + 1, text));
    }
    fixture_send(fixture, 1, "kept");
}

/* All that a client does; CORRUPT or OK, and nothing else. */
static enum status use(struct fixture *fixture)
{
    struct unsay_event *events;
    struct unsay_found *found;
    size_t count;
    bool more;
    struct unsay_history history = {.conversation = "g:1", .limit = LIMIT_PAGE_EVENTS_MAX};
    struct database_search search = {.text = view_of("canary"), .limit = 100};
    enum status status =
        database_events(fixture->database, &history, &fixture->arena, &events, &count, &more);
    if (status == STATUS_OK)
        status =
            database_search(fixture->database, &search, &fixture->arena, &found, &count, &more);
    if (status != STATUS_OK)
        return status;
    database_begin(fixture->database);
    database_put_event(fixture->database,
                       make_message(&fixture->arena, "g:1", MESSAGES + 1, "and on"));
    database_recall(fixture->database, make_recall(&fixture->arena, "g:1", MESSAGES + 2, 7));
    return database_commit(fixture->database, NULL);
}

static size_t outbox_size(struct fixture *fixture)
{
    struct client_outgoing *entries;
    size_t count;
    enum status status =
        database_outbox(fixture->database, 0, 10, &fixture->arena, &entries, &count);
    assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
    return status == STATUS_OK ? count : 0;
}

struct tally {
    size_t damaged;
    size_t saved; /* outboxes */
};

static void meet(struct fixture *copy, struct tally *tally)
{
    struct database_damage damage;
    fixture_open(copy);
    for (int i = 0; i < 3; i++) {
        enum status status = use(copy);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
        if (status == STATUS_OK)
            break;
        assert_int_equal(database_repair(copy->database, NULL), STATUS_OK);
    }
    assert_int_equal(use(copy), STATUS_OK);
    tally->damaged += database_take_damage(copy->database, &damage);
    tally->saved += outbox_size(copy) == 1;
    if (database_needs_scrub(copy->database))
        assert_int_equal(database_scrub(copy->database), STATUS_OK);
    assert_int_equal(scratch_count(&copy->scratch, "unsay.db.damaged-"), 0);
    database_close(copy->database);
    copy->database = NULL;
    arena_reset(&copy->arena);
}

static struct tally flip_all(struct fixture *fixture, const char *name)
{
    struct tally tally = {0};
    struct fixture copy = {.key = fixture->key};
    arena_init(&copy.arena);
    scratch_init(&copy.scratch);
    copy_files(&fixture->scratch, &copy.scratch);
    long size = size_of(&copy.scratch, name);
    for (long i = 0; i < flips; i++) {
        /* The beginning of each page has more meaning than the rest. */
        long offset = i * size / flips;
        if (i % 2 == 0)
            offset = offset / 4096 * 4096 + i % 16;
        copy_files(&fixture->scratch, &copy.scratch);
        flip(&copy.scratch, name, offset, (uint8_t)(i % 3 == 0 ? 0xff : 1 << i % 8));
        meet(&copy, &tally);
    }
    arena_fini(&copy.arena);
    scratch_fini(&copy.scratch);
    return tally;
}

static void bytes_of_the_file(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    fixture_reopen(fixture); /* the log is empty */
    struct tally tally = flip_all(fixture, "unsay.db");
    assert_true(tally.damaged > (size_t)flips / 10);
    assert_true(tally.saved > (size_t)flips * 8 / 10);
}

/* Of the log the beginning counts, up to what is damaged; never more, never something else. */
static void bytes_of_the_log(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct tally tally = flip_all(fixture, "unsay.db-wal");
    assert_int_equal(tally.damaged, 0);
}

static int key_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    char command[128];
    database_close(fixture->database);
    snprintf(command, sizeof(command), "rm %s/*", fixture->scratch.path);
    assert_int_equal(system(command), 0);
    fixture->key = key;
    fixture_open(fixture);
    return 0;
}

/* An encrypted page that is not what was sealed is never used; the header is there twice. */
static void bytes_of_the_encrypted_file(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    fixture_reopen(fixture);
    struct tally tally = flip_all(fixture, "unsay.db");
    assert_true(tally.damaged > (size_t)flips * 6 / 10);
    assert_true(tally.saved > (size_t)flips * 8 / 10);
}

static void a_shortened_file(void **state)
{
    struct fixture *fixture = *state;
    struct fixture copy = {.key = fixture->key};
    struct tally tally = {0};
    char path[128];
    fill(fixture);
    fixture_reopen(fixture);
    arena_init(&copy.arena);
    scratch_init(&copy.scratch);
    snprintf(path, sizeof(path), "%s/unsay.db", copy.scratch.path);
    copy_files(&fixture->scratch, &copy.scratch);
    long size = size_of(&copy.scratch, "unsay.db");
    for (long i = 0; i < 40; i++) {
        copy_files(&fixture->scratch, &copy.scratch);
        assert_int_equal(truncate(path, i * size / 40 + i % 3), 0);
        meet(&copy, &tally);
    }
    assert_true(tally.damaged >= 30);
    arena_fini(&copy.arena);
    scratch_fini(&copy.scratch);
}

#define plain_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define key_test(name) cmocka_unit_test_setup_teardown(name, key_setup, fixture_teardown)

/* With an argument: many more. */
int main(int argc, char **argv)
{
    (void)argv;
    flips = argc > 1 ? FLIPS_ALL : FLIPS_SOME;
    const struct CMUnitTest tests[] = {
        plain_test(bytes_of_the_file),
        plain_test(bytes_of_the_log),
        plain_test(a_shortened_file),
        key_test(bytes_of_the_encrypted_file),
        {"bytes_of_the_encrypted_log", bytes_of_the_log, key_setup, fixture_teardown, NULL},
        {"a_shortened_encrypted_file", a_shortened_file, key_setup, fixture_teardown, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
