#include "client/search_snippet.h"

#include "base/limits.h"
#include "unsay/search.h"

enum { CHARACTERS_BEFORE = 24, CHARACTER_BYTES_MAX = 4 };

static size_t character_before(struct view text, size_t at)
{
    size_t start = at - 1;
    while (start > 0 && at - start < CHARACTER_BYTES_MAX && (text.data[start] & 0xc0) == 0x80)
        start--;
    size_t end = start;
    search_character(text, &end);
    return end == at ? start : at - 1;
}

/* Writes one character as it can be shown; the number of bytes. */
static size_t character_write(char *snippet, struct view bytes, uint32_t character)
{
    if (character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
        character == 0x2029) {
        snippet[0] = ' ';
        return 1;
    }
    if (character == 0xfffd)
        bytes = view_of("\xef\xbf\xbd");
    memcpy(snippet, bytes.data, bytes.size);
    return bytes.size;
}

void search_snippet(struct view text, const struct search_terms *terms, struct arena *arena,
                    struct unsay_found *found)
{
    enum { CHARACTERS = LIMIT_SEARCH_SNIPPET_CHARACTERS_MAX };
    char *snippet = arena_alloc(arena, CHARACTER_BYTES_MAX * CHARACTERS + 1);
    struct unsay_hit *hits = arena_alloc(arena, CHARACTERS * sizeof(*hits));
    size_t size = 0;
    size_t hit_count = 0;
    size_t term = 0;
    while (!terms->list[term].is_hit)
        term++;
    size_t at = terms->list[term].start;
    for (int i = 0; i < CHARACTERS_BEFORE && at > 0; i++)
        at = character_before(text, at);
    found->is_cut_before = at > 0;
    size_t hit_end = 0; /* in the text; of the last hit */
    for (int i = 0; i < CHARACTERS && at < text.size; i++) {
        size_t before = at;
        uint32_t character = search_character(text, &at);
        size_t written =
            character_write(snippet + size, view_make(text.data + before, at - before), character);
        while (term < terms->count && terms->list[term].end <= before)
            term++;
        if (term < terms->count && terms->list[term].is_hit && terms->list[term].start <= before) {
            if (hit_count == 0 || hit_end != before)
                hits[hit_count++] = (struct unsay_hit){size, 0};
            hits[hit_count - 1].bytes += written;
            hit_end = at;
        }
        size += written;
    }
    snippet[size] = 0;
    found->is_cut_after = at < text.size;
    found->snippet = snippet;
    found->hits = hits;
    found->hit_count = hit_count;
}
