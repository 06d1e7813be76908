#include "faults_child.h"

#include "fault.h"

#include "access/identity.h"
#include "unsay/reading.h"
#include "unsay/unsay.h"

#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

const char faults_last[] = "the last one";
const char faults_canary[] = "canary-to-erase";
const unsigned char faults_key[FAULTS_KEY_BYTES] = "the key of a client that dies...";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_online;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    ssize_t written = write(STDOUT_FILENO, line, (size_t)size);
    (void)written;
}

static void on_event(void *context, const struct unsay_event *event)
{
    (void)context;
    if (event->kind != UNSAY_EVENT_MESSAGE || event->state != UNSAY_MESSAGE_NORMAL)
        say("event %llu gone\n", (unsigned long long)event->seq);
    else
        say("event %llu normal %.*s\n", (unsigned long long)event->seq, (int)event->body_bytes,
            (const char *)event->body);
}

static void on_recalled(void *context, const struct unsay_event *tombstone)
{
    (void)context;
    say("recalled %llu\n", (unsigned long long)tombstone->seq);
}

static void on_connection(void *context, enum unsay_connection connection,
                          const struct unsay_error *error)
{
    (void)context;
    (void)error;
    if (connection != UNSAY_CONNECTION_ONLINE)
        return;
    pthread_mutex_lock(&lock);
    is_online = true;
    pthread_mutex_unlock(&lock);
    say("online\n");
}

struct stored {
    bool has_last;
    bool has_canary;
};

static void look(void *context, const struct unsay_error *error, const struct unsay_event *events,
                 size_t count, bool more)
{
    struct stored *stored = context;
    (void)error;
    (void)more;
    for (size_t i = 0; i < count; i++) {
        const struct unsay_event *event = &events[i];
        if (event->body == NULL)
            continue;
        stored->has_last =
            stored->has_last || (event->body_bytes == strlen(faults_last) &&
                                 memcmp(event->body, faults_last, event->body_bytes) == 0);
        stored->has_canary = stored->has_canary || event->seq == 2;
    }
}

static bool is_complete(struct unsay *client)
{
    struct stored stored = {.has_last = false};
    struct unsay_history query = {.conversation = "g:1"};
    return unsay_stored(client, &query, look, &stored) == UNSAY_OK && stored.has_last &&
           !stored.has_canary && unsay_outbox_count(client) == 0;
}

static bool online(struct unsay *client)
{
    (void)client;
    pthread_mutex_lock(&lock);
    bool answer = is_online;
    pthread_mutex_unlock(&lock);
    return answer;
}

/* Looks again and again, for 20 seconds. */
static bool await(struct unsay *client, bool (*condition)(struct unsay *client))
{
    struct timespec pause = {0, 2000000};
    for (int i = 0; i < 10000; i++) {
        if (condition(client))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void send_message(struct unsay *client, const char *body)
{
    uint8_t id[16];
    char hexadecimal[33];
    for (int i = 0; i < 5; i++) {
        if (unsay_send(client, "g:1", UNSAY_CONTENT_TEXT, body, strlen(body), id) != UNSAY_OK)
            continue;
        for (int k = 0; k < 16; k++)
            snprintf(hexadecimal + 2 * k, 3, "%02x", id[k]);
        say("sent %s %s\n", hexadecimal, body);
        return;
    }
}

int faults_child(char **argv)
{
    static const uint8_t secret[32] = "a secret of at least 32 bytes...";
    char text[512];
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%s", argv[1]);
    char *token = identity_sign(view_make(secret, sizeof(secret)), "alice", "phone",
                                (uint64_t)time(NULL) * 1000, 3600000);
    struct unsay_options options = {
        .server = address,
        .token = token,
        .state_directory = argv[0],
        .ack_delay_ms = 1,
        .key = strcmp(argv[2], "encrypted") == 0 ? faults_key : NULL,
        .callbacks = {.on_event = on_event,
                      .on_recalled = on_recalled,
                      .on_connection = on_connection},
    };
    fault_arm((enum fault)strtol(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    struct unsay *client = unsay_new(&options, text, sizeof(text));
    free(token);
    if (client == NULL)
        return 3;
    unsay_start(client);
    bool is_done = await(client, online);
    if (is_done && strcmp(argv[5], "first") == 0) {
        send_message(client, "mine one");
        send_message(client, "mine two");
    }
    is_done = is_done && await(client, is_complete);
    unsay_displayed(client, "g:1", 3);
    unsay_free(client);
    say("done %lu\n", fault_count());
    return is_done ? 0 : 4;
}
