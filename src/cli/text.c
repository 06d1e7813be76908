#include "cli/text.h"

#include <stdbool.h>
#include <stdlib.h>

static const struct {
    const char *english;
    const char *chinese;
} texts[] = {
#define TEXT(name, english, chinese) {english, chinese},
#include "cli/text.def"
#undef TEXT
};

const char *text_language(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && *value != 0)
            return value;
    }
    return "";
}

const char *text_of(enum text text)
{
    bool is_chinese = strncmp(text_language(), "zh", 2) == 0;
    return is_chinese ? texts[text].chinese : texts[text].english;
}

void text_write(FILE *file, enum text text, const char *first, const char *second)
{
    for (const char *at = text_of(text); *at != 0; at++) {
        bool is_first = strncmp(at, "{1}", 3) == 0;
        if (!is_first && strncmp(at, "{2}", 3) != 0) {
            fputc(*at, file);
            continue;
        }
        text_write_foreign(file, view_of(is_first ? first : second));
        at += 2;
    }
}

/* The character at the start of `bytes` and its size; U+FFFD and 1 when it is not UTF-8. */
static uint32_t text_character(struct view bytes, size_t *size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes.data[0];
    size_t length = lead < 0x80             ? 1
                    : (lead & 0xe0) == 0xc0 ? 2
                    : (lead & 0xf0) == 0xe0 ? 3
                    : (lead & 0xf8) == 0xf0 ? 4
                                            : 0;
    *size = 1;
    if (length == 0 || length > bytes.size)
        return 0xfffd;
    uint32_t character = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80)
            return 0xfffd;
        character = character << 6 | (bytes.data[i] & 0x3fu);
    }
    if (length > 1 && (character < least[length] || character > 0x10ffff ||
                       (character >= 0xd800 && character <= 0xdfff)))
        return 0xfffd;
    *size = length;
    return character;
}

static bool text_is_harmless(uint32_t character)
{
    return character != 0xfffd && (character >= 0x20 || character == '\t') &&
           (character < 0x7f || character > 0x9f) && (character < 0x202a || character > 0x202e) &&
           (character < 0x2066 || character > 0x2069) && character != 0x2028 && character != 0x2029;
}

void text_write_foreign(FILE *file, struct view bytes)
{
    while (bytes.size > 0) {
        size_t size;
        uint32_t character = text_character(bytes, &size);
        if (character == '\n')
            fputs("\n    ", file);
        else if (text_is_harmless(character))
            fwrite(bytes.data, 1, size, file);
        else
            fputs("\xef\xbf\xbd", file);
        bytes = view_make(bytes.data + size, bytes.size - size);
    }
}
