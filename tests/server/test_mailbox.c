/* The mailbox: order, its limit for requests, and many writers at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "server/mailbox.h"

enum { WRITERS = 4, POSTS = 20000 };

static struct mail a_request(unsigned worker, uint64_t session)
{
    struct mail_request *request = memory_new(sizeof(*request));
    request->worker = worker;
    request->session = session;
    return (struct mail){.kind = MAIL_REQUEST, .request = request};
}

static void mail_is_taken_in_order(void **state)
{
    (void)state;
    struct mailbox mailbox;
    bool was_empty;
    size_t count;
    mailbox_init(&mailbox);
    mailbox_take(&mailbox, &count);
    assert_int_equal(count, 0);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 100; i++) {
            assert_true(mailbox_post(&mailbox, a_request(0, i), &was_empty));
            assert_int_equal(was_empty, i == 0); /* the reader is woken once */
        }
        struct mail *taken = mailbox_take(&mailbox, &count);
        assert_int_equal(count, 100);
        /* What comes now waits for the next take, and does not move what was taken. */
        assert_true(mailbox_post(&mailbox, a_request(0, 100), &was_empty));
        assert_true(was_empty);
        for (uint64_t i = 0; i < 100; i++) {
            assert_int_equal(taken[i].request->session, i);
            mail_discard(&taken[i]);
        }
        taken = mailbox_take(&mailbox, &count);
        assert_int_equal(count, 1);
        mail_discard(&taken[0]);
    }
    assert_true(mailbox_post(&mailbox, a_request(0, 0), &was_empty));
    mailbox_fini(&mailbox); /* discards it */
}

static void requests_are_bounded_and_the_system_is_not(void **state)
{
    (void)state;
    struct mailbox mailbox;
    bool was_empty;
    mailbox_init(&mailbox);
    for (uint64_t i = 0; i < LIMIT_MAILBOX_MAX; i++)
        assert_true(mailbox_post(&mailbox, a_request(0, i), &was_empty));
    struct mail refused = a_request(0, 0);
    assert_false(mailbox_post(&mailbox, refused, &was_empty));
    mail_discard(&refused); /* it is still the caller's */
    struct mail claim = {.kind = MAIL_CLAIM, .claim = memory_new(sizeof(struct mail_claim))};
    assert_false(mailbox_post(&mailbox, claim, &was_empty));
    mail_discard(&claim);
    assert_true(mailbox_post(&mailbox, (struct mail){.kind = MAIL_GROUP}, &was_empty));
    assert_true(mailbox_post(&mailbox, (struct mail){.kind = MAIL_ANSWERS}, &was_empty));
    mailbox_fini(&mailbox);
}

struct writer {
    uv_thread_t thread;
    struct mailbox *mailbox;
    unsigned index;
};

static void write_posts(void *argument)
{
    struct writer *writer = argument;
    bool was_empty;
    for (uint64_t i = 0; i < POSTS;) {
        struct mail mail = a_request(writer->index, i);
        if (mailbox_post(writer->mailbox, mail, &was_empty))
            i++;
        else
            mail_discard(&mail);
    }
}

static void many_writers_lose_nothing(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct writer writers[WRITERS];
    uint64_t next[WRITERS] = {0};
    size_t total = 0;
    mailbox_init(&mailbox);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.mailbox = &mailbox, .index = i};
        assert_int_equal(uv_thread_create(&writers[i].thread, write_posts, &writers[i]), 0);
    }
    while (total < (size_t)WRITERS * POSTS) {
        size_t count;
        struct mail *taken = mailbox_take(&mailbox, &count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(taken[i].request->session, next[taken[i].request->worker]++);
            mail_discard(&taken[i]);
        }
        total += count;
    }
    for (unsigned i = 0; i < WRITERS; i++)
        uv_thread_join(&writers[i].thread);
    mailbox_fini(&mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_is_taken_in_order),
        cmocka_unit_test(requests_are_bounded_and_the_system_is_not),
        cmocka_unit_test(many_writers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
