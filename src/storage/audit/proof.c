#include "storage/audit/proof.h"

#include "base/memory.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>

static const char first_line[] = "c2sp.org/tlog-proof@v1";
static const char extra_start[] = "extra ";
static const char index_start[] = "index ";

__attribute__((format(printf, 2, 3))) static void append(struct buffer *text, const char *format,
                                                         ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    buffer_append(text, line, (size_t)size);
}

static void append_entry(struct buffer *text, struct view entry)
{
    size_t room = sodium_base64_ENCODED_LEN(entry.size, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = memory_new(room);
    sodium_bin2base64(base64, room, entry.data, entry.size, sodium_base64_VARIANT_ORIGINAL);
    append(text, "%s\n%s", first_line, extra_start);
    buffer_append(text, base64, strlen(base64));
    free(base64);
}

enum status proof_write(const struct tree *tree, struct view checkpoint, uint64_t index,
                        struct buffer *text, struct failure *failure)
{
    struct arena arena;
    struct view entry;
    struct hash hashes[PROOF_HASHES_MAX];
    unsigned count = 0;
    arena_init(&arena);
    enum status status = tree_read_entries(tree, index, 1, &arena, &entry, failure);
    if (status == STATUS_OK)
        status = tree_prove(tree, index, hashes, &count, failure);
    if (status == STATUS_OK) {
        append_entry(text, entry);
        append(text, "\n%s%" PRIu64 "\n", index_start, index);
        for (unsigned i = 0; i < count; i++) {
            char base64[HASH_TEXT_BYTES];
            hash_format(&hashes[i], base64);
            append(text, "%s\n", base64);
        }
        append(text, "\n");
        buffer_append(text, checkpoint.data, checkpoint.size);
    }
    arena_fini(&arena);
    return status;
}

/* The line after its start; false when it starts otherwise. */
static bool line_after(struct view line, const char *start, struct view *rest)
{
    size_t size = strlen(start);
    if (line.size < size || memcmp(line.data, start, size) != 0)
        return false;
    *rest = view_make(line.data + size, line.size - size);
    return true;
}

static bool proof_read(struct view *text, struct proof *proof, struct hash hashes[PROOF_HASHES_MAX],
                       unsigned *count)
{
    struct view line;
    struct view rest;
    size_t size = 0;
    if (!line_take(text, &line) || !view_equal(line, view_of(first_line)) ||
        !line_take(text, &line) || !line_after(line, extra_start, &rest) ||
        rest.size > PROOF_BYTES_MAX ||
        sodium_base642bin(buffer_reserve(&proof->entry, rest.size + 1), rest.size + 1,
                          (const char *)rest.data, rest.size, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    buffer_grow(&proof->entry, size);
    if (!line_take(text, &line) || !line_after(line, index_start, &rest) ||
        !number_parse(rest, &proof->index))
        return false;
    for (*count = 0; line_take(text, &line); (*count)++) {
        if (line.size == 0)
            return true;
        if (*count == PROOF_HASHES_MAX || !hash_parse(line, &hashes[*count]))
            return false;
    }
    return false;
}

enum status proof_verify(struct view text, const struct note_key *key, struct proof *proof,
                         struct failure *failure)
{
    struct hash hashes[PROOF_HASHES_MAX];
    struct failure why;
    unsigned count = 0;
    buffer_init(&proof->entry);
    if (!proof_read(&text, proof, hashes, &count))
        return failure_set(failure, STATUS_MALFORMED, "it is not a proof that \"prove\" wrote");
    enum status status = checkpoint_verify(text, key, &proof->checkpoint, &why);
    if (status != STATUS_OK)
        return failure_set(failure, status, "its checkpoint: %s", why.text);
    struct hasher *hasher = hasher_new();
    struct hash leaf = hasher_leaf(hasher, buffer_view(&proof->entry));
    bool is_proven = proof_check(hasher, proof->index, proof->checkpoint.size, leaf, hashes, count,
                                 &proof->checkpoint.root);
    hasher_free(hasher);
    if (!is_proven)
        return failure_set(failure, STATUS_UNTRUSTED,
                           "the entry is not at index %" PRIu64
                           " of the log that the checkpoint stands for",
                           proof->index);
    return STATUS_OK;
}
