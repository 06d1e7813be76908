#include "cli/bench.h"

#include "base/memory.h"
#include "cli/command.h"

#include <unistd.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

enum status bench_run_open(struct bench_run *run, const struct bench_options *options,
                           unsigned window_max, struct failure *failure)
{
    enum status status = bench_server_open(&run->server, &options->server, failure);
    if (status != STATUS_OK)
        return bench_is_interrupted() ? failure_set(failure, STATUS_CLOSED, "interrupted") : status;
    struct load_settings settings = {
        .address = (const struct sockaddr *)&run->server.address,
        .host = run->server.host,
        .tls = run->server.tls,
        .is_websocket = options->is_websocket,
        .secret = view_make(run->server.secret, sizeof(run->server.secret)),
        .connections = options->connections,
        .window_max = window_max,
        .body_bytes = options->body_bytes,
    };
    run->load = memory_new(sizeof(*run->load));
    load_init(run->load, &settings);
    status = load_open(run->load);
    if (status != STATUS_OK) {
        *failure = run->load->failure;
        (void)!bench_run_close(run, NULL);
    }
    return status;
}

enum status bench_run_close(struct bench_run *run, struct failure *failure)
{
    load_fini(run->load);
    free(run->load);
    return bench_server_close(&run->server, failure);
}

struct bench_sample bench_sample_take(const struct bench_server *server)
{
    struct bench_sample sample;
    sample.time_ns = uv_hrtime();
    sample.server_cpu_ns = bench_cpu_ns(server->pid);
    sample.own_cpu_ns = bench_cpu_ns(getpid());
    bench_thread_cpu_ns(server->pid, sample.thread_cpu_ns);
    sample.syncs = bench_server_metric(server, "unsay_store_syncs_total");
    return sample;
}

double bench_seconds(const struct bench_stretch *stretch)
{
    return (double)(stretch->to.time_ns - stretch->from.time_ns) / NS_PER_S;
}

double bench_rate(const struct bench_stretch *stretch)
{
    double seconds = bench_seconds(stretch);
    return seconds <= 0 ? 0 : (double)stretch->count / seconds;
}

static double bench_each_us(const struct bench_stretch *stretch, uint64_t ns)
{
    return stretch->count == 0 ? 0 : (double)ns / NS_PER_US / (double)stretch->count;
}

double bench_cpu_us(const struct bench_stretch *stretch)
{
    return bench_each_us(stretch, stretch->to.server_cpu_ns - stretch->from.server_cpu_ns);
}

double bench_own_cpu_us(const struct bench_stretch *stretch)
{
    return bench_each_us(stretch, stretch->to.own_cpu_ns - stretch->from.own_cpu_ns);
}

static double bench_cores(const struct bench_stretch *stretch)
{
    return bench_rate(stretch) * bench_cpu_us(stretch) / 1e6;
}

bool bench_knows_cpu(const struct bench_stretch *stretch)
{
    return stretch->from.server_cpu_ns > 0 && stretch->to.server_cpu_ns > 0;
}

/* Negative when the server does not tell. */
static double bench_syncs(const struct bench_stretch *stretch)
{
    if (stretch->from.syncs < 0 || stretch->to.syncs < 0)
        return -1;
    return stretch->to.syncs - stretch->from.syncs;
}

double bench_syncs_each(const struct bench_stretch *stretch)
{
    double syncs = bench_syncs(stretch);
    return syncs < 0 || stretch->count == 0 ? -1 : syncs / (double)stretch->count;
}

double bench_ratio(double value, double base)
{
    return base <= 0 ? 0 : value / base;
}

static double bench_thread_us(const struct bench_stretch *stretch, unsigned thread)
{
    uint64_t from = stretch->from.thread_cpu_ns[thread];
    uint64_t to = stretch->to.thread_cpu_ns[thread];
    return to > from ? bench_each_us(stretch, to - from) : 0;
}

static bool bench_knows_threads(const struct bench_stretch *stretch)
{
    return stretch->to.thread_cpu_ns[BENCH_THREAD_WORKERS] > 0;
}

static json_t *bench_threads_json(const struct bench_stretch *stretch)
{
    if (!bench_knows_threads(stretch))
        return json_null();
    json_t *object = json_object();
    for (unsigned thread = 0; thread < BENCH_THREAD_COUNT; thread++)
        json_object_set_new(object, bench_thread_name(thread),
                            json_real(bench_thread_us(stretch, thread)));
    return object;
}

