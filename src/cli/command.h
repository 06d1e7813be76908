/* The commands: each gets its own arguments, with its name as argv[0], and returns the exit status
 * of the process. */
#ifndef UNSAY_CLI_COMMAND_H
#define UNSAY_CLI_COMMAND_H

enum {
    COMMAND_OK = 0,
    COMMAND_REFUSED = 1,    /* the server, or this machine, said no */
    COMMAND_USAGE = 2,      /* the command line is wrong */
    COMMAND_UNREACHABLE = 3 /* no connection, or no answer in time */
};

#define COMMAND(name, summary) int command_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* As the program was started; never NULL. */
const char *command_program(void);

/* NULL when there is no such command. */
const char *command_summary(const char *name);

#endif
