#include "scenario.h"

#include <stdlib.h>

const char *word_at(const struct words *words, size_t at)
{
    if (at >= words->count)
        fail("a word is missing", words->count == 0 ? "" : words->words[words->count - 1]);
    return words->words[at];
}

uint64_t number_of(const char *word)
{
    char *end;
    uint64_t number = strtoull(word, &end, 10);
    if (end == word || *end != 0)
        fail("no number", word);
    return number;
}

uint64_t duration_of(const char *word)
{
    char *end;
    uint64_t number = strtoull(word, &end, 10);
    if (strcmp(end, "s") == 0)
        return number * 1000;
    if (strcmp(end, "ms") != 0)
        fail("no duration in s or ms", word);
    return number;
}

const char *option_of(const struct words *words, const char *option)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->words[i], option) == 0)
            return word_at(words, i + 1);
    }
    return NULL;
}

uint64_t number_option(const struct words *words, const char *option)
{
    const char *word = option_of(words, option);
    return word == NULL ? 0 : number_of(word);
}
