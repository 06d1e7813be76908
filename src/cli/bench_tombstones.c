/* unsay bench recall --tombstones: what reading costs in a conversation of which everything but the
 * last message was taken back, against one of the same size of which nothing was. */
#include "cli/bench.h"
#include "cli/bench_ask.h"
#include "cli/command.h"

enum {
    SETTLE_S = 120,
    FILL_WINDOW = 512,
    FILL_SECONDS_MAX = 6 * 3600,
    RECALL_WINDOW = 8,
    ANSWER_S = 60,
    PAGE_EVENTS = 50,
    ROUNDS = 2000
};

enum conversation { TAKEN_BACK, LIVE, CONVERSATION_COUNT };
enum question { LAST_PAGE, MIDDLE_PAGE, LIST, QUESTION_COUNT };

static const struct {
    const char *name;
    const char *text;
} questions[QUESTION_COUNT] = {
    [LAST_PAGE] = {"last_page", "the last page"},
    [MIDDLE_PAGE] = {"middle_page", "a page in the middle"},
    [LIST] = {"list", "the list with preview"},
};

struct tombstones_report {
    struct bench_stretch fill;
    struct bench_stretch recalls;
    struct histogram answers[QUESTION_COUNT][CONVERSATION_COUNT];
};

/* A device of the pair in that conversation. */
static struct load_client *tombstones_reader(struct load *load, unsigned conversation)
{
    return &load->clients[2 * conversation];
}

static enum status tombstones_fill(struct bench_run *run, uint64_t count,
                                   struct bench_stretch *stretch)
{
    struct load *load = run->load;
    load->is_recording = true;
    stretch->from = bench_sample_take(&run->server);
    load_send(load, FILL_WINDOW, count / 2);
    if (!load_run(load, load_has_sent_all, FILL_SECONDS_MAX))
        load_fail(load, STATUS_UNREACHABLE, "filling the conversations takes too long");
    stretch->to = bench_sample_take(&run->server);
    stretch->count = load->accepted;
    load->is_recording = false;
    return load_settle(load, SETTLE_S);
}

/* Everything in the first conversation; then a message more in each. */
static enum status tombstones_make(struct bench_run *run, struct bench_stretch *stretch)
{
    struct load *load = run->load;
    for (unsigned i = 2 * LIVE; i < load->settings.connections; i++)
        load->clients[i].target_count = 0;
    stretch->from = bench_sample_take(&run->server);
    load_recall(load, RECALL_WINDOW, LIMIT_RECALL_TARGETS_MAX);
    if (!load_run(load, load_has_recalled_all, FILL_SECONDS_MAX))
        load_fail(load, STATUS_UNREACHABLE, "taking back takes too long");
    stretch->to = bench_sample_take(&run->server);
    stretch->count = load->recalled;
    if (load_settle(load, SETTLE_S) != STATUS_OK)
        return load->failure.status;
    peer_loop_now(&load->loop);
    for (unsigned i = 0; i < CONVERSATION_COUNT; i++) {
        struct load_client *partner = tombstones_reader(load, i)->partner;
        load_send_one(partner, 1, partner->next + 1);
    }
    if (!load_run(load, load_has_sent_all, SETTLE_S))
        load_fail(load, STATUS_UNREACHABLE, "a message was not accepted");
    return load_settle(load, SETTLE_S);
}

static enum status tombstones_ask(struct load *load, uint64_t count, unsigned question,
                                  unsigned conversation, struct histogram *answers)
{
    struct load_client *reader = tombstones_reader(load, conversation);
    if (question == LIST)
        ask_list(reader);
    else
        ask_page(reader, question == MIDDLE_PAGE ? count / 2 : 0, PAGE_EVENTS);
    if (ask_await(load, ANSWER_S) != STATUS_OK)
        return load->failure.status;
    if (load->question.events == 0)
        load_fail(load, STATUS_CORRUPT, "%s is empty", questions[question].text);
    histogram_add(answers, load->question.answered_ns - load->question.asked_ns);
    return load->failure.status;
}

