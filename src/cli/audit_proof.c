#include "cli/audit.h"
#include "cli/command.h"
#include "storage/audit/proof.h"

#include <inttypes.h>

int audit_run_prove(struct audit_request *request)
{
    struct audit_reader reader;
    struct buffer text;
    struct failure failure;
    uint64_t index;
    if (!options_number(request->operands[1], 0, INT64_MAX, &index))
        return options_wrong(&request->options, "\"%s\" is not an index", request->operands[1]);
    if (!audit_reader_open(&reader, request->operands[0]))
        return COMMAND_REFUSED;
    buffer_init(&text);
    enum status status =
        proof_write(&reader.tree, buffer_view(&reader.checkpoint), index, &text, &failure);
    if (status == STATUS_OK)
        fwrite(buffer_view(&text).data, 1, buffer_size(&text), stdout);
    buffer_fini(&text);
    audit_reader_close(&reader);
    return status == STATUS_OK ? COMMAND_OK : audit_refuse(failure.text);
}

int audit_run_verify_proof(struct audit_request *request)
{
    struct note_key key;
    struct buffer text;
    struct proof proof;
    struct failure failure;
    if (!audit_read_key(request, &key))
        return COMMAND_REFUSED;
    buffer_init(&text);
    bool is_read = audit_read_file(request->operands[0], PROOF_BYTES_MAX, &text);
    enum status status = STATUS_IO;
    if (is_read) {
        status = proof_verify(buffer_view(&text), &key, &proof, &failure);
        if (status == STATUS_OK && !request->options.is_json)
            printf("proven: entry %" PRIu64 " of the first %" PRIu64 " of %s\n", proof.index,
                   proof.checkpoint.size, key.name);
        if (status == STATUS_OK)
            audit_entry_print(stdout, proof.index, buffer_view(&proof.entry),
                              request->options.is_json);
        buffer_fini(&proof.entry);
    }
    buffer_fini(&text);
    if (!is_read)
        return COMMAND_REFUSED;
    return status == STATUS_OK ? COMMAND_OK : audit_refuse(failure.text);
}