json_t *bench_stretch_json(const struct bench_stretch *stretch)
{
    json_t *object = json_object();
    bool knows_cpu = bench_knows_cpu(stretch);
    double syncs = bench_syncs(stretch);
    json_object_set_new(object, "count", json_integer((json_int_t)stretch->count));
    json_object_set_new(object, "per_second", json_real(bench_rate(stretch)));
    json_object_set_new(object, "server_cpu_us",
                        knows_cpu ? json_real(bench_cpu_us(stretch)) : json_null());
    json_object_set_new(object, "server_cores",
                        knows_cpu ? json_real(bench_cores(stretch)) : json_null());
    json_object_set_new(object, "generator_cpu_us", json_real(bench_own_cpu_us(stretch)));
    json_object_set_new(object, "syncs_per_second",
                        syncs < 0 ? json_null() : json_real(syncs / bench_seconds(stretch)));
    json_object_set_new(object, "per_sync",
                        syncs <= 0 ? json_null() : json_real((double)stretch->count / syncs));
    json_object_set_new(object, "thread_cpu_us", bench_threads_json(stretch));
    return object;
}

static double histogram_ms(const struct histogram *histogram, double part)
{
    return (double)histogram_quantile(histogram, part) / NS_PER_MS;
}

json_t *bench_histogram_json(const struct histogram *histogram)
{
    json_t *object = json_object();
    json_object_set_new(object, "count", json_integer((json_int_t)histogram->count));
    json_object_set_new(object, "p50_ms", json_real(histogram_ms(histogram, 0.5)));
    json_object_set_new(object, "p99_ms", json_real(histogram_ms(histogram, 0.99)));
    json_object_set_new(object, "p999_ms", json_real(histogram_ms(histogram, 0.999)));
    json_object_set_new(object, "max_ms", json_real((double)histogram->max / NS_PER_MS));
    return object;
}

void bench_print_histogram(const struct histogram *histogram)
{
    if (histogram->count == 0) {
        printf("none\n");
        return;
    }
    printf("p50 %8.2f ms   p99 %8.2f ms   p99.9 %8.2f ms\n", histogram_ms(histogram, 0.5),
           histogram_ms(histogram, 0.99), histogram_ms(histogram, 0.999));
}

void bench_print_server(const struct bench_stretch *stretch)
{
    double syncs = bench_syncs(stretch);
    if (bench_knows_cpu(stretch))
        printf("%.1f µs of CPU each, %.2f cores", bench_cpu_us(stretch), bench_cores(stretch));
    else
        printf("its CPU is unknown (--pid)");
    if (syncs > 0)
        printf("; %.0f syncs/s for %.1f each", syncs / bench_seconds(stretch),
               (double)stretch->count / syncs);
    printf("\n");
}

void bench_print_threads(const struct bench_stretch *stretch)
{
    if (!bench_knows_threads(stretch))
        return;
    printf("    of that    ");
    for (unsigned thread = 0; thread < BENCH_THREAD_COUNT; thread++)
        printf("%s%s %.1f", thread == 0 ? "" : ", ", bench_thread_name(thread),
               bench_thread_us(stretch, thread));
    printf(" µs\n");
}

void bench_print_json(json_t *object)
{
    json_dumpf(object, stdout, JSON_REAL_PRECISION(6) | JSON_COMPACT);
    printf("\n");
    json_decref(object);
}

bool bench_is_sound(const struct load *load)
{
    return load_is_settled(load) && load_lost(load) == 0 && load->doubled == 0 &&
           load->misordered == 0;
}

json_t *bench_checks_json(const struct load *load)
{
    json_t *object = json_object();
    json_object_set_new(object, "accepted", json_integer((json_int_t)load->accepted));
    json_object_set_new(object, "recalled", json_integer((json_int_t)load->recalled));
    json_object_set_new(object, "lost", json_integer((json_int_t)load_lost(load)));
    json_object_set_new(object, "doubled", json_integer((json_int_t)load->doubled));
    json_object_set_new(object, "misordered", json_integer((json_int_t)load->misordered));
    json_object_set_new(object, "settled", json_boolean(load_is_settled(load)));
    json_object_set_new(object, "repeated", json_integer((json_int_t)load->repeated));
    json_object_set_new(object, "gaps", json_integer((json_int_t)load->gaps));
    json_object_set_new(object, "postponed", json_integer((json_int_t)load->postponed));
    return object;
}

void bench_print_checks(const struct load *load)
{
    printf(
        "  checked      %llu messages and %llu recalls at both devices: %llu lost, %llu doubled, "
        "%llu misordered%s\n",
        (unsigned long long)load->accepted, (unsigned long long)load->recalled,
        (unsigned long long)load_lost(load), (unsigned long long)load->doubled,
        (unsigned long long)load->misordered,
        load_is_settled(load) ? "" : "; not everything arrived in time");
    if (load->repeated + load->gaps + load->postponed > 0)
        printf("               %llu pushed again, %llu gaps read, %llu refused and tried again\n",
               (unsigned long long)load->repeated, (unsigned long long)load->gaps,
               (unsigned long long)load->postponed);
}

int bench_fail(const struct bench_options *options, const struct failure *failure)
{
    if (options->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "error", json_string(failure->text));
        bench_print_json(object);
    }
    fprintf(stderr, "unsay bench: %s\n", failure->text);
    return failure->status == STATUS_UNREACHABLE ? COMMAND_UNREACHABLE : COMMAND_REFUSED;
}