static enum status tombstones_measure(struct bench_run *run, const struct bench_options *options,
                                      struct tombstones_report *report)
{
    struct load *load = run->load;
    enum status status = tombstones_fill(run, options->tombstones, &report->fill);
    if (status == STATUS_OK)
        status = tombstones_make(run, &report->recalls);
    for (unsigned i = 0; i < ROUNDS * QUESTION_COUNT * CONVERSATION_COUNT; i++) {
        unsigned conversation = i % CONVERSATION_COUNT;
        unsigned question = i / CONVERSATION_COUNT % QUESTION_COUNT;
        if (status == STATUS_OK)
            status = tombstones_ask(load, options->tombstones, question, conversation,
                                    &report->answers[question][conversation]);
    }
    return status;
}

static double tombstones_ratio(const struct histogram answers[CONVERSATION_COUNT])
{
    return bench_ratio((double)histogram_quantile(&answers[TAKEN_BACK], 0.5),
                       (double)histogram_quantile(&answers[LIVE], 0.5));
}

static void tombstones_print(const struct bench_options *options, const struct load *load,
                             const struct tombstones_report *report)
{
    printf(
        "bench recall: reading after %llu of %llu messages were taken back, bodies of %u bytes\n",
        (unsigned long long)load->recalled, (unsigned long long)load->recalled + 1,
        options->body_bytes);
    printf("  filled     %8.0f/s\n", bench_rate(&report->fill));
    printf("  recalls    %8.0f/s, %d in a request\n    server     ", bench_rate(&report->recalls),
           LIMIT_RECALL_TARGETS_MAX);
    bench_print_server(&report->recalls);
    for (unsigned i = 0; i < QUESTION_COUNT; i++) {
        printf("  %s\n    taken back ", questions[i].text);
        bench_print_histogram(&report->answers[i][TAKEN_BACK]);
        printf("    live       ");
        bench_print_histogram(&report->answers[i][LIVE]);
        printf("    taken back for live: %.2f of the median\n",
               tombstones_ratio(report->answers[i]));
    }
    bench_print_checks(load);
}

static void tombstones_print_json(const struct bench_options *options, const struct load *load,
                                  const struct tombstones_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "bench", json_string("recall"));
    json_object_set_new(object, "tombstones", json_integer((json_int_t)load->recalled));
    json_object_set_new(object, "body_bytes", json_integer(options->body_bytes));
    json_object_set_new(object, "fill", bench_stretch_json(&report->fill));
    json_object_set_new(object, "recalls", bench_stretch_json(&report->recalls));
    for (unsigned i = 0; i < QUESTION_COUNT; i++) {
        json_t *answers = json_object();
        json_object_set_new(answers, "taken_back",
                            bench_histogram_json(&report->answers[i][TAKEN_BACK]));
        json_object_set_new(answers, "live", bench_histogram_json(&report->answers[i][LIVE]));
        json_object_set_new(answers, "p50_ratio", json_real(tombstones_ratio(report->answers[i])));
        json_object_set_new(object, questions[i].name, answers);
    }
    json_object_set_new(object, "checks", bench_checks_json(load));
    bench_print_json(object);
}

int bench_tombstones(const struct bench_options *options)
{
    static struct tombstones_report report;
    struct bench_run run;
    struct failure failure = {STATUS_OK, ""};
    if (bench_run_open(&run, options, FILL_WINDOW, &failure) != STATUS_OK)
        return bench_fail(options, &failure);
    bool is_sound = false;
    if (tombstones_measure(&run, options, &report) != STATUS_OK) {
        failure = run.load->failure;
    } else {
        is_sound = bench_is_sound(run.load);
        if (options->is_json)
            tombstones_print_json(options, run.load, &report);
        else
            tombstones_print(options, run.load, &report);
    }
    (void)!bench_run_close(&run, failure.status == STATUS_OK ? &failure : NULL);
    if (failure.status != STATUS_OK)
        return bench_fail(options, &failure);
    return is_sound ? COMMAND_OK : COMMAND_REFUSED;
}
