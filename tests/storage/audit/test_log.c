/* The log: what is appended is there, in a tree that others compute alike; and what is no log of
 * ours is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/prng.h"
#include "samples.h"
#include "storage/audit/files.h"
#include "storage/audit/key.h"

#include <sys/stat.h>
#include <unistd.h>

static struct audit_log *log_open(const char *directory, const struct note_signer *signer)
{
    struct audit_log *log = NULL;
    struct failure failure;
    if (audit_log_open(directory, signer, &log, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return log;
}

static struct hash naive_root(struct hasher *hasher, uint64_t size)
{
    struct hash *leaves = memory_new_array((size_t)size, sizeof(*leaves));
    char text[SAMPLE_ENTRY_BYTES];
    for (uint64_t i = 0; i < size; i++)
        leaves[i] = hasher_leaf(hasher, sample_entry(i, text));
    struct hash root = hasher_root(hasher, leaves, (size_t)size);
    free(leaves);
    return root;
}

static void check_entries(const struct audit_log *log, uint64_t index, size_t count)
{
    struct arena arena;
    struct view *entries = memory_new_array(count, sizeof(*entries));
    arena_init(&arena);
    assert_int_equal(audit_log_read(log, index, count, &arena, entries, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        char text[SAMPLE_ENTRY_BYTES];
        assert_true(view_equal(entries[i], sample_entry(index + i, text)));
    }
    arena_fini(&arena);
    free(entries);
}

/* Batches of random size, reopened now and then: the root is that of a tree made at once. */
static void test_batches(void **state)
{
    struct prng prng = {(uint64_t)(uintptr_t)*state};
    char directory[SAMPLE_PATH_BYTES];
    struct note_signer signer;
    struct findings findings;
    struct hasher *hasher = hasher_new();
    struct failure failure;
    sample_signer(&signer);
    sample_directory_make(directory);
    struct audit_log *log = log_open(directory, &signer);
    for (int step = 0; step < 40; step++) {
        uint64_t before = audit_log_size(log);
        uint64_t size = before + 1 + prng_below(&prng, step % 10 == 9 ? 3000 : 200);
        assert_int_equal(sample_append(log, size, &failure), STATUS_OK);
        assert_true(audit_log_size(log) == size);
        assert_true(audit_log_state(log)->position == size * 10);
        assert_true(audit_log_state(log)->batch_size == before);
        if (step % 3 == 0) {
            audit_log_close(log);
            log = log_open(directory, &signer);
            assert_true(audit_log_state(log)->position == size * 10);
            assert_true(audit_log_state(log)->batch_position == before * 10);
        }
        struct hash root = naive_root(hasher, size);
        assert_true(hash_equal(&root, &audit_log_state(log)->root));
        sample_verify(directory, view_make(NULL, 0), &findings);
        assert_int_equal(findings.count + findings.notes, 0);
        assert_true(findings.checkpoint.size == size);
        uint64_t index = prng_below(&prng, size);
        check_entries(log, index, (size_t)prng_below(&prng, size - index) + 1);
    }
    audit_log_close(log);
    hasher_free(hasher);
    sample_directory_remove(directory);
}

/* One large batch, with more files than are synced one by one. */
static void test_large_batch(void **state)
{
    char directory[SAMPLE_PATH_BYTES];
    struct findings findings;
    (void)state;
    sample_directory_make(directory);
    sample_log(directory, 100000, 100000);
    sample_verify(directory, view_make(NULL, 0), &findings);
    assert_int_equal(findings.count + findings.notes, 0);
    assert_true(findings.checkpoint.size == 100000);
    sample_directory_remove(directory);
}

/* Partial tiles stay for who follows an older checkpoint, until the full one is there. */
static void test_partial_tiles(void **state)
{
    char directory[SAMPLE_PATH_BYTES];
    char path[2 * SAMPLE_PATH_BYTES];
    (void)state;
    sample_directory_make(directory);
    sample_log(directory, 200, 100);
    snprintf(path, sizeof(path), "%s/tile/0/000.p/100", directory);
    assert_int_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/tile/entries/000.p/200", directory);
    assert_int_equal(access(path, F_OK), 0);
    sample_log(directory, 300, 100);
    snprintf(path, sizeof(path), "%s/tile/entries/000.p", directory);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/tile/0/000.p", directory);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/tile/0/000", directory);
    assert_int_equal(access(path, F_OK), 0);
    sample_directory_remove(directory);
}

static void test_refused_batches(void **state)
{
    char directory[SAMPLE_PATH_BYTES];
    struct note_signer signer;
    struct failure failure;
    struct arena arena;
    struct view entry = {NULL, 0};
    static uint8_t large[TILE_ENTRY_BYTES_MAX + 1];
    (void)state;
    sample_signer(&signer);
    sample_directory_make(directory);
    struct audit_log *log = log_open(directory, &signer);
    struct view entries[2] = {view_make(large, 1), view_make(large, sizeof(large))};
    assert_int_equal(audit_log_append(log, entries, 2, 5, &failure), STATUS_TOO_LARGE);
    assert_true(audit_log_size(log) == 0 && audit_log_state(log)->position == 0);
    entries[1].size = TILE_ENTRY_BYTES_MAX;
    assert_int_equal(audit_log_append(log, entries, 2, 5, &failure), STATUS_OK);
    assert_int_equal(audit_log_append(log, NULL, 0, 6, &failure), STATUS_OK);
    assert_true(audit_log_size(log) == 2 && audit_log_state(log)->position == 6);
    arena_init(&arena);
    assert_int_equal(audit_log_read(log, 1, 1, &arena, &entry, NULL), STATUS_OK);
    assert_int_equal(entry.size, TILE_ENTRY_BYTES_MAX);
    assert_int_equal(audit_log_read(log, 2, 1, &arena, &entry, NULL), STATUS_NOT_FOUND);
    assert_int_equal(audit_log_read(log, UINT64_MAX, 1, &arena, &entry, NULL), STATUS_NOT_FOUND);
    assert_int_equal(audit_log_read(log, 1, SIZE_MAX, &arena, &entry, NULL), STATUS_NOT_FOUND);
    arena_fini(&arena);
    audit_log_close(log);
    sample_directory_remove(directory);
}

