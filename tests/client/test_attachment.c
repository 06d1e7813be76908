#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

#include "base/limits.h"
#include "unsay/device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct scratch files;

static int files_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_close(fixture);
    scratch_init(&files);
    fixture->attachments = files.path;
    fixture->server.store = 1;
    fixture_open(fixture);
    return 0;
}

static int files_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture->attachments = NULL;
    scratch_fini(&files);
    return fixture_teardown(state);
}

static void file_write(const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", files.path, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
}

static bool file_exists(const char *name)
{
    char path[256];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", files.path, name);
    return lstat(path, &status) == 0;
}

static enum unsay_result attach(struct fixture *fixture, uint64_t seq, const uint8_t *id,
                                const char *path, enum unsay_attached *attached)
{
    struct unsay_attachment attachment = {
        .conversation = "g:1", .target = {.seq = seq}, .path = path};
    if (id != NULL)
        memcpy(attachment.target.message_id, id, 16);
    return unsay_attach(fixture->client, &attachment, attached);
}

static void assert_attached(struct fixture *fixture, uint64_t seq, const char *path)
{
    enum unsay_attached attached;
    assert_int_equal(attach(fixture, seq, NULL, path, &attached), UNSAY_OK);
    assert_int_equal(attached, UNSAY_ATTACHED);
}

static void receive(struct fixture *fixture, const char *body)
{
    char line[64];
    uint64_t seq = fake_server_say(&fixture->server, body);
    snprintf(line, sizeof(line), "event %llu message normal %s", (unsigned long long)seq, body);
    trace_wait(&fixture->trace, line, 1);
}

static void a_recall_overwrites_and_removes_the_files(void **state)
{
    struct fixture *fixture = *state;
    char link_path[256];
    fixture_start(fixture);
    receive(fixture, "a photo");
    file_write("photo", "canary-pixels");
    file_write("thumbnail", "canary-pixels");
    snprintf(link_path, sizeof(link_path), "%s/photo", files.path);
    int open_file = open(link_path, O_RDONLY);
    assert_attached(fixture, 1, "photo");
    assert_attached(fixture, 1, "thumbnail");
    assert_attached(fixture, 1, "not-there");
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "removed photo", 1);
    trace_wait(&fixture->trace, "removed thumbnail", 1);
    trace_wait(&fixture->trace, "removed not-there", 1);
    assert_false(file_exists("photo"));
    assert_false(file_exists("thumbnail"));
    char content[32] = "";
    assert_int_equal(read(open_file, content, sizeof(content)), 13);
    for (size_t i = 0; i < 13; i++)
        assert_int_equal(content[i], 0);
    close(open_file);
    fake_server_wait(&fixture->server, &fixture->server.receipts, 1);
}

static void a_recall_of_a_dead_process_removes_at_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    receive(fixture, "a photo");
    file_write("photo", "canary");
    assert_attached(fixture, 1, "photo");
    fixture_close(fixture);
    fake_server_recall(&fixture->server, 1);
    assert_true(file_exists("photo"));
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "removed photo", 1);
    assert_false(file_exists("photo"));
}

static void a_file_that_comes_after_the_recall_is_removed_at_once(void **state)
{
    struct fixture *fixture = *state;
    enum unsay_attached attached;
    fixture_start(fixture);
    receive(fixture, "a photo");
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "recalled 1 by bob", 1);
    file_write("late", "canary");
    assert_int_equal(attach(fixture, 1, NULL, "late", &attached), UNSAY_OK);
    assert_int_equal(attached, UNSAY_ATTACHED_TOO_LATE);
    assert_false(file_exists("late"));
    trace_wait(&fixture->trace, "removed late", 1);
}

/* What cannot be removed is told and tried again, and no receipt leaves before. */
static void a_receipt_waits_for_the_file(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    fixture_start(fixture);
    receive(fixture, "a photo");
    snprintf(path, sizeof(path), "%s/stubborn", files.path);
    assert_int_equal(mkdir(path, 0700), 0); /* a directory does not go like a file */
    assert_attached(fixture, 1, "stubborn");
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "not removed stubborn", 2);
    assert_int_equal(fixture->server.receipts, 0);
    assert_int_equal(trace_count(&fixture->trace, "removed stubborn"), 0);
    assert_int_equal(rmdir(path), 0);
    trace_wait(&fixture->trace, "removed stubborn", 1);
    fake_server_drop(&fixture->server); /* acknowledged again */
    fake_server_wait(&fixture->server, &fixture->server.receipts, 1);
}

