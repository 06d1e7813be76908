#include "history.h"

#include "base/memory.h"

#include <assert.h>

void history_fini(struct history *history)
{
    for (uint32_t i = 0; i < history->log_count; i++) {
        free(history->logs[i].events);
        free(history->logs[i].places);
    }
    for (uint32_t i = 0; i < history->asked_count; i++) {
        free((void *)(uintptr_t)history->asked[i].frame.data);
        free((void *)(uintptr_t)history->asked[i].answer.data);
    }
    free(history->asked);
    free(history->attempts);
    free(history->recalls);
    free(history->messages);
}

/* Room for one more. */
static void *history_grow(void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    return memory_resize(items, *capacity * size);
}

struct message *history_add_message(struct history *history, uint64_t clock_ms, uint64_t random,
                                    unsigned user, unsigned device, const char *conversation)
{
    history->messages = history_grow(history->messages, history->message_count,
                                     &history->message_capacity, sizeof(*history->messages));
    uint32_t index = history->message_count++;
    struct message *message = &history->messages[index];
    *message = (struct message){.user = user, .device = device};
    uint8_t bytes[10];
    memcpy(bytes, &random, 6);
    for (unsigned i = 0; i < 4; i++)
        bytes[6 + i] = (uint8_t)(index >> (24 - 8 * i));
    message->id = uuid_v7(clock_ms, bytes);
    snprintf(message->conversation, sizeof(message->conversation), "%s", conversation);
    snprintf(message->canary, sizeof(message->canary), "<<<%08x>>>", index);
    return message;
}

static struct message *history_message_at(struct history *history, uint64_t index)
{
    return index < history->message_count ? &history->messages[index] : NULL;
}

struct message *history_find_message(struct history *history, struct view id)
{
    uint32_t index = 0;
    if (id.size != UUID_BYTES)
        return NULL;
    for (unsigned i = 12; i < UUID_BYTES; i++)
        index = index << 8 | id.data[i];
    struct message *message = history_message_at(history, index);
    return message != NULL && view_equal(uuid_view(&message->id), id) ? message : NULL;
}

struct message *history_find_canary(struct history *history, struct view bytes, size_t *at)
{
    while (bytes.size - *at >= CANARY_BYTES) {
        const uint8_t *found = memmem(bytes.data + *at, bytes.size - *at, "<<<", 3);
        if (found == NULL)
            return NULL;
        size_t start = (size_t)(found - bytes.data);
        *at = start + 3;
        if (bytes.size - start < CANARY_BYTES)
            return NULL;
        char digits[9] = "";
        memcpy(digits, found + 3, 8);
        struct message *message = history_message_at(history, strtoul(digits, NULL, 16));
        if (message != NULL && memcmp(message->canary, found, CANARY_BYTES) == 0)
            return message;
    }
    return NULL;
}

struct log *history_find_log(struct history *history, struct view conversation)
{
    for (uint32_t i = 0; i < history->log_count; i++) {
        if (view_equal(view_of(history->logs[i].id), conversation))
            return &history->logs[i];
    }
    return NULL;
}

struct log *history_log(struct history *history, struct view conversation)
{
    struct log *log = history_find_log(history, conversation);
    if (log != NULL)
        return log;
    assert(history->log_count < LOGS_MAX);
    log = &history->logs[history->log_count++];
    snprintf(log->id, sizeof(log->id), "%.*s", VIEW_PRINT(conversation));
    return log;
}

struct logged *log_at(struct log *log, uint64_t seq)
{
    if (seq >= log->capacity) {
        uint64_t capacity = log->capacity == 0 ? 64 : log->capacity;
        while (seq >= capacity)
            capacity *= 2;
        log->events = memory_resize(log->events, capacity * sizeof(*log->events));
        memset(log->events + log->capacity, 0, (capacity - log->capacity) * sizeof(*log->events));
        log->capacity = capacity;
    }
    return &log->events[seq];
}

struct asked *history_add_asked(struct history *history, unsigned user, const char *conversation)
{
    history->asked = history_grow(history->asked, history->asked_count, &history->asked_capacity,
                                  sizeof(*history->asked));
    struct asked *asked = &history->asked[history->asked_count++];
    *asked = (struct asked){.user = user};
    snprintf(asked->conversation, sizeof(asked->conversation), "%s", conversation);
    return asked;
}

struct asked *history_find_asked(struct history *history, struct view request_id)
{
    char text[16] = "";
    if (request_id.size < 2 || request_id.size >= sizeof(text))
        return NULL;
    memcpy(text, request_id.data, request_id.size);
    uint64_t index = strtoul(text + 1, NULL, 10);
    return index < history->asked_count ? &history->asked[index] : NULL;
}

