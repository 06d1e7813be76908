/* What commits leave in the journal is in the log, once and in order, whatever fails on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "server/auditor.h"
#include "storage/audit/key.h"
#include "storage/audit/log.h"
#include "storage/audit/verify.h"
#include "storage/store_memory.h"

#include <ftw.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 256, WAIT_SECONDS = 30 };

struct fixture {
    char data[PATH_BYTES];
    struct store *store;
    struct arena arena;
    uint64_t committed; /* entries */
    uint64_t skipped;   /* committed, but lost with a commit that failed */
};

static int fixture_make(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    snprintf(fixture->data, sizeof(fixture->data), "%s/unsay-auditor-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(fixture->data));
    fixture->store = store_open_memory();
    arena_init(&fixture->arena);
    *state = fixture;
    return 0;
}

static int entry_remove(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

static int fixture_free(void **state)
{
    struct fixture *fixture = *state;
    nftw(fixture->data, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    store_close(fixture->store);
    arena_fini(&fixture->arena);
    free(fixture);
    return 0;
}

/* Entry `index`: its time tells which one it is. */
static struct view entry_make(struct arena *arena, uint64_t index)
{
    char operator[16];
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    snprintf(operator, sizeof(operator), "user%u", (unsigned)(index % 3));
    entry.kind = WIRE(AUDIT_KIND, RECALL);
    entry.time = 1000 + index;
    entry.operator_ = operator;
    entry.conversation = (char[]){"g:1"};
    entry.outcome = index % 2 == 0 ? WIRE(RECALL_OUTCOME, RECALLED) : WIRE(RECALL_OUTCOME, REFUSED);
    entry.refusal = index % 2 == 0 ? 0 : WIRE(ERROR_CODE, WINDOW_CLOSED);
    uint8_t *bytes = arena_alloc(arena, unsay__v1__audit_entry__get_packed_size(&entry));
    return view_make(bytes, unsay__v1__audit_entry__pack(&entry, bytes));
}

static enum status commit(struct fixture *fixture, size_t count)
{
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    for (size_t i = 0; i < count; i++) {
        struct change *change = arena_zero(&fixture->arena, sizeof(*change));
        change->kind = CHANGE_AUDIT;
        change->bytes = entry_make(&fixture->arena, fixture->committed + i);
        change_list_add(&list, change);
    }
    enum status status = store_commit(fixture->store, lists, 1, NULL);
    if (status == STATUS_OK)
        fixture->committed += count;
    return status;
}

static void commit_ok(struct fixture *fixture, size_t count)
{
    assert_int_equal(commit(fixture, count), STATUS_OK);
}

static struct auditor *start(struct fixture *fixture)
{
    struct auditor *auditor = NULL;
    struct failure failure;
    if (auditor_start(fixture->data, fixture->store, &auditor, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return auditor;
}

static size_t journal_rows(struct fixture *fixture)
{
    struct store_journal rows[64];
    size_t count = 0;
    assert_int_equal(store_read_journal(fixture->store, 0, 64, &fixture->arena, rows, &count),
                     STATUS_OK);
    return count;
}

static void wait_for(struct auditor *auditor, uint64_t entries)
{
    time_t end = time(NULL) + WAIT_SECONDS;
    while (auditor_size(auditor) < entries && time(NULL) < end)
        usleep(1000);
    assert_true(auditor_size(auditor) == entries);
}

static void verify_found(void *context, const struct finding *finding)
{
    (void)context;
    print_message("%s: %s\n", finding->file, finding->text);
}

static struct audit_log *log_open(struct fixture *fixture, struct note_signer *signer)
{
    char directory[2 * PATH_BYTES];
    char text[UUID_TEXT_BYTES + 1];
    char name[64];
    struct uuid id;
    struct audit_log *log = NULL;
    struct failure failure;
    assert_int_equal(store_get_id(fixture->store, &id), STATUS_OK);
    uuid_format(&id, text);
    snprintf(name, sizeof(name), "unsay/%s", text);
    snprintf(directory, sizeof(directory), "%s/audit", fixture->data);
    assert_int_equal(audit_key_open(fixture->data, name, signer, &failure), STATUS_OK);
    if (audit_log_open(directory, signer, &log, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return log;
}

/* The log verifies, and holds exactly the entries that were committed, in order. */
static void check_log(struct fixture *fixture)
{
    char directory[2 * PATH_BYTES];
    struct note_signer signer;
    struct arena arena;
    struct failure failure;
    struct audit_log *log = log_open(fixture, &signer);
    snprintf(directory, sizeof(directory), "%s/audit", fixture->data);
    struct verification verification = {
        .directory = directory, .key = &signer.key, .on_finding = verify_found};
    assert_int_equal(audit_verify(&verification, &failure), STATUS_OK);
    assert_int_equal(verification.problems, 0);
    assert_int_equal(audit_log_size(log), fixture->committed);
    arena_init(&arena);
    for (uint64_t i = 0; i < fixture->committed; i++) {
        struct view entry;
        arena_reset(&arena);
        assert_int_equal(audit_log_read(log, i, 1, &arena, &entry, NULL), STATUS_OK);
        assert_true(view_equal(entry, entry_make(&arena, i)));
    }
    arena_fini(&arena);
    audit_log_close(log);
}

/* The postings of a word lead to exactly the entries that it is in. */
static void check_postings(struct fixture *fixture, enum audit_dimension dimension,
                           const char *word, unsigned every, unsigned first)
{
    struct store_posting postings[64];
    uint64_t indexes[AUDIT_POSTING_INDEXES_MAX];
    size_t count = 0;
    size_t found = 0;
    uint64_t expected = fixture->committed;
    assert_int_equal(store_list_postings(fixture->store, (uint8_t)dimension, view_of(word), 0, 64,
                                         &fixture->arena, postings, &count),
                     STATUS_OK);
    while (expected > 0 && (expected - 1) % every != first)
        expected--;
    for (size_t i = 0; i < count; i++) {
        size_t inside = 0;
        assert_true(audit_posting_read(&postings[i], indexes, &inside));
        for (size_t k = inside; k-- > 0; found++) {
            assert_int_equal(indexes[k], expected - 1);
            expected = expected > every ? expected - every : 0;
        }
    }
    assert_int_equal(found, (fixture->committed + every - 1 - first) / every);
}

static void check_all(struct fixture *fixture)
{
    assert_int_equal(journal_rows(fixture), 0);
    check_log(fixture);
    check_postings(fixture, AUDIT_BY_OPERATOR, "user0", 3, 0);
    check_postings(fixture, AUDIT_BY_OPERATOR, "user2", 3, 2);
    check_postings(fixture, AUDIT_BY_CONVERSATION, "g:1", 1, 0);
    check_postings(fixture, AUDIT_BY_OUTCOME, "recalled", 2, 0);
    check_postings(fixture, AUDIT_BY_OUTCOME, "window_closed", 2, 1);
}

static void test_journal_into_log(void **state)
{
    struct fixture *fixture = *state;
    commit_ok(fixture, 3);
    struct arena *arena = &fixture->arena;
    struct view entries[4];
    struct auditor *auditor = start(fixture);
    wait_for(auditor, 3);
    for (size_t i = 0; i < 20; i++) {
        commit_ok(fixture, 1 + i);
        auditor_wake(auditor);
        uint64_t last = auditor_size(auditor) - 1; /* while the log grows */
        assert_int_equal(auditor_read(auditor, last, 1, arena, entries), STATUS_OK);
        assert_true(view_equal(entries[0], entry_make(arena, last)));
    }
    wait_for(auditor, fixture->committed);
    uint64_t index;
    assert_int_equal(auditor_read(auditor, 7, 4, arena, entries), STATUS_OK);
    assert_true(view_equal(entries[3], entry_make(arena, 10)));
    assert_int_equal(auditor_read(auditor, fixture->committed, 1, arena, entries),
                     STATUS_NOT_FOUND);
    for (uint64_t i = 0; i < fixture->committed; i += 11) {
        assert_int_equal(auditor_find(auditor, 1000 + i, &index), STATUS_OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(auditor_find(auditor, 0, &index), STATUS_OK);
    assert_int_equal(index, 0);
    assert_int_equal(auditor_find(auditor, UINT64_MAX, &index), STATUS_OK);
    assert_int_equal(index, fixture->committed);
    auditor_stop(auditor);
    check_all(fixture);
}

/* Stopping takes what is left, in batches of their largest size. */
static void test_drains_on_stop(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 30; i++)
        commit_ok(fixture, 5000);
    auditor_stop(start(fixture));
    assert_int_equal(journal_rows(fixture), 0);
    check_log(fixture);
}

/* A crash after the batch was appended and before it was settled. */
static void test_crash_before_settling(void **state)
{
    struct fixture *fixture = *state;
    struct note_signer signer;
    struct store_journal rows[16];
    struct view entries[64];
    size_t count = 0;
    size_t total = 0;
    commit_ok(fixture, 5);
    auditor_stop(start(fixture));
    for (size_t i = 1; i <= 10; i++)
        commit_ok(fixture, i);
    assert_int_equal(store_read_journal(fixture->store, 0, 16, &fixture->arena, rows, &count),
                     STATUS_OK);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < rows[i].count; k++)
            entries[total++] = rows[i].entries[k];
    struct audit_log *log = log_open(fixture, &signer);
    assert_int_equal(audit_log_append(log, entries, total, rows[count - 1].number, NULL),
                     STATUS_OK);
    audit_log_close(log);
    commit_ok(fixture, 4);
    auditor_stop(start(fixture));
    check_all(fixture);
}

/* The store fails for a while: a commit that failed may be there, and settling may have happened.
 */
static void test_store_that_fails(void **state)
{
    struct fixture *fixture = *state;
    struct auditor *auditor = start(fixture);
    for (int applied = 0; applied < 2; applied++) {
        commit_ok(fixture, 2);
        store_memory_fail(fixture->store, STATUS_IO, applied == 1);
        auditor_wake(auditor);
        wait_for(auditor, fixture->committed);
        if (commit(fixture, 3) != STATUS_OK && applied == 1)
            fixture->committed += 3;
        store_memory_fail(fixture->store, STATUS_OK, false);
        commit_ok(fixture, 1);
        auditor_wake(auditor);
        wait_for(auditor, fixture->committed);
    }
    auditor_stop(auditor);
    check_all(fixture);
}

/* While it is held nothing moves, however long something waits; then it goes on. */
static void test_held(void **state)
{
    struct fixture *fixture = *state;
    struct auditor_stats stats;
    struct failure failure;
    commit_ok(fixture, 3);
    struct auditor *auditor = start(fixture);
    wait_for(auditor, 3);
    assert_int_equal(auditor_hold(auditor, &failure), STATUS_OK);
    uint64_t size = auditor_size(auditor);
    commit_ok(fixture, 2);
    auditor_wake(auditor);
    time_t end = time(NULL) + WAIT_SECONDS;
    do {
        usleep(1000);
        auditor_read_stats(auditor, &stats);
    } while (stats.lag_ms < 1500 && auditor_size(auditor) == size && time(NULL) < end);
    assert_int_equal(auditor_size(auditor), size);
    assert_true(stats.lag_ms >= 1500); /* three turns */
    assert_int_equal(journal_rows(fixture), 1);
    auditor_release(auditor);
    wait_for(auditor, fixture->committed);
    auditor_stop(auditor);
    check_all(fixture);
}

/* A store from a backup: its rows have numbers that the log has passed, and are not lost. */
static void test_restored_store(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 12; i++)
        commit_ok(fixture, 1);
    auditor_stop(start(fixture));
    struct store *old = fixture->store;
    fixture->store = store_open_memory();
    commit_ok(fixture, 2);
    commit_ok(fixture, 3);
    auditor_stop(start(fixture));
    commit_ok(fixture, 1);
    auditor_stop(start(fixture));
    struct note_signer signer;
    struct audit_log *log = log_open(fixture, &signer);
    assert_true(audit_log_state(log)->position > 12); /* it never goes back */
    audit_log_close(log);
    store_close(old);
    assert_int_equal(journal_rows(fixture), 0);
    check_log(fixture);
}

/* The store was deleted, the log was not: it goes on, and no number of a row stands for two. */
static void test_new_store_under_an_old_log(void **state)
{
    struct fixture *fixture = *state;
    struct store_journal rows[2];
    struct note_signer signer;
    size_t count = 0;
    uint64_t last = 0;
    for (int generation = 0; generation < 3; generation++) {
        struct auditor *auditor = start(fixture);
        for (size_t i = 0; i < 12; i++)
            commit_ok(fixture, 1 + i % 2);
        auditor_wake(auditor);
        auditor_stop(auditor);
        struct audit_log *log = log_open(fixture, &signer);
        assert_true(audit_log_state(log)->position >= last + 12);
        last = audit_log_state(log)->position;
        audit_log_close(log);

        /* It dies after the batch was appended and before it was settled. */
        commit_ok(fixture, 3);
        assert_int_equal(store_read_journal(fixture->store, 0, 2, &fixture->arena, rows, &count),
                         STATUS_OK);
        assert_int_equal(count, 1);
        assert_true(rows[0].number > last);
        last = rows[0].number;
        log = log_open(fixture, &signer);
        assert_int_equal(audit_log_append(log, rows[0].entries, rows[0].count, last, NULL),
                         STATUS_OK);
        audit_log_close(log);
        auditor_stop(start(fixture));
        check_log(fixture);
        store_close(fixture->store);
        fixture->store = store_open_memory();
    }
}

static void test_stats(void **state)
{
    struct fixture *fixture = *state;
    struct auditor_stats stats;
    struct auditor *auditor = start(fixture);
    commit_ok(fixture, 9);
    auditor_wake(auditor);
    wait_for(auditor, 9);
    time_t end = time(NULL) + WAIT_SECONDS;
    do {
        auditor_read_stats(auditor, &stats);
    } while ((stats.checkpoints == 0 || stats.lag_ms > 0) && time(NULL) < end);
    assert_int_equal(stats.entries, 9);
    assert_int_equal(stats.checkpoints, 1);
    assert_false(stats.is_failing);
    auditor_stop(auditor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_make, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_journal_into_log),
        TEST(test_drains_on_stop),
        TEST(test_crash_before_settling),
        TEST(test_store_that_fails),
        TEST(test_held),
        TEST(test_restored_store),
        TEST(test_new_store_under_an_old_log),
        TEST(test_stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
