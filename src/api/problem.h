/* What went wrong, as problem details (RFC 9457). */
#ifndef UNSAY_API_PROBLEM_H
#define UNSAY_API_PROBLEM_H

#include "core/refusal.h"

enum { PROBLEM_DETAIL_BYTES = 320, PROBLEM_POINTER_BYTES = 128 };

struct problem {
    unsigned code;    /* of HTTP; 0: none */
    const char *type; /* a stable word, lent */
    char detail[PROBLEM_DETAIL_BYTES];
    char pointer[PROBLEM_POINTER_BYTES]; /* into the body: RFC 6901; or the name of a parameter */
    uint32_t retry_after_ms;             /* 0: no hint */
};

void problem_set(struct problem *problem, unsigned code, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* From a refusal of the server. */
void problem_from_error(struct problem *problem, const wire_error *error);

/* As JSON; heap, the caller frees; NULL when there is no memory. */
char *problem_print(const struct problem *problem, const char *request_id);

/* The code of HTTP for a refusal. */
unsigned problem_code(refusal_code refusal);

#endif
