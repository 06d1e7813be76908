/* The key of a device's database, as the command line takes it: a file of 32 bytes, or of 64
 * hexadecimal digits and perhaps a newline. */
#ifndef UNSAY_CLI_KEY_FILE_H
#define UNSAY_CLI_KEY_FILE_H

#include "base/status.h"
#include "unsay/unsay.h"

MUST_CHECK enum status key_file_read(const char *path, uint8_t key[UNSAY_KEY_BYTES],
                                     struct failure *failure);

#endif
