#include "storage/audit/note.h"

#include <inttypes.h>
#include <sodium.h>

enum { NOTE_TYPE_ED25519 = 1, NOTE_SIGNATURE_BYTES = 4 + crypto_sign_BYTES };

static const char signature_start[] = "— ";

void hash_format(const struct hash *hash, char text[HASH_TEXT_BYTES])
{
    sodium_bin2base64(text, HASH_TEXT_BYTES, hash->bytes, HASH_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
}

/* Exactly `size` bytes, at most NOTE_SIGNATURE_BYTES, in the one way of writing them: libsodium
 * also takes some bytes that are no letters of base64, so what it read is written again. */
static bool base64_parse(struct view text, uint8_t *bytes, size_t size)
{
    char again[sodium_base64_ENCODED_LEN(NOTE_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    size_t parsed = 0;
    if (sodium_base642bin(bytes, size, (const char *)text.data, text.size, NULL, &parsed, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        parsed != size)
        return false;
    sodium_bin2base64(again, sizeof(again), bytes, size, sodium_base64_VARIANT_ORIGINAL);
    return view_equal(text, view_of(again));
}

bool hash_parse(struct view text, struct hash *hash)
{
    return base64_parse(text, hash->bytes, HASH_BYTES);
}

bool number_parse(struct view text, uint64_t *number)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 19 || (text.size > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *number = value;
    return value <= INT64_MAX;
}

bool line_take(struct view *text, struct view *line)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    if (end == NULL)
        return false;
    *line = view_make(text->data, (size_t)(end - text->data));
    *text = view_make(end + 1, text->size - line->size - 1);
    return true;
}

static bool note_name_is_valid(struct view name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '+')
            return false;
    return name.size > 0 && name.size <= NOTE_NAME_BYTES_MAX;
}

/* Of a key whose name and public key are filled in. */
static void note_key_make_id(struct note_key *key)
{
    static const uint8_t separator[2] = {'\n', NOTE_TYPE_ED25519};
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)key->name, strlen(key->name));
    crypto_hash_sha256_update(&state, separator, sizeof(separator));
    crypto_hash_sha256_update(&state, key->public_key, sizeof(key->public_key));
    crypto_hash_sha256_final(&state, hash);
    memcpy(key->id, hash, sizeof(key->id));
}

bool note_signer_init(struct note_signer *signer, const char *name,
                      const uint8_t seed[NOTE_SEED_BYTES])
{
    memset(signer, 0, sizeof(*signer));
    if (!note_name_is_valid(view_of(name)))
        return false;
    snprintf(signer->key.name, sizeof(signer->key.name), "%s", name);
    crypto_sign_seed_keypair(signer->key.public_key, signer->secret, seed);
    note_key_make_id(&signer->key);
    return true;
}

void note_signer_fini(struct note_signer *signer)
{
    sodium_memzero(signer->secret, sizeof(signer->secret));
}

void note_key_format(const struct note_key *key, char text[NOTE_KEY_TEXT_BYTES])
{
    uint8_t bytes[1 + sizeof(key->public_key)] = {NOTE_TYPE_ED25519};
    char base64[64];
    memcpy(bytes + 1, key->public_key, sizeof(key->public_key));
    sodium_bin2base64(base64, sizeof(base64), bytes, sizeof(bytes), sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, NOTE_KEY_TEXT_BYTES, "%s+%02x%02x%02x%02x+%s", key->name, key->id[0], key->id[1],
             key->id[2], key->id[3], base64);
}

bool note_key_parse(struct view text, struct note_key *key)
{
    char again[NOTE_KEY_TEXT_BYTES];
    uint8_t bytes[1 + sizeof(key->public_key)];
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    const uint8_t *plus = text.size == 0 ? NULL : memchr(text.data, '+', text.size);
    if (plus == NULL)
        return false;
    struct view name = view_make(text.data, (size_t)(plus - text.data));
    struct view rest = view_make(plus + 1, text.size - name.size - 1);
    if (!note_name_is_valid(name) || rest.size < 9 || rest.data[8] != '+' ||
        !base64_parse(view_make(rest.data + 9, rest.size - 9), bytes, sizeof(bytes)))
        return false;
    memset(key, 0, sizeof(*key));
    memcpy(key->name, name.data, name.size);
    memcpy(key->public_key, bytes + 1, sizeof(key->public_key));
    note_key_make_id(key);
    /* The id follows from the rest, and so does every other byte of the line. */
    note_key_format(key, again);
    return view_equal(text, view_of(again));
}

