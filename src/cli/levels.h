/* Levels of delivery, for people and for scripts. */
#ifndef UNSAY_CLI_LEVELS_H
#define UNSAY_CLI_LEVELS_H

#include "cli/output.h"
#include "unsay/levels.h"

/* "none", "accepted", "stored", "displayed". */
const char *name_of_level(enum unsay_level level);

/* How far a message with this seq got with one receiver; NONE: it has not reached them. */
enum unsay_level level_of_place(const struct unsay_place *place, uint64_t seq);

/* What the receivers of a message have of it; `places` are those of a message with at least this
 * seq. */
struct unsay_levels levels_of_places(const struct unsay_place *places, size_t count, uint64_t seq);

/* An object with level, receivers, stored and displayed. */
json_t *levels_json(const struct unsay_levels *levels);

/* A line for each place, and one for what was read on another device. */
void levels_print_progress(FILE *file, bool is_json, const struct unsay_progress *progress);
void levels_print_read(FILE *file, bool is_json, const char *conversation, uint32_t origin,
                       uint64_t seq);

#endif
