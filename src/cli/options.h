/* Command lines: help, the options that all client commands share, and values that are checked. */
#ifndef UNSAY_CLI_OPTIONS_H
#define UNSAY_CLI_OPTIONS_H

#include "access/identity.h"
#include "unsay/unsay.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

/* What --help prints; every text ends in a newline. */
struct help {
    const char *usage;   /* one line for each form, without "unsay " */
    const char *about;   /* paragraphs */
    const char *options; /* lines, or "" */
    const char *example; /* lines */
    bool is_client;      /* the shared options are told too */
};

enum {
    OPTION_END = -1,  /* all options were read; operands start at argv[optind] */
    OPTION_STOP = -2, /* the command is over: return options->exit_status */
    OPTION_SERVER = 1000,
    OPTION_TOKEN,
    OPTION_STATE,
    OPTION_CA,
    OPTION_JSON,
    OPTION_TIMEOUT,
    OPTION_KEY_FILE
};

#define OPTIONS_CLIENT                                                                        \
    {"server", required_argument, NULL, OPTION_SERVER},                                       \
        {"token", required_argument, NULL, OPTION_TOKEN},                                     \
        {"state", required_argument, NULL, OPTION_STATE},                                     \
        {"key-file", required_argument, NULL, OPTION_KEY_FILE},                               \
        {"ca", required_argument, NULL, OPTION_CA}, {"json", no_argument, NULL, OPTION_JSON}, \
    {                                                                                         \
        "timeout", required_argument, NULL, OPTION_TIMEOUT                                    \
    }

struct options {
    const char *command;
    const struct help *help;
    int exit_status; /* after OPTION_STOP */

    const char *server;
    const char *token;
    const char *ca;
    bool is_json;
    uint32_t timeout_ms; /* for connecting; 0: as long as it takes */
    char state[4096];    /* after options_finish */
    struct identity self;
    bool has_key; /* of the database; likewise */
    uint8_t key[UNSAY_KEY_BYTES];

    const char *given_state;
    const char *key_file;
    bool may_lack_token; /* if it is not needed to find the state */
};

/* Values from the environment, and defaults. `command` and `help` are lent. */
void options_init(struct options *options, const char *command, const struct help *help,
                  uint32_t timeout_ms);

/* The next option that is the command's own, with its value in optarg, or OPTION_END or
 * OPTION_STOP. What is shared, --help and what is wrong are dealt with here. */
int options_next(struct options *options, int argc, char **argv, const struct option *choices);

/* For client commands, when all options were read: who connects, where, with which state. False
 * after saying what is missing; then exit_status is set. */
MUST_CHECK bool options_finish(struct options *options);

/* Says on standard error what is wrong with the command line, and returns COMMAND_USAGE. */
int options_wrong(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Decimal, min <= value <= max; false otherwise. */
MUST_CHECK bool options_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* A number and s, m, h or d: at least a second, at most ten years; in milliseconds. */
MUST_CHECK bool options_duration(const char *text, uint64_t *ms);

#endif
