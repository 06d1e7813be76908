#include "search_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/search_entry.h"
#include "unsay/search.h"

const char canary[] = "The QuetzalcoatlusCanary 金丝雀 flies at midnight over the old town";

const char *find_page(struct fixture *fixture, const struct database_search *request, bool *more)
{
    struct unsay_found *found;
    size_t count;
    assert_int_equal(
        database_search(fixture->database, request, &fixture->arena, &found, &count, more),
        STATUS_OK);
    char *text = arena_zero(&fixture->arena, count * 32 + 1);
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 32, "%s:%llu ", found[i].conversation,
                 (unsigned long long)found[i].seq);
    return text;
}

const char *find(struct fixture *fixture, const char *text)
{
    struct database_search request = {.text = view_of(text), .limit = 100};
    bool more;
    const char *found = find_page(fixture, &request, &more);
    assert_false(more);
    return found;
}

struct view filter_of(struct fixture *fixture, const char *text)
{
    sqlite3 *sqlite;
    struct search_tokenizer tokenizer;
    struct search_terms terms = {.list = NULL};
    struct buffer entries;
    struct search_entry entry;
    struct search_key key = {1, 1, 1, view_of("g")};
    size_t at = 0;
    assert_int_equal(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
    assert_true(search_tokenizer_init(&tokenizer, sqlite));
    buffer_init(&entries);
    search_terms_read(&terms, &tokenizer, view_of(text));
    search_entry_append(&entries, &key, &terms);
    assert_true(search_entry_next(buffer_view(&entries), &at, &entry));
    struct view filter = arena_copy(&fixture->arena, entry.filter);
    buffer_fini(&entries);
    search_terms_fini(&terms);
    search_tokenizer_fini(&tokenizer);
    sqlite3_close(sqlite);
    return filter;
}

bool files_hold(struct fixture *fixture, struct view bytes)
{
    return scratch_contains(&fixture->scratch, bytes.data, bytes.size);
}
