/* A server's configuration, before it is used: checked, and shown with where each value is from. */
#include "cli/command.h"
#include "cli/config_findings.h"
#include "cli/options.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_CONFIG = 1, OPTION_DATA, VALUE_BYTES = 16384, PLACE_BYTES = 4352 };

static const struct help help = {
    .usage = "config check [--config FILE] [--data DIR] [--json]\n"
             "config show [--config FILE] [--data DIR] [--json]\n",
    .about =
        "check says whether a server could start with this configuration, and names everything\n"
        "that is wrong with it, each with its line: settings that do not exist or make no sense,\n"
        "and files that they name and that cannot be used, or not for long. It needs no server\n"
        "and changes nothing. Exits with 1 when there is a problem; warnings alone are 0.\n\n"
        "show prints each setting, its value, and where that is from: the defaults, the file, the\n"
        "environment (UNSAY_SERVE_ and the setting's name in capitals), or an option. Later ones\n"
        "win, in this order. Secrets are in files of their own and are not shown.\n",
    .options = "  --config FILE      settings in YAML (default: none)\n"
               "  --data DIR         as for serve\n"
               "  --json             one JSON object a line\n",
    .example = "  unsay config check --config /etc/unsay/unsay.yaml\n"
               "  UNSAY_SERVE_WORKERS=4 unsay config show | grep -v default\n",
};

static bool read_options(struct options *options, const char **file, const char **data, int argc,
                         char **argv)
{
    static const struct option choices[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"data", required_argument, NULL, OPTION_DATA},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        *(option == OPTION_CONFIG ? file : data) = optarg;
    }
    if (optind + 1 == argc)
        return true;
    options->exit_status =
        optind == argc
            ? options_wrong(options, "say check or show")
            : options_wrong(options, "\"%s\" is one argument too many", argv[optind + 1]);
    return false;
}

static int config_run_check(struct doctor *doctor, const char *file, const struct config *config)
{
    if (config_findings_check(doctor, config) && !doctor->has_problem)
        doctor_find(doctor, DOCTOR_OK, "configuration", "%s%s",
                    file == NULL ? "the defaults" : file,
                    file == NULL ? " are valid (no --config)" : " is valid");
    return doctor->has_problem ? COMMAND_REFUSED : COMMAND_OK;
}

static void show_setting(const struct config *config, unsigned setting, bool is_json)
{
    static const char *const sources[] = {"default", "file", "environment", "option"};
    char value[VALUE_BYTES];
    char place[PLACE_BYTES];
    const struct config_setting *of = &config_settings[setting];
    const char *source = sources[config->sources[setting]];
    config_value(config, setting, value, sizeof(value));
    if (is_json) {
        json_t *object = json_object();
        json_t *text = json_string(value);
        json_object_set_new(object, "setting", json_string(of->name));
        json_object_set_new(object, "value", text == NULL ? json_null() : text);
        json_object_set_new(object, "source", json_string(source));
        json_object_set_new(object, "unit", json_string(of->unit));
        json_object_set_new(object, "about", json_string(of->about));
        output_object(stdout, object);
        return;
    }
    config_place(config, setting, place, sizeof(place));
    printf("%-24s %-24s %s", of->name, value[0] == 0 ? "-" : value, source);
    if (config->sources[setting] == CONFIG_FILE && config->lines[setting] != 0)
        printf(", line %u", config->lines[setting]);
    putchar('\n');
}

int command_config(int argc, char **argv)
{
    struct options options;
    struct config config;
    struct output output;
    const char *file = NULL;
    const char *data = NULL;
    struct failure failure;
    options_init(&options, "config", &help, 0);
    if (!read_options(&options, &file, &data, argc, argv))
        return options.exit_status;
    bool is_show = strcmp(argv[optind], "show") == 0;
    if (!is_show && strcmp(argv[optind], "check") != 0)
        return options_wrong(&options, "\"%s\" is neither check nor show", argv[optind]);
    output_init(&output, stdout, "", options.is_json);
    struct doctor doctor = {.is_json = options.is_json, .has_colour = output.has_colour};
    config_init(&config);
    int exit_status = COMMAND_REFUSED;
    enum status status = config_findings_read(&doctor, file, &config);
    if (data != NULL)
        status = config_override(&config, CONFIG_SETTING_data, data, CONFIG_OPTION, &failure) ==
                         STATUS_OK
                     ? status
                     : STATUS_IO;
    if (!is_show && (status == STATUS_OK || status == STATUS_MALFORMED))
        exit_status = config_run_check(&doctor, file, &config);
    for (unsigned i = 0; i < CONFIG_SETTINGS && is_show && status == STATUS_OK; i++)
        show_setting(&config, i, options.is_json);
    if (is_show && status == STATUS_OK)
        exit_status = COMMAND_OK;
    config_fini(&config);
    return exit_status;
}
