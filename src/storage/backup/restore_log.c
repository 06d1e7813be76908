#include "storage/backup/restore_log.h"

#include "storage/audit/entry.h"
#include "storage/audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_PATH_BYTES = 4200, LOG_ROWS = 16 };

/* The first thing that is wrong. The state is the server's own note: log_choose sees whether it is
 * of use. */
static void log_found(void *context, const struct finding *finding)
{
    struct finding *first = context;
    if (finding->kind != FINDING_NOTE && strcmp(finding->file, "state") != 0 && first->text[0] == 0)
        *first = *finding;
}

static enum status small_read(int directory, const char *path, char *text, size_t size_max,
                              size_t *size, struct failure *failure)
{
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, size_max);
    if (fd >= 0)
        close(fd);
    if (count < 0)
        return failure_set(failure, STATUS_IO, "the file %s cannot be read: %s", path,
                           strerror(errno));
    *size = (size_t)count;
    return STATUS_OK;
}

enum status restore_log_verify(int backup, const char *against, struct checkpoint *checkpoint,
                               struct failure *failure)
{
    char line[NOTE_KEY_TEXT_BYTES];
    char since[NOTE_BYTES_MAX];
    size_t line_size = 0;
    size_t since_size = 0;
    struct note_key key;
    struct finding first = {.text = ""};
    enum status status = small_read(backup, "audit.pub", line, sizeof(line), &line_size, failure);
    if (status == STATUS_OK)
        status = small_read(backup, "audit/checkpoint", since, sizeof(since), &since_size, failure);
    if (status != STATUS_OK)
        return status;
    if (!note_key_parse(view_make(line, line_size), &key))
        return failure_set(failure, STATUS_CORRUPT, "the backup's audit.pub is no public key");
    struct verification verification = {
        .directory = against,
        .key = &key,
        .since = view_make(since, since_size),
        .has_since = true,
        .on_finding = log_found,
        .context = &first,
    };
    status = audit_verify(&verification, failure);
    *checkpoint = verification.checkpoint;
    if (status != STATUS_OK || first.text[0] == 0)
        return status;
    return failure_set(failure, STATUS_UNTRUSTED,
                       "the audit log in %s is not a later state of the backup's: %s; "
                       "nothing was restored",
                       against, first.text);
}

static enum status state_of(int directory, const char *path, struct audit_state *state,
                            struct failure *failure)
{
    char text[AUDIT_STATE_BYTES_MAX];
    size_t size = 0;
    enum status status = small_read(directory, path, text, sizeof(text), &size, failure);
    if (status != STATUS_OK)
        return status;
    struct hasher *hasher = hasher_new();
    if (!audit_state_read(view_make(text, size), hasher, state))
        status = failure_set(failure, STATUS_CORRUPT, "the audit log's state cannot be understood");
    hasher_free(hasher);
    return status;
}

/* What the tile has in the tree of this size, whether the file has more or not. */
static enum status tile_copy(const struct tree *tree, const struct tile *tile, struct files *to,
                             struct failure *failure)
{
    char path[TILE_PATH_BYTES];
    struct view entries[TILE_WIDTH];
    struct buffer bytes;
    unsigned width;
    unsigned count = 0;
    buffer_init(&bytes);
    enum status status = tree_read_file(tree, tile, &bytes, &width, failure);
    size_t size = (size_t)tile->width * HASH_BYTES;
    if (status == STATUS_OK && tile->level == TILE_ENTRIES) {
        size = SIZE_MAX;
        if (bundle_read(buffer_view(&bytes), entries, &count) && count >= tile->width)
            size = (size_t)(entries[tile->width - 1].data - buffer_view(&bytes).data) +
                   entries[tile->width - 1].size;
    }
    tile_path(tile, path);
    if (status == STATUS_OK && size > buffer_size(&bytes))
        status = failure_set(failure, STATUS_CORRUPT, "the log's file %s is damaged", path);
    if (status == STATUS_OK)
        status = files_write(to, path, view_make(buffer_view(&bytes).data, size), failure);
    buffer_fini(&bytes);
    return status;
}

static enum status tiles_copy(const struct tree *tree, struct files *to, struct failure *failure)
{
    enum status status = STATUS_OK;
    for (unsigned level = 0; level < TILE_KINDS && status == STATUS_OK; level++) {
        uint64_t full = tile_count(level, tree->size) / TILE_WIDTH;
        for (uint64_t index = 0; index <= full && status == STATUS_OK; index++) {
            struct tile tile = tile_at(level, index, tree->size);
            if (tile.width > 0)
                status = tile_copy(tree, &tile, to, failure);
        }
    }
    return status;
}

/* How far the copy goes. */
static void log_choose(const struct tree *tree, const struct checkpoint *checkpoint,
                       struct audit_state *state)
{
    struct buffer bytes;
    struct hash root;
    struct tree whole = *tree;
    buffer_init(&bytes);
    bool has_state =
        files_read(tree->files, "state", AUDIT_STATE_BYTES_MAX, &bytes, NULL) == STATUS_OK &&
        audit_state_read(buffer_view(&bytes), tree->hasher, state);
    buffer_fini(&bytes);
    if (!has_state)
        *state = (struct audit_state){.size = 0};
    whole.size = state->size;
    if (has_state && state->size >= checkpoint->size &&
        tree_hash(&whole, 0, state->size, &root, NULL) == STATUS_OK &&
        hash_equal(&root, &state->root))
        return;
    *state = (struct audit_state){.size = checkpoint->size,
                                  .position = state->position,
                                  .batch_size = checkpoint->size,
                                  .batch_position = state->position,
                                  .root = checkpoint->root};
}

