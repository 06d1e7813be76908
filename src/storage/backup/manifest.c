#include "storage/backup/manifest.h"

#include "base/memory.h"
#include "storage/audit/note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX_BYTES = 2 * COPY_HASH_BYTES + 1, LINE_BYTES = COPY_PATH_BYTES + HEX_BYTES + 32 };

static const char manifest_name[] = "manifest";

void manifest_init(struct manifest *manifest)
{
    *manifest = (struct manifest){.files = NULL};
}

void manifest_fini(struct manifest *manifest)
{
    free(manifest->files);
    manifest->files = NULL;
}

void manifest_add(struct manifest *manifest, const char *path, const struct copy_facts *facts)
{
    if (manifest->count == manifest->capacity) {
        manifest->capacity = manifest->capacity * 2 + 64;
        manifest->files =
            memory_resize(manifest->files, manifest->capacity * sizeof(*manifest->files));
    }
    struct manifest_file *file = &manifest->files[manifest->count++];
    *file = (struct manifest_file){.facts = *facts};
    snprintf(file->path, sizeof(file->path), "%s", path);
}

static int file_compare(const void *one, const void *other)
{
    const struct manifest_file *a = one;
    const struct manifest_file *b = other;
    return strcmp(a->path, b->path);
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path)
{
    struct manifest_file key = {.facts = {.bytes = 0}};
    snprintf(key.path, sizeof(key.path), "%s", path);
    return manifest->count == 0 ? NULL
                                : bsearch(&key, manifest->files, manifest->count,
                                          sizeof(*manifest->files), file_compare);
}

uint64_t manifest_bytes(const struct manifest *manifest)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < manifest->count; i++)
        bytes += manifest->files[i].facts.bytes;
    return bytes;
}

static void hash_text(struct view bytes, char hex[HEX_BYTES])
{
    uint8_t hash[COPY_HASH_BYTES];
    crypto_generichash(hash, sizeof(hash), bytes.data, bytes.size, NULL, 0);
    sodium_bin2hex(hex, HEX_BYTES, hash, sizeof(hash));
}

static void manifest_format(const struct manifest *manifest, struct buffer *text)
{
    char line[LINE_BYTES];
    char hex[HEX_BYTES];
    sodium_bin2hex(hex, sizeof(hex), manifest->store.bytes, UUID_BYTES);
    int size =
        snprintf(line, sizeof(line),
                 "unsay-backup 1\nstore %s\ntime %" PRIu64 "\naudit %" PRIu64 "\nnew %" PRIu64 "\n",
                 hex, manifest->time_ms, manifest->audit_entries, manifest->new_bytes);
    buffer_append(text, line, (size_t)size);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        sodium_bin2hex(hex, sizeof(hex), file->facts.hash, COPY_HASH_BYTES);
        size = snprintf(line, sizeof(line), "file %" PRIu64 " %s %s\n", file->facts.bytes, hex,
                        file->path);
        buffer_append(text, line, (size_t)size);
    }
    hash_text(buffer_view(text), hex);
    size = snprintf(line, sizeof(line), "sum %s\n", hex);
    buffer_append(text, line, (size_t)size);
}

enum status manifest_write(const struct manifest *manifest, int directory, struct failure *failure)
{
    struct buffer text;
    buffer_init(&text);
    manifest_format(manifest, &text);
    struct view bytes = buffer_view(&text);
    int fd = openat(directory, manifest_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size &&
                      fsync(fd) == 0 && fsync(directory) == 0;
    enum status status =
        is_written ? STATUS_OK
                   : failure_set(failure, errno == ENOSPC ? STATUS_NO_SPACE : STATUS_IO,
                                 "writing the backup's manifest failed: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    buffer_fini(&text);
    return status;
}

/* A path that stays inside. */
static bool path_is_sound(const char *path)
{
    return path[0] != '/' && path[0] != 0 && strstr(path, "..") == NULL &&
           strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") ==
               strlen(path);
}

/* The next word of a line, up to a space or the line's end. */
static struct view word_take(struct view *line)
{
    const uint8_t *space = line->size == 0 ? NULL : memchr(line->data, ' ', line->size);
    struct view word =
        view_make(line->data, space == NULL ? line->size : (size_t)(space - line->data));
    size_t skipped = word.size + (space != NULL);
    *line = view_make(line->data + skipped, line->size - skipped);
    return word;
}

static bool hex_take(struct view *line, uint8_t *bytes, size_t size)
{
    size_t found;
    struct view hex = word_take(line);
    return hex.size == 2 * size &&
           sodium_hex2bin(bytes, size, (const char *)hex.data, hex.size, NULL, &found, NULL) == 0 &&
           found == size;
}

static bool number_take(struct view *line, uint64_t *number)
{
    return number_parse(word_take(line), number);
}

static bool manifest_take_file(struct manifest *manifest, struct view line)
{
    struct copy_facts facts;
    char path[COPY_PATH_BYTES];
    if (!number_take(&line, &facts.bytes) || !hex_take(&line, facts.hash, COPY_HASH_BYTES) ||
        line.size >= sizeof(path))
        return false;
    snprintf(path, sizeof(path), "%.*s", VIEW_PRINT(line));
    if (!path_is_sound(path))
        return false;
    manifest_add(manifest, path, &facts);
    return true;
}

/* One line after the first; `before` is everything above it. */
static bool manifest_take_line(struct manifest *manifest, struct view line, struct view before,
                               bool *is_end)
{
    char sum[HEX_BYTES];
    struct view name = word_take(&line);
    if (view_equal(name, view_of("file")))
        return manifest_take_file(manifest, line);
    if (view_equal(name, view_of("store")))
        return hex_take(&line, manifest->store.bytes, UUID_BYTES);
    if (view_equal(name, view_of("time")))
        return number_take(&line, &manifest->time_ms);
    if (view_equal(name, view_of("audit")))
        return number_take(&line, &manifest->audit_entries);
    if (view_equal(name, view_of("new")))
        return number_take(&line, &manifest->new_bytes);
    hash_text(before, sum);
    *is_end = view_equal(name, view_of("sum")) && view_equal(line, view_of(sum));
    return *is_end;
}

static bool manifest_parse(struct manifest *manifest, struct view text)
{
    struct view rest = text;
    struct view line;
    bool is_end = false;
    if (!line_take(&rest, &line) || !view_equal(line, view_of("unsay-backup 1")))
        return false;
    while (!is_end) {
        struct view before = view_make(text.data, text.size - rest.size);
        if (!line_take(&rest, &line) || !manifest_take_line(manifest, line, before, &is_end))
            return false;
    }
    if (manifest->count > 0)
        qsort(manifest->files, manifest->count, sizeof(*manifest->files), file_compare);
    return rest.size == 0 && !uuid_is_zero(&manifest->store);
}

enum status manifest_read(struct manifest *manifest, int directory, struct failure *failure)
{
    struct stat about;
    int fd = openat(directory, manifest_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failure_set(failure, STATUS_NOT_FOUND, "there is no manifest: %s", strerror(errno));
    enum status status = STATUS_IO;
    char *text = NULL;
    if (fstat(fd, &about) == 0) {
        text = memory_new((size_t)about.st_size + 1);
        if (read(fd, text, (size_t)about.st_size) == about.st_size)
            status = manifest_parse(manifest, view_make(text, (size_t)about.st_size))
                         ? STATUS_OK
                         : STATUS_CORRUPT;
    }
    close(fd);
    free(text);
    return status == STATUS_OK ? STATUS_OK
                               : failure_set(failure, status, "the manifest cannot be understood");
}
