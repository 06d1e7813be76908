/* The parts of the program that plays scenarios; see scenario.c. */
#ifndef UNSAY_TESTS_ROUTING_SCENARIO_H
#define UNSAY_TESTS_ROUTING_SCENARIO_H

#include "base/buffer.h"
#include "base/table.h"
#include "cluster.h"

enum { DEVICES_MAX = 32, WORDS_MAX = 1200 };

struct device {
    struct link link;
    char name[130];
    char user[65];
    struct buffer inbox; /* lines */
    char address[64];
    uint8_t key[32];
    uint64_t ticket; /* of the last Welcome; 0: it had none */
    char *forbidden; /* NULL: nothing is */
    struct last_listed {
        uint64_t pinned_ms;
        uint64_t activity;
    } place; /* of the last entry of the last page by activity */
};

struct scenario {
    struct cluster cluster;
    struct device devices[DEVICES_MAX];
    size_t device_count;
    struct table answers; /* the first one to each question; struct first_answer */
    uint64_t fresh_id;
    bool is_started;
    bool is_together;
    const char *file;
    unsigned line;
};

/* A step's words after its verb. */
struct words {
    char **words;
    size_t count;
};

extern struct scenario the;

/* Says where the scenario failed and what its devices were sent, and ends the program. */
_Noreturn void fail(const char *what, const char *detail);

/* The device of this name, user/device; made when it is new. */
struct device *find_device(const char *name);

/* ---- Words: each of these fails the scenario when the word is missing or wrong ---- */

const char *word_at(const struct words *words, size_t at);
uint64_t number_of(const char *word);
uint64_t duration_of(const char *word); /* milliseconds, from 30s or 500ms */

/* The word after `option`; NULL, or 0, when the option is not there. */
const char *option_of(const struct words *words, const char *option);
uint64_t number_option(const struct words *words, const char *option);

/* Hands a device's request to the server. */
void request(struct device *device, wire_client_frame *frame);

/* Word by word; * is any word. */
bool matches(const char *pattern, const char *line);

/* What the words after `policy` say; see scenario_policy.c. */
const struct policy *policy_of(const struct words *words);
void policies_forget(void);

/* ---- Steps: false when there is none of this verb ---- */

bool run_device_step(const char *verb, struct words words, const char *device);
/* "owner" ... "invited", or "gone". */
Unsay__V1__Role role_of(const char *name);

bool run_group_step(const char *verb, struct words words, const char *device);
bool run_operator_step(const char *verb, struct words words, const char *device);
bool run_level_step(const char *verb, struct words words, const char *device);
bool run_world_step(const char *verb, struct words words);

#endif
