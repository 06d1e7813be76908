#include "storage/audit/tile.h"

#include <assert.h>
#include <inttypes.h>

void tile_partial_folder(const struct tile *tile, char path[TILE_PATH_BYTES])
{
    struct tile full = {tile->level, tile->index, TILE_WIDTH};
    tile_path(&full, path);
    size_t length = strlen(path);
    snprintf(path + length, TILE_PATH_BYTES - length, ".p");
}

void tile_path(const struct tile *tile, char path[TILE_PATH_BYTES])
{
    unsigned groups[7];
    unsigned count = 0;
    uint64_t rest = tile->index;
    do
        groups[count++] = (unsigned)(rest % 1000);
    while ((rest /= 1000) != 0);
    int length = tile->level == TILE_ENTRIES
                     ? snprintf(path, TILE_PATH_BYTES, "tile/entries")
                     : snprintf(path, TILE_PATH_BYTES, "tile/%u", tile->level);
    while (count > 0) {
        count--;
        length += snprintf(path + length, TILE_PATH_BYTES - (size_t)length, "/%s%03u",
                           count == 0 ? "" : "x", groups[count]);
    }
    if (tile->width < TILE_WIDTH)
        snprintf(path + length, TILE_PATH_BYTES - (size_t)length, ".p/%u", tile->width);
}

/* Reads digits; what a number must look like is checked by writing it again. */
static const char *tile_parse_number(const char *text, uint64_t *number)
{
    while (*text >= '0' && *text <= '9' && *number < UINT64_MAX / 1000)
        *number = *number * 10 + (uint64_t)(*text++ - '0');
    return text;
}

bool tile_parse(const char *path, struct tile *tile)
{
    static const char entries[] = "tile/entries/";
    uint64_t level = 0;
    uint64_t width = 0;
    char again[TILE_PATH_BYTES];
    const char *rest = path;
    *tile = (struct tile){TILE_ENTRIES, 0, TILE_WIDTH};
    if (strncmp(path, entries, strlen(entries)) == 0) {
        rest += strlen(entries);
    } else {
        if (strncmp(path, "tile/", 5) != 0)
            return false;
        rest = tile_parse_number(path + 5, &level);
        if (level >= TILE_LEVELS || *rest++ != '/')
            return false;
        tile->level = (unsigned)level;
    }
    while (*rest == 'x') {
        rest = tile_parse_number(rest + 1, &tile->index);
        rest += *rest == '/';
    }
    rest = tile_parse_number(rest, &tile->index);
    if (strncmp(rest, ".p/", 3) == 0) {
        tile_parse_number(rest + 3, &width);
        if (width == 0 || width >= TILE_WIDTH)
            return false;
        tile->width = (unsigned)width;
    }
    tile_path(tile, again);
    return tile->index <= UINT64_MAX >> 8 && strcmp(path, again) == 0;
}

void bundle_append(struct buffer *bundle, struct view entry)
{
    assert(entry.size <= TILE_ENTRY_BYTES_MAX);
    uint8_t size[2] = {(uint8_t)(entry.size >> 8), (uint8_t)entry.size};
    buffer_append(bundle, size, sizeof(size));
    buffer_append(bundle, entry.data, entry.size);
}

bool bundle_read(struct view bundle, struct view entries[TILE_WIDTH], unsigned *count)
{
    *count = 0;
    while (bundle.size > 0) {
        if (*count == TILE_WIDTH || bundle.size < 2)
            return false;
        size_t size = (size_t)bundle.data[0] << 8 | bundle.data[1];
        if (size > bundle.size - 2)
            return false;
        entries[(*count)++] = view_make(bundle.data + 2, size);
        bundle = view_make(bundle.data + 2 + size, bundle.size - 2 - size);
    }
    return true;
}
