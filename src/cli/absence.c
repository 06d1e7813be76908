#include "cli/absence.h"

#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void absence_skipped(struct absence *absence, const char *conversation, uint64_t after,
                     uint64_t before)
{
    for (size_t i = 0; i < absence->count; i++) {
        struct absence_range *range = &absence->ranges[i];
        if (strcmp(range->conversation, conversation) == 0 && range->before == after + 1) {
            range->before = before;
            return;
        }
    }
    if (absence->count == ABSENCE_RANGES_MAX) {
        absence->untold++;
        return;
    }
    struct absence_range *range = &absence->ranges[absence->count++];
    snprintf(range->conversation, sizeof(range->conversation), "%s", conversation);
    range->after = after;
    range->before = before;
}

void absence_progress(struct absence *absence, uint64_t done, uint64_t total)
{
    char first[24];
    char second[24];
    if (!isatty(STDERR_FILENO))
        return;
    snprintf(first, sizeof(first), "%" PRIu64, done);
    snprintf(second, sizeof(second), "%" PRIu64, total);
    fputs("\r\033[K", stderr);
    text_write(stderr, TEXT_PROGRESS, first, second);
    fflush(stderr);
    absence->has_line = true;
}

void absence_tell(struct absence *absence)
{
    char text[64];
    if (absence->has_line)
        fputs("\r\033[K", stderr);
    for (size_t i = 0; i < absence->count; i++) {
        const struct absence_range *range = &absence->ranges[i];
        snprintf(text, sizeof(text), "#%" PRIu64 "-#%" PRIu64, range->after + 1, range->before - 1);
        text_write(stderr, TEXT_SKIPPED, range->conversation, text);
        fputc('\n', stderr);
    }
    if (absence->untold > 0) {
        snprintf(text, sizeof(text), "%zu", absence->untold);
        text_write(stderr, TEXT_SKIPPED_MORE, text, NULL);
        fputc('\n', stderr);
    }
    *absence = (struct absence){.count = 0};
}
