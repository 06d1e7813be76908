/* P8: every attempt is on record, once where something was taken back, and no record holds a body.
 */
#include "checks.h"

#include "policies.h"
#include "storage/store.h"

static const char promise[] = "P8 audit";

void check_audit_private(struct world *world, const char *what, struct view bytes)
{
    size_t at = 0;
    const struct message *message = history_find_canary(&world->history, bytes, &at);
    if (message != NULL)
        world_break(world, promise, "%s holds the body of %s", what, message->canary);
}

void check_audit_attempt(struct world *world, const wire_audit_entry *entry,
                         const struct attempt *attempt)
{
    if (entry->outcome != WIRE(RECALL_OUTCOME, RECALLED)) {
        if (entry->recall_seq != 0 && entry->outcome == WIRE(RECALL_OUTCOME, REFUSED))
            world_break(world, promise, "a refusal names a recall");
        return;
    }
    struct taken_back *recall =
        attempt->log == UINT32_MAX
            ? NULL
            : history_find_recall(&world->history, &world->history.logs[attempt->log],
                                  entry->recall_seq);
    if (recall == NULL || recall->message != attempt->message ||
        recall->target_seq != entry->target_seq || recall->asked != attempt->asked)
        world_break(world, promise, "an entry tells of recall %s:%llu, which is not in the log",
                    entry->conversation, (unsigned long long)entry->recall_seq);
    else
        recall->entries++;
}

/* ---- Answers ---- */

static bool audit_has(const struct history *history, uint32_t asked, uint32_t message,
                      Unsay__V1__RecallOutcome outcome, refusal_code refusal)
{
    for (uint32_t i = history->attempt_count; i-- > 0;) {
        const struct attempt *attempt = &history->attempts[i];
        bool is_found =
            attempt->asked == asked && attempt->outcome == outcome && attempt->refusal == refusal;
        if (is_found && (message == UINT32_MAX || attempt->message == message))
            return true;
    }
    return false;
}

static void audit_check_result(struct world *world, const wire_recall_result *result)
{
    struct history *history = &world->history;
    const struct asked *asked = history_find_asked(history, bytes_view(result->request_id));
    if (asked == NULL)
        return; /* check_answers tells */
    for (size_t i = 0; i < result->n_outcomes; i++) {
        const wire_target_outcome *outcome = result->outcomes[i];
        const struct message *message =
            history_find_message(history, bytes_view(outcome->target->message_id));
        uint32_t index = message == NULL ? UINT32_MAX : (uint32_t)(message - history->messages);
        if (!audit_has(history, (uint32_t)(asked - history->asked), index, outcome->outcome,
                       outcome->refusal))
            world_break(world, promise, "outcome %d of %.*s is answered and not on record",
                        (int)outcome->outcome, VIEW_PRINT(bytes_view(result->request_id)));
    }
}

/* The whole request was refused because of who asks, or where. */
static void audit_check_error(struct world *world, const struct link *link, uint64_t request,
                              const wire_error *error)
{
    const struct history *history = &world->history;
    if (error->code != REFUSAL_CODE(NOT_A_MEMBER) &&
        error->code != REFUSAL_CODE(UNKNOWN_CONVERSATION))
        return;
    for (uint32_t i = 0; i < LINK_ASKED_MAX && i < link->asked_count; i++) {
        if (link->asked[i].request == request && !history->asked[link->asked[i].asked].is_range &&
            !audit_has(history, link->asked[i].asked, UINT32_MAX, WIRE(RECALL_OUTCOME, REFUSED),
                       error->code))
            world_break(world, promise, "the refusal of r%u is answered and not on record",
                        link->asked[i].asked);
    }
}

void check_audit_answered(struct world *world, const struct link *link,
                          const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(RECALL))
        audit_check_result(world, frame->recall);
    else if (frame->body_case == SERVER_FRAME(ERROR) && frame->request != 0)
        audit_check_error(world, link, frame->request, frame->error);
}

/* ---- In the end ---- */

/* The rows on their way into the log: their entries that tell of a recall. */
static uint64_t audit_count_journal(struct world *world)
{
    enum { ROWS = 64 };
    struct store_journal rows[ROWS];
    struct arena arena;
    uint64_t granted = 0;
    uint64_t after = 0;
    size_t count = ROWS;
    arena_init(&arena);
    while (count == ROWS) {
        arena_reset(&arena);
        if (store_read_journal(world->server.store, after, ROWS, &arena, rows, &count) != STATUS_OK)
            break;
        for (size_t i = 0; i < count; i++) {
            after = rows[i].number;
            for (size_t at = 0; at < rows[i].count; at++) {
                struct view bytes = rows[i].entries[at];
                wire_audit_entry *entry =
                    unsay__v1__audit_entry__unpack(NULL, bytes.size, bytes.data);
                check_audit_private(world, "the journal", bytes);
                granted += entry != NULL && entry->outcome == WIRE(RECALL_OUTCOME, RECALLED);
                unsay__v1__audit_entry__free_unpacked(entry, NULL);
            }
        }
    }
    arena_fini(&arena);
    return granted;
}

void check_audit_end(struct world *world)
{
    const struct history *history = &world->history;
    for (uint32_t i = 0; i < history->recall_count; i++) {
        if (history->recalls[i].entries != 1)
            world_break(world, promise, "recall %s:%llu is on record %u times",
                        history->logs[history->recalls[i].log].id,
                        (unsigned long long)history->recalls[i].seq, history->recalls[i].entries);
    }
    uint64_t granted = audit_count_journal(world);
    if (granted != history->recall_count)
        world_break(world, promise, "the journal tells of %llu recalls, the logs of %u",
                    (unsigned long long)granted, history->recall_count);
}
