#include "storage/audit/key.h"

#include "storage/audit/files.h"

#include <sodium.h>

static const char secret_file[] = "audit.key";
static const char public_file[] = "audit.pub";

/* The caller's buffer is wiped by whoever read a secret into it. */
static enum status key_read_seed(struct files *files, const char *directory,
                                 uint8_t seed[NOTE_SEED_BYTES], struct failure *failure)
{
    struct buffer bytes;
    buffer_init(&bytes);
    enum status status = files_read(files, secret_file, NOTE_SEED_BYTES, &bytes, failure);
    if (status == STATUS_NOT_FOUND) {
        randombytes_buf(seed, NOTE_SEED_BYTES);
        status = files_replace(files, secret_file, view_make(seed, NOTE_SEED_BYTES), failure);
        return status == STATUS_OK ? files_flush(files, failure) : status;
    }
    if (status == STATUS_TOO_LARGE ||
        (status == STATUS_OK && buffer_size(&bytes) != NOTE_SEED_BYTES))
        status = failure_set(failure, STATUS_CORRUPT,
                             "%s/%s is not a key of %d bytes; put it back from a backup", directory,
                             secret_file, NOTE_SEED_BYTES);
    if (status == STATUS_OK && !files_is_private(files, secret_file))
        status = failure_set(failure, STATUS_UNTRUSTED,
                             "others may read the key %s/%s; run: chmod 600 %s/%s", directory,
                             secret_file, directory, secret_file);
    if (status == STATUS_OK)
        memcpy(seed, buffer_view(&bytes).data, NOTE_SEED_BYTES);
    if (bytes.data != NULL)
        sodium_memzero(bytes.data, bytes.capacity);
    buffer_fini(&bytes);
    return status;
}

static enum status key_check_public(struct files *files, const char *directory,
                                    const struct note_key *key, struct failure *failure)
{
    char line[NOTE_KEY_TEXT_BYTES];
    struct buffer bytes;
    struct note_key found;
    buffer_init(&bytes);
    note_key_format(key, line);
    enum status status = files_read(files, public_file, NOTE_KEY_TEXT_BYTES, &bytes, failure);
    if (status == STATUS_NOT_FOUND) {
        buffer_append(&bytes, line, strlen(line));
        buffer_append(&bytes, "\n", 1);
        status = files_replace(files, public_file, buffer_view(&bytes), failure);
        if (status == STATUS_OK)
            status = files_flush(files, failure);
    } else if (status == STATUS_OK && (!note_key_parse(buffer_view(&bytes), &found) ||
                                       memcmp(&found, key, sizeof(found)) != 0)) {
        status = failure_set(failure, STATUS_UNTRUSTED,
                             "%s/%s is not the public key of %s; put back the "
                             "files that belong together",
                             directory, public_file, secret_file);
    }
    buffer_fini(&bytes);
    return status;
}

/* The name under which the key was handed out; `name` where it was not yet. */
static enum status key_read_name(struct files *files, const char *name,
                                 char kept[NOTE_NAME_BYTES_MAX + 1], struct failure *failure)
{
    struct buffer bytes;
    struct note_key found;
    buffer_init(&bytes);
    snprintf(kept, NOTE_NAME_BYTES_MAX + 1, "%s", name);
    enum status status = files_read(files, public_file, NOTE_KEY_TEXT_BYTES, &bytes, failure);
    if (status == STATUS_OK && note_key_parse(buffer_view(&bytes), &found))
        memcpy(kept, found.name, sizeof(found.name));
    buffer_fini(&bytes);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status audit_key_open(const char *directory, const char *name, struct note_signer *signer,
                           struct failure *failure)
{
    struct files *files;
    char kept[NOTE_NAME_BYTES_MAX + 1];
    uint8_t seed[NOTE_SEED_BYTES];
    enum status status = files_open(directory, FILES_WRITE, &files, failure);
    if (status != STATUS_OK)
        return status;
    status = key_read_seed(files, directory, seed, failure);
    if (status == STATUS_OK)
        status = key_read_name(files, name, kept, failure);
    if (status == STATUS_OK && !note_signer_init(signer, kept, seed))
        status = failure_set(failure, STATUS_MALFORMED, "\"%s\" cannot be the name of a log", kept);
    sodium_memzero(seed, sizeof(seed));
    if (status == STATUS_OK)
        status = key_check_public(files, directory, &signer->key, failure);
    files_close(files);
    return status;
}
