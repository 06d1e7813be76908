/* Listening sockets: real ports, and a sentence for each that cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/listener.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char address[LISTENER_ADDRESS_BYTES];

static void a_free_port_is_found_and_takes_connections(void **state)
{
    (void)state;
    int server;
    struct failure failure;
    assert_int_equal(listener_open("127.0.0.1:0", "listen", &server, address, &failure), STATUS_OK);
    assert_memory_equal(address, "127.0.0.1:", 10);
    unsigned long port = strtoul(address + 10, NULL, 10);
    assert_in_range(port, 1, 65535);

    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    close(client);

    /* The same port again is in use. */
    int second;
    char again[LISTENER_ADDRESS_BYTES];
    snprintf(again, sizeof(again), "%s", address);
    assert_int_equal(listener_open(again, "listen", &second, address, &failure), STATUS_IN_USE);
    assert_non_null(strstr(failure.text, again));
    assert_memory_equal(failure.text, "listen: ", 8);
    close(server);

    /* ... and free when nobody has it. */
    assert_int_equal(listener_open(again, "listen", &server, address, &failure), STATUS_OK);
    assert_string_equal(address, again);
    close(server);
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    (void)state;
    int server;
    struct failure failure;
    enum status status = listener_open("[::1]:0", "http", &server, address, &failure);
    if (status == STATUS_IO) /* a machine without IPv6 */
        skip();
    assert_int_equal(status, STATUS_OK);
    assert_memory_equal(address, "[::1]:", 6);
    close(server);
}

static void what_cannot_be_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        enum status status;
    } mistakes[] = {
        {"", STATUS_MALFORMED},
        {"localhost", STATUS_MALFORMED},
        {":7410", STATUS_MALFORMED},
        {"127.0.0.1:", STATUS_MALFORMED},
        {"[]:7410", STATUS_MALFORMED},
        {"127.0.0.1:123456789012345678901234567890123", STATUS_MALFORMED},
        {"127.0.0.1:http", STATUS_MALFORMED},
        {"127.0.0.1:-1", STATUS_MALFORMED},
        {"127.0.0.1:70000", STATUS_MALFORMED},
        {"999.0.0.1:7410", STATUS_NOT_FOUND},
        {"192.0.2.1:7410", STATUS_IO}, /* TEST-NET-1: never ours */
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        int server = -1;
        struct failure failure = {STATUS_OK, ""};
        enum status status =
            listener_open(mistakes[i].setting, "listen", &server, address, &failure);
        if (status != mistakes[i].status)
            fail_msg("\"%s\" was answered %d: %s %s", mistakes[i].setting, (int)status,
                     failure.text, address);
        assert_memory_equal(failure.text, "listen: ", 8);
        assert_non_null(strstr(failure.text, mistakes[i].setting));
        assert_true(server < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_port_is_found_and_takes_connections),
        cmocka_unit_test(an_ipv6_address_stands_in_brackets),
        cmocka_unit_test(what_cannot_be_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
