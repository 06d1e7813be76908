/* What somebody looks for: plain text. Words stand apart by white space, and each must occur; a
 * "phrase" in quotation marks, and a word that has several terms (see search_terms.h), must occur
 * with its terms one after the other. Nothing is an error; without a term nothing matches. Terms
 * beyond LIMIT_SEARCH_TERMS_MAX do not count. */
#ifndef UNSAY_CLIENT_SEARCH_QUERY_H
#define UNSAY_CLIENT_SEARCH_QUERY_H

#include "base/limits.h"
#include "client/search_terms.h"

struct search_phrase {
    size_t start; /* in the terms */
    size_t count; /* not 0 */
};

struct search_query {
    struct search_terms terms;
    struct search_phrase phrases[LIMIT_SEARCH_TERMS_MAX];
    size_t phrase_count;
};

void search_query_init(struct search_query *query, const struct search_tokenizer *tokenizer,
                       struct view text);
void search_query_fini(struct search_query *query);

/* Whether the terms of a text match; those that do are marked as hits. */
bool search_query_matches(const struct search_query *query, struct search_terms *terms);

#endif
