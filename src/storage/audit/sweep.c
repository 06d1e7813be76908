#include "storage/audit/sweep.h"

#include "storage/audit/tile.h"

#include <stdio.h>

enum { SWEEP_GROUPS_AHEAD = 4, SWEEP_GROUP_TILES = 1000 };

/* A folder that holds tiles of one level. */
struct sweep {
    struct files *files;
    unsigned level;
    uint64_t size;
    char folder[2 * TILE_PATH_BYTES];
};

static void sweep_found(void *context, const char *name, bool is_folder)
{
    struct sweep *sweep = context;
    char path[sizeof(sweep->folder)];
    struct tile tile;
    int length = snprintf(path, sizeof(path), "%s/%s", sweep->folder, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return;
    /* "017.p" is the folder of the partial tiles of 017. */
    bool is_partial = is_folder && length > 2 && strcmp(path + length - 2, ".p") == 0;
    if (is_partial)
        path[length - 2] = 0;
    if (!tile_parse(path, &tile) || tile.level != sweep->level)
        return;
    struct tile actual = tile_at(tile.level, tile.index, sweep->size);
    if (is_partial)
        path[length - 2] = '.';
    if (!is_partial) {
        if (tile.width > actual.width)
            files_remove(sweep->files, path);
    } else if (actual.width == 0 || actual.width == TILE_WIDTH) {
        files_remove(sweep->files, path);
    } else {
        struct sweep inside = *sweep;
        memcpy(inside.folder, path, sizeof(path));
        (void)!files_list(sweep->files, inside.folder, sweep_found, &inside);
    }
}

void sweep_run(struct files *files, uint64_t size)
{
    for (unsigned level = 0; level < TILE_KINDS; level++) {
        uint64_t edge = tile_edge(level, size).index;
        uint64_t group = (edge == 0 ? 0 : edge - 1) / SWEEP_GROUP_TILES;
        for (uint64_t i = 0; i <= SWEEP_GROUPS_AHEAD; i++) {
            struct sweep sweep = {.files = files, .level = level, .size = size};
            struct tile first = {level, (group + i) * SWEEP_GROUP_TILES, TILE_WIDTH};
            tile_path(&first, sweep.folder);
            *strrchr(sweep.folder, '/') = 0;
            if (files_list(files, sweep.folder, sweep_found, &sweep) != STATUS_OK)
                continue;
        }
    }
    files_remove(files, "state.new");
    files_remove(files, "checkpoint.new");
}
