/* What chat, watch and history print where a message was taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

/* What follows the time, which depends on where the test runs. */
static void assert_printed(const struct unsay_event *event, const char *language,
                           const char *expected)
{
    struct output output;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    setenv("LC_ALL", language, 1);
    output_init(&output, file, "li", false);
    output_event(&output, event);
    fclose(file);
    const char *number = strchr(text, '#');
    assert_string_equal(number == NULL ? text : number, expected);
    free(text);
}

static struct unsay_event tombstone(void)
{
    return (struct unsay_event){
        .kind = UNSAY_EVENT_MESSAGE,
        .conversation = "c",
        .origin = 1,
        .seq = 2,
        .sender = "li",
        .device = "phone",
        .content_type = UNSAY_CONTENT_IMAGE,
        .state = UNSAY_MESSAGE_RECALLED,
        .operator_user = "li",
        .actor = UNSAY_ACTOR_SELF,
        .reason = "",
    };
}

static void a_message_that_was_taken_back(void **state)
{
    struct unsay_event event = tombstone();
    (void)state;
    assert_printed(&event, "C", "#2  — You took back a photo —\n");
    assert_printed(&event, "zh_TW.UTF-8", "#2  — 你已收回一張照片 —\n");
    assert_printed(&event, "zh_CN.UTF-8", "#2  — 你撤回了一张图片 —\n");
    event.operator_user = "wang";
    event.actor = UNSAY_ACTOR_ADMIN;
    assert_printed(&event, "en_US.UTF-8", "#2  — wang (admin) took back your photo —\n");
    event.state = UNSAY_MESSAGE_ERASED;
    event.actor = UNSAY_ACTOR_COMPLIANCE;
    assert_printed(&event, "de_DE.UTF-8", "#2  — Dieses Foto wurde entfernt —\n");
}

static void a_recall(void **state)
{
    struct unsay_event event = tombstone();
    (void)state;
    event.kind = UNSAY_EVENT_RECALL;
    event.seq = 5;
    event.target_seq = 2;
    event.sender = "zhao";
    event.reason = "wrong room\033[2J";
    assert_printed(&event, "C", "#5  — You took back a photo — #2 wrong room\uFFFD[2J\n");
}

static void what_vanished_takes_no_line(void **state)
{
    struct unsay_event event = tombstone();
    (void)state;
    event.is_vanished = true;
    assert_printed(&event, "C", "");
    event.kind = UNSAY_EVENT_RECALL;
    assert_printed(&event, "C", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_was_taken_back),
        cmocka_unit_test(a_recall),
        cmocka_unit_test(what_vanished_takes_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
