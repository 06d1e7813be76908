/* The line that a person is writing, at the bottom of a terminal: it steps aside for what is
 * printed. Where input is not a terminal, lines are read as they come. */
#ifndef UNSAY_CLI_CHAT_PROMPT_H
#define UNSAY_CLI_CHAT_PROMPT_H

#include "base/buffer.h"

#include <termios.h>

struct prompt {
    bool is_terminal; /* both standard input and output */
    struct termios saved;
    struct buffer input; /* the line so far; without a terminal all that was read */
    int escape;          /* inside a key's sequence: 1 after ESC, 2 after [ or O */
    bool is_overlong;
};

enum prompt_result { PROMPT_MORE, PROMPT_LINE, PROMPT_OVERLONG, PROMPT_END };

void prompt_init(struct prompt *prompt);

/* Gives the terminal back as it was. */
void prompt_fini(struct prompt *prompt);

/* Around everything that is printed. Nothing without a terminal. */
void prompt_hide(struct prompt *prompt);
void prompt_show(struct prompt *prompt);

/* Standard input is readable, or at its end: reads once. */
enum prompt_result prompt_read(struct prompt *prompt);

/* Takes the next whole line out: PROMPT_LINE (or PROMPT_OVERLONG: it was dropped), with the line in
 * `line`, or PROMPT_MORE. */
enum prompt_result prompt_next(struct prompt *prompt, struct buffer *line);

#endif
