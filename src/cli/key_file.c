#include "cli/key_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 2 * UNSAY_KEY_BYTES };

static bool key_decode(const char *text, size_t size, uint8_t key[UNSAY_KEY_BYTES])
{
    size_t key_bytes = 0;
    if (size == UNSAY_KEY_BYTES) {
        memcpy(key, text, UNSAY_KEY_BYTES);
        return true;
    }
    if (size == DIGITS + 1 && text[DIGITS] == '\n')
        size = DIGITS;
    return size == DIGITS &&
           sodium_hex2bin(key, UNSAY_KEY_BYTES, text, size, NULL, &key_bytes, NULL) == 0 &&
           key_bytes == UNSAY_KEY_BYTES;
}

enum status key_file_read(const char *path, uint8_t key[UNSAY_KEY_BYTES], struct failure *failure)
{
    char text[DIGITS + 2];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return failure_set(failure, STATUS_IO, "the key file %s cannot be read: %s", path,
                           strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the key stays behind */
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    bool is_key = key_decode(text, size, key);
    sodium_memzero(text, sizeof(text));
    if (is_key)
        return STATUS_OK;
    return failure_set(failure, STATUS_MALFORMED,
                       "the key file %s holds neither 32 bytes nor 64 hexadecimal digits", path);
}
