#include "cli/audit.h"
#include "cli/command.h"

#include <inttypes.h>

/* Entries [from, until), a bundle at a time. */
static int reader_print(struct audit_reader *reader, uint64_t from, uint64_t until, bool is_json)
{
    struct arena arena;
    struct view entries[TILE_WIDTH];
    struct failure failure;
    enum status status = STATUS_OK;
    arena_init(&arena);
    while (from < until && status == STATUS_OK && !ferror(stdout)) {
        uint64_t end = (from / TILE_WIDTH + 1) * TILE_WIDTH;
        size_t count = (size_t)((end < until ? end : until) - from);
        arena_reset(&arena);
        status = tree_read_entries(&reader->tree, from, count, &arena, entries, &failure);
        for (size_t i = 0; status == STATUS_OK && i < count; i++)
            audit_entry_print(stdout, from + i, entries[i], is_json);
        from += count;
    }
    arena_fini(&arena);
    return status == STATUS_OK ? COMMAND_OK : audit_refuse(failure.text);
}

int audit_run_show(struct audit_request *request)
{
    struct audit_reader reader;
    int exit_status = COMMAND_OK;
    bool has_indexes = request->operand_count > 1;
    if (has_indexes == (request->last != 0))
        return options_wrong(&request->options, "show takes either indexes or --last");
    if (!audit_reader_open(&reader, request->operands[0]))
        return COMMAND_REFUSED;
    uint64_t size = reader.tree.size;
    if (!has_indexes)
        exit_status = reader_print(&reader, size > request->last ? size - request->last : 0, size,
                                   request->options.is_json);
    for (int i = 1; i < request->operand_count && exit_status == COMMAND_OK; i++) {
        uint64_t index;
        if (options_number(request->operands[i], 0, INT64_MAX - 1, &index))
            exit_status = reader_print(&reader, index, index + 1, request->options.is_json);
        else
            exit_status =
                options_wrong(&request->options, "\"%s\" is not an index", request->operands[i]);
    }
    audit_reader_close(&reader);
    return exit_status;
}

int audit_run_export(struct audit_request *request)
{
    struct audit_reader reader;
    if (!audit_reader_open(&reader, request->operands[0]))
        return COMMAND_REFUSED;
    uint64_t size = reader.tree.size;
    int exit_status =
        reader_print(&reader, request->from, request->until < size ? request->until : size, true);
    audit_reader_close(&reader);
    return exit_status;
}
