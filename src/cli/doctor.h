/* What `doctor` found, one finding a line. */
#ifndef UNSAY_CLI_DOCTOR_H
#define UNSAY_CLI_DOCTOR_H

#include "server/config.h"

#include <stdbool.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };

struct doctor {
    bool is_json;
    bool has_colour;
    bool has_problem;
};

/* Prints a finding about `subject`: what was found and, unless all is well, what to do. */
void doctor_find(struct doctor *doctor, enum doctor_level level, const char *subject,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A finding about a setting: `problem` says where it was set, and what is the matter. */
void doctor_find_setting(struct doctor *doctor, enum doctor_level level,
                         const struct config_problem *problem);

void doctor_check_versions(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
void doctor_check_files(struct doctor *doctor, const struct config *config);
void doctor_check_disk(struct doctor *doctor, const struct config *config);
void doctor_check_server(struct doctor *doctor, const struct config *config);

/* A client's view: whether something listens at SCHEME://HOST:PORT. */
void doctor_check_address(struct doctor *doctor, const char *address);

#endif
