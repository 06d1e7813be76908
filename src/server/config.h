/* The server's configuration. Each setting has one value and one place that it came from; later
 * ones win:
 *
 *   default -> file (YAML) -> environment (UNSAY_SERVE_NAME) -> option of the command line
 *
 * config.def lists the settings, docs/configuration.md tells them, config/unsay.yaml has them all,
 * commented out, with their defaults. Secrets are never values: settings name the files. */
#ifndef UNSAY_SERVER_CONFIG_H
#define UNSAY_SERVER_CONFIG_H

#include "base/limits.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define CONFIG_ENVIRONMENT_PREFIX "UNSAY_SERVE_"

struct config_key {
    char *id;   /* JWT `kid`; NULL: none */
    char *file; /* secret file (HS256, at least 32 bytes) or PEM public key (EdDSA) */
};

#define CONFIG_TEXT(name, initial, unit, about) CONFIG_SETTING_##name,
#define CONFIG_NUMBER(name, bits, initial, least, most, unit, about) CONFIG_SETTING_##name,
#define CONFIG_TRUTH(name, initial, about) CONFIG_SETTING_##name,
#define CONFIG_KEYS(name, about) CONFIG_SETTING_##name,
#define CONFIG_NAMES(name, about) CONFIG_SETTING_##name,
enum {
#include "server/config.def"
    CONFIG_SETTINGS
};
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_OPTION };

#define CONFIG_TEXT(name, initial, unit, about) char *name; /* owned */
#define CONFIG_NUMBER(name, bits, initial, least, most, unit, about) uint##bits##_t name;
#define CONFIG_TRUTH(name, initial, about) int name; /* 0 or 1 */
#define CONFIG_KEYS(name, about) \
    struct config_key *name;     \
    unsigned name##_count;
#define CONFIG_NAMES(name, about) \
    char **name;                  \
    unsigned name##_count;
struct config {
#include "server/config.def"
    char *file; /* that was read; NULL: none */
    enum config_source sources[CONFIG_SETTINGS];
    unsigned lines[CONFIG_SETTINGS]; /* of the file; 0: not known */
};
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES

enum config_kind {
    CONFIG_IS_TEXT,
    CONFIG_IS_NUMBER,
    CONFIG_IS_TRUTH,
    CONFIG_IS_KEYS,
    CONFIG_IS_NAMES
};

/* A line of config.def, for those who go through all of them. */
struct config_setting {
    const char *name;
    enum config_kind kind;
    unsigned bits;        /* of a number */
    const char *text;     /* default of a text; NULL: none */
    uint64_t number;      /* default of a number or a truth */
    uint64_t least, most; /* of a number */
    const char *unit;     /* "" where there is none */
    const char *about;
    size_t offset;       /* in struct config */
    size_t count_offset; /* of a list's count */
};
extern const struct config_setting config_settings[CONFIG_SETTINGS];

/* Defaults. */
void config_init(struct config *config);
void config_fini(struct config *config);

/* Reads `file` over what is there; on failure the text names file, line where known, field, and
 * what would be valid. Does not check values. */
MUST_CHECK enum status config_load(struct config *config, const char *file,
                                   struct failure *failure);

/* Reads UNSAY_SERVE_NAME from the environment, "NAME=VALUE" each, NULL at the end. A list is
 * written with commas, a key as ID=FILE or FILE. A variable that begins so and names no setting is
 * MALFORMED. */
MUST_CHECK enum status config_read_environment(struct config *config,
                                               const char *const *environment,
                                               struct failure *failure);

/* Gives a setting another value, written as in the environment. `failure` says what would be valid.
 */
MUST_CHECK enum status config_override(struct config *config, unsigned setting, const char *value,
                                       enum config_source source, struct failure *failure);

/* Is told each thing that is wrong: a sentence that names the setting and where it was set. */
typedef void config_problem_fn(void *context, unsigned setting, const char *text);

/* Checks the values, wherever they came from. */
void config_examine(const struct config *config, config_problem_fn *on_problem, void *context);

/* The same; the first thing that is wrong is the failure. */
MUST_CHECK enum status config_check(const struct config *config, struct failure *failure);

/* Where a setting's value came from: "FILE, line 3: name", "UNSAY_SERVE_NAME" or "name". */
void config_place(const struct config *config, unsigned setting, char *text, size_t size);

/* The setting's value as config_override takes it, "" for none. */
void config_value(const struct config *config, unsigned setting, char *text, size_t size);

/* Replaces a string by a copy. */
void config_set(char **setting, const char *value);

#endif
