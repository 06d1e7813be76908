/* What the audit log will hold as a client's address. */
#include "access/endpoint.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_ipv4(const char *host, uint16_t port, const char *expected)
{
    char text[ENDPOINT_BYTES_MAX + 1] = "?";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    endpoint_print((const struct sockaddr *)&address, text);
    assert_string_equal(text, expected);
}

static void assert_ipv6(const char *host, uint16_t port, const char *expected)
{
    char text[ENDPOINT_BYTES_MAX + 1] = "?";
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
    endpoint_print((const struct sockaddr *)&address, text);
    assert_string_equal(text, expected);
}

static void an_endpoint_is_host_and_port(void **state)
{
    (void)state;
    assert_ipv4("192.0.2.1", 4711, "192.0.2.1:4711");
    assert_ipv4("255.255.255.255", 65535, "255.255.255.255:65535");
    assert_ipv6("2001:db8::1", 4711, "[2001:db8::1]:4711");
    assert_ipv6("2001:db8:1111:2222:3333:4444:5555:6666", 65535,
                "[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
    assert_ipv6("::1", 1, "[::1]:1");
}

static void ipv4_at_an_ipv6_socket_is_ipv4(void **state)
{
    (void)state;
    assert_ipv6("::ffff:192.0.2.1", 4711, "192.0.2.1:4711");
}

static void another_family_has_no_address(void **state)
{
    (void)state;
    char text[ENDPOINT_BYTES_MAX + 1] = "?";
    struct sockaddr address = {.sa_family = AF_UNIX};
    endpoint_print(&address, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_host_and_port),
        cmocka_unit_test(ipv4_at_an_ipv6_socket_is_ipv4),
        cmocka_unit_test(another_family_has_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
