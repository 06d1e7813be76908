/* The part of a message around its first hit, as it can be shown on one line. */
#ifndef UNSAY_CLIENT_SEARCH_SNIPPET_H
#define UNSAY_CLIENT_SEARCH_SNIPPET_H

#include "base/arena.h"
#include "client/search_terms.h"
#include "unsay/search.h"
#include "unsay/unsay.h"

/* Fills in snippet and hits, in the arena. A term is a hit. */
void search_snippet(struct view text, const struct search_terms *terms, struct arena *arena,
                    struct unsay_found *found);

#endif
