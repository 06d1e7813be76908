/* The subcommands of `unsay policy`, and policies for people and for scripts. */
#ifndef UNSAY_CLI_POLICY_H
#define UNSAY_CLI_POLICY_H

#include "cli/options.h"
#include "core/policy.h"

#include <jansson.h>
#include <stdio.h>

/* Each gets its own arguments, with its name as argv[0], and returns the exit status. */
int policy_run_check(int argc, char **argv);
int policy_run_test(int argc, char **argv);
int policy_run_show(int argc, char **argv);
int policy_run_versions(int argc, char **argv);
int policy_run_reload(int argc, char **argv);
int policy_run_explain(int argc, char **argv);
int policy_run_diff(int argc, char **argv);

/* Version, what is done about the clock, and a table of the rules. */
void policy_print(FILE *file, const struct policy *policy);

/* The same as an object; the caller adds to it and owns it. */
json_t *policy_to_json(const struct policy *policy);

enum { POLICY_CONDITION_TEXT_BYTES = 8192, POLICY_ELAPSED_TEXT_BYTES = 48 };

/* What a rule that allows sets, as the file says it: window_ms (null: without end), window_from,
 * keep, keep_for_ms, tombstone, notifications, forwards. */
void policy_settings_to_json(const struct policy_rule *rule, json_t *object);

/* The same for people, in a few words: "keep 30d; tombstone: vanished". */
void policy_settings_write(const struct policy_rule *rule, char text[POLICY_CONDITION_TEXT_BYTES]);

/* The verdict, the rules that were passed over, the one that decided, why, and what is kept. The
 * verdict is the policy's on these facts. */
void policy_verdict_print(FILE *file, const struct policy *policy, const struct policy_case *facts,
                          const struct policy_verdict *verdict);
json_t *policy_verdict_to_json(const struct policy *policy, const struct policy_case *facts,
                               const struct policy_verdict *verdict);

/* What is wanted by the condition of this name, as policy_rule_unmet tells it: "actor: owner,
 * admin". */
void policy_condition_write(const struct policy_rule *rule, const char *name,
                            char text[POLICY_CONDITION_TEXT_BYTES]);

/* The largest units that are not 0: "2d 3h", "1m 1.234s". */
void policy_elapsed_write(uint64_t ms, char text[POLICY_ELAPSED_TEXT_BYTES]);

/* Lower-case hexadecimal. */
void policy_version_write(const uint8_t version[POLICY_VERSION_BYTES],
                          char text[2 * POLICY_VERSION_BYTES + 1]);

/* "2m, sending", "none". */
enum { POLICY_WINDOW_TEXT_BYTES = 64 };
void policy_window_write(const struct policy_rule *rule, char text[POLICY_WINDOW_TEXT_BYTES]);

#endif
