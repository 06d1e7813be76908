/* A backup is of one moment: each entry is in its log or in its journal, and in one of them only,
 * whatever the auditor did before and does after. And: what is shared, listed, pruned, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "core/contract.h"
#include "storage/audit/key.h"
#include "storage/audit/log.h"
#include "storage/backup/restore.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 256, ROWS = 64 };

struct fixture {
    char root[PATH_BYTES];
    char data[PATH_BYTES + 32];
    char to[PATH_BYTES + 32];
    struct store *store;
    struct note_signer signer;
    struct audit_log *log;
    struct arena arena;
    uint64_t committed;
    unsigned held;
    bool is_held;
};

static struct store *open_store(const char *data)
{
    char path[PATH_BYTES + 64];
    struct store_options options = {.directory = path, .buffer_bytes = 1 << 20};
    struct store *store = NULL;
    struct failure failure;
    snprintf(path, sizeof(path), "%s/store", data);
    if (store_open_rocksdb(&options, &store, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return store;
}

static int fixture_make(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    char path[PATH_BYTES + 64];
    struct failure failure;
    snprintf(fixture->root, sizeof(fixture->root), "%s/unsay-backup-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(fixture->root));
    snprintf(fixture->data, sizeof(fixture->data), "%s/data", fixture->root);
    snprintf(fixture->to, sizeof(fixture->to), "%s/to", fixture->root);
    assert_int_equal(mkdir(fixture->data, 0700), 0);
    fixture->store = open_store(fixture->data);
    snprintf(path, sizeof(path), "%s/audit", fixture->data);
    assert_int_equal(audit_key_open(fixture->data, "unsay/test", &fixture->signer, &failure),
                     STATUS_OK);
    assert_int_equal(audit_log_open(path, &fixture->signer, &fixture->log, &failure), STATUS_OK);
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
    audit_log_close(fixture->log);
    store_close(fixture->store);
    note_signer_fini(&fixture->signer);
    nftw(fixture->root, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    arena_fini(&fixture->arena);
    free(fixture);
    return 0;
}

static void commit(struct fixture *fixture)
{
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    struct change change = {.kind = CHANGE_AUDIT};
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    uint8_t bytes[64];
    entry.kind = WIRE(AUDIT_KIND, START);
    entry.time = 1000 + fixture->committed++;
    change.bytes = view_make(bytes, unsay__v1__audit_entry__pack(&entry, bytes));
    change_list_add(&list, &change);
    assert_int_equal(store_commit(fixture->store, lists, 1, NULL), STATUS_OK);
}

/* What the auditor does in a turn. */
static void turn(struct fixture *fixture)
{
    struct store_journal rows[ROWS];
    size_t count;
    assert_int_equal(store_read_journal(fixture->store, 0, ROWS, &fixture->arena, rows, &count),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            audit_log_append(fixture->log, rows[i].entries, rows[i].count, rows[i].number, NULL),
            STATUS_OK);
        assert_int_equal(store_settle_journal(fixture->store, rows[i].number, NULL, 0, NULL),
                         STATUS_OK);
    }
}

/* A turn right before the moment, and one right after. */
static enum status hold(void *context, struct failure *failure)
{
    struct fixture *fixture = context;
    (void)failure;
    commit(fixture);
    turn(fixture);
    commit(fixture);
    fixture->is_held = true;
    fixture->held++;
    return STATUS_OK;
}

static void release(void *context)
{
    struct fixture *fixture = context;
    fixture->is_held = false;
    commit(fixture);
    turn(fixture);
}

