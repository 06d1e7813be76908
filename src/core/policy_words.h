/* How a policy is written: its words and durations, the same in files, on the command line and in
 * answers. */
#ifndef UNSAY_CORE_POLICY_WORDS_H
#define UNSAY_CORE_POLICY_WORDS_H

#include "core/policy.h"

enum policy_vocabulary {
    POLICY_WORDS_CONVERSATION,
    POLICY_WORDS_ACTOR,
    POLICY_WORDS_TARGET,
    POLICY_WORDS_CONTENT,
    POLICY_WORDS_TRUTH,
    POLICY_WORDS_DECISION, /* 1: allow */
    POLICY_WORDS_WINDOW_FROM,
    POLICY_WORDS_KEEP,
    POLICY_WORDS_TOMBSTONE,     /* 1: vanished */
    POLICY_WORDS_NOTIFICATIONS, /* 1: withdraw */
    POLICY_WORDS_FORWARDS,
    POLICY_WORDS_UNSURE
};

enum { POLICY_DURATION_TEXT_BYTES = 32, POLICY_LIST_TEXT_BYTES = 128 };

/* False when the vocabulary has no such word. */
bool policy_word_find(enum policy_vocabulary vocabulary, struct view word, uint32_t *value);

/* NULL when the vocabulary has no word for the value. */
const char *policy_word_of(enum policy_vocabulary vocabulary, uint32_t value);

/* The words of a set, "self, owner"; of the whole vocabulary when the set is 0. */
void policy_words_list(enum policy_vocabulary vocabulary, policy_set set,
                       char text[POLICY_LIST_TEXT_BYTES]);

/* A number and ms, s, m, h or d: at least 1 ms, at most LIMIT_POLICY_DURATION_DAYS_MAX. */
bool policy_duration_find(struct view text, uint64_t *ms);

/* In the largest unit that divides it; "none" for 0. */
void policy_duration_write(uint64_t ms, char text[POLICY_DURATION_TEXT_BYTES]);

#endif