static enum status log_write(const struct tree *tree, const struct audit_state *state,
                             struct files *to, struct failure *failure)
{
    struct buffer bytes;
    buffer_init(&bytes);
    audit_state_write(state, tree->hasher, &bytes);
    enum status status = tiles_copy(tree, to, failure);
    if (status == STATUS_OK)
        status = files_replace(to, "state", buffer_view(&bytes), failure);
    if (status == STATUS_OK)
        status = files_read(tree->files, "checkpoint", NOTE_BYTES_MAX, &bytes, failure);
    if (status == STATUS_OK)
        status = files_replace(to, "checkpoint", buffer_view(&bytes), failure);
    buffer_fini(&bytes);
    return status == STATUS_OK ? files_flush(to, failure) : status;
}

enum status restore_log_copy(const char *against, const struct checkpoint *checkpoint,
                             const char *data, struct failure *failure)
{
    char path[LOG_PATH_BYTES];
    struct files *from = NULL;
    struct files *to = NULL;
    struct audit_state state;
    snprintf(path, sizeof(path), "%s/audit", data);
    enum status status = files_open(against, FILES_READ, &from, failure);
    if (status == STATUS_OK)
        status = files_open(path, FILES_WRITE, &to, failure);
    if (status == STATUS_OK) {
        struct tree tree = {from, hasher_new(), 0};
        log_choose(&tree, checkpoint, &state);
        tree.size = state.size;
        status = log_write(&tree, &state, to, failure);
        hasher_free(tree.hasher);
    }
    files_close(from);
    files_close(to);
    return status;
}

enum status restore_log_state(const char *data, struct audit_state *state, struct failure *failure)
{
    char path[LOG_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/audit/state", data);
    *state = (struct audit_state){.size = 0};
    if (access(path, F_OK) != 0)
        return STATUS_OK; /* a server that never ran has none */
    return state_of(AT_FDCWD, path, state, failure);
}

/* *has: the log has the row's entries from `at` on. */
static enum status log_has(const struct tree *tree, uint64_t at, const struct store_journal *row,
                           struct arena *arena, bool *has, struct failure *failure)
{
    *has = row->count <= tree->size - at;
    if (!*has)
        return STATUS_OK;
    struct view *entries = arena_alloc(arena, (row->count + 1) * sizeof(*entries));
    enum status status = tree_read_entries(tree, at, row->count, arena, entries, failure);
    for (size_t i = 0; i < row->count && status == STATUS_OK && *has; i++)
        *has = view_equal(entries[i], row->entries[i]);
    return status;
}

/* *settled: the last row that the log has, or what its state says. */
static enum status journal_skip_known(struct store *store, const struct tree *tree, uint64_t from,
                                      uint64_t *lost_from, uint64_t *settled,
                                      struct failure *failure)
{
    struct store_journal rows[LOG_ROWS];
    struct arena arena;
    size_t count = LOG_ROWS;
    uint64_t after = 0;
    enum status status = STATUS_OK;
    *lost_from = from;
    arena_init(&arena);
    while (count == LOG_ROWS && status == STATUS_OK) {
        status = store_read_journal(store, after, LOG_ROWS, &arena, rows, &count);
        if (status != STATUS_OK)
            failure_set(failure, status, "the store's journal cannot be read: %s",
                        status_text(status));
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            bool has;
            after = rows[i].number;
            status = log_has(tree, *lost_from, &rows[i], &arena, &has, failure);
            if (status != STATUS_OK || !has)
                continue;
            *lost_from += rows[i].count;
            if (after > *settled)
                *settled = after;
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return status;
}

static enum status entries_settle(struct store *store, const struct tree *tree, uint64_t settled,
                                  uint64_t from, struct failure *failure)
{
    struct view entries[TILE_WIDTH];
    struct arena arena;
    size_t postings_count;
    enum status status = STATUS_OK;
    arena_init(&arena);
    for (uint64_t at = from; at < tree->size && status == STATUS_OK;) {
        size_t count = tree->size - at < TILE_WIDTH ? (size_t)(tree->size - at) : TILE_WIDTH;
        status = tree_read_entries(tree, at, count, &arena, entries, failure);
        if (status == STATUS_OK) {
            struct store_posting *postings =
                audit_postings_make(at, entries, count, &arena, &postings_count);
            status = store_settle_journal(store, settled, postings, postings_count, failure);
        }
        at += count;
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return status;
}

enum status restore_log_settle(struct store *store, const struct tree *tree,
                               const struct audit_state *state, uint64_t from, uint64_t *lost_from,
                               struct failure *failure)
{
    /* What is committed from here on is numbered above what the log has. */
    store_skip_journal(store, state->position);
    uint64_t settled = state->position;
    enum status status = journal_skip_known(store, tree, from, lost_from, &settled, failure);
    if (status == STATUS_OK)
        status = entries_settle(store, tree, settled, from, failure);
    return status;
}
