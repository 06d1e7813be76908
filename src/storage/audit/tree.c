#include "storage/audit/tree.h"

#include <assert.h>
#include <inttypes.h>

enum status tree_read_file(const struct tree *tree, const struct tile *tile, struct buffer *bytes,
                           unsigned *width, struct failure *failure)
{
    char path[TILE_PATH_BYTES];
    *width = tile->width;
    size_t bytes_max =
        tile->level == TILE_ENTRIES ? TILE_BYTES_MAX : (size_t)TILE_WIDTH * HASH_BYTES;
    tile_path(tile, path);
    enum status status = files_read(tree->files, path, bytes_max, bytes, failure);
    if (status == STATUS_NOT_FOUND && tile->width < TILE_WIDTH) {
        struct tile full = {tile->level, tile->index, TILE_WIDTH};
        tile_path(&full, path);
        *width = TILE_WIDTH;
        if (files_read(tree->files, path, bytes_max, bytes, NULL) == STATUS_OK)
            return STATUS_OK;
    }
    return status;
}

static enum status tree_fail(const struct tile *tile, struct failure *failure)
{
    char path[TILE_PATH_BYTES];
    tile_path(tile, path);
    return failure_set(failure, STATUS_CORRUPT,
                       "the log's file %s is damaged; \"unsay audit verify\" tells more", path);
}

enum status tree_read_tile(const struct tree *tree, const struct tile *tile,
                           struct hash hashes[TILE_WIDTH], struct failure *failure)
{
    struct buffer bytes;
    buffer_init(&bytes);
    unsigned width;
    enum status status = tree_read_file(tree, tile, &bytes, &width, failure);
    size_t size = (size_t)tile->width * HASH_BYTES;
    if (status == STATUS_OK && buffer_size(&bytes) < size)
        status = tree_fail(tile, failure);
    if (status == STATUS_OK)
        memcpy(hashes, buffer_view(&bytes).data, size);
    buffer_fini(&bytes);
    return status;
}

enum status tree_read_bundle(const struct tree *tree, const struct tile *tile, struct buffer *bytes,
                             struct view entries[TILE_WIDTH], struct failure *failure)
{
    unsigned count = 0;
    unsigned width;
    enum status status = tree_read_file(tree, tile, bytes, &width, failure);
    if (status == STATUS_OK &&
        (!bundle_read(buffer_view(bytes), entries, &count) || count < tile->width))
        status = tree_fail(tile, failure);
    return status;
}

enum status tree_read_entries(const struct tree *tree, uint64_t index, size_t count,
                              struct arena *arena, struct view *entries, struct failure *failure)
{
    struct buffer bytes;
    struct view bundle[TILE_WIDTH];
    enum status status = STATUS_OK;
    if (index > tree->size || count > tree->size - index)
        return failure_set(failure, STATUS_NOT_FOUND,
                           "the audit log has %" PRIu64 " entries, the first one is 0", tree->size);
    buffer_init(&bytes);
    for (size_t done = 0; done < count && status == STATUS_OK;) {
        uint64_t at = index + done;
        struct tile tile = tile_at(TILE_ENTRIES, at / TILE_WIDTH, tree->size);
        status = tree_read_bundle(tree, &tile, &bytes, bundle, failure);
        for (uint64_t i = at % TILE_WIDTH; status == STATUS_OK && i < tile.width && done < count;
             i++)
            entries[done++] = arena_copy(arena, bundle[i]);
    }
    buffer_fini(&bytes);
    return status;
}

/* The largest power of two below n; n > 1. */
static uint64_t split_of(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* A range of 2^k entries at a multiple of its size lies in one tile. */
static enum status tree_hash_whole(const struct tree *tree, uint64_t start, uint64_t end,
                                   struct hash *hash, struct failure *failure)
{
    struct hash hashes[TILE_WIDTH];
    unsigned level = (unsigned)__builtin_ctzll(end - start) / 8;
    uint64_t first = tile_count(level, start);
    uint64_t count = tile_count(level, end - start);
    struct tile tile = tile_at(level, first / TILE_WIDTH, tree->size);
    assert(first % TILE_WIDTH + count <= tile.width);
    enum status status = tree_read_tile(tree, &tile, hashes, failure);
    if (status == STATUS_OK)
        *hash = hasher_root(tree->hasher, hashes + first % TILE_WIDTH, (size_t)count);
    return status;
}

enum status tree_hash(const struct tree *tree, uint64_t start, uint64_t end, struct hash *hash,
                      struct failure *failure)
{
    uint64_t count = end - start;
    assert(start <= end && end <= tree->size);
    if (count == 0) {
        *hash = hasher_root(tree->hasher, NULL, 0);
        return STATUS_OK;
    }
    if ((count & (count - 1)) == 0)
        return tree_hash_whole(tree, start, end, hash, failure);
    struct hash left;
    struct hash right;
    uint64_t split = start + split_of(count);
    enum status status = tree_hash(tree, start, split, &left, failure);
    if (status == STATUS_OK)
        status = tree_hash(tree, split, end, &right, failure);
    if (status == STATUS_OK)
        *hash = hasher_node(tree->hasher, &left, &right);
    return status;
}

enum status tree_prove(const struct tree *tree, uint64_t index, struct hash proof[PROOF_HASHES_MAX],
                       unsigned *count, struct failure *failure)
{
    struct hash down[PROOF_HASHES_MAX];
    unsigned depth = 0;
    uint64_t start = 0;
    uint64_t end = tree->size;
    enum status status = STATUS_OK;
    assert(index < tree->size);
    while (end - start > 1 && status == STATUS_OK) {
        uint64_t split = start + split_of(end - start);
        if (index < split) {
            status = tree_hash(tree, split, end, &down[depth++], failure);
            end = split;
        } else {
            status = tree_hash(tree, start, split, &down[depth++], failure);
            start = split;
        }
    }
    for (unsigned i = 0; i < depth; i++)
        proof[i] = down[depth - 1 - i];
    *count = depth;
    return status;
}

bool proof_check(struct hasher *hasher, uint64_t index, uint64_t size, struct hash leaf,
                 const struct hash *proof, unsigned count, const struct hash *root)
{
    bool is_right[PROOF_HASHES_MAX];
    unsigned depth = 0;
    uint64_t start = 0;
    uint64_t end = size;
    if (index >= size)
        return false;
    while (end - start > 1) {
        uint64_t split = start + split_of(end - start);
        is_right[depth] = index >= split;
        if (is_right[depth++])
            start = split;
        else
            end = split;
    }
    if (depth != count)
        return false;
    for (unsigned i = 0; i < depth; i++)
        leaf = is_right[depth - 1 - i] ? hasher_node(hasher, &proof[i], &leaf)
                                       : hasher_node(hasher, &leaf, &proof[i]);
    return hash_equal(&leaf, root);
}
