#include "client/search_query.h"

#include "base/memory.h"

/* White space ends a word, quotation marks begin and end a phrase. */
static size_t phrase_end(struct view text, size_t at, bool is_quoted)
{
    while (at < text.size && text.data[at] != '"' &&
           (is_quoted || (text.data[at] != ' ' && (text.data[at] < '\t' || text.data[at] > '\r'))))
        at++;
    return at;
}

static void query_add(struct search_query *query, const struct search_terms *terms)
{
    struct search_terms *all = &query->terms;
    size_t room = LIMIT_SEARCH_TERMS_MAX - all->count;
    size_t count = terms->count < room ? terms->count : room;
    if (count == 0)
        return;
    query->phrases[query->phrase_count++] = (struct search_phrase){all->count, count};
    memcpy(all->list + all->count, terms->list, count * sizeof(*all->list));
    all->count += count;
}

void search_query_init(struct search_query *query, const struct search_tokenizer *tokenizer,
                       struct view text)
{
    struct search_terms terms = {.list = NULL};
    query->phrase_count = 0;
    query->terms = (struct search_terms){
        .list = memory_new_array(LIMIT_SEARCH_TERMS_MAX, sizeof(*query->terms.list)),
        .capacity = LIMIT_SEARCH_TERMS_MAX,
    };
    if (text.size > LIMIT_SEARCH_TEXT_BYTES_MAX)
        text.size = LIMIT_SEARCH_TEXT_BYTES_MAX;
    bool is_quoted = false;
    for (size_t at = 0; at < text.size;) {
        size_t end = phrase_end(text, at, is_quoted);
        search_terms_read(&terms, tokenizer, view_make(text.data + at, end - at));
        query_add(query, &terms);
        if (end < text.size && text.data[end] == '"')
            is_quoted = !is_quoted;
        at = end + 1;
    }
    search_terms_fini(&terms);
}

void search_query_fini(struct search_query *query)
{
    search_terms_fini(&query->terms);
}

static bool phrase_is_at(const struct search_term *phrase, size_t count,
                         const struct search_term *terms)
{
    for (size_t i = 0; i < count; i++) {
        if (phrase[i].hash != terms[i].hash)
            return false;
    }
    return true;
}

static bool phrase_mark(const struct search_term *phrase, size_t count, struct search_terms *terms)
{
    bool is_found = false;
    for (size_t at = 0; at + count <= terms->count; at++) {
        if (!phrase_is_at(phrase, count, terms->list + at))
            continue;
        is_found = true;
        for (size_t i = 0; i < count; i++)
            terms->list[at + i].is_hit = true;
    }
    return is_found;
}

bool search_query_matches(const struct search_query *query, struct search_terms *terms)
{
    for (size_t i = 0; i < query->phrase_count; i++) {
        const struct search_phrase *phrase = &query->phrases[i];
        if (!phrase_mark(query->terms.list + phrase->start, phrase->count, terms))
            return false;
    }
    return query->phrase_count != 0;
}
