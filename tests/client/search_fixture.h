/* Searching a database of the fixture, and a look for what its files have of a text. */
#ifndef UNSAY_TESTS_CLIENT_SEARCH_FIXTURE_H
#define UNSAY_TESTS_CLIENT_SEARCH_FIXTURE_H

#include "database_fixture.h"

/* A text that nothing else resembles. */
extern const char canary[];

/* What a search finds, as "CONVERSATION:SEQ " for each. */
const char *find_page(struct fixture *fixture, const struct database_search *request, bool *more);

/* All of it: at most 100. */
const char *find(struct fixture *fixture, const char *text);

/* The filter that the index holds for this text, as the only bytes of it that it holds. */
struct view filter_of(struct fixture *fixture, const char *text);

bool files_hold(struct fixture *fixture, struct view bytes);

#endif