void checkpoint_sign(const struct note_signer *signer, const struct checkpoint *checkpoint,
                     struct buffer *note)
{
    char root[HASH_TEXT_BYTES];
    char text[NOTE_NAME_BYTES_MAX + 128];
    char line[NOTE_NAME_BYTES_MAX + 128];
    char base64[128];
    uint8_t signature[NOTE_SIGNATURE_BYTES];
    hash_format(&checkpoint->root, root);
    int size = snprintf(text, sizeof(text), "%s\n%" PRIu64 "\n%s\n", signer->key.name,
                        checkpoint->size, root);
    memcpy(signature, signer->key.id, sizeof(signer->key.id));
    crypto_sign_detached(signature + sizeof(signer->key.id), NULL, (const uint8_t *)text,
                         (unsigned long long)size, signer->secret);
    sodium_bin2base64(base64, sizeof(base64), signature, sizeof(signature),
                      sodium_base64_VARIANT_ORIGINAL);
    buffer_append(note, text, (size_t)size);
    size = snprintf(line, sizeof(line), "\n%s%s %s\n", signature_start, signer->key.name, base64);
    buffer_append(note, line, (size_t)size);
}

/* The text and the signature lines after the last empty line. */
static bool note_split(struct view note, struct view *text, struct view *signatures)
{
    for (size_t i = note.size; i >= 2; i--) {
        if (note.data[i - 1] != '\n' || note.data[i - 2] != '\n')
            continue;
        *text = view_make(note.data, i - 1);
        *signatures = view_make(note.data + i, note.size - i);
        return true;
    }
    return false;
}

/* Looks for the key among the lines; false when a line is malformed. */
static bool note_find_signature(struct view lines, const struct note_key *key,
                                uint8_t signature[NOTE_SIGNATURE_BYTES], bool *is_found)
{
    size_t start = strlen(signature_start);
    *is_found = false;
    for (struct view line; lines.size > 0;) {
        if (!line_take(&lines, &line) || line.size <= start ||
            memcmp(line.data, signature_start, start) != 0)
            return false;
        line = view_make(line.data + start, line.size - start);
        const uint8_t *space = memchr(line.data, ' ', line.size);
        if (space == NULL)
            return false;
        struct view name = view_make(line.data, (size_t)(space - line.data));
        struct view base64 = view_make(space + 1, line.size - name.size - 1);
        uint8_t bytes[NOTE_SIGNATURE_BYTES];
        if (!view_equal(name, view_of(key->name)) || !base64_parse(base64, bytes, sizeof(bytes)) ||
            memcmp(bytes, key->id, sizeof(key->id)) != 0)
            continue; /* of a key that is not ours */
        memcpy(signature, bytes, sizeof(bytes));
        *is_found = true;
    }
    return true;
}

bool checkpoint_read(struct view note, struct view *origin, struct checkpoint *checkpoint)
{
    struct view size;
    struct view root;
    return line_take(&note, origin) && line_take(&note, &size) && line_take(&note, &root) &&
           number_parse(size, &checkpoint->size) && hash_parse(root, &checkpoint->root);
}

enum status checkpoint_verify(struct view note, const struct note_key *key,
                              struct checkpoint *checkpoint, struct failure *failure)
{
    struct view text;
    struct view lines;
    struct view origin;
    uint8_t signature[NOTE_SIGNATURE_BYTES];
    bool is_found = false;
    *checkpoint = (struct checkpoint){.size = UINT64_MAX};
    if (!note_split(note, &text, &lines) || !checkpoint_read(text, &origin, checkpoint)) {
        checkpoint->size = UINT64_MAX;
        return failure_set(failure, STATUS_MALFORMED, "it is not a checkpoint");
    }
    if (!note_find_signature(lines, key, signature, &is_found))
        return failure_set(failure, STATUS_MALFORMED, "a signature line is malformed");
    if (!view_equal(origin, view_of(key->name)))
        return failure_set(failure, STATUS_UNTRUSTED, "it is of the log %.*s, not of %s",
                           (int)(origin.size > 128 ? 128 : origin.size), (const char *)origin.data,
                           key->name);
    if (!is_found)
        return failure_set(failure, STATUS_UNTRUSTED, "it is not signed by the key of %s",
                           key->name);
    if (crypto_sign_verify_detached(signature + sizeof(key->id), text.data, text.size,
                                    key->public_key) != 0)
        return failure_set(failure, STATUS_UNTRUSTED, "its signature does not fit its text");
    return STATUS_OK;
}
