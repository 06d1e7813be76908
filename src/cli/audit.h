/* The subcommands of `unsay audit`. None needs the server, or a secret; match needs the server to
 * be stopped. */
#ifndef UNSAY_CLI_AUDIT_H
#define UNSAY_CLI_AUDIT_H

#include "cli/options.h"
#include "storage/audit/note.h"
#include "storage/audit/tree.h"

#include <stdio.h>

/* The command line, read; what a subcommand has no use for is refused before it runs. */
struct audit_request {
    struct options options;
    const char *key;   /* file, or the line itself */
    const char *since; /* file */
    const char *data;  /* the server's directory */
    uint64_t last;     /* 0: not given */
    uint64_t from;
    uint64_t until; /* UINT64_MAX: not given */
    char **operands;
    int operand_count;
};

/* Each returns the exit status. */
int audit_run_verify(struct audit_request *request);
int audit_run_prove(struct audit_request *request);
int audit_run_verify_proof(struct audit_request *request);
int audit_run_show(struct audit_request *request);
int audit_run_export(struct audit_request *request);
int audit_run_match(struct audit_request *request);

/* Reads --key; says what is wrong otherwise. */
MUST_CHECK bool audit_read_key(const struct audit_request *request, struct note_key *key);

/* Reads a whole file, or standard input for "-"; says what is wrong otherwise. */
MUST_CHECK bool audit_read_file(const char *path, size_t bytes_max, struct buffer *bytes);

/* "unsay audit: TEXT" on standard error; returns COMMAND_REFUSED. */
int audit_refuse(const char *text);

/* A log that is only read, as its checkpoint says, unverified. */
struct audit_reader {
    struct files *files;
    struct hasher *hasher;
    struct buffer checkpoint;
    struct tree tree;
};

/* False after saying what is wrong; then there is nothing to close. */
MUST_CHECK bool audit_reader_open(struct audit_reader *reader, const char *directory);
void audit_reader_close(struct audit_reader *reader);

/* An entry on a line of its own, for people or as a JSON object. */
void audit_entry_print(FILE *file, uint64_t index, struct view entry, bool is_json);

#endif
