/* The thread rules of unsay.h: several clients, of several users, in one process; every function
 * from any thread, also from callbacks of another client. Under a thread sanitizer this is where
 * races show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_server.h"
#include "scratch.h"

#include "access/identity.h"
#include "base/prng.h"
#include "unsay/reading.h"
#include "unsay/search.h"
#include "unsay/unsay.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { CLIENTS = 4, THREADS = 8, STEPS_EACH = 150 };

struct account {
    struct scratch scratch;
    struct fake_server server;
    struct unsay *client;
    struct unsay *other; /* whose functions the callbacks use */
    pthread_t freeing;
    atomic_size_t sent;
    atomic_size_t accepted;
    atomic_size_t asked;
    atomic_size_t answered;
    atomic_bool is_inside; /* a callback is running: only one does at a time */
};

static struct account accounts[CLIENTS];

/* Held while a callback uses another client; nobody does any more once they are freed. */
static pthread_rwlock_t others = PTHREAD_RWLOCK_INITIALIZER;
static bool is_ending;

static void enter(struct account *account)
{
    bool was_inside = atomic_exchange(&account->is_inside, true);
    assert(!was_inside);
}

static void leave(struct account *account)
{
    atomic_store(&account->is_inside, false);
}

static void on_events(void *context, const struct unsay_event *events, size_t count)
{
    struct account *account = context;
    uint32_t unread;
    uint32_t mentions;
    enter(account);
    assert(count > 0);
    enum unsay_result result =
        unsay_displayed(account->client, events[0].conversation, events[count - 1].seq);
    assert(result == UNSAY_OK || result == UNSAY_FULL);
    pthread_rwlock_rdlock(&others);
    if (!is_ending)
        result = unsay_unread(account->other, events[0].conversation, &unread, &mentions);
    pthread_rwlock_unlock(&others);
    assert(result != UNSAY_STORAGE);
    leave(account);
}

static void on_send_state(void *context, const struct unsay_send_status *status)
{
    struct account *account = context;
    enter(account);
    if (status->state == UNSAY_SEND_ACCEPTED)
        atomic_fetch_add(&account->accepted, 1);
    leave(account);
}

static void on_history(void *context, const struct unsay_error *error,
                       const struct unsay_event *events, size_t count, bool more)
{
    struct account *account = context;
    (void)error;
    (void)events;
    (void)count;
    (void)more;
    enter(account);
    atomic_fetch_add(&account->answered, 1);
    leave(account);
}

/* On the calling thread. */
static void on_found(void *context, const struct unsay_error *error,
                     const struct unsay_found *found, size_t count, bool more)
{
    (void)context;
    (void)found;
    (void)count;
    (void)more;
    assert(error->result == UNSAY_OK);
}

static void on_stored(void *context, const struct unsay_error *error,
                      const struct unsay_event *events, size_t count, bool more)
{
    (void)events;
    on_found(context, error, NULL, count, more);
}

static void count_ask(struct account *account, enum unsay_result result)
{
    assert(result == UNSAY_OK || result == UNSAY_FULL);
    if (result == UNSAY_OK)
        atomic_fetch_add(&account->asked, 1);
}

static void step(struct account *account, struct prng *prng)
{
    struct unsay *client = account->client;
    struct unsay_history query = {.conversation = "g:1", .limit = 20, .newest = true};
    struct unsay_search search = {.text = "hello", .limit = 5};
    struct unsay_span spans[4];
    size_t count;
    switch (prng_below(prng, 9)) {
    case 0:
        count_ask(account, unsay_history(client, &query, on_history, account));
        break;
    case 1:
        count_ask(account, unsay_older(client, "g:1", 10, on_history, account));
        break;
    case 2:
        assert_int_equal(unsay_stored(client, &query, on_stored, NULL), UNSAY_OK);
        break;
    case 3:
        assert_int_equal(unsay_search(client, &search, on_found, NULL), UNSAY_OK);
        break;
    case 4:
        assert_int_equal(unsay_spans(client, "g:1", spans, 4, &count), UNSAY_OK);
        break;
    case 5:
        assert_int_equal(unsay_set_open(client, "g:1", prng_below(prng, 2) == 0), UNSAY_OK);
        break;
    case 6:
        if (prng_below(prng, 20) == 0)
            unsay_network_changed(client);
        unsay_outbox_count(client);
        break;
    default:
        assert_int_equal(unsay_send(client, "g:1", UNSAY_CONTENT_TEXT, "hello", 5, NULL), UNSAY_OK);
        atomic_fetch_add(&account->sent, 1);
    }
}

static void *use(void *context)
{
    struct prng prng = {(uint64_t)(uintptr_t)context};
    for (unsigned i = 0; i < STEPS_EACH; i++)
        step(&accounts[prng_below(&prng, CLIENTS)], &prng);
    return NULL;
}

static void *free_one(void *context)
{
    struct account *account = context;
    unsay_free(account->client);
    return NULL;
}

static void account_open(struct account *account, unsigned number)
{
    static const uint8_t secret[32] = "a secret of at least 32 bytes...";
    char user[16];
    char address[64];
    char text[512];
    scratch_init(&account->scratch);
    fake_server_start(&account->server);
    fake_server_say_many(&account->server, 300);
    snprintf(user, sizeof(user), "user%u", number);
    snprintf(address, sizeof(address), "127.0.0.1:%d", account->server.port);
    char *token = identity_sign(view_make(secret, sizeof(secret)), user, "phone",
                                (uint64_t)time(NULL) * 1000, 3600000);
    struct unsay_options options = {
        .server = address,
        .token = token,
        .state_directory = account->scratch.path,
        .callbacks = {.on_events = on_events, .on_send_state = on_send_state},
        .context = account,
        .first_sync = 50,
    };
    account->client = unsay_new(&options, text, sizeof(text));
    if (account->client == NULL)
        fail_msg("%s", text);
    free(token);
}

static void wait_for_accepted(struct account *account)
{
    struct timespec pause = {0, 5000000};
    time_t end = time(NULL) + 60;
    while (atomic_load(&account->accepted) < atomic_load(&account->sent) && time(NULL) < end)
        nanosleep(&pause, NULL);
    assert_int_equal(atomic_load(&account->accepted), atomic_load(&account->sent));
}

static void clients_in_one_process_do_not_disturb_each_other(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++)
        account_open(&accounts[i], i);
    for (unsigned i = 0; i < CLIENTS; i++) {
        accounts[i].other = accounts[(i + 1) % CLIENTS].client;
        unsay_start(accounts[i].client);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, (void *)(uintptr_t)(i + 1)), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < CLIENTS; i++)
        wait_for_accepted(&accounts[i]);
    pthread_rwlock_wrlock(&others);
    is_ending = true;
    pthread_rwlock_unlock(&others);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&accounts[i].freeing, NULL, free_one, &accounts[i]), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(accounts[i].freeing, NULL);
        assert_int_equal(atomic_load(&accounts[i].answered), atomic_load(&accounts[i].asked));
        fake_server_stop(&accounts[i].server);
        scratch_fini(&accounts[i].scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_in_one_process_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
