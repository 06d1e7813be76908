#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

#include "access/identity.h"

#include <time.h>

char *token_for(const char *user)
{
    static const uint8_t secret[32] = "a secret of at least 32 bytes...";
    return identity_sign(view_make(secret, sizeof(secret)), user, "phone",
                         (uint64_t)time(NULL) * 1000, 3600000);
}

void fixture_open_with(struct fixture *fixture, const char *scheme,
                       void (*on_event)(void *, const struct unsay_event *))
{
    char text[512];
    char address[96];
    snprintf(address, sizeof(address), "%s%s", scheme, fixture->address);
    struct unsay_options options = {
        .server = address,
        .token = fixture->token,
        .state_directory = fixture->scratch.path,
        .callbacks = trace_callbacks,
        .context = &fixture->trace,
        .ack_delay_ms = 1,
        .follow = fixture->follow,
        .edit_ms = fixture->edit_ms,
        .key = fixture->key,
        .attachment_directory = fixture->attachments,
        .size_limit_bytes = fixture->size_limit_bytes,
        .first_sync = fixture->first_sync,
    };
    options.callbacks.on_event = on_event;
    options.callbacks.on_conversation = fixture->on_conversation;
    options.callbacks.on_events = fixture->on_events;
    fixture->client = unsay_new(&options, text, sizeof(text));
    if (fixture->client == NULL)
        fail_msg("%s", text);
    fixture->trace.client = fixture->client;
    fixture->trace.server = &fixture->server;
}

void fixture_open(struct fixture *fixture)
{
    fixture_open_with(fixture, "", trace_callbacks.on_event);
}

void fixture_start(struct fixture *fixture)
{
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 1);
}

void fixture_close(struct fixture *fixture)
{
    unsay_free(fixture->client);
    fixture->client = NULL;
}

int fixture_setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.first_sync = UNSAY_FIRST_SYNC_ALL};
    scratch_init(&fixture.scratch);
    trace_init(&fixture.trace);
    fake_server_start(&fixture.server);
    fixture.token = token_for("alice");
    snprintf(fixture.address, sizeof(fixture.address), "127.0.0.1:%d", fixture.server.port);
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    unsay_free(fixture->client);
    fake_server_stop(&fixture->server);
    trace_fini(&fixture->trace);
    scratch_fini(&fixture->scratch);
    free(fixture->token);
    return 0;
}

void fixture_send(struct fixture *fixture, const char *body, uint8_t id[16])
{
    assert_int_equal(unsay_send(fixture->client, "g:1", UNSAY_CONTENT_TEXT, body, strlen(body), id),
                     UNSAY_OK);
}

enum unsay_result fixture_recall(struct fixture *fixture, uint64_t seq, uint32_t timeout_ms)
{
    struct unsay_target target = {.seq = seq};
    struct unsay_recall recall = {
        .conversation = "g:1", .targets = &target, .count = 1, .timeout_ms = timeout_ms};
    return unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace);
}

void fixture_wait_until_erased(struct fixture *fixture, const char *body)
{
    struct timespec pause = {0, 10000000};
    time_t end = time(NULL) + 10;
    while (scratch_contains(&fixture->scratch, body, strlen(body)) && time(NULL) < end)
        nanosleep(&pause, NULL);
    assert_false(scratch_contains(&fixture->scratch, body, strlen(body)));
}
