#include "cli/command.h"
#include "cli/levels.h"
#include "cli/session.h"
#include "cli/text.h"
#include "core/ids.h"
#include "unsay/levels.h"
#include "unsay/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_LAST = 1,
    OPTION_BEFORE,
    OPTION_AFTER,
    LAST_DEFAULT = 20,
    OWN_MAX = LIMIT_PAGE_EVENTS_MAX
};

static const struct help help = {
    .usage = "history [OPTION...] CONV\n",
    .about =
        "Shows a conversation as the server has it now, oldest first: the last 20 events, or\n"
        "with --after alone everything after it. At the end stand the last of your own messages\n"
        "that everyone has stored (✓✓) and seen; with --json each of your own says whom it has\n"
        "reached. Both only where the conversation is small.\n",
    .options = "  --last N           only the last N events of the range\n"
               "  --before SEQ       only what stands before this number\n"
               "  --after SEQ        only what stands after it\n",
    .example = "  unsay history \"$C\" --last 100 --json | jq -r .body\n",
    .is_client = true,
};

/* A page: its events as they will be printed, made on the SDK's thread. */
struct page {
    struct question question;
    struct output output;
    char *text; /* for people; owned; NULL when not asked for */
    size_t text_bytes;
    json_t *objects;       /* for scripts; owned; NULL when not asked for */
    uint64_t own[OWN_MAX]; /* seqs of its messages that are the user's own */
    size_t own_count;
    uint64_t stored;   /* the last of them that everyone has stored; 0: none, or not known */
    uint64_t seen;     /* likewise */
    uint64_t last_seq; /* 0: no events */
    bool has_more;
};

struct range {
    uint64_t after;
    uint64_t before; /* 0: no bound */
    uint64_t last;   /* 0: all of it */
};

static bool range_read_options(struct options *options, struct range *range, int argc, char **argv)
{
    static const struct option choices[] = {
        {"last", required_argument, NULL, OPTION_LAST},
        {"before", required_argument, NULL, OPTION_BEFORE},
        {"after", required_argument, NULL, OPTION_AFTER},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    bool has_after = false;
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        uint64_t *value = option == OPTION_LAST     ? &range->last
                          : option == OPTION_BEFORE ? &range->before
                                                    : &range->after;
        has_after = has_after || option == OPTION_AFTER;
        if (!options_number(optarg, option != OPTION_AFTER, INT64_MAX, value)) {
            options->exit_status = options_wrong(options, "\"%s\" is not a number", optarg);
            return false;
        }
    }
    if (range->last == 0 && !has_after)
        range->last = LAST_DEFAULT;
    return true;
}

static void page_write(struct page *page, const struct unsay_event *events, size_t count)
{
    page->output.file = open_memstream(&page->text, &page->text_bytes);
    for (size_t i = 0; page->output.file != NULL && i < count; i++)
        output_event(&page->output, &events[i]);
    if (page->output.file != NULL)
        fclose(page->output.file);
}

static void page_keep_objects(struct page *page, const struct unsay_event *events, size_t count)
{
    page->objects = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(page->objects, output_json_of_event(&events[i]));
}

static void page_keep_own(struct page *page, const struct unsay_event *events, size_t count)
{
    for (size_t i = 0; i < count && page->own_count < OWN_MAX; i++) {
        if (events[i].kind == UNSAY_EVENT_MESSAGE &&
            strcmp(events[i].sender, page->output.self) == 0)
            page->own[page->own_count++] = events[i].seq;
    }
}

static void page_answer(void *context, const struct unsay_error *error,
                        const struct unsay_event *events, size_t count, bool more)
{
    struct page *page = context;
    if (error->result == UNSAY_OK) {
        if (page->output.is_json)
            page_keep_objects(page, events, count);
        else
            page_write(page, events, count);
        page_keep_own(page, events, count);
        page->last_seq = count == 0 ? 0 : events[count - 1].seq;
        page->has_more = more;
    }
    question_answer(&page->question, error);
}

static void page_empty(struct page *page)
{
    free(page->text);
    json_decref(page->objects);
    page->text = NULL;
    page->text_bytes = 0;
    page->objects = NULL;
    page->own_count = 0;
    page->stored = 0;
    page->seen = 0;
}

static bool object_is_own_message(const json_t *object, const char *self)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *sender = json_string_value(json_object_get(object, "sender"));
    return strcmp(kind, "message") == 0 && sender != NULL && strcmp(sender, self) == 0;
}

