#include "storage/audit/verify.h"

#include "base/memory.h"
#include "storage/audit/state.h"
#include "storage/audit/tree.h"
#include "storage/audit/verify_bundle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

enum { VERIFY_PROGRESS_TILES = 64, VERIFY_DEPTH_MAX = 10 };

/* What the level above says about a tile. */
struct claim {
    const struct hash *hash; /* of the whole tile; NULL: nothing is said */
    bool is_sure;            /* the signed root vouches for it */
};

struct verifier {
    struct verification *verification;
    struct files *files;
    struct tree tree;
    bool has_root;  /* there is a root to go by, at least that of the state */
    bool is_signed; /* it is the checkpoint's */
    uint64_t bundles;
};

static void verifier_report(struct verifier *verifier, const struct finding *finding)
{
    verifier->verification->problems += finding->kind != FINDING_NOTE;
    verifier->verification->on_finding(verifier->verification->context, finding);
}

__attribute__((format(printf, 4, 5))) static void verifier_find(struct verifier *verifier,
                                                                enum finding_kind kind,
                                                                const char *file,
                                                                const char *format, ...)
{
    va_list arguments;
    struct finding finding = {.kind = kind};
    snprintf(finding.file, sizeof(finding.file), "%s", file);
    va_start(arguments, format);
    vsnprintf(finding.text, sizeof(finding.text), format, arguments);
    va_end(arguments);
    verifier_report(verifier, &finding);
}

/* "entries 256 to 511": what lies under a tile. */
static const char *tile_describe(const struct tile *tile, char text[64])
{
    unsigned shift = tile_shift(tile->level);
    uint64_t first = (tile->index * TILE_WIDTH) << shift;
    snprintf(text, 64, "entries %" PRIu64 " to %" PRIu64, first,
             first + ((uint64_t)tile->width << shift) - 1);
    return text;
}

/* Reads a file of exactly the form that it should have, or says what is wrong with it. */
static bool verifier_read_tile(struct verifier *verifier, const struct tile *tile,
                               struct hash stored[TILE_WIDTH])
{
    struct buffer bytes;
    struct failure failure;
    char path[TILE_PATH_BYTES];
    unsigned width;
    buffer_init(&bytes);
    tile_path(tile, path);
    enum status status = tree_read_file(&verifier->tree, tile, &bytes, &width, &failure);
    size_t size = (size_t)width * HASH_BYTES;
    bool is_whole = status == STATUS_OK && buffer_size(&bytes) == size;
    if (status == STATUS_NOT_FOUND)
        verifier_find(verifier, FINDING_FILE, path, "the hash tile is missing");
    else if (status != STATUS_OK)
        verifier_find(verifier, FINDING_FILE, path, "%s", failure.text);
    else if (!is_whole)
        verifier_find(verifier, FINDING_FILE, path, "the hash tile has %zu bytes instead of %zu",
                      buffer_size(&bytes), size);
    if (is_whole)
        memcpy(stored, buffer_view(&bytes).data, (size_t)tile->width * HASH_BYTES);
    buffer_fini(&bytes);
    return is_whole;
}

/* The hashes of a tile as the entries under it give them; false when an entry is missing. */
static bool verifier_compute(struct verifier *verifier, const struct tile *tile,
                             struct hash hashes[TILE_WIDTH])
{
    struct hash below[TILE_WIDTH];
    if (tile->level == 0)
        return bundle_hash(&verifier->tree, tile, hashes);
    for (unsigned i = 0; i < tile->width; i++) {
        struct tile child = {tile->level - 1, tile->index * TILE_WIDTH + i, TILE_WIDTH};
        if (!verifier_compute(verifier, &child, below))
            return false;
        hashes[i] = hasher_root(verifier->tree.hasher, below, TILE_WIDTH);
    }
    return true;
}

static void verifier_bundle(struct verifier *verifier, const struct tile *tile,
                            const struct hash *truth, bool is_sure)
{
    struct verification *verification = verifier->verification;
    struct bundle_check check = {
        .tree = &verifier->tree,
        .tile = {TILE_ENTRIES, tile->index, tile->width},
        .truth = truth,
        .is_sure = is_sure,
    };
    struct finding findings[BUNDLE_FINDINGS_MAX];
    unsigned count = bundle_verify(&check, findings);
    for (unsigned i = 0; i < count; i++)
        verifier_report(verifier, &findings[i]);
    if (verification->on_progress != NULL && ++verifier->bundles % VERIFY_PROGRESS_TILES == 0)
        verification->on_progress(verification->context, tile->index * TILE_WIDTH + tile->width,
                                  verifier->tree.size);
}

