/* unsay bench floor: the log and the echo, so that the product's figures can be stated as a part of
 * what this machine gives in the same manner. */
#include "cli/bench.h"
#include "cli/bench_echo.h"
#include "cli/bench_log.h"
#include "cli/command.h"

#include "base/memory.h"

enum { SETTLE_S = 30 };

struct floor_report {
    struct bench_log log;
    struct bench_stretch echo;
    struct load_measures measures;
};

static void floor_print(const struct bench_options *options, const struct floor_report *report)
{
    double seconds = (double)report->log.elapsed_ns / 1e9;
    printf("bench floor: %u connections in pairs, window %u, bodies of %u bytes\n",
           options->connections, options->window, options->body_bytes);
    printf("  log        %8.0f records/s in %.0f syncs/s\n", (double)report->log.records / seconds,
           (double)report->log.syncs / seconds);
    printf("    a sync              ");
    bench_print_histogram(&report->log.sync);
    printf("  echo       %8.0f/s   ", bench_rate(&report->echo));
    bench_print_histogram(&report->measures.accept);
    printf("    delivered %7.0f/s   ",
           (double)report->measures.delivered / bench_seconds(&report->echo));
    bench_print_histogram(&report->measures.deliver);
    printf("    echo server  ");
    bench_print_server(&report->echo);
    printf("    generator    %.1f µs of CPU each\n", bench_own_cpu_us(&report->echo));
}

static void floor_print_json(const struct bench_options *options, const struct floor_report *report)
{
    double seconds = (double)report->log.elapsed_ns / 1e9;
    json_t *object = json_object();
    json_t *log = json_object();
    json_object_set_new(log, "records_per_second",
                        json_real((double)report->log.records / seconds));
    json_object_set_new(log, "syncs_per_second", json_real((double)report->log.syncs / seconds));
    json_object_set_new(log, "sync", bench_histogram_json(&report->log.sync));
    json_object_set_new(object, "bench", json_string("floor"));
    json_object_set_new(object, "connections", json_integer(options->connections));
    json_object_set_new(object, "window", json_integer(options->window));
    json_object_set_new(object, "body_bytes", json_integer(options->body_bytes));
    json_object_set_new(object, "log", log);
    json_object_set_new(object, "echo", bench_stretch_json(&report->echo));
    json_object_set_new(object, "accept", bench_histogram_json(&report->measures.accept));
    json_object_set_new(object, "deliver", bench_histogram_json(&report->measures.deliver));
    bench_print_json(object);
}

static enum status floor_echo(const struct bench_options *options, struct floor_report *report,
                              struct failure *failure)
{
    static const uint8_t secret[IDENTITY_SECRET_BYTES_MIN];
    struct bench_server server = {0};
    struct sockaddr_in address;
    struct load *load = memory_new(sizeof(*load));
    enum status status = bench_echo_start(&server.pid, &address, failure);
    if (status != STATUS_OK) {
        free(load);
        return status;
    }
    struct load_settings settings = {.address = (const struct sockaddr *)&address,
                                     .host = "localhost",
                                     .secret = view_make(secret, sizeof(secret)),
                                     .connections = options->connections,
                                     .window_max = options->window,
                                     .body_bytes = options->body_bytes};
    load_init(load, &settings);
    status = load_open(load);
    if (status == STATUS_OK) {
        load_send(load, options->window, UINT64_MAX);
        load_run(load, NULL, options->warmup_seconds);
        load_reset_measures(load);
        report->echo.from = bench_sample_take(&server);
        load_run(load, NULL, options->seconds);
        report->measures = load->all;
        report->echo.to = bench_sample_take(&server);
        report->echo.count = load->all.accepted;
        status = load_settle(load, SETTLE_S);
    }
    if (status == STATUS_OK && !bench_is_sound(load)) {
        status = STATUS_CORRUPT;
        load_fail(load, status, "the echo lost, doubled or misordered messages");
    }
    *failure = load->failure;
    load_fini(load);
    free(load);
    bench_echo_stop(server.pid);
    return status;
}

int bench_floor(const struct bench_options *options)
{
    static struct floor_report report;
    struct failure failure = {STATUS_OK, ""};
    if (bench_log_run(&report.log, options->server.data_parent,
                      options->connections * options->window, options->seconds,
                      &failure) != STATUS_OK ||
        floor_echo(options, &report, &failure) != STATUS_OK)
        return bench_fail(options, &failure);
    if (options->is_json)
        floor_print_json(options, &report);
    else
        floor_print(options, &report);
    return COMMAND_OK;
}
