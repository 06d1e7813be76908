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
#include "base/view.h"

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
    unsigned columns[CONFIG_SETTINGS];
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

/* A thing that is wrong, and where. Everything is lent for the call. */
struct config_problem {
    unsigned setting; /* CONFIG_SETTINGS: none that there is */
    const char *name; /* of the setting, as it was written; NULL or "": of none */
    enum config_source source;
    const char *file; /* NULL: it is not of a file */
    unsigned line;    /* of the file, as column; 0: not known */
    unsigned column;
    const char *text; /* a sentence with the place, the name, and what would be valid */
};

/* Is told each thing that is wrong. */
typedef void config_problem_fn(void *context, const struct config_problem *problem);

/* Keeps the first: `context` is a struct failure whose status was STATUS_OK before. */
void config_keep_first(void *context, const struct config_problem *problem);

/* Reads `file` over what is there and goes on after what is wrong; those settings stay as they are.
 * STATUS_OK, or MALFORMED when something was told; else the file cannot be read, which was told as
 * well. What is more than a setting's own form and range is for config_examine. */
MUST_CHECK enum status config_load(struct config *config, const char *file,
                                   config_problem_fn *on_problem, void *context);

/* The same from text that is at hand, of a file of this name. */
MUST_CHECK enum status config_parse(struct config *config, const char *file, struct view text,
                                    config_problem_fn *on_problem, void *context);

/* Reads UNSAY_SERVE_NAME from the environment, "NAME=VALUE" each, NULL at the end. A list is
 * written with commas, a key as ID=FILE or FILE. A variable that begins so and names no setting is
 * wrong. Results as above. */
MUST_CHECK enum status config_read_environment(struct config *config,
                                               const char *const *environment,
                                               config_problem_fn *on_problem, void *context);

/* Gives a setting another value, written as in the environment. `failure` says what would be valid.
 */
MUST_CHECK enum status config_override(struct config *config, unsigned setting, const char *value,
                                       enum config_source source, struct failure *failure);

/* Checks the values, wherever they came from. */
void config_examine(const struct config *config, config_problem_fn *on_problem, void *context);

/* The same; the first thing that is wrong is the failure. */
MUST_CHECK enum status config_check(const struct config *config, struct failure *failure);

/* Tells that a setting's value is wrong, with the place that it came from. */
void config_tell(const struct config *config, unsigned setting, config_problem_fn *on_problem,
                 void *context, const char *words);

/* Where a setting's value came from: "FILE, line 3, column 10: name", "UNSAY_SERVE_NAME" or "name".
 */
void config_place(const struct config *config, unsigned setting, char *text, size_t size);

/* The setting's value as config_override takes it, "" for none. */
void config_value(const struct config *config, unsigned setting, char *text, size_t size);

/* Replaces a string by a copy. */
void config_set(char **setting, const char *value);

#endif
