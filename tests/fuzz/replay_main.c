/* replay TARGET-CORPUS [MUTATIONS]: runs the target on every file of a folder, or on one file, and
 * then on mutations of them, the same ones every time. */
#include "fuzz.h"

#include "base/memory.h"
#include "base/prng.h"

#include <dirent.h>
#include <sys/stat.h>

enum { ENTRIES_MAX = 200, ENTRY_BYTES_MAX = 16384, MUTATIONS = 20000 };

struct entries {
    struct view views[ENTRIES_MAX]; /* owned */
    size_t count;
};

static void entries_add(struct entries *entries, const char *path)
{
    uint8_t bytes[ENTRY_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL || entries->count == ENTRIES_MAX) {
        fprintf(stderr, "cannot take %s: not readable, or more than %d files\n", path, ENTRIES_MAX);
        exit(2);
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    entries->views[entries->count++] = view_make(memory_copy(bytes, size), size);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void entries_add_folder(struct entries *entries, const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            entries_add(entries, path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

/* Runs on a copy of the very size, so that the sanitizers see a read beyond it. */
static void run(struct view input)
{
    uint8_t *copy = memory_resize(NULL, input.size);
    if (input.size > 0)
        memcpy(copy, input.data, input.size);
    LLVMFuzzerTestOneInput(copy, input.size);
    free(copy);
}

static size_t mutate(struct prng *prng, uint8_t *bytes, size_t size, const struct entries *entries)
{
    static const uint8_t notable[] = {0, 1, 0x7e, 0x7f, 0x80, 0xfe, 0xff, '.', '"', '\r', '\n'};
    size_t at = prng_below(prng, size + 1);
    size_t length = prng_below(prng, 1 + prng_below(prng, 32));
    length = length > size - at ? size - at : length;
    switch (prng_below(prng, 6)) {
    case 0:
        if (at < size)
            bytes[at] ^= (uint8_t)(1 << prng_below(prng, 8));
        return size;
    case 1:
        if (at < size)
            bytes[at] = notable[prng_below(prng, sizeof(notable))];
        return size;
    case 2: /* take out */
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    case 3: /* repeat */
        if (size + length > ENTRY_BYTES_MAX)
            return size;
        memmove(bytes + at + length, bytes + at, size - at);
        return size + length;
    case 4:
        return at;
    default: { /* go on as another entry does */
        struct view other = entries->views[prng_below(prng, entries->count)];
        size_t from = prng_below(prng, other.size + 1);
        size_t more = other.size - from;
        more = more > ENTRY_BYTES_MAX - at ? ENTRY_BYTES_MAX - at : more;
        memcpy(bytes + at, other.data + from, more);
        return at + more;
    }
    }
}

int main(int argc, char **argv)
{
    static struct entries entries;
    static uint8_t bytes[ENTRY_BYTES_MAX];
    struct stat status;
    struct prng prng = {1};
    unsigned long mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : MUTATIONS;
    if (argc < 2 || stat(argv[1], &status) != 0) {
        fprintf(stderr, "usage: %s FOLDER-OR-FILE [MUTATIONS]\n", argv[0]);
        return 2;
    }
    if (S_ISDIR(status.st_mode))
        entries_add_folder(&entries, argv[1]);
    else
        entries_add(&entries, argv[1]);
    if (entries.count == 0) {
        fprintf(stderr, "%s holds no input\n", argv[1]);
        return 2;
    }
    for (size_t i = 0; i < entries.count; i++)
        run(entries.views[i]);
    for (unsigned long i = 0; i < mutations; i++) {
        struct view origin = entries.views[prng_below(&prng, entries.count)];
        size_t size = origin.size;
        memcpy(bytes, origin.data, size);
        for (uint64_t steps = 1 + prng_below(&prng, 4); steps > 0; steps--)
            size = mutate(&prng, bytes, size, &entries);
        run(view_make(bytes, size));
    }
    for (size_t i = 0; i < entries.count; i++)
        free((void *)(uintptr_t)entries.views[i].data);
    return 0;
}
