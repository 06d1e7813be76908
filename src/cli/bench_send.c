/* unsay bench send: pairs of devices that write to each other, each with a window of unanswered
 * messages. */
#include "cli/bench.h"
#include "cli/command.h"

enum { SETTLE_S = 60 };

static void send_print(const struct bench_options *options, const struct load *load,
                       const struct load_measures *measures, const struct bench_stretch *stretch)
{
    double seconds = bench_seconds(stretch);
    printf("bench send: %u connections in pairs, window %u, bodies of %u bytes, %s, durable\n",
           options->connections, options->window, options->body_bytes,
           options->is_websocket ? (options->server.is_tls ? "wss" : "ws")
                                 : (options->server.is_tls ? "tls" : "tcp"));
    printf("  accepted   %8.0f/s   ", bench_rate(stretch));
    bench_print_histogram(&measures->accept);
    printf("  delivered  %8.0f/s   ", (double)measures->delivered / seconds);
    bench_print_histogram(&measures->deliver);
    printf("  server       ");
    bench_print_server(stretch);
    printf("  generator    %.1f µs of CPU each, %.2f cores\n", bench_own_cpu_us(stretch),
           bench_own_cpu_us(stretch) * bench_rate(stretch) / 1e6);
    bench_print_checks(load);
}

static void send_print_json(const struct bench_options *options, const struct load *load,
                            const struct load_measures *measures,
                            const struct bench_stretch *stretch)
{
    json_t *object = json_object();
    json_object_set_new(object, "bench", json_string("send"));
    json_object_set_new(object, "connections", json_integer(options->connections));
    json_object_set_new(object, "window", json_integer(options->window));
    json_object_set_new(object, "body_bytes", json_integer(options->body_bytes));
    json_object_set_new(object, "seconds", json_real(bench_seconds(stretch)));
    json_object_set_new(object, "sends", bench_stretch_json(stretch));
    json_object_set_new(object, "delivered_per_second",
                        json_real((double)measures->delivered / bench_seconds(stretch)));
    json_object_set_new(object, "accept", bench_histogram_json(&measures->accept));
    json_object_set_new(object, "deliver", bench_histogram_json(&measures->deliver));
    json_object_set_new(object, "checks", bench_checks_json(load));
    bench_print_json(object);
}

static enum status send_measure(struct bench_run *run, const struct bench_options *options,
                                struct load_measures *measures, struct bench_stretch *stretch)
{
    struct load *load = run->load;
    load_send(load, options->window, UINT64_MAX);
    load_run(load, NULL, options->warmup_seconds);
    load_reset_measures(load);
    stretch->from = bench_sample_take(&run->server);
    load_run(load, NULL, options->seconds);
    *measures = load->all;
    stretch->to = bench_sample_take(&run->server);
    stretch->count = measures->accepted;
    return load_settle(load, SETTLE_S);
}

int bench_send(const struct bench_options *options)
{
    static struct load_measures measures;
    struct bench_run run;
    struct bench_stretch stretch;
    struct failure failure = {STATUS_OK, ""};
    if (bench_run_open(&run, options, options->window, &failure) != STATUS_OK)
        return bench_fail(options, &failure);
    bool is_sound = false;
    if (send_measure(&run, options, &measures, &stretch) != STATUS_OK) {
        failure = run.load->failure;
    } else {
        is_sound = bench_is_sound(run.load);
        if (options->is_json)
            send_print_json(options, run.load, &measures, &stretch);
        else
            send_print(options, run.load, &measures, &stretch);
    }
    (void)!bench_run_close(&run, failure.status == STATUS_OK ? &failure : NULL);
    if (failure.status != STATUS_OK)
        return bench_fail(options, &failure);
    return is_sound ? COMMAND_OK : COMMAND_REFUSED;
}