static struct backup make(struct fixture *fixture)
{
    struct failure failure;
    struct backup made;
    struct backup_request request = {
        .data = fixture->data,
        .to = fixture->to,
        .store = fixture->store,
        .now_ms = 5000,
        .hold = hold,
        .release = release,
        .context = fixture,
    };
    if (backup_make(&request, &made, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    assert_false(fixture->is_held);
    return made;
}

/* The restored directory's log and journal hold each entry once, in order, and the restore's own.
 */
static void check_restored(struct fixture *fixture, uint64_t id, const char *against,
                           uint64_t logged, uint64_t journaled, uint64_t lost_from)
{
    char data[PATH_BYTES + 64];
    struct restored restored;
    struct failure failure;
    struct store_journal rows[ROWS];
    size_t count;
    snprintf(data, sizeof(data), "%s/restored-%u-%d", fixture->root, (unsigned)id, against != NULL);
    struct restore_request request = {.from = fixture->to,
                                      .id = id,
                                      .data = data,
                                      .against = against,
                                      .accepts_unknown_recalls = against == NULL,
                                      .now_ms = 9000};
    if (restore_run(&request, &restored, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    assert_int_equal(restored.log_entries, logged);
    assert_int_equal(restored.lost_from, lost_from);
    struct store *store = open_store(data);
    assert_int_equal(store_read_journal(store, 0, ROWS, &fixture->arena, rows, &count), STATUS_OK);
    assert_int_equal(count, journaled + 1);
    struct uuid id_now;
    struct uuid id_before;
    assert_int_equal(store_get_id(store, &id_now), STATUS_OK);
    assert_int_equal(store_get_id(fixture->store, &id_before), STATUS_OK);
    assert_int_not_equal(uuid_compare(&id_now, &id_before), 0);
    struct store_past pasts[LIMIT_STORE_PASTS_MAX];
    size_t past_count;
    assert_int_equal(store_get_pasts(store, pasts, &past_count), STATUS_OK);
    assert_int_equal(past_count, 1);
    assert_int_equal(uuid_compare(&pasts[0].id, &id_before), 0);
    store_close(store);
}

static void test_one_moment(void **state)
{
    struct fixture *fixture = *state;
    char log[PATH_BYTES + 64];
    commit(fixture);
    struct backup first = make(fixture);
    assert_int_equal(first.audit_entries, 2);
    struct backup second = make(fixture);
    assert_int_equal(second.audit_entries, 5);
    assert_int_equal(fixture->held, 2);
    check_restored(fixture, 1, NULL, 2, 1, 2);
    check_restored(fixture, 2, NULL, 5, 1, 5);
    /* The later log has what was in the journal: it is not appended again. */
    snprintf(log, sizeof(log), "%s/audit", fixture->data);
    check_restored(fixture, 1, log, fixture->committed, 0, 3);
    check_restored(fixture, 2, log, fixture->committed, 0, 6);
}

static ino_t inode_of(const struct fixture *fixture, const char *path)
{
    char whole[2 * PATH_BYTES];
    struct stat about;
    snprintf(whole, sizeof(whole), "%s/%s", fixture->to, path);
    assert_int_equal(stat(whole, &about), 0);
    return about.st_ino;
}

/* Full tiles are the same file, the last one is not; and pruning takes names away, not files. */
static void test_sharing(void **state)
{
    struct fixture *fixture = *state;
    struct backup *backups;
    size_t count;
    size_t removed;
    for (int i = 0; i < 300; i++) {
        commit(fixture);
        if (i % ROWS == ROWS - 1)
            turn(fixture);
    }
    turn(fixture);
    make(fixture);
    make(fixture);
    assert_true(inode_of(fixture, "1/audit/tile/0/000") == inode_of(fixture, "2/audit/tile/0/000"));
    assert_true(inode_of(fixture, "1/audit/state") != inode_of(fixture, "2/audit/state"));
    assert_int_equal(backup_prune(fixture->to, 1, &removed, NULL), STATUS_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(backup_list(fixture->to, &backups, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(backups[0].id, 2);
    assert_false(backups[0].is_damaged);
    free(backups);
    check_restored(fixture, 2, NULL, 304, 1, 304);
    assert_int_equal(make(fixture).id, 3);
}

static bool is_cancelled(void *context)
{
    int *pieces = context;
    return --*pieces < 0;
}

/* Stopped in the middle, it leaves nothing behind, wherever that was. */
static void test_cancelled(void **state)
{
    struct fixture *fixture = *state;
    struct backup made;
    struct failure failure;
    char checkpoint[PATH_BYTES + 64];
    enum status status = STATUS_CLOSED;
    snprintf(checkpoint, sizeof(checkpoint), "%s/backup.store", fixture->data);
    for (int pieces = 0; status == STATUS_CLOSED; pieces++) {
        int left = pieces;
        struct backup *backups;
        size_t count;
        struct backup_request request = {
            .data = fixture->data,
            .to = fixture->to,
            .store = fixture->store,
            .now_ms = 5000,
            .is_cancelled = is_cancelled,
            .context = &left,
        };
        status = backup_make(&request, &made, &failure);
        assert_int_not_equal(access(checkpoint, F_OK), 0);
        assert_int_equal(backup_list(fixture->to, &backups, &count, NULL), STATUS_OK);
        assert_int_equal(count, status == STATUS_OK ? 1 : 0);
        free(backups);
    }
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(made.id, 1);
}

static void write_file(const struct fixture *fixture, const char *path, const char *text)
{
    char whole[2 * PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s/%s", fixture->to, path);
    FILE *file = fopen(whole, "wbe");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_damaged(void **state)
{
    struct fixture *fixture = *state;
    struct backup *backups;
    struct restored restored;
    size_t count;
    char data[PATH_BYTES + 32];
    snprintf(data, sizeof(data), "%s/restored", fixture->root);
    make(fixture);
    make(fixture);
    write_file(fixture, "2/manifest", "unsay-backup 1\n");
    assert_int_equal(backup_list(fixture->to, &backups, &count, NULL), STATUS_OK);
    assert_int_equal(count, 2);
    assert_false(backups[0].is_damaged);
    assert_true(backups[1].is_damaged);
    free(backups);
    struct failure failure;
    struct restore_request request = {
        .from = fixture->to, .data = data, .accepts_unknown_recalls = true, .now_ms = 9000};
    assert_int_equal(restore_run(&request, &restored, &failure), STATUS_CORRUPT);
    request.id = 1;
    assert_int_equal(restore_run(&request, &restored, &failure), STATUS_OK);
    assert_int_equal(make(fixture).id, 3); /* the damaged one is no model */
}

static void copy_text(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* A file number of another life of the store: same name and size, another end. */
static void test_same_name_is_not_same_file(void **state)
{
    struct fixture *fixture = *state;
    int directory = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    copy_text(directory, "a", "rows: one, process 1");
    copy_text(directory, "b", "rows: one, process 1");
    copy_text(directory, "c", "rows: two, process 2");
    copy_text(directory, "d", "rows: one, process 1 and more");
    assert_true(copy_is_same_table(directory, "a", directory, "b"));
    assert_false(copy_is_same_table(directory, "a", directory, "c"));
    assert_false(copy_is_same_table(directory, "a", directory, "d"));
    assert_false(copy_is_same_table(directory, "a", directory, "none"));
    close(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_moment, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(test_sharing, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(test_cancelled, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(test_damaged, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(test_same_name_is_not_same_file, fixture_make,
                                        fixture_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
