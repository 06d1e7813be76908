#include "cli/levels.h"

#include "cli/text.h"
#include "unsay/levels.h"

#include <inttypes.h>

const char *name_of_level(enum unsay_level level)
{
    static const char *const names[] = {
        [UNSAY_LEVEL_NONE] = "none",
        [UNSAY_LEVEL_ACCEPTED] = "accepted",
        [UNSAY_LEVEL_STORED] = "stored",
        [UNSAY_LEVEL_DISPLAYED] = "displayed",
    };
    size_t index = (size_t)level;
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}

enum unsay_level level_of_place(const struct unsay_place *place, uint64_t seq)
{
    if (place->displayed >= seq)
        return UNSAY_LEVEL_DISPLAYED;
    return place->stored >= seq ? UNSAY_LEVEL_STORED : UNSAY_LEVEL_NONE;
}

struct unsay_levels levels_of_places(const struct unsay_place *places, size_t count, uint64_t seq)
{
    struct unsay_levels levels = {.level = UNSAY_LEVEL_ACCEPTED, .is_known = true};
    for (size_t i = 0; i < count; i++) {
        if (places[i].joined >= seq)
            continue;
        enum unsay_level level = level_of_place(&places[i], seq);
        levels.receivers++;
        levels.stored += level != UNSAY_LEVEL_NONE;
        levels.displayed += level == UNSAY_LEVEL_DISPLAYED;
    }
    if (levels.receivers > 0 && levels.displayed == levels.receivers)
        levels.level = UNSAY_LEVEL_DISPLAYED;
    else if (levels.receivers > 0 && levels.stored == levels.receivers)
        levels.level = UNSAY_LEVEL_STORED;
    return levels;
}

json_t *levels_json(const struct unsay_levels *levels)
{
    json_t *object = json_object();
    json_object_set_new(object, "level", json_string(name_of_level(levels->level)));
    json_object_set_new(object, "receivers", json_integer(levels->receivers));
    json_object_set_new(object, "stored", json_integer(levels->stored));
    json_object_set_new(object, "displayed", json_integer(levels->displayed));
    return object;
}

static json_t *levels_json_of(const char *kind, const char *conversation, uint32_t origin)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(kind));
    json_object_set_new(object, "conversation", json_string(conversation));
    json_object_set_new(object, "origin", json_integer(origin));
    return object;
}

static void levels_print_place(FILE *file, const struct unsay_place *place)
{
    char stored[24];
    char displayed[24];
    snprintf(stored, sizeof(stored), "%" PRIu64, place->stored);
    snprintf(displayed, sizeof(displayed), "%" PRIu64, place->displayed);
    fputs("— ", file);
    text_write(file, TEXT_HAS_STORED, place->user, stored);
    if (place->displayed > 0)
        text_write(file, TEXT_AND_SEEN, displayed, NULL);
    fputs(" —\n", file);
}

void levels_print_progress(FILE *file, bool is_json, const struct unsay_progress *progress)
{
    for (size_t i = 0; i < progress->count; i++) {
        const struct unsay_place *place = &progress->places[i];
        if (!is_json) {
            levels_print_place(file, place);
            continue;
        }
        json_t *object = levels_json_of("progress", progress->conversation, progress->origin);
        json_object_set_new(object, "user", json_string(place->user));
        json_object_set_new(object, "stored", json_integer((json_int_t)place->stored));
        json_object_set_new(object, "displayed", json_integer((json_int_t)place->displayed));
        output_object(file, object);
    }
}

void levels_print_read(FILE *file, bool is_json, const char *conversation, uint32_t origin,
                       uint64_t seq)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, seq);
    if (!is_json) {
        fputs("— ", file);
        text_write(file, TEXT_READ_ELSEWHERE, number, NULL);
        fputs(" —\n", file);
        return;
    }
    json_t *object = levels_json_of("read", conversation, origin);
    json_object_set_new(object, "seq", json_integer((json_int_t)seq));
    output_object(file, object);
}
