/* A client is killed at the N-th call that changes a file, for each N until it runs through, and
 * likewise at the N-th write, half of which is done; or the call fails. Afterwards what it had
 * shown is stored, what it had said to have sent is in the outbox or was accepted, and what was
 * taken back is in no file; and when it runs again it has the whole log, once.
 *
 * Usage: test_faults [all]. Without "all" about a part of the numbers, which takes seconds. */
#include "base/limits.h"
#include "client/database.h"
#include "fake_server.h"
#include "fault.h"
#include "faults_child.h"
#include "scratch.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, SENT_MAX = 4, CALLS_MAX = 2000 };

struct seen {
    unsigned shown[EVENTS_MAX];
    char body[EVENTS_MAX][32]; /* "": a tombstone, or another event */
    bool is_recalled[EVENTS_MAX];
    struct uuid sent[SENT_MAX];
    size_t sent_count;
    unsigned long calls; /* when it ran through */
};

static struct fake_server server;
static struct scratch scratch;
static struct seen seen;
static const char *program;
static const char *mode;

static void uuid_read(const char *text, struct uuid *id)
{
    for (int i = 0; i < UUID_BYTES; i++) {
        unsigned byte;
        int count = sscanf(text + 2 * i, "%2x", &byte);
        assert(count == 1);
        id->bytes[i] = (uint8_t)byte;
    }
}

/* What the others do, once the client is there for the first time. */
static void go_on(void)
{
    pthread_mutex_lock(&server.lock);
    bool is_new = server.event_count < 20 && !server.events[1].is_recalled;
    pthread_mutex_unlock(&server.lock);
    if (!is_new)
        return;
    fake_server_recall(&server, 2);
    fake_server_say(&server, faults_last);
}

static void read_line(char *line)
{
    unsigned long long seq;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "online") == 0) {
        go_on();
    } else if (strncmp(line, "sent ", 5) == 0) {
        assert(seen.sent_count < SENT_MAX);
        uuid_read(line + 5, &seen.sent[seen.sent_count++]);
    } else if (sscanf(line, "event %llu", &seq) == 1) {
        assert(seq < EVENTS_MAX);
        const char *body = strstr(line, " normal ");
        seen.shown[seq]++;
        snprintf(seen.body[seq], sizeof(seen.body[seq]), "%s", body == NULL ? "" : body + 8);
    } else if (sscanf(line, "recalled %llu", &seq) == 1) {
        assert(seq < EVENTS_MAX);
        seen.is_recalled[seq] = true;
    } else if (strncmp(line, "done ", 5) == 0) {
        seen.calls = strtoul(line + 5, NULL, 10);
    }
}

