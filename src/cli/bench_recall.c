/* unsay bench recall: the same devices first send and then take back what they sent, in
 * conversations that held messages before, so that the two can be compared. */
#include "cli/bench.h"
#include "cli/command.h"

enum {
    SETTLE_S = 120,
    FILL_WINDOW = 512,
    OTHERS_WINDOW = 32,
    OTHERS_SIZE_MAX = 1000, /* of the conversations but the first */
    FILL_SECONDS_MAX = 6 * 3600
};

struct recall_report {
    struct bench_stretch fill;
    struct bench_stretch sends;
    struct bench_stretch recalls;
    struct bench_stretch batches; /* with --batch */
    struct load_measures sent;
    struct load_measures recalled;
    struct load_measures batched;
    struct load_measures first_sent;
    struct load_measures first_recalled;
};

/* Half of the targets are left for the batches. */
static bool recall_is_half_over(const struct load *load)
{
    for (unsigned i = 0; i < load->settings.connections; i++) {
        if (load->clients[i].target_next < load->clients[i].target_count / 2)
            return false;
    }
    return true;
}

/* The first conversation gets all that was asked for, the others at most OTHERS_SIZE_MAX. */
static enum status recall_fill(struct bench_run *run, const struct bench_options *options,
                               struct bench_stretch *fill)
{
    struct load *load = run->load;
    uint64_t others = options->conversation_size;
    if (others > OTHERS_SIZE_MAX)
        others = OTHERS_SIZE_MAX;
    uint64_t before = load->accepted;
    load->is_recording = options->is_anywhere;
    fill->from = bench_sample_take(&run->server);
    peer_loop_now(&load->loop);
    for (unsigned i = 0; i < load->settings.connections; i++)
        load_send_one(&load->clients[i], i < 2 ? FILL_WINDOW : OTHERS_WINDOW,
                      (i < 2 ? options->conversation_size : others) / 2);
    if (!load_run(load, load_has_sent_all, FILL_SECONDS_MAX))
        load_fail(load, STATUS_UNREACHABLE, "filling the conversation takes too long");
    fill->to = bench_sample_take(&run->server);
    fill->count = load->accepted - before;
    return load_settle(load, SETTLE_S);
}

static void recall_shuffle(struct load *load)
{
    for (unsigned i = 0; i < load->settings.connections; i++) {
        struct load_client *client = &load->clients[i];
        for (size_t left = client->target_count; left > 1; left--) {
            size_t other = (size_t)prng_below(&load->prng, left);
            uint64_t target = client->targets[left - 1];
            client->targets[left - 1] = client->targets[other];
            client->targets[other] = target;
        }
    }
}

/* Takes back for a while, and waits until all of it has arrived. */
static enum status recall_round(struct bench_run *run, const struct bench_options *options,
                                unsigned batch, struct bench_stretch *stretch,
                                struct load_measures *measures)
{
    struct load *load = run->load;
    bool is_half = batch == 1 && options->batch > 0;
    if (options->rate > 0 && batch == 1) {
        load_recall_at(load, options->rate);
        load_run(load, load_has_recalled_all, options->warmup_seconds);
    } else {
        load_recall(load, options->window, batch);
    }
    load_reset_measures(load);
    stretch->from = bench_sample_take(&run->server);
    load_run(load, is_half ? recall_is_half_over : load_has_recalled_all, options->seconds);
    stretch->to = bench_sample_take(&run->server);
    stretch->count = load->all.recalled;
    enum status status = load_settle(load, SETTLE_S);
    *measures = load->all;
    return status;
}

static enum status recall_measure(struct bench_run *run, const struct bench_options *options,
                                  struct recall_report *report)
{
    struct load *load = run->load;
    enum status status = recall_fill(run, options, &report->fill);
    if (status != STATUS_OK)
        return status;
    load->is_recording = true;
    load_send(load, options->window, UINT64_MAX);
    load_run(load, NULL, options->warmup_seconds);
    load_reset_measures(load);
    report->sends.from = bench_sample_take(&run->server);
    load_run(load, NULL, options->seconds);
    report->sends.to = bench_sample_take(&run->server);
    report->sent = load->all;
    report->first_sent = load->first_pair;
    report->sends.count = load->all.accepted;
    status = load_settle(load, SETTLE_S);
    if (status != STATUS_OK)
        return status;

    recall_shuffle(load);
    status = recall_round(run, options, 1, &report->recalls, &report->recalled);
    report->first_recalled = load->first_pair;
    if (status == STATUS_OK && options->batch > 0)
        status = recall_round(run, options, options->batch, &report->batches, &report->batched);
    return status;
}

static double recall_syncs_ratio(const struct recall_report *report)
{
    return bench_ratio(bench_syncs_each(&report->batches), bench_syncs_each(&report->recalls));
}

static void recall_print_batches(const struct bench_options *options,
                                 const struct recall_report *report)
{
    printf("  recalls    %8.0f/s, %u in a request   ", bench_rate(&report->batches),
           options->batch);
    bench_print_histogram(&report->batched.recall);
    printf("    server     ");
    bench_print_server(&report->batches);
    bench_print_threads(&report->batches);
    printf("    notice at the partner ");
    bench_print_histogram(&report->batched.notice);
    printf("    against one in a request: %.4f of the syncs, %.2f of the server's CPU\n",
           recall_syncs_ratio(report),
           bench_ratio(bench_cpu_us(&report->batches), bench_cpu_us(&report->recalls)));
}

