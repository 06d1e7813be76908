/* The terms of a text, by which it is searched.
 *
 * A word is one term: case is folded and diacritics are removed, as SQLite's unicode61 does it. In
 * scripts that are written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese)
 * and for emoji each character is one term. Everything else separates.
 *
 * A text may hold any bytes. Not for several threads at once. */
#ifndef UNSAY_CLIENT_SEARCH_TERMS_H
#define UNSAY_CLIENT_SEARCH_TERMS_H

#include "base/status.h"
#include "base/view.h"

#include <sqlite3.h>

struct search_tokenizer {
    fts5_tokenizer methods;
    Fts5Tokenizer *words; /* owned; NULL until _init succeeded */
};

struct search_term {
    uint64_t hash;
    uint32_t start; /* bytes of the text */
    uint32_t end;
    bool is_character;
    bool is_hit; /* set by search_query_matches */
};

struct search_terms {
    struct search_term *list; /* owned; in the order of the text */
    size_t count;
    size_t capacity;
};

/* False when this SQLite comes without FTS5. */
MUST_CHECK bool search_tokenizer_init(struct search_tokenizer *tokenizer, sqlite3 *sqlite);
void search_tokenizer_fini(struct search_tokenizer *tokenizer);

/* Zeroed before its first use. Replaces what it held; `text` has at most 1 MiB. */
void search_terms_read(struct search_terms *terms, const struct search_tokenizer *tokenizer,
                       struct view text);
void search_terms_fini(struct search_terms *terms);

/* The character at *at, which is inside the text; moves on. A byte that is not UTF-8: U+FFFD. */
uint32_t search_character(struct view text, size_t *at);

#endif
