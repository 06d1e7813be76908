#include "client/hint.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "unsay/hint.h"
#include "unsay/unsay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIRST_STRONG_ISOLATE "\xe2\x81\xa8"
#define POP_ISOLATE "\xe2\x81\xa9"
#define ELLIPSIS "\xe2\x80\xa6"

/* Room for what tools/make-hints lets pass, twice 160 characters, and two names. */
enum { HINT_BYTES_MAX = 2048, MARK_BYTES = 3 };
enum { HINT_NAME_BYTES_MAX = 4 * LIMIT_HINT_NAME_CHARACTERS_MAX + 3 * MARK_BYTES };

struct hint_text {
    char bytes[HINT_BYTES_MAX];
    size_t size;
};

/* A name as it is shown; empty where nothing of it can be seen. */
struct hint_name {
    char bytes[HINT_NAME_BYTES_MAX];
    size_t size;
};

struct hint_words {
    struct hint_name operator_name;
    struct hint_name author_name;
    char count[12];
    struct view what;
};

#define NO_CHARACTER UINT32_MAX

struct hint_range {
    uint32_t first;
    uint32_t last;
};

/* Unicode's Default_Ignorable_Code_Point, which holds all that changes direction, except for the
 * joiners and variation selectors that scripts and emoji need. */
