/* scenario FILE: plays a story of devices and a server, step by step, and compares what each device
 * is sent, line by line and completely: a frame that no `expect` names is a failure at the end.
 *
 * The world                                  A device, user/device
 *   workers N          first line; else 1      D open USER
 *   connect D [OPTION...]                      D create cN NAME [channel] [USER[=ROLE]...]
 *   disconnect D                               D send CONVERSATION mN BODY [after mN] [quote SEQ]
 *                                                     [mention USER]...
 *                                              D forward CONVERSATION mN FROM SEQ
 *                                              D members CONVERSATION USER=ROLE|gone...
 *                                              D list-members CONVERSATION [after USER] [limit N]
 *                                              D mute CONVERSATION USER=30s|0s|ever...
 *                                              D join CONVERSATION
 *                                              D settings CONVERSATION SETTING...
 *                                              D pin|unpin CONVERSATION SEQ, D pins CONVERSATION
 *   slow D, resume D, pull D N                 D recall CONVERSATION rN TARGET... [reason TEXT]
 *                                                     [extension TEXT] [if-undelivered|if-unread]
 *                                                     [wait online|all [500ms]]
 *                                              D recall-range CONVERSATION rN USER [from 5s]
 *                                                     [until 9s] [reason TEXT]
 *                                              D exposure CONVERSATION SEQ [after USER DEVICE]
 *                                                     [limit N]
 *                                              D evidence CONVERSATION SEQ
 *                                              D list-recalls [operator USER] [conversation ID]
 *                                                     [outcome NAME] [before N] [limit N]
 *                                              D policy get|list|reload
 *   receipts N [hide]  members of a small      D progress [after CONVERSATION]
 *     conversation, else 0; displayed is       D receipts CONVERSATION SEQ [after USER] [limit N]
 *     told of nobody                           D privacy tell|hide|keep
 *   hold commits, commit, release commits      D read CONVERSATION [after N] [before N] [limit N]
 *   hold mail W, release mail W                       [newest] [recalls-only]
 *   together ... end   in one turn             D list [after ID] [limit N] [by-activity]
 *                                                     [with-hidden]
 *                                              D listing CONVERSATION muted-until N|on-top|off-top
 *                                              D listing CONVERSATION hiding 0|1|2 [seen SEQ]
 *   store fails full|io|lost-answer            D ack CONVERSATION STORED [DISPLAYED] [origin N]
 *   store works                                D ack-notice CONVERSATION SEQ
 *   advance 30s|500ms, wall-back 5s            D heartbeat [CONVERSATION STORED]
 *   clock-error 600ms, wall-forward 86400s     D hello, D goodbye, D nothing
 *   crash, drain, retention 60s
 *   policy NAME RULE...     what is in the policy file from now on; NAME alone: it is not valid
 *   use-policy NAME RULE... the same, and in force at once
 *   reload                  the operating system's signal to read it again
 *
 *   expect D LINE      the next frame, as shown.h writes it; * is any word
 *   expect-nothing D, expect-closed D, ignore D (what came so far)
 *   never D TEXT       no frame to D may contain it from here on
 *   store-has TEXT, store-lacks TEXT
 *   audit-has LINE     exactly one entry is on record, as shown.h writes it; * is any word
 *   audit-count N [LINE]
 *   N times STEP       m+ and r+ are ids not used before; the body "N bytes" is that long
 *
 * An OPTION of connect is on W, expires SECONDS, follow patch|refresh|replace, as
 * system|compliance, from ADDRESS, key TEXT, ticket D (of its last Welcome)
 * or news. TARGET is mN, @SEQ or @SEQ-SEQ. A SETTING is name
 * TEXT, description TEXT, read-only, writable, join closed|members|open, history
 * everything|joining|last, last N or dissolve. Times of a range, and until when someone is muted,
 * count from the start of the scenario. A RULE is NAME:FIELD=WORD;..., see scenario_policy.c. One
 * rule holds in every scenario: whoever asks again, after whatever, gets the first answer. */
#include "scenario.h"

#include "base/memory.h"
#include "core/frame.h"
#include "shown.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LINE_BYTES_MAX = 16384 };

struct first_answer {
    char *question;
    char *answer;
};

struct scenario the;

_Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s:%u: %s%s%s\n", the.file, the.line, what, detail[0] == 0 ? "" : ": ",
            detail);
    for (size_t i = 0; i < the.device_count; i++) {
        const struct device *device = &the.devices[i];
        if (buffer_size(&device->inbox) > 0)
            fprintf(stderr, "  %s was sent, and no step has expected it yet:\n%.*s", device->name,
                    VIEW_PRINT(buffer_view(&device->inbox)));
    }
    exit(1);
}

/* ---- What devices are sent ---- */

