#include "storage/audit/verify_bundle.h"

#include <inttypes.h>
#include <stdarg.h>

/* The findings of one bundle; those beyond the last place are only counted. */
struct report {
    const struct bundle_check *check;
    char path[TILE_PATH_BYTES];
    struct finding *findings;
    unsigned count;
};

__attribute__((format(printf, 4, 5))) static void
report_add(struct report *report, enum finding_kind kind, uint64_t place, const char *format, ...)
{
    va_list arguments;
    unsigned at = report->count++;
    if (at >= BUNDLE_FINDINGS_MAX)
        at = BUNDLE_FINDINGS_MAX - 1;
    struct finding *finding = &report->findings[at];
    *finding =
        (struct finding){.kind = kind, .index = report->check->tile.index * TILE_WIDTH + place};
    snprintf(finding->file, sizeof(finding->file), "%s", report->path);
    if (report->count > BUNDLE_FINDINGS_MAX) {
        snprintf(finding->text, sizeof(finding->text), "from here on, %u more entries of this file",
                 report->count - BUNDLE_FINDINGS_MAX + 1);
        finding->kind = FINDING_FILE;
        return;
    }
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

static bool hash_find(const struct hash *hashes, unsigned count, const struct hash *hash,
                      unsigned *place)
{
    for (*place = 0; *place < count; (*place)++)
        if (hash_equal(&hashes[*place], hash))
            return true;
    return false;
}

/* Walks along what was logged (`truth`, at i) and what is here (`found`, at a). */
static void report_compare(struct report *report, const struct hash *found, unsigned count)
{
    const struct hash *truth = report->check->truth;
    const char *doubt = report->check->is_sure ? "" : ", or its hash was changed";
    uint64_t base = report->check->tile.index * TILE_WIDTH;
    unsigned width = report->check->tile.width;
    unsigned a = 0;
    unsigned i = 0;
    unsigned other;
    while (a < count && i < width) {
        if (hash_equal(&found[a], &truth[i])) {
            a++;
            i++;
            continue;
        }
        bool is_gone = i + 1 < width && hash_equal(&found[a], &truth[i + 1]);
        bool is_pushed = a + 1 < count && hash_equal(&found[a + 1], &truth[i]);
        if (is_pushed && !is_gone) {
            report_add(report, FINDING_INSERTED, i,
                       "before it stands an entry that was not logged");
            a++;
        } else if (is_gone && !is_pushed) {
            report_add(report, FINDING_MISSING, i, "it is missing; the next one has moved up");
            i++;
        } else {
            if (hash_find(truth, width, &found[a], &other))
                report_add(report, FINDING_MOVED, i, "entry %" PRIu64 " stands in its place",
                           base + other);
            else
                report_add(report, FINDING_CHANGED, i, "it is not what was logged%s", doubt);
            a++;
            i++;
        }
    }
    for (; i < width; i++)
        report_add(report, FINDING_MISSING, i, "it is missing; the file ends before it");
    for (; a < count; a++)
        report_add(report, FINDING_INSERTED, i,
                   "after the last one stands one that was not logged");
}

unsigned bundle_verify(const struct bundle_check *check,
                       struct finding findings[BUNDLE_FINDINGS_MAX])
{
    struct buffer bytes;
    struct failure failure;
    struct view entries[TILE_WIDTH];
    struct hash found[TILE_WIDTH];
    unsigned count = 0;
    unsigned width = check->tile.width;
    unsigned file_width = 0;
    struct report report = {.check = check, .findings = findings};
    tile_path(&check->tile, report.path);
    buffer_init(&bytes);
    enum status status = tree_read_file(check->tree, &check->tile, &bytes, &file_width, &failure);
    if (status != STATUS_OK) {
        report_add(&report, FINDING_FILE, 0,
                   "%s: without it, the %u entries from %" PRIu64 " on cannot be verified",
                   status == STATUS_NOT_FOUND ? "it is missing" : failure.text, width,
                   check->tile.index * TILE_WIDTH);
    } else {
        bool is_whole = bundle_read(buffer_view(&bytes), entries, &count);
        if (!is_whole)
            report_add(&report, FINDING_FILE, 0, "after %u entries comes what is no entry", count);
        if (file_width > width && count > width)
            count = width; /* the full file, which is there already */
        for (unsigned i = 0; i < count; i++)
            found[i] = hasher_leaf(check->tree->hasher, entries[i]);
        if (check->truth != NULL)
            report_compare(&report, found, count);
    }
    buffer_fini(&bytes);
    return report.count < BUNDLE_FINDINGS_MAX ? report.count : BUNDLE_FINDINGS_MAX;
}

bool bundle_hash(const struct tree *tree, const struct tile *tile, struct hash hashes[TILE_WIDTH])
{
    struct buffer bytes;
    struct view entries[TILE_WIDTH];
    struct tile bundle = {TILE_ENTRIES, tile->index, tile->width};
    buffer_init(&bytes);
    bool is_read = tree_read_bundle(tree, &bundle, &bytes, entries, NULL) == STATUS_OK;
    for (unsigned i = 0; i < tile->width && is_read; i++)
        hashes[i] = hasher_leaf(tree->hasher, entries[i]);
    buffer_fini(&bytes);
    return is_read;
}
