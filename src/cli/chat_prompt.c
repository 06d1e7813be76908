#include "cli/chat_prompt.h"

#include "base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { KEY_END = 4, KEY_BACKSPACE = 8, KEY_CLEAR = 21, KEY_ESCAPE = 27, KEY_DELETE = 127 };

void prompt_init(struct prompt *prompt)
{
    *prompt = (struct prompt){.is_terminal = false};
    buffer_init(&prompt->input);
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 ||
        tcgetattr(STDIN_FILENO, &prompt->saved) != 0)
        return;
    struct termios raw = prompt->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    prompt->is_terminal = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void prompt_fini(struct prompt *prompt)
{
    if (prompt->is_terminal) {
        prompt_hide(prompt);
        tcsetattr(STDIN_FILENO, TCSANOW, &prompt->saved);
    }
    buffer_fini(&prompt->input);
}

void prompt_hide(struct prompt *prompt)
{
    if (prompt->is_terminal)
        fputs("\r\033[K", stdout);
    fflush(stdout);
}

static bool prompt_is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The end of the line that fits into `columns`; characters of three and four bytes count as wide.
 */
static struct view prompt_tail(struct view line, size_t columns)
{
    size_t start = line.size;
    while (start > 0) {
        size_t at = start - 1;
        while (at > 0 && prompt_is_continuation(line.data[at]))
            at--;
        size_t width = start - at >= 3 ? 2 : 1;
        if (width > columns)
            break;
        columns -= width;
        start = at;
    }
    return view_make(line.data + start, line.size - start);
}

void prompt_show(struct prompt *prompt)
{
    struct winsize size;
    size_t columns = 80;
    if (!prompt->is_terminal)
        return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8)
        columns = size.ws_col;
    struct view line = buffer_view(&prompt->input);
    if (line.size > 0)
        line = prompt_tail(line, columns - 4);
    printf("\r\033[K> %.*s", VIEW_PRINT(line));
    fflush(stdout);
}

static void prompt_erase_character(struct buffer *input)
{
    while (input->end > input->start && prompt_is_continuation(input->data[input->end - 1]))
        input->end--;
    if (input->end > input->start)
        input->end--;
}

/* A key on a terminal; '\n' is kept as the line's end. */
static enum prompt_result prompt_key(struct prompt *prompt, uint8_t key)
{
    struct buffer *input = &prompt->input;
    if (prompt->escape == 1) {
        prompt->escape = key == '[' || key == 'O' ? 2 : 0;
    } else if (prompt->escape == 2) {
        prompt->escape = key >= 0x40 && key <= 0x7e ? 0 : 2;
    } else if (key == KEY_ESCAPE) {
        prompt->escape = 1;
    } else if (key == KEY_END) {
        return buffer_size(input) == 0 ? PROMPT_END : PROMPT_MORE;
    } else if (key == KEY_BACKSPACE || key == KEY_DELETE) {
        prompt_erase_character(input);
    } else if (key == KEY_CLEAR) {
        input->end = input->start;
    } else if (key >= ' ' || key == '\n' || key == '\t') {
        buffer_append(input, &key, 1);
    }
    return PROMPT_MORE;
}

enum prompt_result prompt_read(struct prompt *prompt)
{
    uint8_t bytes[4096];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count < 0)
        return errno == EINTR || errno == EAGAIN ? PROMPT_MORE : PROMPT_END;
    if (count == 0)
        return PROMPT_END;
    if (!prompt->is_terminal) {
        buffer_append(&prompt->input, bytes, (size_t)count);
        return PROMPT_MORE;
    }
    for (ssize_t i = 0; i < count; i++)
        if (prompt_key(prompt, bytes[i]) == PROMPT_END)
            return PROMPT_END;
    return PROMPT_MORE;
}

enum prompt_result prompt_next(struct prompt *prompt, struct buffer *line)
{
    struct view input = buffer_view(&prompt->input);
    const uint8_t *end = input.size == 0 ? NULL : memchr(input.data, '\n', input.size);
    if (end == NULL && input.size > LIMIT_BODY_BYTES_MAX) {
        prompt->is_overlong = true;
        buffer_release(&prompt->input);
    }
    if (end == NULL)
        return PROMPT_MORE;
    size_t size = (size_t)(end - input.data);
    bool is_overlong = prompt->is_overlong || size > LIMIT_BODY_BYTES_MAX;
    buffer_release(line);
    if (!is_overlong)
        buffer_append(line, input.data, size);
    prompt->is_overlong = false;
    buffer_consume(&prompt->input, size + 1);
    return is_overlong ? PROMPT_OVERLONG : PROMPT_LINE;
}
