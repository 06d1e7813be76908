/* Whatever is done to a log's files is found and named: every byte of every file, and entries that
 * are changed, dropped, inserted, swapped or moved, with and without their hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "samples.h"
#include "storage/audit/files.h"
#include "storage/audit/tree.h"

#include <ftw.h>

enum { SMALL_SIZE = 270, LARGE_SIZE = 530, FILES_MAX = 64 };

struct fixture {
    char directory[SAMPLE_PATH_BYTES];
    struct files *files;
    struct findings findings;
    char paths[FILES_MAX][2 * TILE_PATH_BYTES];
    unsigned path_count;
};

static struct fixture *walked;

static int path_found(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)walk;
    if (type == FTW_F && walked->path_count < FILES_MAX)
        snprintf(walked->paths[walked->path_count++], 2 * TILE_PATH_BYTES, "%s",
                 path + strlen(walked->directory) + 1);
    return 0;
}

/* Full tiles and bundles, and partial ones of two widths, on two levels. */
static int fixture_make(void **state, uint64_t size)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    sample_directory_make(fixture->directory);
    sample_log(fixture->directory, size - 10, 260);
    sample_log(fixture->directory, size, size);
    assert_int_equal(files_open(fixture->directory, FILES_WRITE, &fixture->files, NULL), STATUS_OK);
    walked = fixture;
    nftw(fixture->directory, path_found, 16, FTW_PHYS);
    *state = fixture;
    return 0;
}

static int fixture_make_small(void **state)
{
    return fixture_make(state, SMALL_SIZE);
}

static int fixture_make_large(void **state)
{
    return fixture_make(state, LARGE_SIZE);
}

