#include "unsay/search.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/text.h"
#include "core/ids.h"

#include <inttypes.h>
#include <stdio.h>

enum { OPTION_IN = 1, OPTION_LIMIT, LIMIT_DEFAULT = 20, SEARCH_BYTES_MAX = 4096 };

static const struct help help = {
    .usage = "search [OPTION...] TEXT...\n",
    .about =
        "Searches the messages that this device has stored, newest first: words that must all\n"
        "occur, and \"several in quotation marks\" that follow each other. What has been taken\n"
        "back is not found.\n",
    .options = "  --in CONV          only in this conversation\n"
               "  --limit N          at most N of them (default 20)\n",
    .example = "  unsay search lunch\n"
               "  unsay search '\"lunch at noon\"' --in \"$C\" --json | jq -r .snippet\n",
    .is_client = true,
};

struct search {
    struct output output;
    struct unsay_search query;
    char text[SEARCH_BYTES_MAX];
    uint64_t limit; /* of what is still to be printed */
    struct unsay_source last;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1]; /* of the last one */
    bool has_more;
    bool has_found;
};

static bool search_read_options(struct options *options, struct search *search, int argc,
                                char **argv)
{
    static const struct option choices[] = {
        {"in", required_argument, NULL, OPTION_IN},
        {"limit", required_argument, NULL, OPTION_LIMIT},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_IN ? !id_is_conversation(view_of(optarg))
                                : !options_number(optarg, 1, INT64_MAX, &search->limit)) {
            options->exit_status = options_wrong(options, "\"%s\" is not what --%s takes", optarg,
                                                 choices[option - OPTION_IN].name);
            return false;
        }
        if (option == OPTION_IN)
            search->query.conversation = optarg;
    }
    return true;
}

static bool search_read_text(struct search *search, int argc, char **argv)
{
    size_t size = 0;
    for (int i = 0; i < argc && size < sizeof(search->text); i++)
        size += (size_t)snprintf(search->text + size, sizeof(search->text) - size, "%s%s",
                                 i == 0 ? "" : " ", argv[i]);
    return argc > 0 && size < sizeof(search->text);
}

static void found_print(const struct output *output, const struct unsay_found *found)
{
    FILE *file = output->file;
    size_t at = 0;
    output_time(output, found->time_ms);
    fprintf(file, "  %s #%" PRIu64 "  ", found->conversation, found->seq);
    text_write_foreign(file, view_of(found->sender));
    fputs(found->is_cut_before ? "  …" : "  ", file);
    for (size_t i = 0; i < found->hit_count; i++) {
        const struct unsay_hit *hit = &found->hits[i];
        text_write_foreign(file, view_make(found->snippet + at, hit->start - at));
        fputs(output->has_colour ? "\033[1m" : "", file);
        text_write_foreign(file, view_make(found->snippet + hit->start, hit->bytes));
        fputs(output->has_colour ? "\033[0m" : "", file);
        at = hit->start + hit->bytes;
    }
    text_write_foreign(file, view_of(found->snippet + at));
    fputs(found->is_cut_after ? "…\n" : "\n", file);
}

static void found_print_json(FILE *file, const struct unsay_found *found)
{
    json_t *object = json_object();
    json_t *hits = json_array();
    for (size_t i = 0; i < found->hit_count; i++) {
        json_t *hit = json_object();
        json_object_set_new(hit, "start", json_integer((json_int_t)found->hits[i].start));
        json_object_set_new(hit, "bytes", json_integer((json_int_t)found->hits[i].bytes));
        json_array_append_new(hits, hit);
    }
    json_object_set_new(object, "conversation", json_string(found->conversation));
    json_object_set_new(object, "origin", json_integer(found->origin));
    json_object_set_new(object, "seq", json_integer((json_int_t)found->seq));
    json_object_set_new(object, "sender", json_string(found->sender));
    json_object_set_new(object, "time", output_json_time(found->time_ms));
    json_object_set_new(object, "snippet", json_string(found->snippet));
    json_object_set_new(object, "hits", hits);
    json_object_set_new(object, "cut_before", json_boolean(found->is_cut_before));
    json_object_set_new(object, "cut_after", json_boolean(found->is_cut_after));
    output_object(file, object);
}

static void search_page(void *context, const struct unsay_error *error,
                        const struct unsay_found *found, size_t count, bool more)
{
    struct search *search = context;
    (void)error; /* a search that calls back has not failed */
    for (size_t i = 0; i < count; i++) {
        if (search->output.is_json)
            found_print_json(search->output.file, &found[i]);
        else
            found_print(&search->output, &found[i]);
    }
    search->limit -= count;
    search->has_more = more && search->limit > 0;
    search->has_found = search->has_found || count > 0;
    if (count > 0) {
        snprintf(search->conversation, sizeof(search->conversation), "%s",
                 found[count - 1].conversation);
        search->last = (struct unsay_source){search->conversation, found[count - 1].origin,
                                             found[count - 1].seq};
        search->query.before = &search->last;
    }
}

static int search_run(struct search *search, struct session *session)
{
    uint32_t timeout_ms = session->options->timeout_ms;
    enum session_turn turn = session_catch_up(
        session, timeout_ms == 0 ? SESSION_FOREVER : session_now_ms() + (int64_t)timeout_ms);
    if (turn == SESSION_INTERRUPTED)
        return COMMAND_OK;
    if (turn == SESSION_REJECTED)
        return session_explain(session);
    if (session_connection(session) != UNSAY_CONNECTION_ONLINE) {
        text_write(stderr, TEXT_SEARCH_OFFLINE, NULL, NULL);
        fputc('\n', stderr);
    }
    search->query.text = search->text;
    do {
        search->query.limit = search->limit < LIMIT_SEARCH_RESULTS_MAX ? (uint32_t)search->limit
                                                                       : LIMIT_SEARCH_RESULTS_MAX;
        enum unsay_result result =
            unsay_search(session->client, &search->query, search_page, search);
        if (result != UNSAY_OK)
            return session_report(session, result, "", "The local database cannot be read.");
    } while (search->has_more && fflush(stdout) == 0);
    if (!search->has_found && !search->output.is_json) {
        text_write(stdout, TEXT_SEARCH_NOTHING, NULL, NULL);
        fputc('\n', stdout);
    }
    return COMMAND_OK;
}

int command_search(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct search search = {.limit = LIMIT_DEFAULT};
    options_init(&options, "search", &help, 10000);
    if (!search_read_options(&options, &search, argc, argv))
        return options.exit_status;
    if (!search_read_text(&search, argc - optind, argv + optind))
        return options_wrong(&options, "give a text of less than 4096 bytes to search for");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    output_init(&search.output, stdout, options.self.user, options.is_json);
    exit_status = search_run(&search, &session);
    session_close(&session);
    return exit_status;
}