unsigned history_user(struct view name)
{
    bool is_ours = name.size == 2 && name.data[0] == 'u' && name.data[1] >= '0' &&
                   name.data[1] < '0' + USERS_ALL;
    return is_ours ? (unsigned)(name.data[1] - '0') : USERS_ALL;
}

Unsay__V1__Role log_role(const struct log *log, unsigned user, uint64_t seq, uint64_t *since)
{
    *since = 0;
    for (uint32_t i = log->place_count; i-- > 0;) {
        if (log->places[i].user != user || log->places[i].seq > seq)
            continue;
        *since = log->places[i].seq;
        return log->places[i].role;
    }
    return WIRE(ROLE, UNSPECIFIED);
}

static uint64_t log_past(const struct log *log, uint64_t seq)
{
    if (log->past == WIRE(HISTORY_VISIBILITY, EVERYTHING))
        return 1;
    uint64_t last = log->past == WIRE(HISTORY_VISIBILITY, LAST) ? log->past_last : 0;
    return seq > last ? seq - last : 1;
}

/* What is told of event `seq` itself; *end becomes the last event that is for the user at all. */
static bool log_covers(const struct log *log, unsigned user, uint64_t seq, uint64_t as_of,
                       uint64_t *end)
{
    uint64_t from = 0;
    bool is_covered = false;
    *end = 0;
    for (uint32_t i = 0; i < log->place_count; i++) {
        const struct place *place = &log->places[i];
        if (place->user != user || place->seq > as_of)
            continue;
        if (place->role != WIRE(ROLE, UNSPECIFIED)) {
            from = place->from;
            *end = UINT64_MAX;
            continue;
        }
        is_covered |= from != 0 && from <= seq && seq <= place->seq;
        from = 0;
        *end = place->seq;
    }
    return is_covered || (from != 0 && from <= seq);
}

bool log_sees(const struct log *log, unsigned user, uint64_t seq, uint64_t as_of)
{
    uint64_t end;
    bool is_covered = log_covers(log, user, seq, as_of, &end);
    if (is_covered || seq > end || seq >= log->capacity ||
        log->events[seq].kind != EVENT_KIND(RECALL))
        return is_covered;
    return log_covers(log, user, log->events[seq].target_seq, as_of, &end);
}

uint64_t log_activity(const struct log *log, unsigned user)
{
    uint64_t joined = 0;
    uint64_t last = log->head;
    bool is_member = false;
    for (uint32_t i = 0; i < log->place_count; i++) {
        const struct place *place = &log->places[i];
        if (place->user != user)
            continue;
        if (!is_member && place->role != WIRE(ROLE, UNSPECIFIED))
            joined = place->seq;
        is_member = place->role != WIRE(ROLE, UNSPECIFIED);
    }
    while (last > 0 && log->events[last].kind != EVENT_KIND(MESSAGE))
        last--;
    return last > joined ? last : joined;
}

void log_add_place(struct log *log, unsigned user, Unsay__V1__Role role, uint64_t seq)
{
    uint64_t from = log_past(log, seq);
    for (uint32_t i = log->place_count; i-- > 0;) {
        if (log->places[i].user != user)
            continue;
        if (log->places[i].role != WIRE(ROLE, UNSPECIFIED))
            from = log->places[i].from;
        break;
    }
    log->places =
        history_grow(log->places, log->place_count, &log->place_capacity, sizeof(*log->places));
    log->places[log->place_count++] = (struct place){user, role, seq, from};
}

struct attempt *history_add_attempt(struct history *history)
{
    history->attempts = history_grow(history->attempts, history->attempt_count,
                                     &history->attempt_capacity, sizeof(*history->attempts));
    struct attempt *attempt = &history->attempts[history->attempt_count++];
    *attempt = (struct attempt){.log = UINT32_MAX, .message = UINT32_MAX, .asked = UINT32_MAX};
    return attempt;
}

struct taken_back *history_add_recall(struct history *history)
{
    history->recalls = history_grow(history->recalls, history->recall_count,
                                    &history->recall_capacity, sizeof(*history->recalls));
    struct taken_back *recall = &history->recalls[history->recall_count++];
    *recall = (struct taken_back){.asked = UINT32_MAX};
    return recall;
}

struct taken_back *history_find_recall(struct history *history, const struct log *log, uint64_t seq)
{
    uint32_t index = (uint32_t)(log - history->logs);
    for (uint32_t i = history->recall_count; i-- > 0;) {
        if (history->recalls[i].log == index && history->recalls[i].seq == seq)
            return &history->recalls[i];
    }
    return NULL;
}

const struct message *history_root(const struct history *history, const struct message *message)
{
    while (message->source != 0)
        message = &history->messages[message->source - 1];
    return message;
}