static int fixture_free(void **state)
{
    struct fixture *fixture = *state;
    files_close(fixture->files);
    sample_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

static void fixture_read(struct fixture *fixture, const char *path, struct buffer *bytes)
{
    assert_int_equal(files_read(fixture->files, path, TILE_BYTES_MAX, bytes, NULL), STATUS_OK);
}

static void fixture_write(struct fixture *fixture, const char *path, struct view bytes)
{
    assert_int_equal(files_write(fixture->files, path, bytes, NULL), STATUS_OK);
}

static void fixture_verify(struct fixture *fixture)
{
    sample_verify(fixture->directory, view_make(NULL, 0), &fixture->findings);
}

static bool has_finding(const struct fixture *fixture, enum finding_kind kind, uint64_t index,
                        const char *file)
{
    for (unsigned i = 0; i < fixture->findings.count + fixture->findings.notes && i < 64; i++) {
        const struct finding *finding = &fixture->findings.list[i];
        if (finding->kind == kind && finding->index == index && strcmp(finding->file, file) == 0)
            return true;
    }
    return false;
}

static void expect(struct fixture *fixture, enum finding_kind kind, uint64_t index,
                   const char *file)
{
    fixture_verify(fixture);
    if (has_finding(fixture, kind, index, file))
        return;
    for (unsigned i = 0; i < fixture->findings.count + fixture->findings.notes && i < 64; i++)
        print_message("%d %u %s: %s\n", fixture->findings.list[i].kind,
                      (unsigned)fixture->findings.list[i].index, fixture->findings.list[i].file,
                      fixture->findings.list[i].text);
    fail_msg("not found: %d %u %s", kind, (unsigned)index, file);
}

static bool names_file(const struct fixture *fixture, const char *file)
{
    for (unsigned i = 0; i < fixture->findings.count && i < 64; i++)
        if (strcmp(fixture->findings.list[i].file, file) == 0)
            return true;
    return false;
}

static void check_found(struct fixture *fixture, const char *path, const char *what, size_t at)
{
    fixture_verify(fixture);
    if (fixture->findings.count == 0 || !names_file(fixture, path))
        fail_msg("%s at %zu of %s: %u findings, the first one in %s", what, at, path,
                 (unsigned)fixture->findings.count, fixture->findings.list[0].file);
}

static void check_whole(struct fixture *fixture)
{
    fixture_verify(fixture);
    if (fixture->findings.count + fixture->findings.notes > 0)
        fail_msg("%s: %s", fixture->findings.list[0].file, fixture->findings.list[0].text);
}

/* Each byte changed, dropped, doubled: found, and the file is named. */
static void test_every_byte(void **state)
{
    struct fixture *fixture = *state;
    struct buffer bytes;
    struct buffer changed;
    buffer_init(&bytes);
    buffer_init(&changed);
    for (unsigned i = 0; i < fixture->path_count; i++) {
        const char *path = fixture->paths[i];
        fixture_read(fixture, path, &bytes);
        struct view whole = buffer_view(&bytes);
        for (size_t at = 0; at < whole.size; at++) {
            bytes.data[bytes.start + at] ^= (uint8_t)(1U << at % 8);
            fixture_write(fixture, path, whole);
            check_found(fixture, path, "changed", at);
            bytes.data[bytes.start + at] ^= (uint8_t)(1U << at % 8);

            buffer_release(&changed);
            buffer_append(&changed, whole.data, at);
            buffer_append(&changed, whole.data + at + 1, whole.size - at - 1);
            fixture_write(fixture, path, buffer_view(&changed));
            check_found(fixture, path, "dropped", at);

            buffer_release(&changed);
            buffer_append(&changed, whole.data, at + 1);
            buffer_append(&changed, whole.data + at, whole.size - at);
            fixture_write(fixture, path, buffer_view(&changed));
            check_found(fixture, path, "doubled", at);

            fixture_write(fixture, path, view_make(whole.data, at));
            if (at % 16 == 0)
                check_found(fixture, path, "cut", at);
        }
        fixture_write(fixture, path, whole);
        files_close(fixture->files);
        assert_int_equal(files_open(fixture->directory, FILES_WRITE, &fixture->files, NULL),
                         STATUS_OK);
    }
    buffer_fini(&bytes);
    buffer_fini(&changed);
    check_whole(fixture);
}

/* Every file taken away, but the state, which a published copy does not have, and partial tiles
 * that others have taken the place of. */
static void test_every_file(void **state)
{
    struct fixture *fixture = *state;
    struct buffer bytes;
    buffer_init(&bytes);
    for (unsigned i = 0; i < fixture->path_count; i++) {
        const char *path = fixture->paths[i];
        struct tile tile;
        bool is_needed = tile_parse(path, &tile)
                             ? tile.width == tile_at(tile.level, tile.index, LARGE_SIZE).width
                             : strcmp(path, "state") != 0;
        fixture_read(fixture, path, &bytes);
        files_remove(fixture->files, path);
        if (is_needed)
            check_found(fixture, path, "removed", 0);
        else
            check_whole(fixture);
        fixture_write(fixture, path, buffer_view(&bytes));
    }
    buffer_fini(&bytes);
}

/* A bundle written anew: at each place what `order` says; UINT64_MAX is an entry never logged. */
static void bundle_write(struct fixture *fixture, const char *path, const uint64_t *order,
                         size_t count)
{
    struct buffer bundle;
    buffer_init(&bundle);
    for (size_t i = 0; i < count; i++) {
        char text[SAMPLE_ENTRY_BYTES];
        bundle_append(&bundle, order[i] == UINT64_MAX ? view_of("never logged")
                                                      : sample_entry(order[i], text));
    }
    fixture_write(fixture, path, buffer_view(&bundle));
    buffer_fini(&bundle);
}

static void test_every_entry(void **state)
{
    static const char first[] = "tile/entries/000";
    static const char last[] = "tile/entries/002.p/18";
    struct fixture *fixture = *state;
    uint64_t order[TILE_WIDTH + 1];
    for (uint64_t bundle = 0; bundle < 3; bundle += 2) {
        const char *path = bundle == 0 ? first : last;
        uint64_t base = bundle * TILE_WIDTH;
        size_t width = bundle == 0 ? TILE_WIDTH : 18;
        for (size_t at = 0; at < width; at++) {
            for (size_t i = 0; i < width; i++)
                order[i] = base + i;
            order[at] = UINT64_MAX;
            bundle_write(fixture, path, order, width);
            expect(fixture, FINDING_CHANGED, base + at, path);
            /* The file that was partial before holds it too. */
            assert_int_equal(fixture->findings.count, bundle != 0 && at < 8 ? 2 : 1);

            for (size_t i = at; i + 1 < width; i++)
                order[i] = base + i + 1;
            bundle_write(fixture, path, order, width - 1);
            expect(fixture, FINDING_MISSING, base + at, path);

            for (size_t i = 0; i < width + 1; i++)
                order[i] = base + (i < at ? i : i - 1);
            order[at] = UINT64_MAX;
            bundle_write(fixture, path, order, width + 1);
            /* Of 257 entries the last one is not read. */
            expect(fixture, at == TILE_WIDTH - 1 ? FINDING_CHANGED : FINDING_INSERTED, base + at,
                   path);

            if (at + 1 < width) {
                for (size_t i = 0; i < width; i++)
                    order[i] = base + i;
                order[at] = base + at + 1;
                order[at + 1] = base + at;
                bundle_write(fixture, path, order, width);
                expect(fixture, FINDING_MOVED, base + at, path);
                expect(fixture, FINDING_MOVED, base + at + 1, path);
            }
        }
        for (size_t i = 0; i < width; i++)
            order[i] = base + i;
        order[3] = base + 11;
        order[11] = base + 3;
        bundle_write(fixture, path, order, width);
        expect(fixture, FINDING_MOVED, base + 3, path);
        expect(fixture, FINDING_MOVED, base + 11, path);
        for (size_t i = 0; i < width; i++)
            order[i] = base + i;
        bundle_write(fixture, path, order, width);
    }
    check_whole(fixture);
}

/* Changes the hash `place` of a tile's file to that of an entry that was never logged. */
static void tile_forge(struct fixture *fixture, const char *path, size_t place,
                       const struct hash *hash)
{
    struct buffer bytes;
    buffer_init(&bytes);
    fixture_read(fixture, path, &bytes);
    memcpy(bytes.data + bytes.start + place * HASH_BYTES, hash, HASH_BYTES);
    fixture_write(fixture, path, buffer_view(&bytes));
    buffer_fini(&bytes);
}

/* The forger also mends the hashes, level by level; the last one left tells. */
static void test_forged_hashes(void **state)
{
    struct fixture *fixture = *state;
    struct hasher *hasher = hasher_new();
    struct hash hashes[TILE_WIDTH];
    uint64_t order[TILE_WIDTH];
    char text[SAMPLE_ENTRY_BYTES];
    struct tree tree = {fixture->files, hasher, LARGE_SIZE};
    struct tile tile = {0, 1, TILE_WIDTH};
    struct tile above = {1, 0, 2};
    struct hash leaf = hasher_leaf(hasher, view_of("never logged"));
    for (size_t i = 0; i < TILE_WIDTH; i++)
        order[i] = TILE_WIDTH + i;
    order[40] = UINT64_MAX;
    bundle_write(fixture, "tile/entries/001", order, TILE_WIDTH);
    tile_forge(fixture, "tile/0/001", 40, &leaf);
    expect(fixture, FINDING_FILE, 0, "tile/0/001");
    assert_non_null(strstr(fixture->findings.list[0].text, "entries 256 to 511"));

    assert_int_equal(tree_read_tile(&tree, &tile, hashes, NULL), STATUS_OK);
    struct hash root = hasher_root(hasher, hashes, TILE_WIDTH);
    assert_int_equal(tree_read_tile(&tree, &above, hashes, NULL), STATUS_OK);
    struct hash kept = hashes[1];
    tile_forge(fixture, "tile/1/000.p/2", 1, &root);
    expect(fixture, FINDING_CHECKPOINT, 0, "checkpoint");

    /* Everything put back but the hash: the entries are vouched for. */
    order[40] = TILE_WIDTH + 40;
    bundle_write(fixture, "tile/entries/001", order, TILE_WIDTH);
    tile_forge(fixture, "tile/1/000.p/2", 1, &kept);
    expect(fixture, FINDING_FILE, 0, "tile/0/001");
    assert_int_equal(fixture->findings.count, 1);
    assert_non_null(strstr(fixture->findings.list[0].text, "as they were logged"));
    leaf = hasher_leaf(hasher, sample_entry(TILE_WIDTH + 40, text));
    tile_forge(fixture, "tile/0/001", 40, &leaf);
    check_whole(fixture);
    hasher_free(hasher);
}

static void test_files_that_do_not_belong(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {"readme", "tile/0/0", "tile/x/000", "tile/entries/000.q/1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fixture_write(fixture, wrong[i], view_of("hello"));
        expect(fixture, FINDING_FILE, 0, wrong[i]);
        files_remove(fixture->files, wrong[i]);
    }
    fixture_write(fixture, "tile/0/002.p/19", view_of("hello"));
    expect(fixture, FINDING_NOTE, 0, "tile/0/002.p/19");
    assert_int_equal(fixture->findings.count, 0);
    files_remove(fixture->files, "tile/0/002.p/19");
    check_whole(fixture);
}

/* A log that was made anew, with the same key, does not continue the earlier one. */
static void test_earlier_checkpoint(void **state)
{
    struct fixture *fixture = *state;
    struct findings findings;
    struct buffer since;
    char directory[SAMPLE_PATH_BYTES];
    struct files *files;
    struct note_signer signer;
    struct audit_log *log;
    buffer_init(&since);
    sample_directory_make(directory);
    sample_log(directory, 300, 300);
    assert_int_equal(files_open(directory, FILES_READ, &files, NULL), STATUS_OK);
    assert_int_equal(files_read(files, "checkpoint", NOTE_BYTES_MAX, &since, NULL), STATUS_OK);
    files_close(files);
    sample_verify(fixture->directory, buffer_view(&since), &findings);
    assert_int_equal(findings.count, 0);
    sample_directory_remove(directory);

    sample_signer(&signer);
    sample_directory_make(directory);
    assert_int_equal(audit_log_open(directory, &signer, &log, NULL), STATUS_OK);
    struct view entry = view_of("another first one");
    assert_int_equal(audit_log_append(log, &entry, 1, 1, NULL), STATUS_OK);
    sample_verify(directory, buffer_view(&since), &findings);
    assert_int_equal(findings.count, 1);
    assert_non_null(strstr(findings.list[0].text, "had 300 entries"));
    assert_int_equal(sample_append(log, 400, NULL), STATUS_OK);
    sample_verify(directory, buffer_view(&since), &findings);
    assert_int_equal(findings.count, 1);
    assert_non_null(strstr(findings.list[0].text, "are not those"));
    audit_log_close(log);
    sample_directory_remove(directory);
    since.data[0] ^= 1;
    sample_verify(fixture->directory, buffer_view(&since), &findings);
    assert_int_equal(findings.count, 1);
    buffer_fini(&since);
}

/* A checkpoint that claims any size, unsigned, ends soon. */
static void test_absurd_size(void **state)
{
    struct fixture *fixture = *state;
    struct buffer note;
    struct buffer log_state;
    struct note_signer signer;
    buffer_init(&note);
    buffer_init(&log_state);
    fixture_read(fixture, "checkpoint", &note);
    fixture_read(fixture, "state", &log_state);
    sample_signer(&signer);
    struct checkpoint checkpoint = {INT64_MAX, {{0}}};
    struct buffer absurd;
    buffer_init(&absurd);
    checkpoint_sign(&signer, &checkpoint, &absurd);
    fixture_write(fixture, "checkpoint", buffer_view(&absurd));
    fixture_verify(fixture);
    assert_true(fixture->findings.count > 2);
    files_remove(fixture->files, "state");
    fixture_verify(fixture);
    assert_true(fixture->findings.count > 2);
    fixture_write(fixture, "checkpoint", buffer_view(&note));
    fixture_write(fixture, "state", buffer_view(&log_state));
    buffer_fini(&note);
    buffer_fini(&absurd);
    buffer_fini(&log_state);
    check_whole(fixture);
}

#define TEST(name, make) cmocka_unit_test_setup_teardown(name, make, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_byte, fixture_make_small),
        TEST(test_every_file, fixture_make_large),
        TEST(test_every_entry, fixture_make_large),
        TEST(test_forged_hashes, fixture_make_large),
        TEST(test_files_that_do_not_belong, fixture_make_large),
        TEST(test_earlier_checkpoint, fixture_make_large),
        TEST(test_absurd_size, fixture_make_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
