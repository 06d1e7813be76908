/* What the service manager hears. The test is the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/ready.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A receiving socket at the address of `ready`. */
static int listen_at(const struct ready *ready)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&ready->address, ready->address_bytes), 0);
    return fd;
}

static const char *hear(int fd)
{
    static char text[128];
    ssize_t size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    assert_true(size >= 0);
    text[size] = 0;
    return text;
}

static void a_path_hears(void **state)
{
    (void)state;
    char directory[] = "/tmp/unsay-ready-XXXXXX";
    char path[64];
    struct ready ready;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/notify", directory);
    assert_int_equal(ready_init(&ready, path), STATUS_OK);
    assert_int_equal(ready_tell(&ready, "READY=1"), STATUS_IO); /* nobody is there */
    int fd = listen_at(&ready);
    assert_int_equal(ready_tell(&ready, "READY=1"), STATUS_OK);
    assert_string_equal(hear(fd), "READY=1");
    close(fd);
    assert_int_equal(unlink(path), 0); /* the path as given, to its last letter */
    assert_int_equal(rmdir(directory), 0);
}

static void an_abstract_name_hears(void **state)
{
    (void)state;
    char name[64];
    struct ready ready;
    snprintf(name, sizeof(name), "@unsay-ready-%ld", (long)getpid());
    assert_int_equal(ready_init(&ready, name), STATUS_OK);
    assert_int_equal(ready.address.sun_path[0], 0);
    assert_int_equal(ready.address_bytes, offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = listen_at(&ready);
    assert_int_equal(ready_tell(&ready, "STOPPING=1"), STATUS_OK);
    assert_string_equal(hear(fd), "STOPPING=1");
    assert_int_equal(ready_tell_reloading(&ready), STATUS_OK);
    const char *told = hear(fd);
    const char *line = "RELOADING=1\nMONOTONIC_USEC=";
    assert_memory_equal(told, line, strlen(line));
    assert_true(strtoull(told + strlen(line), NULL, 10) > 0);
    close(fd);
}

static void nothing_is_said_to_nobody(void **state)
{
    (void)state;
    struct ready ready;
    char longest[sizeof(ready.address.sun_path) + 1];
    assert_int_equal(ready_init(&ready, NULL), STATUS_OK);
    assert_int_equal(ready_tell(&ready, "READY=1"), STATUS_OK);
    assert_int_equal(ready_init(&ready, "notify"), STATUS_MALFORMED);
    assert_int_equal(ready_init(&ready, "@"), STATUS_MALFORMED);
    assert_int_equal(ready_init(&ready, ""), STATUS_MALFORMED);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = 0;
    assert_int_equal(ready_init(&ready, longest), STATUS_MALFORMED);
    assert_int_equal(ready_tell(&ready, "READY=1"), STATUS_OK);
    longest[sizeof(longest) - 2] = 0;
    assert_int_equal(ready_init(&ready, longest), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_hears),
        cmocka_unit_test(an_abstract_name_hears),
        cmocka_unit_test(nothing_is_said_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
