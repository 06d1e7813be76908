/* What store.h promises, held against every adapter. The suite is in conformance_*.c, a file for
 * each topic; conformance.c has the adapters and runs all of it on each. */
#ifndef UNSAY_TESTS_STORAGE_CONFORMANCE_H
#define UNSAY_TESTS_STORAGE_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "storage/store.h"

#include "scratch.h"

struct fixture {
    const struct adapter *adapter;
    char parent[SCRATCH_PATH_BYTES];
    char directory[SCRATCH_PATH_BYTES + 8];
    char evidence_directory[SCRATCH_PATH_BYTES + 8];
    struct store *store;
    struct arena arena;
    struct change_list list; /* of the next commit */
};

struct adapter {
    const char *name;
    struct store *(*open)(struct fixture *fixture);
    bool is_on_disk;
};

struct conformance_test {
    const char *name;
    void (*run)(void **state); /* a struct fixture */
};

/* Each ends with a NULL name. */
extern const struct conformance_test conformance_rows[];
extern const struct conformance_test conformance_events[];
extern const struct conformance_test conformance_lists[];
extern const struct conformance_test conformance_commits[];
extern const struct conformance_test conformance_journal[];
extern const struct conformance_test conformance_erasure[];
extern const struct conformance_test conformance_outbox[];

#define TEST(name)  \
    {               \
#name, name \
    }
#define TESTS_END  \
    {              \
        NULL, NULL \
    }

/* Closes and opens again, where that keeps the content. */
void reopen(struct fixture *fixture);

void assert_view(struct view actual, const char *expected);

/* Each adds a change to the next commit. Texts are lent until then. */
struct change *add(struct fixture *fixture, enum change_kind kind, const char *conversation);
struct change *add_event(struct fixture *fixture, const char *conversation, uint32_t origin,
                         uint64_t seq, const char *bytes);
void add_member(struct fixture *fixture, const char *conversation, const char *user,
                uint32_t pending_recalls);
void add_message_id(struct fixture *fixture, const char *conversation, const char *user,
                    struct uuid id, uint64_t seq);
struct uuid uuid_of(uint8_t first, uint8_t last);

/* Commits what was added; `commit` asserts that it worked. */
MUST_CHECK enum status commit_status(struct fixture *fixture);
void commit(struct fixture *fixture);

/* The next commits fail, and are applied all the same or not; with STATUS_OK, no longer. */
void fail_next(struct fixture *fixture, enum status status, bool applied);

/* NULL when there is none. */
const char *event_text(struct fixture *fixture, const char *conversation, uint32_t origin,
                       uint64_t seq);

#endif
