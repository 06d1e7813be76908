/* Trees, paths of tiles, proofs, notes: against published examples and by trying everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "samples.h"
#include "storage/audit/tree.h"

#include <sodium.h>

/* The tree over the entries that Certificate Transparency's tests use, and its roots. */
static void test_roots_of_rfc_6962(void **state)
{
    static const char *const entries[] = {"",
                                          "00",
                                          "10",
                                          "2021",
                                          "3031",
                                          "40414243",
                                          "5051525354555657",
                                          "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct hash leaves[8];
    struct hasher *hasher = hasher_new();
    (void)state;
    for (size_t count = 0; count <= 8; count++) {
        char hex[2 * HASH_BYTES + 1];
        if (count > 0) {
            uint8_t bytes[16];
            size_t size = 0;
            const char *text = entries[count - 1];
            sodium_hex2bin(bytes, sizeof(bytes), text, strlen(text), NULL, &size, NULL);
            leaves[count - 1] = hasher_leaf(hasher, view_make(bytes, size));
        }
        struct hash root = hasher_root(hasher, leaves, count);
        sodium_bin2hex(hex, sizeof(hex), root.bytes, HASH_BYTES);
        assert_string_equal(hex, roots[count]);
    }
    hasher_free(hasher);
}

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        struct tile tile;
    } cases[] = {
        {"tile/0/000", {0, 0, 256}},
        {"tile/0/x001/x234/067", {0, 1234067, 256}},
        {"tile/1/004.p/17", {1, 4, 17}},
        {"tile/entries/999", {TILE_ENTRIES, 999, 256}},
        {"tile/entries/x001/000.p/255", {TILE_ENTRIES, 1000, 255}},
        {"tile/0/x072/x057/x594/x037/x927/935", {0, UINT64_MAX >> 8, 256}},
    };
    static const char *const wrong[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x1/001",
        "tile/00/001",
        "tile/8/000",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001/",
        "tile/0/001.p/5x",
        "tile/entries",
        "tile/-1/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x099/x072/x057/x594/x037/x927/935",
        "tile/0/001.p/99999999999999999999",
        "Tile/0/000",
    };
    struct tile tile;
    char path[TILE_PATH_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tile_path(&cases[i].tile, path);
        assert_string_equal(path, cases[i].path);
        assert_true(tile_parse(path, &tile));
        assert_int_equal(tile.level, cases[i].tile.level);
        assert_true(tile.index == cases[i].tile.index);
        assert_int_equal(tile.width, cases[i].tile.width);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (tile_parse(wrong[i], &tile))
            fail_msg("taken: %s", wrong[i]);
}

/* The example of tlog-tiles: 70,000 entries. */
static void test_tiles_of_a_size(void **state)
{
    (void)state;
    assert_int_equal(tile_count(0, 70000) / TILE_WIDTH, 273);
    assert_int_equal(tile_edge(0, 70000).width, 112);
    assert_int_equal(tile_edge(TILE_ENTRIES, 70000).width, 112);
    assert_int_equal(tile_edge(1, 70000).index, 1);
    assert_int_equal(tile_edge(1, 70000).width, 17);
    assert_int_equal(tile_edge(2, 70000).width, 1);
    assert_int_equal(tile_edge(3, 70000).width, 0);
    assert_int_equal(tile_edge(0, 256).width, 0);
    assert_int_equal(tile_edge(1, 256).width, 1);
    assert_int_equal(tile_at(0, 5, 256).width, 0);
}

