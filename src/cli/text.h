/* What an end user reads, in the language of the environment: simplified Chinese where LC_ALL,
 * LC_MESSAGES or LANG (the first one that is set) begins with "zh", else English. */
#ifndef UNSAY_CLI_TEXT_H
#define UNSAY_CLI_TEXT_H

#include "base/view.h"

#include <stdio.h>

enum text {
#define TEXT(name, english, chinese) TEXT_##name,
#include "cli/text.def"
#undef TEXT
};

/* As the environment has it, such as "zh_TW.UTF-8"; "" when it has none. */
const char *text_language(void);

/* With {1} and {2} open. */
const char *text_of(enum text text);

/* Writes the text with `first` and `second` (may be NULL) filled in. */
void text_write(FILE *file, enum text text, const char *first, const char *second);

/* Writes what somebody else chose, so that it cannot command the terminal or imitate other lines:
 * control characters, bidirectional overrides and bytes that are not UTF-8 become U+FFFD, and
 * further lines are indented. */
void text_write_foreign(FILE *file, struct view bytes);

#endif
