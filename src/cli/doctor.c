#include "cli/doctor.h"

#include "cli/command.h"
#include "cli/config_findings.h"
#include "cli/options.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_CONFIG = 1, OPTION_DATA };

static const struct help help = {
    .usage = "doctor [--config FILE] [--data DIR] [--server ADDR]\n",
    .about =
        "Checks the clock, the limits, the disk, the data directory, the configuration and the\n"
        "ports of this machine, and says what to do. With --server it checks instead of the\n"
        "ports whether a client can connect there. Exits with 1 when there is a problem;\n"
        "warnings alone are 0.\n",
    .options = "  --config FILE      the server's configuration\n"
               "  --data DIR         the server's data directory (default: as configured)\n"
               "  --server ADDR      tcp://, tls://, ws:// or wss:// HOST:PORT\n"
               "  --json             one JSON object a line\n",
    .example = "  unsay doctor --config /etc/unsay.yaml\n",
};

/* Where it is, as far as that is known. */
static void doctor_add_place(json_t *object, const struct config_problem *problem)
{
    static const char *const sources[] = {"default", "file", "environment", "option"};
    json_t *name = json_string(problem->name == NULL ? "" : problem->name);
    json_object_set_new(object, "setting",
                        problem->name == NULL || problem->name[0] == 0 ? json_null() : name);
    if (problem->name == NULL || problem->name[0] == 0)
        json_decref(name);
    json_object_set_new(object, "source", json_string(sources[problem->source]));
    json_object_set_new(object, "file",
                        problem->file == NULL ? json_null() : json_string(problem->file));
    json_object_set_new(object, "line",
                        problem->line == 0 ? json_null() : json_integer(problem->line));
    json_object_set_new(object, "column",
                        problem->column == 0 ? json_null() : json_integer(problem->column));
}

static void doctor_print(struct doctor *doctor, enum doctor_level level, const char *subject,
                         const char *text, const struct config_problem *problem)
{
    static const char *const names[] = {"ok", "warning", "problem"};
    static const char *const colours[] = {"32", "33", "31"};
    doctor->has_problem = doctor->has_problem || level == DOCTOR_PROBLEM;
    if (doctor->is_json) {
        json_t *object = json_object();
        json_t *json_text = json_string(text);
        json_object_set_new(object, "level", json_string(names[level]));
        json_object_set_new(object, "subject", json_string(subject));
        json_object_set_new(object, "text", json_text == NULL ? json_null() : json_text);
        if (problem != NULL)
            doctor_add_place(object, problem);
        output_object(stdout, object);
        return;
    }
    if (doctor->has_colour)
        printf("\033[%sm%-8s\033[0m %-14s %s\n", colours[level], names[level], subject, text);
    else
        printf("%-8s %-14s %s\n", names[level], subject, text);
}

void doctor_find(struct doctor *doctor, enum doctor_level level, const char *subject,
                 const char *format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    doctor_print(doctor, level, subject, text, NULL);
}

void doctor_find_setting(struct doctor *doctor, enum doctor_level level,
                         const struct config_problem *problem)
{
    doctor_print(doctor, level, "configuration", problem->text, problem);
}

static bool doctor_read_options(struct options *options, const char **file, const char **data,
                                const char **server, int argc, char **argv)
{
    static const struct option choices[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"data", required_argument, NULL, OPTION_DATA},
        {"server", required_argument, NULL, OPTION_SERVER},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    options->server = NULL;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        *(option == OPTION_CONFIG ? file : data) = optarg;
    }
    *server = options->server;
    if (optind == argc)
        return true;
    options->exit_status = options_wrong(options, "\"%s\" is one argument too many", argv[optind]);
    return false;
}

/* Reads the configuration and says how that went; what is wrong leaves the defaults. */
static void doctor_check_config(struct doctor *doctor, const char *file, struct config *config)
{
    enum status status = config_findings_read(doctor, file, config);
    bool is_valid = status == STATUS_OK;
    if (is_valid || status == STATUS_MALFORMED)
        is_valid &= config_findings_check(doctor, config);
    if (is_valid) {
        doctor_find(doctor, DOCTOR_OK, "configuration", "%s",
                    file == NULL ? "the defaults are valid (no --config)" : file);
        return;
    }
    config_fini(config);
    config_init(config);
}

int command_doctor(int argc, char **argv)
{
    struct options options;
    struct config config;
    const char *file = NULL;
    const char *data = NULL;
    const char *server = NULL;
    options_init(&options, "doctor", &help, 0);
    if (!doctor_read_options(&options, &file, &data, &server, argc, argv))
        return options.exit_status;
    struct output output;
    output_init(&output, stdout, "", options.is_json);
    struct doctor doctor = {.is_json = options.is_json, .has_colour = output.has_colour};
    config_init(&config);
    doctor_check_config(&doctor, file, &config);
    if (data != NULL)
        config_set(&config.data, data);
    doctor_check_versions(&doctor);
    doctor_check_clock(&doctor);
    doctor_check_files(&doctor, &config);
    doctor_check_disk(&doctor, &config);
    if (server != NULL)
        doctor_check_address(&doctor, server);
    else
        doctor_check_server(&doctor, &config);
    config_fini(&config);
    return doctor.has_problem ? COMMAND_REFUSED : COMMAND_OK;
}