static void check_first_answer(const char *question, const char *answer)
{
    struct first_answer *first = table_get(&the.answers, view_of(question));
    if (first == NULL) {
        first = memory_new(sizeof(*first));
        first->question = memory_copy(question, strlen(question));
        first->answer = memory_copy(answer, strlen(answer));
        table_put(&the.answers, view_of(first->question), first);
    } else if (strcmp(first->answer, answer) != 0) {
        fail("a repeated request got another answer than the first", answer);
    }
}

static void check_answer(const struct device *device, const wire_server_frame *frame,
                         const char *line)
{
    char question[300];
    char answer[80];
    if (frame->request > device->link.last_request)
        fail("an answer to a request that was not made", line);
    if (frame->body_case == SERVER_FRAME(ACCEPTED)) {
        const wire_accepted *accepted = frame->accepted;
        snprintf(question, sizeof(question), "send %s %s %02x%02x%02x%02x", accepted->conversation,
                 device->user, accepted->message_id.data[12], accepted->message_id.data[13],
                 accepted->message_id.data[14], accepted->message_id.data[15]);
        snprintf(answer, sizeof(answer), "seq %" PRIu64 " time %" PRIx64, accepted->seq,
                 accepted->time);
        check_first_answer(question, answer);
    } else if (frame->body_case == SERVER_FRAME(RECALL) && frame->request != 0) {
        const char *reach = strstr(line, " reach "); /* that alone depends on when it is asked */
        snprintf(question, sizeof(question), "recall %s %s %.*s", frame->recall->conversation,
                 device->user, VIEW_PRINT(bytes_view(frame->recall->request_id)));
        char *outcomes = memory_copy(line, reach == NULL ? strlen(line) : (size_t)(reach - line));
        check_first_answer(question, outcomes);
        free(outcomes);
    }
}

static void scenario_note_place(struct device *device, const wire_server_frame *frame)
{
    if (frame->body_case != SERVER_FRAME(CONVERSATIONS) ||
        frame->conversations->n_conversations == 0)
        return;
    const wire_conversation_entry *entry =
        frame->conversations->conversations[frame->conversations->n_conversations - 1];
    device->place.pinned_ms = entry->listing == NULL ? 0 : entry->listing->pinned_ms;
    device->place.activity = entry->activity;
}

static void device_on_frame(struct link *link, struct view payload)
{
    struct device *device = (struct device *)link; /* its first member */
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    if (frame == NULL)
        fail("a frame that cannot be decoded was sent to", device->name);
    if (frame->body_case == SERVER_FRAME(WELCOME)) {
        device->ticket = 0;
        if (frame->welcome->ticket.len > 0)
            memcpy(&device->ticket, frame->welcome->ticket.data, sizeof(device->ticket));
    }
    char *line = shown_frame(frame);
    if (device->forbidden != NULL &&
        memmem(payload.data, payload.size, device->forbidden, strlen(device->forbidden)) != NULL)
        fail("a body that must not leave was sent", line);
    check_answer(device, frame, line);
    scenario_note_place(device, frame);
    buffer_append(&device->inbox, line, strlen(line));
    buffer_append(&device->inbox, "\n", 1);
    free(line);
    arena_fini(&arena);
}

struct device *find_device(const char *name)
{
    for (size_t i = 0; i < the.device_count; i++) {
        if (strcmp(the.devices[i].name, name) == 0)
            return &the.devices[i];
    }
    const char *slash = strchr(name, '/');
    if (slash == NULL || the.device_count == DEVICES_MAX)
        fail("no device", name);
    struct device *device = &the.devices[the.device_count++];
    snprintf(device->name, sizeof(device->name), "%s", name);
    snprintf(device->user, sizeof(device->user), "%.*s", (int)(slash - name), name);
    buffer_init(&device->inbox);
    device->link.on_frame = device_on_frame;
    return device;
}

/* ---- Reading a file ---- */

/* Cuts a line at blanks; "..." is one word without its quotes. */
static void split(char *line, struct words *words)
{
    words->count = 0;
    for (char *at = line; *at != 0 && words->count < WORDS_MAX;) {
        at += strspn(at, " ");
        if (*at == 0)
            break;
        char *end = *at == '"' ? strchr(at + 1, '"') : at + strcspn(at, " ");
        if (end == NULL)
            fail("a quote without its end", at);
        words->words[words->count++] = *at == '"' ? at + 1 : at;
        at = *end == 0 ? end : end + 1;
        *end = 0;
    }
}

bool matches(const char *pattern, const char *line)
{
    while (*pattern != 0 && *line != 0) {
        size_t pattern_bytes = strcspn(pattern, " ");
        size_t line_bytes = strcspn(line, " ");
        bool is_any = pattern_bytes == 1 && pattern[0] == '*';
        if (!is_any && (pattern_bytes != line_bytes || strncmp(pattern, line, line_bytes) != 0))
            return false;
        pattern += pattern_bytes + (pattern[pattern_bytes] == ' ');
        line += line_bytes + (line[line_bytes] == ' ');
    }
    return *pattern == *line;
}