/* Every entry of many sizes is proven, and no proof fits anything else. */
static void test_proofs(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 7, 255, 256, 257, 511, 700};
    char directory[SAMPLE_PATH_BYTES];
    struct hasher *hasher = hasher_new();
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t size = sizes[i];
        struct files *files;
        struct hash root;
        struct failure failure;
        sample_directory_make(directory);
        sample_log(directory, size, 100);
        assert_int_equal(files_open(directory, FILES_READ, &files, &failure), STATUS_OK);
        struct tree tree = {files, hasher, size};
        assert_int_equal(tree_hash(&tree, 0, size, &root, &failure), STATUS_OK);
        for (uint64_t index = 0; index < size; index++) {
            char text[SAMPLE_ENTRY_BYTES];
            struct hash proof[PROOF_HASHES_MAX];
            unsigned count;
            struct hash leaf = hasher_leaf(hasher, sample_entry(index, text));
            assert_int_equal(tree_prove(&tree, index, proof, &count, &failure), STATUS_OK);
            assert_true(proof_check(hasher, index, size, leaf, proof, count, &root));
            assert_false(proof_check(hasher, size, size, leaf, proof, count, &root));
            assert_false(proof_check(hasher, index, size, leaf, proof, count + 1, &root));
            assert_false(index > 0 &&
                         proof_check(hasher, index - 1, size, leaf, proof, count, &root));
            assert_false(count > 0 &&
                         proof_check(hasher, index, size, leaf, proof, count - 1, &root));
            leaf.bytes[index % HASH_BYTES] ^= 1;
            assert_false(proof_check(hasher, index, size, leaf, proof, count, &root));
        }
        files_close(files);
        sample_directory_remove(directory);
    }
    hasher_free(hasher);
}

/* The example of signed-note is of a key that is not public; this one is golang.org/x/mod's. */
static void test_verifier_keys(void **state)
{
    static const char line[] =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n";
    static const char note[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann "
        "x08go/ZJkuBS9UG/"
        "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        "\n";
    struct note_key key;
    char again[NOTE_KEY_TEXT_BYTES];
    (void)state;
    assert_true(note_key_parse(view_of(line), &key));
    note_key_format(&key, again);
    assert_memory_equal(again, line, strlen(line) - 1);
    for (size_t i = 0; i < strlen(line) - 1; i++) {
        char wrong[sizeof(line)];
        memcpy(wrong, line, sizeof(line));
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_false(note_key_parse(view_of(wrong), &key));
    }
    assert_true(note_key_parse(view_of(line), &key));
    /* A note by that key, which is no checkpoint. */
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_verify(view_of(note), &key, &checkpoint, NULL), STATUS_MALFORMED);
}

static void test_checkpoints(void **state)
{
    struct note_signer signer;
    struct buffer note;
    struct checkpoint checkpoint = {1312, {{7, 8, 9}}};
    struct checkpoint read;
    (void)state;
    sample_signer(&signer);
    buffer_init(&note);
    checkpoint_sign(&signer, &checkpoint, &note);
    assert_int_equal(checkpoint_verify(buffer_view(&note), &signer.key, &read, NULL), STATUS_OK);
    assert_memory_equal(&read, &checkpoint, sizeof(read));
    for (size_t at = 0; at < buffer_size(&note); at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            note.data[at] ^= (uint8_t)(1U << bit);
            assert_int_not_equal(checkpoint_verify(buffer_view(&note), &signer.key, &read, NULL),
                                 STATUS_OK);
            note.data[at] ^= (uint8_t)(1U << bit);
        }
        struct view cut = view_make(note.data, at);
        assert_int_not_equal(checkpoint_verify(cut, &signer.key, &read, NULL), STATUS_OK);
    }
    /* A witness may add its signature. */
    static const char witness[] = "— witness.example AAAAAAAA\n";
    buffer_append(&note, witness, strlen(witness));
    assert_int_equal(checkpoint_verify(buffer_view(&note), &signer.key, &read, NULL), STATUS_OK);
    buffer_fini(&note);
}

static void test_names_of_logs(void **state)
{
    static const uint8_t seed[NOTE_SEED_BYTES] = {0};
    char name[NOTE_NAME_BYTES_MAX + 2];
    struct note_signer signer;
    (void)state;
    memset(name, 'a', sizeof(name));
    name[NOTE_NAME_BYTES_MAX + 1] = 0;
    assert_false(note_signer_init(&signer, name, seed));
    name[NOTE_NAME_BYTES_MAX] = 0;
    assert_true(note_signer_init(&signer, name, seed));
    assert_false(note_signer_init(&signer, "", seed));
    assert_false(note_signer_init(&signer, "a b", seed));
    assert_false(note_signer_init(&signer, "a+b", seed));
    assert_false(note_signer_init(&signer, "a\nb", seed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_of_rfc_6962), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_tiles_of_a_size),   cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_verifier_keys),     cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_names_of_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
