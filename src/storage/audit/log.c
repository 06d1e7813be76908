#include "storage/audit/log.h"

#include "base/memory.h"
#include "storage/audit/sweep.h"
#include "storage/audit/tree.h"

#include <assert.h>
#include <stdatomic.h>

static const char state_file[] = "state";
static const char checkpoint_file[] = "checkpoint";

/* The tiles that are not full: what later entries need of those before them. */
struct edge {
    uint64_t size;
    struct hash hashes[TILE_LEVELS][TILE_WIDTH];
    struct buffer bundle;
};

struct audit_log {
    char *directory; /* owned, for messages */
    struct files *files;
    struct hasher *hasher;
    const struct note_signer *signer; /* lent */
    struct audit_state state;         /* what is durable */
    struct edge edge;                 /* the same, and what is being appended */
    bool is_failed;
    _Atomic uint64_t size; /* state.size, for readers */
};

/* ---- Writing ---- */

static enum status log_write_tile(struct audit_log *log, unsigned level, struct failure *failure)
{
    char path[TILE_PATH_BYTES];
    uint64_t count = tile_count(level, log->edge.size);
    struct tile tile = tile_at(level, (count - 1) / TILE_WIDTH, log->edge.size);
    struct view bytes = level == TILE_ENTRIES
                            ? buffer_view(&log->edge.bundle)
                            : view_make(log->edge.hashes[level], (size_t)tile.width * HASH_BYTES);
    tile_path(&tile, path);
    return files_write(log->files, path, bytes, failure);
}

/* Adds an entry; writes the tiles that it fills. */
static enum status log_add(struct audit_log *log, struct view entry, struct failure *failure)
{
    struct edge *edge = &log->edge;
    struct hash hash = hasher_leaf(log->hasher, entry);
    enum status status = STATUS_OK;
    bundle_append(&edge->bundle, entry);
    edge->size++;
    for (unsigned level = 0; level < TILE_LEVELS && status == STATUS_OK; level++) {
        uint64_t place = (tile_count(level, edge->size) - 1) % TILE_WIDTH;
        edge->hashes[level][place] = hash;
        if (place < TILE_WIDTH - 1)
            break;
        status = log_write_tile(log, level, failure);
        if (level == 0 && status == STATUS_OK) {
            status = log_write_tile(log, TILE_ENTRIES, failure);
            buffer_consume(&edge->bundle, buffer_size(&edge->bundle));
        }
        hash = hasher_root(log->hasher, edge->hashes[level], TILE_WIDTH);
    }
    return status;
}

static enum status log_write_edge(struct audit_log *log, struct failure *failure)
{
    enum status status = STATUS_OK;
    for (unsigned level = 0; level < TILE_KINDS && status == STATUS_OK; level++) {
        bool is_changed = tile_count(level, log->edge.size) != tile_count(level, log->state.size);
        if (is_changed && tile_edge(level, log->edge.size).width > 0)
            status = log_write_tile(log, level, failure);
    }
    return status;
}

static struct hash edge_root(const struct edge *edge, struct hasher *hasher)
{
    struct hash hashes[TILE_WIDTH];
    struct hash root = hasher_root(hasher, NULL, 0);
    bool has_root = false;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        size_t width = tile_edge(level, edge->size).width;
        if (width == 0)
            continue;
        memcpy(hashes, edge->hashes[level], width * HASH_BYTES);
        if (has_root)
            hashes[width++] = root;
        root = hasher_root(hasher, hashes, width);
        has_root = true;
    }
    return root;
}

static enum status log_write_state(struct audit_log *log, uint64_t position,
                                   struct failure *failure)
{
    struct buffer bytes;
    struct audit_state state = {
        .size = log->edge.size,
        .position = position,
        .batch_size = log->state.size,
        .batch_position = log->state.position,
        .root = edge_root(&log->edge, log->hasher),
    };
    buffer_init(&bytes);
    audit_state_write(&state, log->hasher, &bytes);
    enum status status = files_replace(log->files, state_file, buffer_view(&bytes), failure);
    if (status == STATUS_OK)
        status = files_flush(log->files, failure);
    buffer_fini(&bytes);
    if (status == STATUS_OK) {
        log->state = state;
        atomic_store(&log->size, state.size);
    }
    return status;
}

