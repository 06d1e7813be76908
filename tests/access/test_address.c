#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/address.h"

static void every_scheme_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct address expected;
    } cases[] = {
        {"localhost:7400", {"localhost", "7400", "/", false, false}},
        {"tcp://10.0.0.1:1", {"10.0.0.1", "1", "/", false, false}},
        {"tls://chat.example:65535", {"chat.example", "65535", "/", false, true}},
        {"ws://chat.example:80", {"chat.example", "80", "/", true, false}},
        {"wss://chat.example:443/im", {"chat.example", "443", "/im", true, true}},
        {"wss://[2001:db8::1]:443", {"2001:db8::1", "443", "/", true, true}},
        {"[::1]:7400", {"::1", "7400", "/", false, false}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        assert_true(address_parse(cases[i].text, &address));
        assert_string_equal(address.host, cases[i].expected.host);
        assert_string_equal(address.port, cases[i].expected.port);
        assert_string_equal(address.path, cases[i].expected.path);
        assert_int_equal(address.is_websocket, cases[i].expected.is_websocket);
        assert_int_equal(address.is_tls, cases[i].expected.is_tls);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "localhost",
        "localhost:",
        ":7400",
        "localhost:0",
        "host:65536",
        "host:99999",
        "host:7x",
        "http://host:80",
        "[::1:7400",
        "[::1]7400",
        "tcp://host:1/x",
        "tls://",
        "ho st:1",
        "host:1\n",
        "h\xc3\xb6st:1",
        "host:123456",
        "::1:7400",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        if (address_parse(cases[i], &address))
            fail_msg("\"%s\" was taken for an address", cases[i]);
    }
    char long_host[400];
    memset(long_host, 'a', sizeof(long_host));
    snprintf(long_host + 300, 8, ":7400");
    struct address address;
    assert_false(address_parse(long_host, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scheme_is_read),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
