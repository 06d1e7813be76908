#include "core/ids.h"

#include <sodium.h>
#include <stdio.h>

static bool id_has_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '@' || c == '-';
}

static bool id_is_made_of(struct view id, size_t bytes_max, bool with_colon)
{
    if (id.size == 0 || id.size > bytes_max)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        if (!id_has_character(id.data[i]) && !(with_colon && id.data[i] == ':'))
            return false;
    }
    return true;
}

bool id_is_conversation(struct view id)
{
    return id_is_made_of(id, LIMIT_CONVERSATION_ID_BYTES_MAX, true);
}

bool id_is_user(struct view id)
{
    return id_is_made_of(id, LIMIT_USER_ID_BYTES_MAX, false);
}

bool id_is_device(struct view id)
{
    return id_is_made_of(id, LIMIT_DEVICE_ID_BYTES_MAX, true);
}

struct view id_direct_conversation(struct arena *arena, struct view a, struct view b)
{
    char text[2 * LIMIT_USER_ID_BYTES_MAX + 4];
    struct view first = view_compare(a, b) <= 0 ? a : b;
    struct view second = view_compare(a, b) <= 0 ? b : a;
    int size = snprintf(text, sizeof(text), "d:%.*s:%.*s", VIEW_PRINT(first), VIEW_PRINT(second));
    if (size <= LIMIT_CONVERSATION_ID_BYTES_MAX)
        return arena_copy(arena, view_make(text, (size_t)size));

    uint8_t hash[28];
    char hex[3 + 2 * sizeof(hash) + 1] = "dh:";
    crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, (unsigned long long)size, NULL,
                       0);
    sodium_bin2hex(hex + 3, sizeof(hex) - 3, hash, sizeof(hash));
    return arena_copy(arena, view_of(hex));
}

struct view id_created_conversation(struct arena *arena, const struct uuid *creation_id)
{
    char hex[2 + 2 * UUID_BYTES + 1] = "g:";
    sodium_bin2hex(hex + 2, sizeof(hex) - 2, creation_id->bytes, UUID_BYTES);
    return arena_copy(arena, view_of(hex));
}
