#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "client/database_file.h"
#include "client/database_page.h"

#include <sqlite3.h>
#include <stdio.h>

enum { ROWS = 3000 };

static void run(sqlite3 *sqlite, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
}

/* Rows that come in no order make pages split, and secure_delete leaves parts of them behind. */
static void what_was_deleted_is_in_no_gap(void **state)
{
    (void)state;
    struct scratch scratch;
    sqlite3 *sqlite;
    char path[128];
    char sql[256];
    scratch_init(&scratch);
    struct file_system *files = file_system_new(NULL);
    snprintf(path, sizeof(path), "%s/unsay.db", scratch.path);
    assert_int_equal(sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     file_system_name(files)),
                     SQLITE_OK);
    run(sqlite, "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=WAL;PRAGMA secure_delete=ON;"
                "CREATE TABLE t(k TEXT PRIMARY KEY,v TEXT) WITHOUT ROWID;BEGIN");
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES(%u,printf('canary-%05u-%%.*c',%u,'x'))",
                 i * 7919 % ROWS, i, i * 37 % 900);
        run(sqlite, sql);
    }
    run(sqlite, "COMMIT;DELETE FROM t WHERE v LIKE 'canary-%' AND length(v)%2=0;"
                "PRAGMA wal_checkpoint(TRUNCATE)");
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(sql, sizeof(sql), "canary-%05u-", i);
        if ((13 + i * 37 % 900) % 2 == 0)
            assert_false(scratch_contains(&scratch, sql, 13));
    }
    sqlite3_close(sqlite);
    file_system_free(files);
    scratch_fini(&scratch);
}

static void page_make(uint8_t page[DATABASE_PAGE_BYTES], size_t header, uint8_t type,
                      unsigned cells, unsigned content)
{
    memset(page, 'x', DATABASE_PAGE_BYTES);
    page[header] = type;
    page[header + 3] = (uint8_t)(cells >> 8);
    page[header + 4] = (uint8_t)cells;
    page[header + 5] = (uint8_t)(content >> 8);
    page[header + 6] = (uint8_t)content;
}

static size_t zeros_at(const uint8_t page[DATABASE_PAGE_BYTES], size_t at)
{
    size_t count = 0;
    while (at + count < DATABASE_PAGE_BYTES && page[at + count] == 0)
        count++;
    return count;
}

static void only_the_gap_is_cleaned(void **state)
{
    static const struct {
        uint8_t type;
        size_t header_bytes;
    } types[] = {{2, 12}, {5, 12}, {10, 8}, {13, 8}};
    uint8_t page[DATABASE_PAGE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (int is_first = 0; is_first < 2; is_first++) {
            size_t header = is_first ? 100 : 0;
            size_t gap = header + types[i].header_bytes + 2 * 20;
            page_make(page, header, types[i].type, 20, 3000);
            page_clean(page, is_first);
            assert_int_equal(zeros_at(page, gap), 3000 - gap);
            assert_int_equal(page[gap - 1], 'x');
            assert_int_equal(page[3000], 'x');
        }
    }
}

static void other_pages_stay_as_they_are(void **state)
{
    uint8_t page[DATABASE_PAGE_BYTES];
    uint8_t before[DATABASE_PAGE_BYTES];
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bool is_tree = type == 2 || type == 5 || type == 10 || type == 13;
        unsigned content = is_tree ? 30 : 3000; /* a damaged page: the cells begin too early */
        page_make(page, 0, (uint8_t)type, 20, content);
        memcpy(before, page, sizeof(before));
        page_clean(page, false);
        assert_memory_equal(page, before, sizeof(before));
        page_make(page, 0, (uint8_t)type, 65535, 0);
        memcpy(before, page, sizeof(before));
        page_clean(page, false);
        assert_memory_equal(page, before, sizeof(before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deleted_is_in_no_gap),
        cmocka_unit_test(only_the_gap_is_cleaned),
        cmocka_unit_test(other_pages_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
