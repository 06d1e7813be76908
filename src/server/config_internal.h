/* What the parts of the configuration share. */
#ifndef UNSAY_SERVER_CONFIG_INTERNAL_H
#define UNSAY_SERVER_CONFIG_INTERNAL_H

#include "server/config.h"

#include <stdbool.h>

enum { CONFIG_PATH_BYTES_MAX = 4096, CONFIG_KEYS_MAX = 64, CONFIG_NAME_BYTES_MAX = 64 };

static inline void *config_at(struct config *config, size_t offset)
{
    return (char *)config + offset;
}

static inline const void *config_of(const struct config *config, size_t offset)
{
    return (const char *)config + offset;
}

uint64_t config_number(const struct config *config, const struct config_setting *setting);
void config_set_number(struct config *config, const struct config_setting *setting, uint64_t value);

/* Each takes the place of the list that is there; what it holds is copied. */
void config_set_keys(struct config *config, const struct config_setting *setting,
                     const struct config_key *keys, unsigned count);
void config_set_names(struct config *config, const struct config_setting *setting,
                      char *const *names, unsigned count);

struct config_report {
    config_problem_fn *on_problem;
    void *context;
};

/* Tells the problem; its text is made of its place, its name and the words. */
void config_report(const struct config_report *report, const struct config_problem *problem,
                   const char *words);

#endif