static void verifier_tile(struct verifier *verifier, const struct tile *tile, struct claim claim);

/* Goes on below a tile whose hashes are known, or only believed (`truth`, NULL: not even that). */
static void verifier_below(struct verifier *verifier, const struct tile *tile,
                           const struct hash *truth, bool is_sure)
{
    if (tile->level == 0) {
        verifier_bundle(verifier, tile, truth, is_sure);
        return;
    }
    for (unsigned i = 0; i < tile->width; i++) {
        struct tile child = {tile->level - 1, tile->index * TILE_WIDTH + i, TILE_WIDTH};
        verifier_tile(verifier, &child,
                      (struct claim){truth == NULL ? NULL : &truth[i], is_sure && truth != NULL});
    }
}

static void verifier_tile(struct verifier *verifier, const struct tile *tile, struct claim claim)
{
    char path[TILE_PATH_BYTES];
    char range[64];
    struct hash stored[TILE_WIDTH];
    struct hash computed[TILE_WIDTH];
    struct hash root;
    tile_path(tile, path);
    bool has_stored = verifier_read_tile(verifier, tile, stored);
    if (has_stored) {
        root = hasher_root(verifier->tree.hasher, stored, tile->width);
        if (claim.hash == NULL || hash_equal(&root, claim.hash)) {
            verifier_below(verifier, tile, stored, claim.is_sure);
            return;
        }
    }
    if (!has_stored && claim.hash == NULL)
        return; /* nothing is known of what lies below */
    bool has_computed = claim.hash != NULL && verifier_compute(verifier, tile, computed);
    if (has_computed) {
        root = hasher_root(verifier->tree.hasher, computed, tile->width);
        has_computed = hash_equal(&root, claim.hash);
    }
    if (has_computed && has_stored)
        verifier_find(verifier, FINDING_FILE, path,
                      "the hash tile was changed; the %s are as they were logged",
                      tile_describe(tile, range));
    else if (!has_computed && has_stored)
        verifier_find(
            verifier, FINDING_FILE, path, "neither this hash tile nor the %s give the hash that %s",
            tile_describe(tile, range), claim.is_sure ? "was signed" : "the tile above has");
    else if (!has_computed && tile->level == 0)
        verifier_find(verifier, FINDING_FILE, path,
                      "without it: the %s do not give the hash that %s", tile_describe(tile, range),
                      claim.is_sure ? "was signed" : "the tile above has");
    if (has_computed)
        verifier_below(verifier, tile, computed, claim.is_sure);
    else
        verifier_below(verifier, tile, has_stored ? stored : NULL, false);
}

/* ---- The right edge: the tiles that are not full, which give the root ---- */

struct edge_hashes {
    struct hash hashes[TILE_LEVELS][TILE_WIDTH];
    bool is_there[TILE_LEVELS];
};

static bool edge_gives(const struct verifier *verifier, const struct edge_hashes *edge,
                       const struct hash *expected)
{
    struct hash hashes[TILE_WIDTH];
    struct hash root = hasher_root(verifier->tree.hasher, NULL, 0);
    bool has_root = false;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        size_t width = tile_edge(level, verifier->tree.size).width;
        if (width == 0)
            continue;
        if (!edge->is_there[level])
            return false;
        memcpy(hashes, edge->hashes[level], width * HASH_BYTES);
        if (has_root)
            hashes[width++] = root;
        root = hasher_root(verifier->tree.hasher, hashes, width);
        has_root = true;
    }
    return hash_equal(&root, expected);
}

