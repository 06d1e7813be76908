#include "cli/shown.h"

#include "base/memory.h"
#include "core/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct shown_entry *shown_make(struct shown *shown, struct view conversation)
{
    struct shown_entry *entry = table_get(&shown->entries, conversation);
    if (entry != NULL)
        return entry;
    entry = memory_new(sizeof(*entry));
    memcpy(entry->conversation, conversation.data, conversation.size);
    entry->is_due = true;
    table_put(&shown->entries, view_of(entry->conversation), entry);
    return entry;
}

/* A line that is not one of ours is passed over: at worst something is shown again. */
static void shown_read_line(struct shown *shown, char *line)
{
    char *after_seq;
    char *end;
    line[strcspn(line, "\n")] = 0;
    uint64_t seq = strtoull(line, &after_seq, 10);
    uint64_t time_ms = strtoull(after_seq, &end, 10);
    if (after_seq == line || end == after_seq || *end != ' ' ||
        !id_is_conversation(view_of(end + 1)) ||
        shown->entries.count >= LIMIT_CONVERSATIONS_PER_USER_MAX)
        return;
    struct shown_entry *entry = shown_make(shown, view_of(end + 1));
    entry->seq = seq;
    entry->time_ms = time_ms;
}

static void shown_read(struct shown *shown, const char *path)
{
    char line[128];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL)
        shown_read_line(shown, line);
    fclose(file);
}

static void shown_write(struct shown *shown, const struct shown_entry *entry)
{
    fprintf(shown->file, "%" PRIu64 " %" PRIu64 " %s\n", entry->seq, entry->time_ms,
            entry->conversation);
    shown->lines++;
}

/* Begins the file anew, with a line for each conversation. */
static bool shown_rewrite(struct shown *shown)
{
    char fresh[sizeof(shown->path) + 4];
    size_t at = 0;
    struct shown_entry *entry;
    snprintf(fresh, sizeof(fresh), "%s.new", shown->path);
    if (shown->file != NULL)
        fclose(shown->file);
    shown->lines = 0;
    shown->file = fopen(fresh, "we");
    if (shown->file == NULL)
        return false;
    while ((entry = table_next(&shown->entries, &at)) != NULL)
        shown_write(shown, entry);
    return fflush(shown->file) == 0 && rename(fresh, shown->path) == 0;
}

enum status shown_init(struct shown *shown, const char *directory, struct failure *failure)
{
    *shown = (struct shown){.file = NULL};
    table_init(&shown->entries);
    snprintf(shown->path, sizeof(shown->path), "%s/shown", directory);
    shown_read(shown, shown->path);
    if (!shown_rewrite(shown))
        return failure_set(failure, STATUS_IO, "cannot write %s: %s", shown->path, strerror(errno));
    return STATUS_OK;
}

void shown_fini(struct shown *shown)
{
    size_t at = 0;
    void *entry;
    while ((entry = table_next(&shown->entries, &at)) != NULL)
        free(entry);
    table_fini(&shown->entries);
    if (shown->file != NULL)
        fclose(shown->file);
    shown->file = NULL;
}

static void shown_move(struct shown *shown, struct shown_entry *entry, uint64_t seq,
                       uint64_t time_ms)
{
    entry->seq = seq;
    entry->time_ms = time_ms;
    if (shown->file != NULL)
        shown_write(shown, entry);
}

void shown_advance(struct shown *shown, struct shown_entry *entry, uint64_t seq, uint64_t time_ms)
{
    if (seq >= entry->seq)
        shown_move(shown, entry, seq, time_ms);
}

void shown_restart(struct shown *shown, struct shown_entry *entry)
{
    shown_move(shown, entry, 0, 0);
    entry->is_due = true;
}

void shown_stored(struct shown *shown, const char *conversation)
{
    struct shown_entry *entry = shown_find(shown, conversation);
    if (entry != NULL) {
        entry->is_due = true;
        return;
    }
    if (!id_is_conversation(view_of(conversation)) ||
        shown->entries.count >= LIMIT_CONVERSATIONS_PER_USER_MAX)
        return;
    entry = shown_make(shown, view_of(conversation));
    shown_advance(shown, entry, 0, 0);
}

struct shown_entry *shown_find(const struct shown *shown, const char *conversation)
{
    return table_get(&shown->entries, view_of(conversation));
}

bool shown_flush(struct shown *shown)
{
    enum { LINES_MAX = 100000 };
    if (shown->file == NULL || fflush(shown->file) != 0)
        return false;
    return shown->lines < LINES_MAX || shown_rewrite(shown);
}
