#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

#include "events.h"
#include "unsay/device.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

enum { LINES_MAX = 2000 };

struct lines {
    json_t *list[LINES_MAX];
    size_t count;
    FILE *file;
};

static void lines_init(struct lines *lines)
{
    lines->count = 0;
    lines->file = tmpfile();
    assert_non_null(lines->file);
}

static void lines_read(struct lines *lines)
{
    char *line = NULL;
    size_t room = 0;
    rewind(lines->file);
    while (getline(&line, &room, lines->file) > 0) {
        assert_true(lines->count < LINES_MAX);
        lines->list[lines->count] = json_loads(line, 0, NULL);
        assert_non_null(lines->list[lines->count++]);
    }
    free(line);
}

static void lines_fini(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        json_decref(lines->list[i]);
    fclose(lines->file);
}

static const char *text_of(const struct lines *lines, size_t line, const char *name)
{
    assert_true(line < lines->count);
    const char *text = json_string_value(json_object_get(lines->list[line], name));
    return text == NULL ? "" : text;
}

static json_int_t number_of(const struct lines *lines, size_t line, const char *name)
{
    assert_true(line < lines->count);
    return json_integer_value(json_object_get(lines->list[line], name));
}

static void everything_is_exported(void **state)
{
    struct fixture *fixture = *state;
    struct lines lines;
    struct arena arena;
    uint8_t id[16];
    fixture_start(fixture);
    arena_init(&arena);
    fake_server_say(&fixture->server, "kept \"text\"\n");
    fake_server_say(&fixture->server, "canary");
    fake_server_say_to(&fixture->server, "answer", 1, "alice");
    wire_event *image = make_message(&arena, "g:1", 4, "\xff\xfe");
    image->message->content_type = WIRE(CONTENT_TYPE, IMAGE);
    fake_server_append(&fixture->server, image);
    fake_server_recall(&fixture->server, 2);
    trace_wait(&fixture->trace, "event 5 recall 2", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fixture_send(fixture, "on its way", id);

    lines_init(&lines);
    assert_int_equal(unsay_export(fixture->client, fileno(lines.file), NULL, NULL), UNSAY_OK);
    lines_read(&lines);
    assert_int_equal(lines.count, 7);
    assert_string_equal(text_of(&lines, 0, "kind"), "export");
    assert_string_equal(text_of(&lines, 0, "user"), "alice");
    assert_string_equal(text_of(&lines, 1, "kind"), "outgoing");
    assert_string_equal(text_of(&lines, 1, "body"), "on its way");
    assert_string_equal(text_of(&lines, 1, "state"), "sending");
    for (size_t i = 2; i < 7; i++)
        assert_int_equal(number_of(&lines, i, "seq"), i - 1);
    assert_string_equal(text_of(&lines, 2, "body"), "kept \"text\"\n");
    assert_string_equal(text_of(&lines, 3, "state"), "recalled");
    assert_string_equal(text_of(&lines, 3, "operator"), "bob");
    assert_null(json_object_get(lines.list[3], "body"));
    assert_null(json_object_get(lines.list[3], "body_base64"));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(lines.list[4], "quote"), "seq")), 1);
    assert_string_equal(text_of(&lines, 5, "body_base64"), "//4=");
    assert_string_equal(text_of(&lines, 6, "kind"), "recall");
    lines_fini(&lines);
    arena_fini(&arena);
}

struct progress {
    struct fixture *fixture;
    size_t calls;
    uint64_t done;
    uint64_t total;
    bool stops;
};

/* After the first page: a message of the last page is taken back, and further ones come. */
static bool meddle(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    struct fixture *fixture = progress->fixture;
    progress->done = done;
    progress->total = total;
    if (progress->calls++ == 0) {
        fake_server_recall(&fixture->server, 600);
        fake_server_say(&fixture->server, "after it began");
        trace_wait(&fixture->trace, "recalled 600 by bob", 1);
        trace_wait(&fixture->trace, "event 602 message normal after it began", 1);
    }
    return !progress->stops;
}

static void what_is_taken_back_meanwhile_is_not_exported(void **state)
{
    struct fixture *fixture = *state;
    struct progress progress = {.fixture = fixture};
    struct lines lines;
    fixture_start(fixture);
    fake_server_say_many(&fixture->server, 600);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 600);
    lines_init(&lines);
    assert_int_equal(unsay_export(fixture->client, fileno(lines.file), meddle, &progress),
                     UNSAY_OK);
    lines_read(&lines);
    assert_int_equal(lines.count, 601);
    assert_string_equal(text_of(&lines, 599, "state"), "normal");
    assert_int_equal(number_of(&lines, 600, "seq"), 600);
    assert_string_equal(text_of(&lines, 600, "state"), "recalled");
    assert_null(json_object_get(lines.list[600], "body"));
    assert_int_equal(progress.calls, 3);
    assert_int_equal(progress.done, 600);
    assert_int_equal(progress.total, 600);
    lines_fini(&lines);
}

static void an_export_can_be_stopped_and_can_fail(void **state)
{
    struct fixture *fixture = *state;
    struct progress progress = {.fixture = fixture, .calls = 1, .stops = true};
    struct lines lines;
    fixture_start(fixture);
    fake_server_say_many(&fixture->server, 600);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 600);
    lines_init(&lines);
    assert_int_equal(unsay_export(fixture->client, fileno(lines.file), meddle, &progress),
                     UNSAY_STOPPED);
    lines_read(&lines);
    assert_int_equal(lines.count, 201);
    lines_fini(&lines);
    int full = open("/dev/full", O_WRONLY);
    assert_int_equal(unsay_export(fixture->client, full, NULL, NULL), UNSAY_UNREACHABLE);
    close(full);
    assert_int_equal(unsay_export(fixture->client, -1, NULL, NULL), UNSAY_INVALID);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(everything_is_exported),
        fixture_test(what_is_taken_back_meanwhile_is_not_exported),
        fixture_test(an_export_can_be_stopped_and_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