static enum status log_publish(struct audit_log *log, struct failure *failure)
{
    struct buffer note;
    struct checkpoint checkpoint = {log->state.size, log->state.root};
    buffer_init(&note);
    checkpoint_sign(log->signer, &checkpoint, &note);
    enum status status = files_replace(log->files, checkpoint_file, buffer_view(&note), failure);
    buffer_fini(&note);
    return status;
}

/* Of the tiles that were partial before the last batch and are full now. */
static void log_remove_partials(struct audit_log *log)
{
    for (unsigned level = 0; level < TILE_KINDS; level++) {
        char folder[TILE_PATH_BYTES];
        struct tile before = tile_edge(level, log->state.batch_size);
        if (before.width == 0 || tile_at(level, before.index, log->state.size).width < TILE_WIDTH)
            continue;
        tile_partial_folder(&before, folder);
        files_remove(log->files, folder);
    }
}

enum status audit_log_append(struct audit_log *log, const struct view *entries, size_t count,
                             uint64_t position, struct failure *failure)
{
    enum status status = STATUS_OK;
    assert(!log->is_failed && position <= INT64_MAX);
    for (size_t i = 0; i < count; i++)
        if (entries[i].size > TILE_ENTRY_BYTES_MAX)
            return failure_set(failure, STATUS_TOO_LARGE,
                               "an entry of %zu bytes does not fit into the audit log",
                               entries[i].size);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = log_add(log, entries[i], failure);
    if (status == STATUS_OK)
        status = log_write_edge(log, failure);
    if (status == STATUS_OK)
        status = files_flush(log->files, failure);
    if (status == STATUS_OK)
        status = log_write_state(log, position, failure);
    if (status == STATUS_OK)
        status = log_publish(log, failure);
    if (status == STATUS_OK)
        log_remove_partials(log);
    log->is_failed = status != STATUS_OK;
    return status;
}

/* ---- Opening ---- */

static enum status log_corrupt(const struct audit_log *log, const char *file, const char *what,
                               struct failure *failure)
{
    return failure_set(failure, STATUS_CORRUPT,
                       "the audit log's file %s/%s %s: put back the whole directory from a backup; "
                       "nothing was changed",
                       log->directory, file, what);
}

static void log_found(void *context, const char *name, bool is_folder)
{
    bool *is_empty = context;
    (void)is_folder;
    if (strcmp(name, checkpoint_file) == 0 || strcmp(name, "tile") == 0)
        *is_empty = false;
}

/* The first state of a log, in a directory without one. */
static enum status log_begin(struct audit_log *log, struct failure *failure)
{
    bool is_empty = true;
    enum status status = files_list(log->files, ".", log_found, &is_empty);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the directory %s cannot be read", log->directory);
    if (!is_empty)
        return log_corrupt(log, state_file, "is missing", failure);
    log->state = (struct audit_state){.size = 0};
    return log_write_state(log, 0, failure);
}

static enum status log_read_state(struct audit_log *log, struct failure *failure)
{
    struct buffer bytes;
    buffer_init(&bytes);
    enum status status = files_read(log->files, state_file, AUDIT_STATE_BYTES_MAX, &bytes, failure);
    if (status == STATUS_NOT_FOUND)
        status = log_begin(log, failure);
    else if (status == STATUS_TOO_LARGE ||
             (status == STATUS_OK &&
              !audit_state_read(buffer_view(&bytes), log->hasher, &log->state)))
        status = log_corrupt(log, state_file, "cannot be understood", failure);
    buffer_fini(&bytes);
    return status;
}

static enum status log_read_edge(struct audit_log *log, struct failure *failure)
{
    struct edge *edge = &log->edge;
    struct tree tree = {log->files, log->hasher, log->state.size};
    struct view entries[TILE_WIDTH];
    struct tile tile = tile_edge(TILE_ENTRIES, log->state.size);
    enum status status = STATUS_OK;
    edge->size = log->state.size;
    buffer_consume(&edge->bundle, buffer_size(&edge->bundle));
    for (unsigned level = 0; level < TILE_LEVELS && status == STATUS_OK; level++) {
        struct tile hashes = tile_edge(level, edge->size);
        if (hashes.width > 0)
            status = tree_read_tile(&tree, &hashes, edge->hashes[level], failure);
    }
    if (status == STATUS_OK && tile.width > 0)
        status = tree_read_bundle(&tree, &tile, &edge->bundle, entries, failure);
    for (unsigned i = 0; i < tile.width && status == STATUS_OK; i++) {
        struct hash hash = hasher_leaf(log->hasher, entries[i]);
        if (!hash_equal(&hash, &edge->hashes[0][i]))
            status = log_corrupt(log, "tile", "does not fit its entries", failure);
    }
    if (status != STATUS_OK)
        return status;
    struct hash root = edge_root(edge, log->hasher);
    return hash_equal(&root, &log->state.root)
               ? STATUS_OK
               : log_corrupt(log, state_file, "does not fit the tiles", failure);
}

