#include "storage/audit/state.h"

#include "storage/audit/note.h"

#include <inttypes.h>

void audit_state_write(const struct audit_state *state, struct hasher *hasher, struct buffer *bytes)
{
    char text[AUDIT_STATE_BYTES_MAX];
    char base64[HASH_TEXT_BYTES];
    hash_format(&state->root, base64);
    int size =
        snprintf(text, sizeof(text),
                 "unsay-audit-state 1\nsize %" PRIu64 "\nposition %" PRIu64 "\nbatch %" PRIu64
                 " %" PRIu64 "\nroot %s\n",
                 state->size, state->position, state->batch_size, state->batch_position, base64);
    struct hash sum = hasher_bytes(hasher, view_make(text, (size_t)size));
    hash_format(&sum, base64);
    size += snprintf(text + size, sizeof(text) - (size_t)size, "sum %s\n", base64);
    buffer_append(bytes, text, (size_t)size);
}

/* Takes a space-separated value that follows `name` off the line. */
static bool state_take(struct view *line, const char *name, struct view *value)
{
    size_t skip = strlen(name);
    if (line->size < skip || memcmp(line->data, name, skip) != 0)
        return false;
    *value = view_make(line->data + skip, line->size - skip);
    const uint8_t *space = value->size == 0 ? NULL : memchr(value->data, ' ', value->size);
    if (space != NULL)
        value->size = (size_t)(space - value->data);
    *line = view_make(value->data + value->size, line->size - skip - value->size);
    return true;
}

static bool state_take_number(struct view *line, const char *name, uint64_t *number)
{
    struct view value;
    return state_take(line, name, &value) && number_parse(value, number);
}

bool audit_state_read(struct view bytes, struct hasher *hasher, struct audit_state *state)
{
    struct view text = bytes;
    struct view lines[6];
    struct view root;
    struct buffer again;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!line_take(&text, &lines[i]))
            return false;
    if (!state_take_number(&lines[1], "size ", &state->size) ||
        !state_take_number(&lines[2], "position ", &state->position) ||
        !state_take_number(&lines[3], "batch ", &state->batch_size) ||
        !state_take_number(&lines[3], " ", &state->batch_position) ||
        !state_take(&lines[4], "root ", &root) || !hash_parse(root, &state->root))
        return false;
    buffer_init(&again);
    audit_state_write(state, hasher, &again);
    bool is_same = view_equal(bytes, buffer_view(&again));
    buffer_fini(&again);
    return is_same && state->batch_size <= state->size;
}
