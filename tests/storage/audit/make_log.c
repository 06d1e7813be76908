/* make_log DATA SIZE BATCH: a log of SIZE entries in DATA/audit, in batches, with its key in DATA:
 * for tests of those who read it. */
#include "base/memory.h"
#include "core/contract.h"
#include "storage/audit/key.h"
#include "storage/audit/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct view entry_make(uint64_t index, struct arena *arena)
{
    char operator[32];
    char request[32];
    uint8_t policy[32] = {1, 2, 3};
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    bool is_refused = index % 5 == 0;
    snprintf(operator, sizeof(operator), "user%u", (unsigned)(index % 100));
    snprintf(request, sizeof(request), "request-%" PRIu64, index);
    entry.kind = WIRE(AUDIT_KIND, RECALL);
    entry.time = UINT64_C(1700000000000) + index * 10;
    entry.conversation = string_of("g:0123456789abcdef");
    entry.conversation_type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.origin = 1;
    entry.target_seq = index + 1;
    entry.target_sender = operator;
    entry.content_type = WIRE(CONTENT_TYPE, IMAGE);
    entry.target_time = (entry.time - 5000) << 16;
    entry.operator_ = operator;
    entry.actor = WIRE(ACTOR, SELF);
    entry.target_role = WIRE(ROLE, MEMBER);
    entry.device = string_of("phone");
    entry.address = string_of("192.0.2.1:4711");
    entry.request_id = bytes_of(view_of(request));
    entry.rule = string_of("own message within two minutes");
    entry.policy = bytes_of(view_make(policy, sizeof(policy)));
    entry.outcome = is_refused ? WIRE(RECALL_OUTCOME, REFUSED) : WIRE(RECALL_OUTCOME, RECALLED);
    entry.refusal = is_refused ? WIRE(ERROR_CODE, WINDOW_CLOSED) : 0;
    uint8_t *bytes = arena_alloc(arena, unsay__v1__audit_entry__get_packed_size(&entry));
    return view_make(bytes, unsay__v1__audit_entry__pack(&entry, bytes));
}

int main(int argc, char **argv)
{
    struct note_signer signer;
    struct audit_log *log = NULL;
    struct failure failure;
    struct arena arena;
    char directory[4096];
    if (argc != 4) {
        fputs("usage: make_log DATA SIZE BATCH\n", stderr);
        return 2;
    }
    uint64_t size = strtoull(argv[2], NULL, 10);
    size_t batch = strtoull(argv[3], NULL, 10);
    struct view *entries = memory_new_array(batch, sizeof(*entries));
    snprintf(directory, sizeof(directory), "%s/audit", argv[1]);
    enum status status = audit_key_open(argv[1], "unsay/made-by-a-test", &signer, &failure);
    if (status == STATUS_OK)
        status = audit_log_open(directory, &signer, &log, &failure);
    arena_init(&arena);
    while (status == STATUS_OK && audit_log_size(log) < size) {
        size_t count = 0;
        arena_reset(&arena);
        while (count < batch && audit_log_size(log) + count < size) {
            entries[count] = entry_make(audit_log_size(log) + count, &arena);
            count++;
        }
        status = audit_log_append(log, entries, count, audit_log_size(log) + count, &failure);
    }
    arena_fini(&arena);
    audit_log_close(log);
    free(entries);
    if (status != STATUS_OK)
        fprintf(stderr, "make_log: %s\n", failure.text);
    return status != STATUS_OK;
}