static void verifier_edge(struct verifier *verifier)
{
    struct edge_hashes *stored = memory_new(sizeof(*stored));
    struct edge_hashes *computed = memory_new(sizeof(*computed));
    const struct hash *root = &verifier->verification->checkpoint.root;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct tile tile = tile_edge(level, verifier->tree.size);
        stored->is_there[level] =
            tile.width > 0 && verifier_read_tile(verifier, &tile, stored->hashes[level]);
    }
    bool is_stored = verifier->has_root && edge_gives(verifier, stored, root);
    for (unsigned level = 0; level < TILE_LEVELS && !is_stored; level++) {
        struct tile tile = tile_edge(level, verifier->tree.size);
        computed->is_there[level] =
            tile.width > 0 && verifier_compute(verifier, &tile, computed->hashes[level]);
    }
    bool is_computed = !is_stored && verifier->has_root && edge_gives(verifier, computed, root);
    if (verifier->has_root && !is_stored && !is_computed)
        verifier_find(verifier, FINDING_CHECKPOINT, "checkpoint",
                      "the root is not that of the %" PRIu64 " entries and hashes that are here",
                      verifier->tree.size);
    for (unsigned level = TILE_LEVELS; level-- > 0;) {
        char path[TILE_PATH_BYTES];
        struct tile tile = tile_edge(level, verifier->tree.size);
        if (tile.width == 0)
            continue;
        tile_path(&tile, path);
        if (is_computed && stored->is_there[level] &&
            memcmp(stored->hashes[level], computed->hashes[level],
                   (size_t)tile.width * HASH_BYTES) != 0)
            verifier_find(
                verifier, FINDING_FILE, path,
                "the hash tile was changed; the entries under it are as they were logged");
        verifier_below(verifier, &tile,
                       is_computed               ? computed->hashes[level]
                       : stored->is_there[level] ? stored->hashes[level]
                                                 : NULL,
                       verifier->is_signed && (is_stored || is_computed));
    }
    free(stored);
    free(computed);
}

/* ---- Checkpoint, state, earlier checkpoint ---- */

static void verifier_checkpoint(struct verifier *verifier)
{
    struct verification *verification = verifier->verification;
    struct buffer note;
    struct failure failure;
    buffer_init(&note);
    enum status status = files_read(verifier->files, "checkpoint", NOTE_BYTES_MAX, &note, &failure);
    verification->checkpoint.size = UINT64_MAX;
    if (status == STATUS_OK)
        status = checkpoint_verify(buffer_view(&note), verification->key, &verification->checkpoint,
                                   &failure);
    if (status != STATUS_OK)
        verifier_find(verifier, FINDING_CHECKPOINT, "checkpoint", "%s",
                      status == STATUS_NOT_FOUND ? "it is missing" : failure.text);
    buffer_fini(&note);
    verifier->is_signed = verifier->has_root = status == STATUS_OK;
    if (verification->checkpoint.size == UINT64_MAX)
        verification->checkpoint.size = 0;
    verifier->tree.size = verification->checkpoint.size;
}

static void verifier_state(struct verifier *verifier)
{
    struct checkpoint *checkpoint = &verifier->verification->checkpoint;
    struct buffer bytes;
    struct audit_state state;
    buffer_init(&bytes);
    enum status status = files_read(verifier->files, "state", AUDIT_STATE_BYTES_MAX, &bytes, NULL);
    bool is_read =
        status == STATUS_OK && audit_state_read(buffer_view(&bytes), verifier->tree.hasher, &state);
    buffer_fini(&bytes);
    if (status == STATUS_NOT_FOUND)
        return; /* a published copy has none */
    if (!is_read) {
        verifier_find(verifier, FINDING_FILE, "state", "it was changed");
    } else if (!verifier->is_signed) {
        /* What else is damaged can still be found, by what the server believed. */
        *checkpoint = (struct checkpoint){state.size, state.root};
        verifier->tree.size = state.size;
        verifier->has_root = true;
    } else if (state.size < checkpoint->size ||
               (state.size == checkpoint->size && !hash_equal(&state.root, &checkpoint->root))) {
        verifier_find(verifier, FINDING_FILE, "state",
                      "it tells of another log than the checkpoint, or of an older one");
    }
}

static void verifier_since(struct verifier *verifier)
{
    struct checkpoint since;
    struct failure failure;
    struct hash root;
    const struct verification *verification = verifier->verification;
    if (!verification->has_since)
        return;
    if (checkpoint_verify(verification->since, verification->key, &since, &failure) != STATUS_OK) {
        verifier_find(verifier, FINDING_CHECKPOINT, "", "the earlier checkpoint: %s", failure.text);
        return;
    }
    if (since.size > verifier->tree.size) {
        verifier_find(verifier, FINDING_CHECKPOINT, "checkpoint",
                      "the log had %" PRIu64 " entries earlier; now it has %" PRIu64, since.size,
                      verifier->tree.size);
        return;
    }
    if (tree_hash(&verifier->tree, 0, since.size, &root, NULL) != STATUS_OK ||
        !hash_equal(&root, &since.root))
        verifier_find(verifier, FINDING_CHECKPOINT, "checkpoint",
                      "the first %" PRIu64 " entries are not those that were signed earlier",
                      since.size);
    else if (verification->problems > 0)
        verifier_find(verifier, FINDING_NOTE, "",
                      "the hashes of the first %" PRIu64 " entries are as they were signed earlier",
                      since.size);
}

