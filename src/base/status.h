/* How the world can fail: a value that must be looked at, and, where a person will read it, a
 * failure with a sentence that says what happened, to what, and what to do. */
#ifndef UNSAY_BASE_STATUS_H
#define UNSAY_BASE_STATUS_H

enum status {
#define STATUS(name, text) STATUS_##name,
#include "base/status.def"
#undef STATUS
};

#define MUST_CHECK __attribute__((warn_unused_result))

struct failure {
    enum status status;
    char text[480]; /* one sentence or two, without a final newline; empty when status is OK */
};

/* A short English phrase; never NULL. */
const char *status_text(enum status status);

/* Fills in `failure` (which may be NULL) and returns `status`. */
enum status failure_set(struct failure *failure, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