static void recall_print(const struct bench_options *options, const struct load *load,
                         const struct recall_report *report)
{
    printf("bench recall: %u connections in pairs, window %u, bodies of %u bytes, "
           "%llu messages in the first conversation before\n",
           options->connections, options->window, options->body_bytes,
           (unsigned long long)options->conversation_size);
    printf("  filled     %8.0f/s\n", bench_rate(&report->fill));
    printf("  sends      %8.0f/s   ", bench_rate(&report->sends));
    bench_print_histogram(&report->sent.accept);
    printf("    server     ");
    bench_print_server(&report->sends);
    bench_print_threads(&report->sends);
    printf("  recalls    %8.0f/s   ", bench_rate(&report->recalls));
    bench_print_histogram(&report->recalled.recall);
    if (options->rate > 0)
        printf("    offered    %8u/s, latencies from when each was due\n", options->rate);
    printf("    server     ");
    bench_print_server(&report->recalls);
    bench_print_threads(&report->recalls);
    printf("    notice at the partner ");
    bench_print_histogram(&report->recalled.notice);
    if (options->batch > 0)
        recall_print_batches(options, report);
    printf("  in the first conversation alone:\n    sends      ");
    bench_print_histogram(&report->first_sent.accept);
    printf("    recalls    ");
    bench_print_histogram(&report->first_recalled.recall);
    printf("  a recall for a send: %.2f of the rate",
           bench_ratio(bench_rate(&report->recalls), bench_rate(&report->sends)));
    if (bench_knows_cpu(&report->sends))
        printf(", %.2f of the server's CPU",
               bench_ratio(bench_cpu_us(&report->recalls), bench_cpu_us(&report->sends)));
    printf("\n");
    bench_print_checks(load);
}

static json_t *recall_first_json(const struct recall_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "accept", bench_histogram_json(&report->first_sent.accept));
    json_object_set_new(object, "recall", bench_histogram_json(&report->first_recalled.recall));
    json_object_set_new(object, "notice", bench_histogram_json(&report->first_recalled.notice));
    return object;
}

static json_t *recall_batch_json(const struct bench_options *options,
                                 const struct recall_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "targets", json_integer(options->batch));
    json_object_set_new(object, "recalls", bench_stretch_json(&report->batches));
    json_object_set_new(object, "recall", bench_histogram_json(&report->batched.recall));
    json_object_set_new(object, "notice", bench_histogram_json(&report->batched.notice));
    json_object_set_new(object, "syncs_ratio", json_real(recall_syncs_ratio(report)));
    json_object_set_new(
        object, "cpu_ratio",
        json_real(bench_ratio(bench_cpu_us(&report->batches), bench_cpu_us(&report->recalls))));
    return object;
}

static void recall_print_json(const struct bench_options *options, const struct load *load,
                              const struct recall_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "bench", json_string("recall"));
    json_object_set_new(object, "connections", json_integer(options->connections));
    json_object_set_new(object, "window", json_integer(options->window));
    json_object_set_new(object, "body_bytes", json_integer(options->body_bytes));
    json_object_set_new(object, "conversation_size",
                        json_integer((json_int_t)options->conversation_size));
    json_object_set_new(object, "fill", bench_stretch_json(&report->fill));
    json_object_set_new(object, "sends", bench_stretch_json(&report->sends));
    json_object_set_new(object, "recalls", bench_stretch_json(&report->recalls));
    if (options->rate > 0)
        json_object_set_new(object, "rate", json_integer(options->rate));
    if (options->batch > 0)
        json_object_set_new(object, "batch", recall_batch_json(options, report));
    json_object_set_new(object, "accept", bench_histogram_json(&report->sent.accept));
    json_object_set_new(object, "recall", bench_histogram_json(&report->recalled.recall));
    json_object_set_new(object, "notice", bench_histogram_json(&report->recalled.notice));
    json_object_set_new(object, "first_conversation", recall_first_json(report));
    json_object_set_new(
        object, "rate_ratio",
        json_real(bench_ratio(bench_rate(&report->recalls), bench_rate(&report->sends))));
    json_object_set_new(
        object, "cpu_ratio",
        json_real(bench_ratio(bench_cpu_us(&report->recalls), bench_cpu_us(&report->sends))));
    json_object_set_new(object, "checks", bench_checks_json(load));
    bench_print_json(object);
}

int bench_recall(const struct bench_options *options)
{
    static struct recall_report report;
    struct bench_run run;
    struct failure failure = {STATUS_OK, ""};
    unsigned window_max = options->window > FILL_WINDOW ? options->window : FILL_WINDOW;
    if (bench_run_open(&run, options, window_max, &failure) != STATUS_OK)
        return bench_fail(options, &failure);
    bool is_sound = false;
    if (recall_measure(&run, options, &report) != STATUS_OK) {
        failure = run.load->failure;
    } else {
        is_sound = bench_is_sound(run.load);
        if (options->is_json)
            recall_print_json(options, run.load, &report);
        else
            recall_print(options, run.load, &report);
    }
    (void)!bench_run_close(&run, failure.status == STATUS_OK ? &failure : NULL);
    if (failure.status != STATUS_OK)
        return bench_fail(options, &failure);
    return is_sound ? COMMAND_OK : COMMAND_REFUSED;
}