/* ---- What else lies in the directory ---- */

struct leftovers {
    struct verifier *verifier;
    const char *folder; /* "." or a path */
    unsigned depth;
};

/* An older partial file must be the beginning of what took its place. */
static void verifier_partial(struct verifier *verifier, const struct tile *tile, const char *path)
{
    struct buffer old;
    struct buffer now;
    struct tile actual = tile_at(tile->level, tile->index, verifier->tree.size);
    struct view entries[TILE_WIDTH];
    unsigned count = 0;
    unsigned width;
    buffer_init(&old);
    buffer_init(&now);
    enum status status = tree_read_file(&verifier->tree, &actual, &now, &width, NULL);
    if (status == STATUS_OK) /* without it there is a finding already */
        status = files_read(verifier->files, path, TILE_BYTES_MAX, &old, NULL);
    size_t size = buffer_size(&old);
    bool is_whole = tile->level == TILE_ENTRIES
                        ? bundle_read(buffer_view(&old), entries, &count) && count == tile->width
                        : size == (size_t)tile->width * HASH_BYTES;
    bool is_prefix =
        size <= buffer_size(&now) &&
        (size == 0 || memcmp(buffer_view(&old).data, buffer_view(&now).data, size) == 0);
    if (status == STATUS_OK && (!is_whole || !is_prefix))
        verifier_find(verifier, FINDING_FILE, path,
                      "it is not the beginning of the file that took its place");
    buffer_fini(&old);
    buffer_fini(&now);
}

static void verifier_file(struct verifier *verifier, const char *path)
{
    struct tile tile;
    if (strcmp(path, "checkpoint") == 0 || strcmp(path, "state") == 0)
        return;
    if (strcmp(path, "checkpoint.new") == 0 || strcmp(path, "state.new") == 0) {
        verifier_find(verifier, FINDING_NOTE, path, "is being written, or a crash left it behind");
        return;
    }
    if (!tile_parse(path, &tile)) {
        verifier_find(verifier, FINDING_FILE, path, "it is no part of a log");
        return;
    }
    unsigned width = tile_at(tile.level, tile.index, verifier->tree.size).width;
    if (tile.width > width)
        verifier_find(verifier, FINDING_NOTE, path,
                      "goes beyond the checkpoint: not yet signed, and not part of the log so far");
    else if (tile.width < width)
        verifier_partial(verifier, &tile, path);
}

static void leftovers_found(void *context, const char *name, bool is_folder)
{
    struct leftovers *leftovers = context;
    struct verifier *verifier = leftovers->verifier;
    char path[2 * TILE_PATH_BYTES];
    bool is_top = strcmp(leftovers->folder, ".") == 0;
    int length = snprintf(path, sizeof(path), "%s%s%s", is_top ? "" : leftovers->folder,
                          is_top ? "" : "/", name);
    if (length < 0 || (size_t)length >= sizeof(path) || leftovers->depth == VERIFY_DEPTH_MAX) {
        verifier_find(verifier, FINDING_FILE, leftovers->folder,
                      "something in it is no part of a log");
    } else if (is_folder) {
        struct leftovers inside = {verifier, path, leftovers->depth + 1};
        if (files_list(verifier->files, path, leftovers_found, &inside) == STATUS_IO)
            verifier_find(verifier, FINDING_FILE, path, "the folder cannot be read");
    } else {
        verifier_file(verifier, path);
    }
}

enum status audit_verify(struct verification *verification, struct failure *failure)
{
    struct verifier verifier = {.verification = verification};
    verification->problems = 0;
    enum status status = files_open(verification->directory, FILES_READ, &verifier.files, failure);
    if (status != STATUS_OK)
        return status;
    verifier.tree = (struct tree){verifier.files, hasher_new(), 0};
    verifier_checkpoint(&verifier);
    verifier_state(&verifier);
    verifier_edge(&verifier);
    verifier_since(&verifier);
    struct leftovers top = {&verifier, ".", 0};
    status = files_list(verifier.files, ".", leftovers_found, &top);
    if (status != STATUS_OK)
        failure_set(failure, status, "the directory %s cannot be read", verification->directory);
    hasher_free(verifier.tree.hasher);
    files_close(verifier.files);
    return status;
}
