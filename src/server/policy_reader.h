/* A policy file as a stream of YAML events, each with its line, so that whatever is wrong can be
 * said with its place. Anchors, aliases, tags and further documents are refused: nothing in a
 * policy needs them, and without them the work is in proportion to the file. */
#ifndef UNSAY_SERVER_POLICY_READER_H
#define UNSAY_SERVER_POLICY_READER_H

#include "base/status.h"
#include "base/view.h"

#include <yaml.h>

enum { POLICY_READER_TOP = -1, POLICY_READER_QUOTE_BYTES = 64 };

struct policy_reader {
    yaml_parser_t parser;
    yaml_event_t event;      /* the current one */
    const char *file;        /* for messages; lent */
    int rule;                /* the rule that is read, or POLICY_READER_TOP */
    const char *field;       /* the field that is read, or NULL; lent */
    struct failure *failure; /* lent; what was wrong first */
};

/* `content`, `file` and `failure` are lent until fini. */
void policy_reader_init(struct policy_reader *reader, struct view content, const char *file,
                        struct failure *failure);
void policy_reader_fini(struct policy_reader *reader);

/* Moves on to the next event; false when there is none that is allowed, which was then said. */
MUST_CHECK bool policy_reader_next(struct policy_reader *reader);

/* Line of the current event, from 1. */
size_t policy_reader_line(const struct policy_reader *reader);

/* The scalar of the current event, valid until the next one. Else says `expected` and is false. */
MUST_CHECK bool policy_reader_scalar(struct policy_reader *reader, struct view *text,
                                     const char *expected);

/* Says "FILE:LINE: FIELD: ..." and is false. */
bool policy_reader_wrong(struct policy_reader *reader, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the file says, for a message: cut short, and without control characters. */
const char *policy_reader_quote(struct view text, char quote[POLICY_READER_QUOTE_BYTES]);

#endif