/* Runs a client; its exit status, or -1 when it was killed. */
static int run(enum fault fault, unsigned long number, const char *turn)
{
    int pipes[2];
    char port[16], fault_text[16], number_text[24], line[256];
    snprintf(port, sizeof(port), "%d", server.port);
    snprintf(fault_text, sizeof(fault_text), "%d", (int)fault);
    snprintf(number_text, sizeof(number_text), "%lu", number);
    int result = pipe2(pipes, O_CLOEXEC);
    assert(result == 0);
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execl(program, program, "child", scratch.path, port, mode, fault_text, number_text, turn,
              (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    FILE *lines = fdopen(pipes[0], "r");
    while (fgets(line, sizeof(line), lines) != NULL)
        read_line(line);
    fclose(lines);
    pid_t ended = waitpid(child, &result, 0);
    assert(ended == child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static bool outbox_has(struct database *database, struct arena *arena, const struct uuid *id)
{
    struct client_outgoing *entries;
    size_t count;
    enum status status = database_outbox(database, 0, 100, arena, &entries, &count);
    assert(status == STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&entries[i].message_id, id, sizeof(*id)) == 0)
            return true;
    }
    return false;
}

static bool log_has(struct database *database, struct arena *arena, const struct uuid *id)
{
    for (uint64_t seq = 1; seq < EVENTS_MAX; seq++) {
        struct unsay_event event;
        enum status status = database_event(database, view_of("g:1"), 1, seq, arena, &event);
        assert(status == STATUS_OK);
        if (event.kind == UNSAY_EVENT_MESSAGE && memcmp(event.message_id, id, 16) == 0)
            return true;
    }
    return false;
}

/* Accepted: it comes back with the log. */
static bool server_has(const struct uuid *id)
{
    bool is_there = false;
    pthread_mutex_lock(&server.lock);
    for (size_t i = 0; i < server.event_count; i++)
        is_there = is_there || memcmp(server.events[i].message_id, id, sizeof(*id)) == 0;
    pthread_mutex_unlock(&server.lock);
    return is_there;
}

static void check_event(struct database *database, struct arena *arena, uint64_t seq)
{
    struct unsay_event event;
    enum status status = database_event(database, view_of("g:1"), 1, seq, arena, &event);
    assert(status == STATUS_OK && event.kind != 0);
    if (seen.is_recalled[seq])
        assert(event.state != UNSAY_MESSAGE_NORMAL && event.body == NULL);
    else if (seen.body[seq][0] != 0 && event.body != NULL)
        assert(event.body_bytes == strlen(seen.body[seq]) &&
               memcmp(event.body, seen.body[seq], event.body_bytes) == 0);
}

/* As the next process finds it. */
static void check_stored(void)
{
    struct database *database;
    struct failure failure = {STATUS_OK, ""};
    struct arena arena;
    struct database_damage damage;
    struct database_options options = {
        .directory = scratch.path,
        .user = "alice",
        .device = "phone",
        .key = strcmp(mode, "encrypted") == 0 ? faults_key : NULL,
    };
    arena_init(&arena);
    enum status status = database_open(&options, &database, &failure);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", failure.text);
    assert(status == STATUS_OK);
    bool is_damaged = database_take_damage(database, &damage);
    bool has_shown = false;
    for (uint64_t seq = 1; seq < EVENTS_MAX; seq++)
        has_shown = has_shown || seen.shown[seq] > 0;
    assert(!is_damaged || !has_shown);
    for (uint64_t seq = 1; seq < EVENTS_MAX; seq++) {
        if (seen.shown[seq] > 0)
            check_event(database, &arena, seq);
    }
    for (size_t i = 0; i < seen.sent_count; i++)
        assert(outbox_has(database, &arena, &seen.sent[i]) ||
               log_has(database, &arena, &seen.sent[i]) || server_has(&seen.sent[i]));
    database_close(database);
    arena_fini(&arena);
}

/* With the server's lock held. */
static size_t count_own(const char *body)
{
    size_t count = 0;
    for (size_t i = 0; i < server.event_count; i++)
        count += server.events[i].is_own && strcmp(server.events[i].body, body) == 0;
    return count;
}

static void check_end(void)
{
    check_stored();
    pthread_mutex_lock(&server.lock);
    for (uint64_t seq = 1; seq < EVENTS_MAX; seq++)
        assert(seen.shown[seq] <= 1 && (seen.shown[seq] == 0 || seq <= server.event_count));
    assert(count_own("mine one") <= 1 && count_own("mine two") <= 1);
    assert(count_own("mine one") + count_own("mine two") >= seen.sent_count);
    pthread_mutex_unlock(&server.lock);
    assert(!scratch_contains(&scratch, faults_canary, strlen(faults_canary)));
    if (strcmp(mode, "encrypted") == 0)
        assert(!scratch_contains(&scratch, faults_last, strlen(faults_last)));
}

/* Whether the fault was met. */
static bool scenario(enum fault fault, unsigned long number)
{
    memset(&seen, 0, sizeof(seen));
    scratch_init(&scratch);
    fake_server_start(&server);
    fake_server_say(&server, "first of all");
    fake_server_say(&server, faults_canary);
    for (int i = 0; i < 6; i++)
        fake_server_say(&server, "some text");
    int result = run(fault, number, "first");
    bool is_met = result != 0 || seen.calls >= number;
    if (result != 0 && result != 3 && result != -1) {
        fprintf(stderr, "%s, fault %d at call %lu: exit status %d\n", mode, (int)fault, number,
                result);
        abort();
    }
    if (result != 0)
        check_stored();
    if (result != 0) {
        result = run(FAULT_NONE, 0, "again");
        assert(result == 0);
    }
    check_end();
    fake_server_stop(&server);
    scratch_fini(&scratch);
    return is_met;
}

static void try(enum fault fault, unsigned long start, unsigned long step)
{
    unsigned long number = start;
    while (number < CALLS_MAX && scenario(fault, number))
        number += step;
    printf("%s, fault %d: up to call %lu, every %lu\n", mode, (int)fault, number, step);
    fflush(stdout);
    assert(number < CALLS_MAX);
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "child") == 0)
        return faults_child(argv + 2);
    bool all = argc == 2 && strcmp(argv[1], "all") == 0;
    static const char *const modes[] = {"plain", "encrypted"};
    program = argv[0];
    for (size_t i = 0; i < 2; i++) {
        mode = modes[i];
        try(FAULT_KILL, 1 + i, all ? 1 : 5);
        try(FAULT_TORN, 3 + i, all ? 1 : 13);
        try(FAULT_NO_SPACE, 31 + 9 * i, all ? 1 : 97);
        try(FAULT_IO, 80 + 7 * i, all ? 1 : 101);
    }
    return 0;
}
