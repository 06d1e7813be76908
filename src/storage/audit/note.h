/* Signed notes with Ed25519 (C2SP signed-note), and the checkpoint that a log signs (C2SP
 * tlog-checkpoint): its origin, which is the key's name, its size and its root.
 *
 *   unsay/0195d3a1-...                             the text: origin
 *   20852163                                       size
 *   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root
 *
 *   — unsay/0195d3a1-... Az3grlgtzPICa5OS8npV...   key id and signature
 *
 * The public key is handed out as a line: NAME+KEYID+BASE64. */
#ifndef UNSAY_STORAGE_AUDIT_NOTE_H
#define UNSAY_STORAGE_AUDIT_NOTE_H

#include "base/buffer.h"
#include "base/status.h"
#include "storage/audit/hash.h"

enum {
    NOTE_NAME_BYTES_MAX = 128,
    NOTE_KEY_TEXT_BYTES = 256,
    NOTE_SEED_BYTES = 32,
    NOTE_BYTES_MAX = 16384
};

struct note_key {
    char name[NOTE_NAME_BYTES_MAX + 1];
    uint8_t id[4];
    uint8_t public_key[32];
};

struct note_signer {
    struct note_key key;
    uint8_t secret[64];
};

/* Where a log stood. */
struct checkpoint {
    uint64_t size; /* entries */
    struct hash root;
};

/* False when the name is empty, too long, or holds spaces, plus signs or what is not ASCII. */
bool note_signer_init(struct note_signer *signer, const char *name,
                      const uint8_t seed[NOTE_SEED_BYTES]);

/* Overwrites the secret. */
void note_signer_fini(struct note_signer *signer);

/* The line that is handed out, without its newline. */
void note_key_format(const struct note_key *key, char text[NOTE_KEY_TEXT_BYTES]);

/* From such a line; a newline at its end is fine. */
bool note_key_parse(struct view text, struct note_key *key);

/* Appends the signed checkpoint to `note`. */
void checkpoint_sign(const struct note_signer *signer, const struct checkpoint *checkpoint,
                     struct buffer *note);

/* MALFORMED: it is no checkpoint. UNTRUSTED: it is not of this origin, or not signed by this key.
 * Where its text can be read, *checkpoint holds what it claims in any case; else its size is
 * UINT64_MAX. */
MUST_CHECK enum status checkpoint_verify(struct view note, const struct note_key *key,
                                         struct checkpoint *checkpoint, struct failure *failure);

/* What a checkpoint claims, unverified; the origin is a view into it. */
bool checkpoint_read(struct view note, struct view *origin, struct checkpoint *checkpoint);

/* Base64 with padding. */
enum { HASH_TEXT_BYTES = 45 };
void hash_format(const struct hash *hash, char text[HASH_TEXT_BYTES]);
bool hash_parse(struct view text, struct hash *hash);

/* Decimal without leading zeros; false when it is anything else or above INT64_MAX. */
bool number_parse(struct view text, uint64_t *number);

/* Takes the first line off the text, without its newline; false when no newline is left. */
bool line_take(struct view *text, struct view *line);

#endif