static void no_link_is_followed(void **state)
{
    struct fixture *fixture = *state;
    struct scratch outside;
    char path[256];
    char target[256];
    scratch_init(&outside);
    fixture_start(fixture);
    receive(fixture, "a photo");
    snprintf(target, sizeof(target), "%s/precious", outside.path);
    int file = open(target, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(file, "precious", 8), 8);
    close(file);
    snprintf(path, sizeof(path), "%s/link", files.path);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof(path), "%s/directory", files.path);
    assert_int_equal(symlink(outside.path, path), 0);
    assert_attached(fixture, 1, "link");
    assert_attached(fixture, 1, "directory/precious");
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "removed link", 1);
    trace_wait(&fixture->trace, "not removed directory/precious", 1);
    assert_true(scratch_contains(&outside, "precious", 8));
    assert_false(file_exists("link"));
    scratch_fini(&outside);
}

static void arguments_are_checked(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {"",     "/etc/passwd", "../x", "a/../x",
                                        "a//b", "a/",          ".",    "a/./b"};
    enum unsay_attached attached;
    char name[16];
    fixture_start(fixture);
    receive(fixture, "a photo");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(attach(fixture, 1, NULL, paths[i], &attached), UNSAY_INVALID);
    assert_int_equal(attach(fixture, 2, NULL, "x", &attached), UNSAY_INVALID);
    for (int i = 0; i < LIMIT_ATTACHMENTS_MAX; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        assert_attached(fixture, 1, name);
    }
    assert_attached(fixture, 1, "file-3"); /* again */
    assert_int_equal(attach(fixture, 1, NULL, "one-more", &attached), UNSAY_INVALID);
    fixture_close(fixture);
    fixture->attachments = NULL;
    fixture_open(fixture);
    assert_int_equal(attach(fixture, 1, NULL, "x", &attached), UNSAY_INVALID);
}

/* By message id, from the outbox to the log; and somebody else's message of the same id is another
 * message. */
static void a_message_of_the_outbox_has_files_too(void **state)
{
    struct fixture *fixture = *state;
    enum unsay_attached attached;
    uint8_t id[16];
    fixture_send(fixture, "mine", id);
    file_write("mine", "canary");
    assert_int_equal(attach(fixture, 0, id, "mine", &attached), UNSAY_OK);
    assert_int_equal(attached, UNSAY_ATTACHED);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "event 1 message normal mine", 1);
    receive(fixture, "other");
    pthread_mutex_lock(&fixture->server.lock);
    memcpy(fixture->server.events[1].message_id, id, 16);
    pthread_mutex_unlock(&fixture->server.lock);
    fake_server_recall(&fixture->server, 2);
    trace_wait(&fixture->trace, "recalled 2 by bob", 1);
    assert_true(file_exists("mine"));
    assert_int_equal(fixture_recall(fixture, 1, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "removed mine", 1);
    assert_false(file_exists("mine"));
}

static void a_wipe_takes_the_files_along(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    fixture_start(fixture);
    receive(fixture, "a photo");
    file_write("photo", "canary");
    assert_attached(fixture, 1, "photo");
    assert_int_equal(unsay_wipe_client(fixture->client, text, sizeof(text)), UNSAY_OK);
    fixture->client = NULL;
    assert_false(file_exists("photo"));
}

/* One that died after its mark. */
static void an_interrupted_wipe_takes_the_files_along(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    fixture_start(fixture);
    receive(fixture, "a photo");
    file_write("photo", "canary");
    assert_attached(fixture, 1, "photo");
    fixture_close(fixture);
    snprintf(path, sizeof(path), "%s/wiping", fixture->scratch.path);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    fixture_open(fixture);
    assert_false(file_exists("photo"));
}

#define files_test(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        files_test(a_recall_overwrites_and_removes_the_files),
        files_test(a_recall_of_a_dead_process_removes_at_the_next_start),
        files_test(a_file_that_comes_after_the_recall_is_removed_at_once),
        files_test(a_receipt_waits_for_the_file),
        files_test(no_link_is_followed),
        files_test(arguments_are_checked),
        files_test(a_message_of_the_outbox_has_files_too),
        files_test(a_wipe_takes_the_files_along),
        files_test(an_interrupted_wipe_takes_the_files_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
