/* Tickets: whole or nothing, for one store, key and time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/ticket.h"

#include <sodium.h>

static const uint8_t key[TICKET_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const struct uuid store = {{7}};

enum { NOW_MS = 1000000 };

static struct ticket make_ticket(const char *user, const char *device)
{
    struct ticket ticket = {
        .identity = {.expires_ms = NOW_MS + 5000, .authority = WIRE(ACTOR, COMPLIANCE)},
        .login = UINT64_C(0xfedcba9876543210),
        .expires_ms = NOW_MS + 1000,
    };
    snprintf(ticket.identity.user, sizeof(ticket.identity.user), "%s", user);
    snprintf(ticket.identity.device, sizeof(ticket.identity.device), "%s", device);
    return ticket;
}

static enum identity_verdict open_at(struct view bytes, uint64_t now_ms)
{
    struct ticket ticket;
    const char *reason = NULL;
    enum identity_verdict verdict = ticket_open(key, &store, bytes, now_ms, &ticket, &reason);
    assert_non_null(reason);
    return verdict;
}

static void what_is_sealed_comes_out(void **state)
{
    (void)state;
    char longest[LIMIT_USER_ID_BYTES_MAX + 1];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    const char *const names[] = {"a", longest};
    for (size_t i = 0; i < 2; i++) {
        struct ticket sealed = make_ticket(names[i], names[1 - i]);
        struct ticket opened;
        const char *reason;
        uint8_t bytes[TICKET_BYTES_MAX];
        size_t size = ticket_seal(key, &store, &sealed, bytes);
        assert_int_equal(ticket_open(key, &store, view_make(bytes, size), NOW_MS, &opened, &reason),
                         IDENTITY_VALID);
        assert_string_equal(opened.identity.user, names[i]);
        assert_string_equal(opened.identity.device, names[1 - i]);
        assert_int_equal(opened.identity.authority, WIRE(ACTOR, COMPLIANCE));
        assert_true(opened.identity.expires_ms == sealed.identity.expires_ms);
        assert_true(opened.login == sealed.login);
        assert_true(opened.expires_ms == sealed.expires_ms);
    }
}

static void any_changed_bit_is_noticed(void **state)
{
    (void)state;
    struct ticket sealed = make_ticket("alice", "phone");
    uint8_t bytes[TICKET_BYTES_MAX + 1] = {0};
    size_t size = ticket_seal(key, &store, &sealed, bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_at(view_make(bytes, size), NOW_MS), IDENTITY_INVALID);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t less = 0; less < size; less++)
        assert_int_equal(open_at(view_make(bytes, less), NOW_MS), IDENTITY_INVALID);
    for (size_t more = size + 1; more <= sizeof(bytes); more++)
        assert_int_equal(open_at(view_make(bytes, more), NOW_MS), IDENTITY_INVALID);
    assert_int_equal(open_at(view_make(bytes, size), NOW_MS), IDENTITY_VALID);
}

static void it_is_of_one_store_and_key(void **state)
{
    (void)state;
    struct ticket sealed = make_ticket("alice", "phone");
    struct ticket opened;
    const char *reason;
    uint8_t bytes[TICKET_BYTES_MAX];
    uint8_t other_key[TICKET_KEY_BYTES] = {1};
    struct uuid other_store = {{8}};
    size_t size = ticket_seal(key, &store, &sealed, bytes);
    struct view ticket = view_make(bytes, size);
    assert_int_equal(ticket_open(key, &other_store, ticket, NOW_MS, &opened, &reason),
                     IDENTITY_INVALID);
    assert_int_equal(ticket_open(other_key, &store, ticket, NOW_MS, &opened, &reason),
                     IDENTITY_INVALID);
    assert_int_equal(opened.login, 0);
}

static void it_ends_with_its_time_or_the_tokens(void **state)
{
    (void)state;
    struct ticket sealed = make_ticket("alice", "phone");
    uint8_t bytes[TICKET_BYTES_MAX];
    size_t size = ticket_seal(key, &store, &sealed, bytes);
    assert_int_equal(open_at(view_make(bytes, size), NOW_MS + 999), IDENTITY_VALID);
    assert_int_equal(open_at(view_make(bytes, size), NOW_MS + 1000), IDENTITY_EXPIRED);
    sealed.identity.expires_ms = NOW_MS + 500;
    size = ticket_seal(key, &store, &sealed, bytes);
    assert_int_equal(open_at(view_make(bytes, size), NOW_MS + 499), IDENTITY_VALID);
    assert_int_equal(open_at(view_make(bytes, size), NOW_MS + 500), IDENTITY_EXPIRED);
}

static void no_two_are_alike(void **state)
{
    (void)state;
    struct ticket sealed = make_ticket("alice", "phone");
    uint8_t first[TICKET_BYTES_MAX];
    uint8_t second[TICKET_BYTES_MAX];
    size_t size = ticket_seal(key, &store, &sealed, first);
    assert_int_equal(ticket_seal(key, &store, &sealed, second), size);
    assert_memory_not_equal(first, second, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_comes_out),
        cmocka_unit_test(any_changed_bit_is_noticed),
        cmocka_unit_test(it_is_of_one_store_and_key),
        cmocka_unit_test(it_ends_with_its_time_or_the_tokens),
        cmocka_unit_test(no_two_are_alike),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
