#include "core/receipt.h"

#include <inttypes.h>
#include <stdio.h>

struct view receipt_text(const struct receipt *receipt, char text[RECEIPT_TEXT_BYTES_MAX])
{
    char store[2 * UUID_BYTES + 1];
    for (size_t i = 0; i < UUID_BYTES; i++)
        snprintf(store + 2 * i, 3, "%02x", receipt->store.bytes[i]);
    int size = snprintf(text, RECEIPT_TEXT_BYTES_MAX,
                        "unsay receipt v1\n%s\n%s\n%" PRIu32 "\n%s\n%s\n%" PRIu64 "\n%" PRIu64 "\n",
                        store, receipt->conversation, receipt->origin, receipt->user,
                        receipt->device, receipt->stored, receipt->time_ms);
    bool is_whole = size > 0 && size < RECEIPT_TEXT_BYTES_MAX;
    return view_make(text, is_whole ? (size_t)size : 0);
}