static enum status open_again(const char *directory, const struct note_signer *signer)
{
    struct audit_log *log = NULL;
    struct failure failure;
    enum status status = audit_log_open(directory, signer, &log, &failure);
    audit_log_close(log);
    return status;
}

static void move(const char *directory, const char *from, const char *to)
{
    char old[2 * SAMPLE_PATH_BYTES];
    char new[2 * SAMPLE_PATH_BYTES];
    snprintf(old, sizeof(old), "%s/%s", directory, from);
    snprintf(new, sizeof(new), "%s/%s", directory, to);
    assert_int_equal(rename(old, new), 0);
}

/* What is not the log that was written is not continued. */
static void test_refused_directories(void **state)
{
    static const uint8_t seed[NOTE_SEED_BYTES] = {9};
    char directory[SAMPLE_PATH_BYTES];
    struct note_signer signer;
    struct note_signer other;
    (void)state;
    sample_signer(&signer);
    assert_true(note_signer_init(&other, signer.key.name, seed));
    sample_directory_make(directory);
    sample_log(directory, 300, 200);
    struct audit_log *log = log_open(directory, &signer);
    assert_int_equal(open_again(directory, &signer), STATUS_IN_USE);
    audit_log_close(log);
    assert_int_equal(open_again(directory, &other), STATUS_UNTRUSTED);
    move(directory, "state", "kept");
    assert_int_equal(open_again(directory, &signer), STATUS_CORRUPT);
    move(directory, "kept", "state");
    move(directory, "tile/entries/001.p/44", "kept");
    assert_int_equal(open_again(directory, &signer), STATUS_NOT_FOUND);
    move(directory, "tile/0/001.p/44", "tile/entries/001.p/44");
    assert_int_not_equal(open_again(directory, &signer), STATUS_OK);
    move(directory, "tile/entries/001.p/44", "tile/0/001.p/44");
    move(directory, "kept", "tile/entries/001.p/44");
    assert_int_equal(open_again(directory, &signer), STATUS_OK);
    /* A checkpoint of a log that went further: this one is an old copy. */
    char further[SAMPLE_PATH_BYTES];
    char path[2 * SAMPLE_PATH_BYTES];
    sample_directory_make(further);
    sample_log(further, 301, 301);
    snprintf(path, sizeof(path), "%s/checkpoint", further);
    struct files *files;
    struct buffer note;
    buffer_init(&note);
    assert_int_equal(files_open(further, FILES_READ, &files, NULL), STATUS_OK);
    assert_int_equal(files_read(files, "checkpoint", NOTE_BYTES_MAX, &note, NULL), STATUS_OK);
    files_close(files);
    assert_int_equal(files_open(directory, FILES_WRITE, &files, NULL), STATUS_OK);
    assert_int_equal(files_replace(files, "checkpoint", buffer_view(&note), NULL), STATUS_OK);
    files_close(files);
    buffer_fini(&note);
    assert_int_equal(open_again(directory, &signer), STATUS_CORRUPT);
    sample_directory_remove(further);
    sample_directory_remove(directory);
}

static void test_key_files(void **state)
{
    char directory[SAMPLE_PATH_BYTES];
    char path[2 * SAMPLE_PATH_BYTES];
    struct note_signer first;
    struct note_signer again;
    struct failure failure;
    struct stat about;
    (void)state;
    sample_directory_make(directory);
    assert_int_equal(audit_key_open(directory, "unsay/a", &first, &failure), STATUS_OK);
    assert_int_equal(audit_key_open(directory, "unsay/a", &again, &failure), STATUS_OK);
    assert_memory_equal(&first, &again, sizeof(first));
    /* A new store does not rename a log whose key was handed out. */
    assert_int_equal(audit_key_open(directory, "unsay/b", &again, &failure), STATUS_OK);
    assert_memory_equal(&first, &again, sizeof(first));
    snprintf(path, sizeof(path), "%s/audit.key", directory);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(audit_key_open(directory, "unsay/a", &again, &failure), STATUS_UNTRUSTED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(audit_key_open(directory, "unsay/a", &again, &failure), STATUS_CORRUPT);
    assert_int_equal(truncate(path, 33), 0);
    assert_int_equal(audit_key_open(directory, "unsay/a", &again, &failure), STATUS_CORRUPT);
    /* Another key is not the one that was handed out. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(audit_key_open(directory, "unsay/a", &again, &failure), STATUS_UNTRUSTED);
    sample_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_batches, (void *)1),
        cmocka_unit_test_prestate(test_batches, (void *)2),
        cmocka_unit_test(test_large_batch),
        cmocka_unit_test(test_partial_tiles),
        cmocka_unit_test(test_refused_batches),
        cmocka_unit_test(test_refused_directories),
        cmocka_unit_test(test_key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