static void page_keep_marks(struct page *page, const struct unsay_receipts *receipts)
{
    for (size_t i = 0; i < page->own_count && receipts->member_count > 0; i++) {
        struct unsay_levels levels =
            levels_of_places(receipts->members, receipts->member_count, page->own[i]);
        if (levels.level >= UNSAY_LEVEL_STORED)
            page->stored = page->own[i];
        if (levels.level >= UNSAY_LEVEL_DISPLAYED)
            page->seen = page->own[i];
    }
}

/* The receivers of the latest own message are all that earlier ones have, and more. */
static void page_receipts(void *context, const struct unsay_error *error,
                          const struct unsay_receipts *receipts)
{
    struct page *page = context;
    size_t count = receipts == NULL ? 0 : receipts->member_count;
    size_t at;
    json_t *object;
    json_array_foreach(page->objects, at, object)
    {
        if (count == 0 || !object_is_own_message(object, page->output.self))
            continue;
        uint64_t seq = (uint64_t)json_integer_value(json_object_get(object, "seq"));
        struct unsay_levels levels = levels_of_places(receipts->members, count, seq);
        json_object_set_new(object, "delivery", levels_json(&levels));
    }
    if (receipts != NULL)
        page_keep_marks(page, receipts);
    struct unsay_error ok = {UNSAY_OK, "", ""};
    question_answer(&page->question, error->result == UNSAY_REFUSED ? &ok : error);
}

/* Whom the page's own messages have reached; without it where the server does not say. */
static int page_find_levels(struct page *page, struct session *session, const char *conversation)
{
    struct unsay_receipts_query query = {.conversation = conversation};
    if (page->own_count == 0 || (page->has_more && !page->output.is_json))
        return COMMAND_OK;
    query.seq = page->own[page->own_count - 1];
    question_init(&page->question, session);
    return question_await(&page->question,
                          unsay_receipts(session->client, &query, page_receipts, page));
}

static void page_print_mark(uint64_t seq, enum text text)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, seq);
    text_write(stdout, text, number, NULL);
    fputc('\n', stdout);
}

static void page_print(const struct page *page)
{
    size_t at;
    json_t *object;
    if (page->text != NULL)
        fwrite(page->text, 1, page->text_bytes, stdout);
    if (page->seen > 0 && page->text != NULL)
        page_print_mark(page->seen, TEXT_CHAT_SEEN);
    if (page->stored > page->seen && page->text != NULL)
        page_print_mark(page->stored, TEXT_CHAT_STORED);
    json_array_foreach(page->objects, at, object)
    {
        output_object(stdout, json_incref(object));
    }
}

static int page_fetch(struct page *page, struct session *session, const struct unsay_history *query)
{
    page_empty(page);
    page->last_seq = 0;
    question_init(&page->question, session);
    return question_await(&page->question,
                          unsay_history(session->client, query, page_answer, page));
}

static int history_run(struct page *page, struct session *session, const char *conversation,
                       struct range *range)
{
    struct unsay_history query = {.conversation = conversation, .before = range->before};
    int exit_status = session_connect(session);
    if (exit_status == COMMAND_OK && range->last != 0) {
        /* Numbers have no gaps, so the newest one tells where the last N begin. */
        query.after = range->after;
        query.limit = 1;
        query.newest = true;
        exit_status = page_fetch(page, session, &query);
        if (page->last_seq > range->last && page->last_seq - range->last > range->after)
            range->after = page->last_seq - range->last;
        query.before = page->last_seq + 1;
        query.limit = 0;
        query.newest = false;
    }
    query.after = range->after;
    do {
        if (exit_status == COMMAND_OK)
            exit_status = page_fetch(page, session, &query);
        if (exit_status == COMMAND_OK)
            exit_status = page_find_levels(page, session, conversation);
        if (exit_status != COMMAND_OK)
            return exit_status;
        page_print(page);
        query.after = page->last_seq;
    } while (page->has_more && page->last_seq != 0 && fflush(stdout) == 0);
    return COMMAND_OK;
}

int command_history(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct range range = {.after = 0};
    struct page page = {.text = NULL};
    options_init(&options, "history", &help, 10000);
    if (!range_read_options(&options, &range, argc, argv))
        return options.exit_status;
    if (argc - optind != 1 || !id_is_conversation(view_of(argv[optind])))
        return options_wrong(&options, "give the id of one conversation");
    const char *conversation = argv[optind];
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    output_init(&page.output, stdout, options.self.user, options.is_json);
    exit_status = history_run(&page, &session, conversation, &range);
    session_close(&session);
    page_empty(&page);
    return exit_status;
}
