#include "base/uuid.h"

struct uuid uuid_v7(uint64_t unix_ms, const uint8_t random[10])
{
    struct uuid uuid;
    for (int i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    memcpy(uuid.bytes + 6, random, 10);
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x70);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

bool uuid_increment(struct uuid *uuid)
{
    for (int i = UUID_BYTES - 1; i >= 0; i--) {
        if (++uuid->bytes[i] != 0)
            return true;
    }
    return false;
}

static bool uuid_hyphen_at(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;
    for (int i = 0; i < UUID_BYTES; i++) {
        if (uuid_hyphen_at(i))
            *out++ = '-';
        *out++ = digits[uuid->bytes[i] >> 4];
        *out++ = digits[uuid->bytes[i] & 15];
    }
    *out = 0;
}

static int uuid_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(struct view text, struct uuid *uuid)
{
    if (text.size != UUID_TEXT_BYTES)
        return false;
    const uint8_t *in = text.data;
    for (int i = 0; i < UUID_BYTES; i++) {
        if (uuid_hyphen_at(i) && *in++ != '-')
            return false;
        int high = uuid_digit(in[0]);
        int low = uuid_digit(in[1]);
        if (high < 0 || low < 0)
            return false;
        uuid->bytes[i] = (uint8_t)(high << 4 | low);
        in += 2;
    }
    return true;
}
