#include "cli/command.h"

#include "unsay/unsay.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define COMMAND(name, summary) {#name, summary, command_##name},
#include "cli/commands.def"
#undef COMMAND
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char *program = "unsay";

const char *command_program(void)
{
    return program;
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const char *command_summary(const char *name)
{
    const struct command *command = command_find(name);
    return command == NULL ? NULL : command->summary;
}

static void help_print(FILE *file)
{
    fputs("unsay: messages that arrive, and that can be taken back everywhere\n\n"
          "The tour, in five lines:\n"
          "  unsay serve                                        leave it running; it prints what\n"
          "                                                     to paste into another terminal\n"
          "  export UNSAY_TOKEN=$(unsay token --data data --user alice --device laptop)\n"
          "  C=$(unsay conversation open --with bob)\n"
          "  unsay send $C 'hello, bob' && unsay history $C\n"
          "  unsay recall $C 2 && unsay history $C\n\n"
          "Commands:\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(file, "  %-14s %s\n", commands[i].name, commands[i].summary);
    fputs("  help           this text; \"unsay COMMAND --help\" tells about one command\n\n"
          "Exit status: 0 done, 1 refused, 2 wrong command line, 3 cannot reach the server.\n",
          file);
}

static int help_run(const char *topic)
{
    const struct command *command = topic == NULL ? NULL : command_find(topic);
    char name[32];
    char option[] = "--help";
    if (command == NULL) {
        help_print(stdout);
        return COMMAND_OK;
    }
    snprintf(name, sizeof(name), "%s", command->name);
    return command->run(2, (char *[]){name, option, NULL});
}

int main(int argc, char **argv)
{
    /* A reader that went away shows as a failed write, here and in the SDK's sockets. */
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0) {
        fputs("unsay: this system gives no random numbers\n", stderr);
        return COMMAND_REFUSED;
    }
    if (argc > 0)
        program = argv[0];
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name == NULL) {
        help_print(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help_run(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--version") == 0) {
        printf("unsay %s\n", unsay_version());
        return COMMAND_OK;
    }
    const struct command *command = command_find(name);
    if (command == NULL) {
        fprintf(stderr, "unsay: there is no command \"%s\"; \"unsay help\" lists them\n", name);
        return COMMAND_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}
