#include "client/search_terms.h"

#include "base/memory.h"

#include <assert.h>

struct character_range {
    uint32_t first;
    uint32_t last;
};

/* Ascending. What is punctuation or a mark without meaning of its own is left out. */
static const struct character_range character_ranges[] = {
    {0xe01, 0xe3a},     {0xe40, 0xe4e},     {0xe81, 0xecd},     {0xedc, 0xedf},
    {0x1000, 0x103f},   {0x1050, 0x108f},   {0x1100, 0x11ff},   {0x1780, 0x17d3},
    {0x2600, 0x27bf},   {0x2e80, 0x2fdf},   {0x3005, 0x3007},   {0x3021, 0x3029},
    {0x3031, 0x3035},   {0x3041, 0x3096},   {0x309d, 0x309f},   {0x30a1, 0x30fa},
    {0x30fc, 0x30ff},   {0x3105, 0x312f},   {0x3131, 0x318e},   {0x31a0, 0x31bf},
    {0x31f0, 0x31ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa960, 0xa97c},
    {0xac00, 0xd7fb},   {0xf900, 0xfaff},   {0xff66, 0xffdc},   {0x1b000, 0x1b16f},
    {0x1f000, 0x1f3fa}, {0x1f400, 0x1faff}, {0x20000, 0x323af},
};

static bool is_term(uint32_t character)
{
    size_t low = 0;
    size_t high = sizeof(character_ranges) / sizeof(character_ranges[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (character > character_ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof(character_ranges) / sizeof(character_ranges[0]) &&
           character >= character_ranges[low].first;
}

uint32_t search_character(struct view text, size_t *at)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *bytes = text.data + *at;
    size_t left = text.size - *at;
    uint32_t first = bytes[0];
    size_t size = first < 0x80    ? 1
                  : first < 0xc0  ? 0
                  : first < 0xe0  ? 2
                  : first < 0xf0  ? 3
                  : first <= 0xf4 ? 4
                                  : 0;
    uint32_t character = size < 2 ? first : first & (0x7fU >> size);
    bool is_valid = size != 0 && size <= left;
    for (size_t i = 1; is_valid && i < size; i++) {
        is_valid = (bytes[i] & 0xc0) == 0x80;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    is_valid = is_valid && character >= smallest[size] && character <= 0x10ffff &&
               (character < 0xd800 || character > 0xdfff);
    *at += is_valid ? size : 1;
    return is_valid ? character : 0xfffd;
}

bool search_tokenizer_init(struct search_tokenizer *tokenizer, sqlite3 *sqlite)
{
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = NULL;
    sqlite3_stmt *statement = NULL;
    void *context;
    *tokenizer = (struct search_tokenizer){.words = NULL};
    if (sqlite3_prepare_v2(sqlite, "SELECT fts5(?)", -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return api != NULL &&
           api->xFindTokenizer(api, "unicode61", &context, &tokenizer->methods) == SQLITE_OK &&
           tokenizer->methods.xCreate(context, options, 2, &tokenizer->words) == SQLITE_OK;
}

void search_tokenizer_fini(struct search_tokenizer *tokenizer)
{
    if (tokenizer->words != NULL)
        tokenizer->methods.xDelete(tokenizer->words);
    tokenizer->words = NULL;
}

/* FNV-1a, and a last step that lets each bit depend on each. */
static uint64_t hash_of(struct view bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static void terms_add(struct search_terms *terms, struct view token, size_t start, size_t end,
                      bool is_character)
{
    if (terms->count == terms->capacity) {
        terms->capacity = terms->capacity == 0 ? 64 : 2 * terms->capacity;
        terms->list = memory_resize(terms->list, terms->capacity * sizeof(*terms->list));
    }
    terms->list[terms->count++] = (struct search_term){
        .hash = hash_of(token),
        .start = (uint32_t)start,
        .end = (uint32_t)end,
        .is_character = is_character,
    };
}

struct stretch {
    struct search_terms *terms;
    size_t start; /* in the text */
};

static int stretch_on_token(void *context, int flags, const char *token, int token_bytes, int start,
                            int end)
{
    const struct stretch *stretch = context;
    (void)flags;
    terms_add(stretch->terms, view_make(token, (size_t)token_bytes), stretch->start + (size_t)start,
              stretch->start + (size_t)end, false);
    return SQLITE_OK;
}

static void terms_read_words(struct search_terms *terms, const struct search_tokenizer *tokenizer,
                             struct view text, size_t start, size_t end)
{
    struct stretch stretch = {terms, start};
    /* It fails only when memory does. */
    if (start < end &&
        tokenizer->methods.xTokenize(tokenizer->words, &stretch, FTS5_TOKENIZE_DOCUMENT,
                                     (const char *)text.data + start, (int)(end - start),
                                     stretch_on_token) != SQLITE_OK)
        abort();
}

void search_terms_read(struct search_terms *terms, const struct search_tokenizer *tokenizer,
                       struct view text)
{
    assert(text.size <= 1 << 20);
    size_t start = 0; /* of the stretch of words */
    terms->count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t before = at;
        if (text.data[at] < 0x80) {
            at++;
        } else if (is_term(search_character(text, &at))) {
            terms_read_words(terms, tokenizer, text, start, before);
            terms_add(terms, view_make(text.data + before, at - before), before, at, true);
            start = at;
        }
    }
    terms_read_words(terms, tokenizer, text, start, text.size);
}

void search_terms_fini(struct search_terms *terms)
{
    free(terms->list);
    *terms = (struct search_terms){.list = NULL};
}
