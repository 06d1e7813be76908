#include "core/policy_words.h"

#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *word;
    enum policy_vocabulary vocabulary;
    uint32_t value;
} policy_words[] = {
#define WORD(vocabulary, word, value) {word, POLICY_WORDS_##vocabulary, value},
#include "core/policy_words.def"
#undef WORD
};

static const struct {
    const char *unit;
    uint64_t ms;
} policy_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum {
    WORDS = sizeof(policy_words) / sizeof(policy_words[0]),
    UNITS = sizeof(policy_units) / sizeof(policy_units[0])
};

bool policy_word_find(enum policy_vocabulary vocabulary, struct view word, uint32_t *value)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (policy_words[i].vocabulary == vocabulary &&
            view_equal(view_of(policy_words[i].word), word)) {
            *value = policy_words[i].value;
            return true;
        }
    }
    return false;
}

const char *policy_word_of(enum policy_vocabulary vocabulary, uint32_t value)
{
    for (size_t i = 0; i < WORDS; i++)
        if (policy_words[i].vocabulary == vocabulary && policy_words[i].value == value)
            return policy_words[i].word;
    return NULL;
}

void policy_words_list(enum policy_vocabulary vocabulary, policy_set set,
                       char text[POLICY_LIST_TEXT_BYTES])
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < WORDS && used < POLICY_LIST_TEXT_BYTES; i++) {
        if (policy_words[i].vocabulary != vocabulary ||
            (set != 0 && (set & POLICY_BIT(policy_words[i].value)) == 0))
            continue;
        int length = snprintf(text + used, POLICY_LIST_TEXT_BYTES - used, "%s%s",
                              used == 0 ? "" : ", ", policy_words[i].word);
        used += (size_t)length;
    }
}

bool policy_duration_find(struct view text, uint64_t *ms)
{
    const uint64_t ms_max = LIMIT_POLICY_DURATION_DAYS_MAX * policy_units[0].ms;
    uint64_t count = 0;
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
        count = count * 10 + (uint64_t)(text.data[digits++] - '0');
        if (count > ms_max)
            return false;
    }
    struct view unit = view_make(text.data + digits, text.size - digits);
    for (size_t i = 0; count > 0 && i < UNITS; i++) {
        if (view_equal(view_of(policy_units[i].unit), unit)) {
            *ms = count * policy_units[i].ms;
            return count <= ms_max / policy_units[i].ms;
        }
    }
    return false;
}

void policy_duration_write(uint64_t ms, char text[POLICY_DURATION_TEXT_BYTES])
{
    size_t unit = 0;
    while (ms % policy_units[unit].ms != 0)
        unit++;
    if (ms == 0)
        snprintf(text, POLICY_DURATION_TEXT_BYTES, "none");
    else
        snprintf(text, POLICY_DURATION_TEXT_BYTES, "%" PRIu64 "%s", ms / policy_units[unit].ms,
                 policy_units[unit].unit);
}
