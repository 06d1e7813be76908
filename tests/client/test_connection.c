#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

static void an_unreachable_server_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    struct fake_server *server = &fixture->server;
    fake_server_stop(server);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection CONNECTING unreachable", 1);
    fixture_send(fixture, "waits", NULL);
    assert_int_equal(fixture_recall(fixture, 1, 50), UNSAY_OK);
    trace_wait(&fixture->trace, "recall unreachable", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    fake_server_start(server);
}

static void a_refused_token_needs_a_new_one(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.refuses_token = true;
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection REJECTED token_expired", 1);
    char *other = token_for("bob");
    unsay_set_token(fixture->client, other);
    free(other);
    trace_wait(&fixture->trace, "connection REJECTED invalid", 1);
    pthread_mutex_lock(&fixture->server.lock);
    fixture->server.refuses_token = false;
    pthread_mutex_unlock(&fixture->server.lock);
    unsay_set_token(fixture->client, fixture->token);
    trace_wait(&fixture->trace, "connection ONLINE", 1);
}

static void a_change_of_network_connects_at_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    unsay_network_changed(fixture->client);
    fake_server_wait(&fixture->server, &fixture->server.connections, 2);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
}

static void bad_options_are_explained(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_options good = {.server = fixture->address,
                                 .token = fixture->token,
                                 .state_directory = fixture->scratch.path};
    char text[512];
    struct unsay_options options = good;
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "in use"));
    options = good;
    options.server = "ftp://x";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "ftp://x"));
    options = good;
    options.token = "not a token";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "Web Token"));
    options = good;
    options.state_directory = "/proc/nowhere";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "/proc/nowhere"));
    options = good;
    options.server = "tls://localhost:1";
    options.ca_file = "/nowhere.pem";
    assert_null(unsay_new(&options, NULL, 0));
    assert_string_equal(unsay_version(), UNSAY_VERSION);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(an_unreachable_server_is_told),
        fixture_test(a_refused_token_needs_a_new_one),
        fixture_test(a_change_of_network_connects_at_once),
        fixture_test(bad_options_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
