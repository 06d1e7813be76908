/* Tiles: how a log lies in files (C2SP tlog-tiles). A tile is up to 256 neighbouring hashes of one
 * level, where a hash of level L stands for a whole tile of level L - 1; a bundle is the up to 256
 * entries under a tile of level 0, each after its size in two bytes, big-endian.
 *
 *   tile/0/x001/x234/067          a full tile: number 1234067 of its level
 *   tile/1/004.p/17               the last tile of its level, while it has only 17 hashes
 *   tile/entries/x001/x234/067    a full bundle
 *
 * A partial file stays until the full one is there, for whoever follows an older checkpoint. */
#ifndef UNSAY_STORAGE_AUDIT_TILE_H
#define UNSAY_STORAGE_AUDIT_TILE_H

#include "base/buffer.h"
#include "storage/audit/hash.h"

enum {
    TILE_WIDTH = 256,
    TILE_LEVELS = 8,
    TILE_ENTRIES = TILE_LEVELS, /* stands for a level: bundles */
    TILE_KINDS,
    TILE_PATH_BYTES = 64,
    TILE_ENTRY_BYTES_MAX = 65535,
    TILE_BYTES_MAX = TILE_WIDTH * (2 + TILE_ENTRY_BYTES_MAX)
};

struct tile {
    unsigned level;
    uint64_t index;
    unsigned width; /* 1-256 */
};

static inline unsigned tile_shift(unsigned level)
{
    return level == TILE_ENTRIES ? 0 : 8 * level;
}

/* How many hashes a level has in a tree of `size` entries; for bundles: how many entries. */
static inline uint64_t tile_count(unsigned level, uint64_t size)
{
    return size >> tile_shift(level);
}

/* The tile `index` as it is in a tree of `size` entries; its width is 0 when it has none. */
static inline struct tile tile_at(unsigned level, uint64_t index, uint64_t size)
{
    uint64_t count = tile_count(level, size);
    uint64_t start = index * TILE_WIDTH;
    uint64_t width = count <= start ? 0 : count - start;
    return (struct tile){level, index, (unsigned)(width < TILE_WIDTH ? width : TILE_WIDTH)};
}

/* The tile at the right edge that is not full; its width is 0 when there is none. */
static inline struct tile tile_edge(unsigned level, uint64_t size)
{
    return tile_at(level, tile_count(level, size) / TILE_WIDTH, size);
}

void tile_path(const struct tile *tile, char path[TILE_PATH_BYTES]);

/* The folder of the partial files of this tile, whatever its width. */
void tile_partial_folder(const struct tile *tile, char path[TILE_PATH_BYTES]);

/* False unless the path is as tile_path writes it. */
bool tile_parse(const char *path, struct tile *tile);

void bundle_append(struct buffer *bundle, struct view entry);

/* The entries in a bundle, at most 256; views into it. False when it ends within an entry or holds
 * more; *count tells how many are whole all the same. */
bool bundle_read(struct view bundle, struct view entries[TILE_WIDTH], unsigned *count);

#endif