/* The checkpoint that is out must be one that the log continues. */
static enum status log_check_checkpoint(struct audit_log *log, struct checkpoint *checkpoint,
                                        struct failure *failure)
{
    struct buffer note;
    struct failure why;
    struct hash root;
    struct tree tree = {log->files, log->hasher, log->state.size};
    buffer_init(&note);
    enum status status = files_read(log->files, checkpoint_file, NOTE_BYTES_MAX, &note, failure);
    if (status == STATUS_NOT_FOUND) {
        *checkpoint = (struct checkpoint){.size = UINT64_MAX};
        buffer_fini(&note);
        return STATUS_OK;
    }
    if (status == STATUS_OK && (status = checkpoint_verify(buffer_view(&note), &log->signer->key,
                                                           checkpoint, &why)) != STATUS_OK)
        failure_set(failure, status,
                    "the checkpoint in %s is not this server's: %s; put back the log and the key "
                    "(audit.key) that belong together",
                    log->directory, why.text);
    buffer_fini(&note);
    if (status == STATUS_OK && checkpoint->size > log->state.size)
        status = log_corrupt(log, state_file, "is older than the checkpoint", failure);
    if (status == STATUS_OK)
        status = tree_hash(&tree, 0, checkpoint->size, &root, failure);
    if (status == STATUS_OK && !hash_equal(&root, &checkpoint->root))
        status = log_corrupt(log, checkpoint_file, "does not fit the tiles", failure);
    return status;
}

enum status audit_log_reload(struct audit_log *log, struct failure *failure)
{
    struct checkpoint checkpoint;
    files_reset(log->files);
    /* The state that is found may not be durable yet; nothing may be built on it before it is. */
    enum status status = files_flush(log->files, failure);
    if (status == STATUS_OK)
        status = log_read_state(log, failure);
    if (status == STATUS_OK)
        status = log_read_edge(log, failure);
    if (status == STATUS_OK)
        status = log_check_checkpoint(log, &checkpoint, failure);
    if (status == STATUS_OK) {
        atomic_store(&log->size, log->state.size);
        sweep_run(log->files, log->state.size);
        if (checkpoint.size != log->state.size)
            status = log_publish(log, failure);
    }
    log->is_failed = status != STATUS_OK;
    return status;
}

enum status audit_log_open(const char *directory, const struct note_signer *signer,
                           struct audit_log **opened, struct failure *failure)
{
    struct audit_log *log = memory_new(sizeof(*log));
    log->directory = memory_copy(directory, strlen(directory));
    log->hasher = hasher_new();
    log->signer = signer;
    buffer_init(&log->edge.bundle);
    enum status status = files_open(directory, FILES_OWN, &log->files, failure);
    if (status == STATUS_OK)
        status = audit_log_reload(log, failure);
    if (status != STATUS_OK) {
        audit_log_close(log);
        return status;
    }
    *opened = log;
    return STATUS_OK;
}

void audit_log_close(struct audit_log *log)
{
    if (log == NULL)
        return;
    files_close(log->files);
    hasher_free(log->hasher);
    buffer_fini(&log->edge.bundle);
    free(log->directory);
    free(log);
}

/* ---- Reading ---- */

const struct audit_state *audit_log_state(const struct audit_log *log)
{
    return &log->state;
}

uint64_t audit_log_size(const struct audit_log *log)
{
    return atomic_load(&log->size);
}

enum status audit_log_read(const struct audit_log *log, uint64_t index, size_t count,
                           struct arena *arena, struct view *entries, struct failure *failure)
{
    struct tree tree = {log->files, NULL, audit_log_size(log)};
    return tree_read_entries(&tree, index, count, arena, entries, failure);
}