static void run_expect(const char *rest)
{
    char name[130];
    size_t name_bytes = strcspn(rest, " ");
    snprintf(name, sizeof(name), "%.*s", (int)name_bytes, rest);
    struct device *device = find_device(name);
    const char *pattern = rest + name_bytes + (rest[name_bytes] == ' ');
    struct view inbox = buffer_view(&device->inbox);
    if (inbox.size == 0)
        fail("nothing came; expected", rest);
    size_t size = (size_t)((const uint8_t *)memchr(inbox.data, '\n', inbox.size) - inbox.data);
    char *line = memory_copy(inbox.data, size);
    if (!matches(pattern, line))
        fail("the next frame is another; expected", rest);
    buffer_consume(&device->inbox, size + 1);
    free(line);
}

static size_t count_audit(const char *pattern)
{
    struct arena arena;
    wire_audit_entry **entries;
    size_t found = 0;
    arena_init(&arena);
    size_t count = cluster_audit(&the.cluster, &arena, &entries);
    for (size_t i = 0; i < count; i++) {
        char *line = shown_audit(entries[i]);
        found += *pattern == 0 || matches(pattern, line);
        free(line);
    }
    arena_fini(&arena);
    return found;
}

static void fail_audit(const char *what, const char *rest)
{
    struct arena arena;
    wire_audit_entry **entries;
    arena_init(&arena);
    size_t count = cluster_audit(&the.cluster, &arena, &entries);
    for (size_t i = 0; i < count; i++) {
        char *line = shown_audit(entries[i]);
        fprintf(stderr, "  %s\n", line);
        free(line);
    }
    arena_fini(&arena);
    fail(what, rest);
}

static void run_audit(const char *line)
{
    char *pattern;
    if (strncmp(line, "audit-has ", 10) == 0) {
        if (count_audit(line + 10) != 1)
            fail_audit("the audit log does not have exactly one", line + 10);
        return;
    }
    unsigned long wanted = strtoul(line + 12, &pattern, 10);
    pattern += *pattern == ' ';
    if (count_audit(pattern) != wanted)
        fail_audit("the audit log has another number of", line + 12);
}

static void run_words(struct words *words)
{
    if (words->count > 2 && strcmp(words->words[1], "times") == 0) {
        uint64_t times = number_of(words->words[0]);
        struct words rest = {words->words + 2, words->count - 2};
        for (uint64_t i = 0; i < times; i++)
            run_words(&rest);
        return;
    }
    char **list = words->words;
    bool is_world = run_world_step(list[0], (struct words){list + 1, words->count - 1});
    if (!is_world &&
        (words->count < 2 ||
         (!run_group_step(list[1], (struct words){list + 2, words->count - 2}, list[0]) &&
          !run_device_step(list[1], (struct words){list + 2, words->count - 2}, list[0]) &&
          !run_operator_step(list[1], (struct words){list + 2, words->count - 2}, list[0]) &&
          !run_level_step(list[1], (struct words){list + 2, words->count - 2}, list[0]))))
        fail("no such step", list[0]);
    if (!the.is_together)
        cluster_settle(&the.cluster);
}

static void run_line(char *line)
{
    char *list[WORDS_MAX];
    struct words words = {list, 0};
    line[strcspn(line, "\n")] = 0;
    if (line[0] == 0 || line[0] == '#')
        return;
    unsigned workers = 1;
    bool is_workers = sscanf(line, "workers %u", &workers) == 1;
    if (!the.is_started) {
        assert(workers >= 1 && workers <= CLUSTER_WORKERS_MAX);
        cluster_init(&the.cluster, workers);
        the.is_started = true;
    }
    if (is_workers)
        return;
    if (strncmp(line, "expect ", 7) == 0) {
        run_expect(line + 7);
        return;
    }
    if (strncmp(line, "audit-has ", 10) == 0 || strncmp(line, "audit-count ", 12) == 0) {
        run_audit(line);
        return;
    }
    split(line, &words);
    run_words(&words);
}

static void finish(void)
{
    struct first_answer *answer;
    size_t at = 0;
    for (size_t i = 0; i < the.device_count; i++) {
        if (buffer_size(&the.devices[i].inbox) > 0)
            fail("the scenario ends, but not everything was expected", "");
        buffer_fini(&the.devices[i].inbox);
        free(the.devices[i].forbidden);
    }
    while ((answer = table_next(&the.answers, &at)) != NULL) {
        free(answer->question);
        free(answer->answer);
        free(answer);
    }
    table_fini(&the.answers);
    cluster_fini(&the.cluster);
    policies_forget();
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES_MAX];
    if (argc != 2) {
        fprintf(stderr, "usage: scenario FILE\n");
        return 2;
    }
    the.file = argv[1];
    table_init(&the.answers);
    FILE *file = fopen(argv[1], "re");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        the.line++;
        run_line(line);
    }
    fclose(file);
    if (!the.is_started)
        fail("an empty scenario", "");
    finish();
    return 0;
}