static const struct hint_range invisible[] = {
    {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200b},   {0x200e, 0x200f},   {0x202a, 0x202e},
    {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {NO_CHARACTER, NO_CHARACTER},
};
static const struct hint_range joining[] = {{0x200c, 0x200d}, {0xfe00, 0xfe0f}};
static const struct hint_range spaces[] = {
    {0x0, 0x20},      {0x7f, 0xa0},     {0x2000, 0x200a}, {0x2028, 0x2029},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};
static const struct hint_range right_to_left[] = {
    {0x590, 0x8ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfefc}, {0x10800, 0x10fff}, {0x1e800, 0x1efff},
};

#define IS_IN(ranges, character) range_has(ranges, sizeof(ranges) / sizeof((ranges)[0]), character)

static bool range_has(const struct hint_range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

static void text_append(struct hint_text *text, struct view bytes)
{
    assert(bytes.size <= sizeof(text->bytes) - text->size);
    if (bytes.size > 0)
        memcpy(text->bytes + text->size, bytes.data, bytes.size);
    text->size += bytes.size;
}

static bool is_empty(const char *text)
{
    return text == NULL || *text == 0;
}

static bool is_same_user(const char *a, const char *b)
{
    return !is_empty(a) && !is_empty(b) && strcmp(a, b) == 0;
}

/* The character at the start and its size; NO_CHARACTER and 1 where it is not UTF-8. */
static uint32_t name_character(struct view name, size_t *size)
{
    for (*size = 1; *size <= 4 && *size <= name.size; ++*size) {
        if (!utf8_is_valid(view_make(name.data, *size)))
            continue;
        uint32_t character = *size == 1 ? name.data[0] : name.data[0] & (0x7fu >> *size);
        for (size_t i = 1; i < *size; i++)
            character = character << 6 | (name.data[i] & 0x3fu);
        return character;
    }
    *size = 1;
    return NO_CHARACTER;
}

static void name_append(struct hint_name *name, const void *bytes, size_t size)
{
    memcpy(name->bytes + name->size, bytes, size);
    name->size += size;
}

/* Keeps what can be seen of `from`, with single spaces inside, and tells whether it has letters
 * that run from right to left. */
static bool name_clean(struct hint_name *name, struct view from)
{
    size_t characters = 0;
    bool is_rtl = false;
    bool is_apart = false;
    for (size_t size; from.size > 0; from = view_make(from.data + size, from.size - size)) {
        uint32_t character = name_character(from, &size);
        if (IS_IN(spaces, character))
            is_apart = characters > 0;
        if (IS_IN(spaces, character) || IS_IN(invisible, character) ||
            (characters == 0 && IS_IN(joining, character)))
            continue;
        characters += is_apart ? 2 : 1;
        if (characters > LIMIT_HINT_NAME_CHARACTERS_MAX) {
            name_append(name, ELLIPSIS, MARK_BYTES);
            break;
        }
        if (is_apart)
            name_append(name, " ", 1);
        name_append(name, from.data, size);
        is_rtl = is_rtl || IS_IN(right_to_left, character);
        is_apart = false;
    }
    return is_rtl;
}

/* The name, else the user's id, kept apart from the sentence where they might run in different
 * directions. */
static void name_init(struct hint_name *name, const char *shown, const char *user, bool is_apart)
{
    struct hint_name clean = {.size = 0};
    *name = (struct hint_name){.size = 0};
    bool is_rtl = name_clean(&clean, view_of(shown));
    if (clean.size == 0)
        is_rtl = name_clean(&clean, view_of(user));
    if (clean.size == 0)
        return;
    bool is_isolated = is_rtl || is_apart;
    if (is_isolated)
        name_append(name, FIRST_STRONG_ISOLATE, MARK_BYTES);
    name_append(name, clean.bytes, clean.size);
    if (is_isolated)
        name_append(name, POP_ISOLATE, MARK_BYTES);
}

/* The next part of a language tag, empty at the end. zh_TW.UTF-8 is how POSIX spells zh-TW. */
static struct view tag_next(const char **at)
{
    *at += strspn(*at, "-_");
    struct view part = view_make(*at, strcspn(*at, "-_.@"));
    *at += part.size;
    return part;
}

static bool tag_is(struct view part, const char *name)
{
    return part.size == strlen(name) && strncasecmp((const char *)part.data, name, part.size) == 0;
}

/* Chinese is told apart by script, and where none is named by region. */
static const char *tag_chinese(const char *rest)
{
    static const char *const traditional[] = {"Hant", "TW", "HK", "MO"};
    for (struct view part = tag_next(&rest); part.size > 0; part = tag_next(&rest)) {
        if (tag_is(part, "Hans"))
            break;
        for (size_t i = 0; i < sizeof(traditional) / sizeof(traditional[0]); i++)
            if (tag_is(part, traditional[i]))
                return "zh-Hant";
    }
    return "zh-Hans";
}

static const struct hint_language *language_find(const char *tag)
{
    const char *rest = tag == NULL ? "" : tag;
    struct view name = tag_next(&rest);
    if (tag_is(name, "zh"))
        name = view_of(tag_chinese(rest));
    else if (tag_is(name, "in")) /* Java's older name of Indonesian */
        name = view_of("id");
    for (const struct hint_language *language = hint_languages; language->name != NULL; language++)
        if (tag_is(name, language->name))
            return language;
    return hint_languages;
}

/* https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html */
static enum hint_form language_form(const struct hint_language *language, uint32_t count)
{
    uint32_t tens = count % 100;
    uint32_t ones = count % 10;
    if (count == 1)
        return HINT_FORM_1;
    switch (language->plural) {
    case HINT_PLURAL_PLAIN:
        return HINT_FORM_OTHER;
    case HINT_PLURAL_RUSSIAN:
        if (ones == 1 && tens != 11)
            return HINT_FORM_ONE;
        return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? HINT_FORM_FEW : HINT_FORM_MANY;
    case HINT_PLURAL_ARABIC:
        if (count == 2)
            return HINT_FORM_TWO;
        return tens >= 11 ? HINT_FORM_MANY : tens >= 3 ? HINT_FORM_FEW : HINT_FORM_OTHER;
    }
    assert(false);
    return HINT_FORM_OTHER;
}

static enum hint_noun hint_noun(enum unsay_content_type content_type)
{
    static const enum hint_noun nouns[] = {
        [UNSAY_CONTENT_TEXT] = HINT_MESSAGE,   [UNSAY_CONTENT_IMAGE] = HINT_PHOTO,
        [UNSAY_CONTENT_AUDIO] = HINT_VOICE,    [UNSAY_CONTENT_VIDEO] = HINT_VIDEO,
        [UNSAY_CONTENT_FILE] = HINT_FILE,      [UNSAY_CONTENT_LOCATION] = HINT_LOCATION,
        [UNSAY_CONTENT_CUSTOM] = HINT_MESSAGE,
    };
    size_t index = (size_t)content_type;
    return index < sizeof(nouns) / sizeof(nouns[0]) ? nouns[index] : HINT_MESSAGE;
}

static bool hint_is_own(const struct unsay_hint *hint)
{
    return hint->actor == UNSAY_ACTOR_SELF || is_same_user(hint->operator_user, hint->author);
}

static enum hint_list hint_list(const struct unsay_hint *hint, const struct hint_words *words)
{
    if (hint->actor == UNSAY_ACTOR_SYSTEM || hint->actor == UNSAY_ACTOR_COMPLIANCE)
        return HINT_REMOVED;
    if (hint_is_own(hint))
        return HINT_OWN;
    if (is_same_user(hint->viewer, hint->author))
        return HINT_YOURS;
    return words->author_name.size == 0 ? HINT_OWN : HINT_THEIRS;
}

static enum hint_sentence hint_sentence(const struct unsay_hint *hint,
                                        const struct hint_words *words)
{
    bool is_own = hint_is_own(hint);
    enum hint_sentence sentence = HINT_MEMBER;
    if (is_same_user(hint->viewer, hint->operator_user) ||
        (is_own && is_same_user(hint->viewer, hint->author)))
        return HINT_YOU;
    if (!is_own && hint->actor == UNSAY_ACTOR_OWNER)
        sentence = HINT_OWNER;
    else if (!is_own && hint->actor == UNSAY_ACTOR_ADMIN)
        sentence = HINT_ADMIN;
    else if (!is_own && hint->actor == UNSAY_ACTOR_MODERATOR)
        sentence = HINT_MODERATOR;
    return words->operator_name.size > 0 ? sentence
                                         : sentence + (HINT_MEMBER_UNNAMED - HINT_MEMBER);
}

/* The word for a placeholder; tools/make-hints lets no others pass. */
static struct view words_get(const struct hint_words *words, const char *placeholder)
{
    switch (placeholder[1]) {
    case 'o':
        return view_make(words->operator_name.bytes, words->operator_name.size);
    case 'a':
        return view_make(words->author_name.bytes, words->author_name.size);
    case 'c':
        return view_of(words->count);
    default:
        return words->what;
    }
}

static void text_fill(struct hint_text *text, const char *sentence, const struct hint_words *words)
{
    for (;;) {
        size_t plain = strcspn(sentence, "{");
        text_append(text, view_make(sentence, plain));
        sentence += plain;
        if (*sentence == 0)
            return;
        text_append(text, words_get(words, sentence));
        sentence += strcspn(sentence, "}") + 1;
    }
}

static void hint_write(const struct unsay_hint *hint, struct hint_text *text)
{
    const struct hint_language *language = language_find(hint->language);
    uint32_t count = hint->count == 0 ? 1 : hint->count;
    struct hint_text what = {.size = 0};
    struct hint_words words;
    name_init(&words.author_name, hint->author_name, hint->author, language->is_rtl);
    name_init(&words.operator_name, hint->operator_name, hint->operator_user, language->is_rtl);
    if (words.operator_name.size == 0 && hint_is_own(hint))
        words.operator_name = words.author_name;
    count = count > LIMIT_HINT_COUNT_MAX ? LIMIT_HINT_COUNT_MAX : count;
    snprintf(words.count, sizeof(words.count), "%" PRIu32, count);
    words.what = view_make(NULL, 0);
    enum hint_list list = hint_list(hint, &words);
    const char *phrase =
        language->phrases[list][hint_noun(hint->content_type)][language_form(language, count)];
    if (list == HINT_REMOVED) {
        text_fill(text, phrase, &words);
        return;
    }
    text_fill(&what, phrase, &words);
    words.what = view_make(what.bytes, what.size);
    text_fill(text, language->sentences[hint_sentence(hint, &words)], &words);
}

/* The longest beginning of at most `size` bytes that ends between two characters and outside of an
 * isolated name. */
static size_t text_cut(const struct hint_text *text, size_t size)
{
    if (size >= text->size)
        return text->size;
    while ((text->bytes[size] & 0xc0) == 0x80)
        size--;
    size_t end = size;
    for (size_t i = 0; i + MARK_BYTES <= size; i++) {
        if (memcmp(text->bytes + i, FIRST_STRONG_ISOLATE, MARK_BYTES) == 0)
            end = i;
        else if (memcmp(text->bytes + i, POP_ISOLATE, MARK_BYTES) == 0)
            end = size;
    }
    return end;
}

size_t unsay_hint(const struct unsay_hint *hint, char *text, size_t bytes)
{
    struct hint_text whole = {.size = 0};
    if (!hint->is_vanished)
        hint_write(hint, &whole);
    if (bytes > 0) {
        size_t size = text_cut(&whole, bytes - 1);
        memcpy(text, whole.bytes, size);
        text[size] = 0;
    }
    return whole.size;
}

const char *const *unsay_hint_languages(void)
{
    return hint_language_names;
}
