#include "base/utf8.h"

/* The length of a sequence by its first byte, and the range of its second; 0 when none starts so.
 */
static size_t utf8_sequence(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    if (first == 0xe0)
        *low = 0xa0;
    else if (first == 0xed)
        *high = 0x9f;
    else if (first == 0xf0)
        *low = 0x90;
    else if (first == 0xf4)
        *high = 0x8f;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool utf8_is_valid(struct view text)
{
    for (size_t at = 0; at < text.size;) {
        uint8_t low, high;
        size_t size = utf8_sequence(text.data[at], &low, &high);
        if (size == 0 || size > text.size - at)
            return false;
        for (size_t i = 1; i < size; i++) {
            uint8_t byte = text.data[at + i];
            if (byte < low || byte > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
        at += size;
    }
    return true;
}
