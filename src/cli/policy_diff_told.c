/* What came of a comparison, for people and for scripts. */
#include "cli/attempts.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/policy_diff.h"
#include "cli/text.h"
#include "core/policy_words.h"

#include <inttypes.h>
#include <unistd.h>

enum { PROGRESS_ATTEMPTS = 1000 };

static const struct {
    const char *name;
    enum text text;
} changes[POLICY_CHANGES] = {
    [POLICY_SAME] = {"same", TEXT_DIFF_SAME},
    [POLICY_NEWLY_GRANTED] = {"newly_granted", TEXT_DIFF_NEWLY_GRANTED},
    [POLICY_NEWLY_REFUSED] = {"newly_refused", TEXT_DIFF_NEWLY_REFUSED},
    [POLICY_GRANTED_OTHERWISE] = {"granted_otherwise", TEXT_DIFF_GRANTED_OTHERWISE},
    [POLICY_REFUSED_OTHERWISE] = {"refused_otherwise", TEXT_DIFF_REFUSED_OTHERWISE},
};

static const struct {
    const char *name;
    enum text text;
} findings[FINDINGS] = {
    [FINDING_NOT_RECORDED] = {"not_recorded", TEXT_DIFF_LACKS_FACTS},
    [FINDING_DELIVERY] = {"delivery_not_recorded", TEXT_DIFF_LACKS_DELIVERY},
    [FINDING_CLOCK] = {"clock_not_recorded", TEXT_DIFF_LACKS_CLOCK},
};

void diff_end_progress(struct diff *diff)
{
    if (diff->has_progress)
        fputs("\r\033[K", stderr);
    diff->has_progress = false;
}

void diff_tell_progress(struct diff *diff)
{
    if (diff->attempts % PROGRESS_ATTEMPTS != 0 || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%" PRIu64 " attempts", diff->attempts);
    fflush(stderr);
    diff->has_progress = true;
}

static void verdict_print(const char *side, const struct policy_verdict *verdict)
{
    char text[POLICY_CONDITION_TEXT_BYTES] = "";
    bool is_granted = verdict->refusal == REFUSAL_NONE;
    printf("    %s: ", side);
    if (is_granted)
        text_write(stdout, TEXT_DIFF_GRANTED_BY, verdict->rule->name,
                   policy_word_of(POLICY_WORDS_ACTOR, verdict->actor));
    else
        text_write(stdout, verdict->rule == NULL ? TEXT_DIFF_REFUSED : TEXT_DIFF_REFUSED_BY,
                   refusal_name(verdict->refusal),
                   verdict->rule == NULL ? NULL : verdict->rule->name);
    if (is_granted) {
        policy_settings_write(verdict->rule, text);
        printf("; %s", text);
    }
    putchar('\n');
}

static json_t *verdict_to_json(const struct policy_verdict *verdict)
{
    json_t *object = json_object();
    bool is_granted = verdict->refusal == REFUSAL_NONE;
    const char *actor = policy_word_of(POLICY_WORDS_ACTOR, verdict->actor);
    json_object_set_new(object, "verdict", json_string(is_granted ? "granted" : "refused"));
    json_object_set_new(object, "refusal", output_json_text(refusal_name(verdict->refusal)));
    json_object_set_new(object, "rule",
                        verdict->rule == NULL ? json_null() : json_string(verdict->rule->name));
    json_object_set_new(object, "actor", output_json_text(actor));
    if (is_granted)
        policy_settings_to_json(verdict->rule, object);
    return object;
}

/* One line, with what was found of it, and the verdicts that there are. */
static void tell(struct diff *diff, const char *name, enum text text, const char *more,
                 const struct unsay_recall_entry *entry,
                 const struct policy_verdict verdicts[SIDES])
{
    diff_end_progress(diff);
    if (diff->is_json) {
        json_t *object = attempt_to_json(entry);
        json_object_set_new(object, "kind", json_string(name));
        json_object_set_new(object, "a",
                            verdicts == NULL ? json_null() : verdict_to_json(&verdicts[0]));
        json_object_set_new(object, "b",
                            verdicts == NULL ? json_null() : verdict_to_json(&verdicts[1]));
        output_object(stdout, object);
        return;
    }
    text_write(stdout, text, more, NULL);
    fputs(": ", stdout);
    attempt_print(stdout, entry);
    if (verdicts == NULL)
        return;
    verdict_print("A", &verdicts[0]);
    verdict_print("B", &verdicts[1]);
}

void diff_tell_unjudged(struct diff *diff, enum finding finding,
                        const struct unsay_recall_entry *entry)
{
    tell(diff, findings[finding].name, TEXT_DIFF_UNJUDGED, text_of(findings[finding].text), entry,
         NULL);
}

void diff_tell_changed(struct diff *diff, enum policy_change change,
                       const struct unsay_recall_entry *entry,
                       const struct policy_verdict verdicts[SIDES])
{
    tell(diff, changes[change].name, changes[change].text, NULL, entry, verdicts);
}

void diff_tell_contradicted(struct diff *diff, size_t side, const struct unsay_recall_entry *entry,
                            const struct policy_verdict verdicts[SIDES])
{
    tell(diff, "contradicted", TEXT_DIFF_CONTRADICTED, diff->words[side], entry, verdicts);
}

static void count_print(enum text text, uint64_t count, const char *what)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, count);
    text_write(stdout, text, number, what);
    putchar('\n');
}

static void totals_print(const struct diff *diff)
{
    char not_asked[24];
    uint64_t others = 0;
    snprintf(not_asked, sizeof(not_asked), "%" PRIu64, diff->not_asked);
    count_print(TEXT_DIFF_ATTEMPTS, diff->attempts, not_asked);
    count_print(TEXT_DIFF_SAME, diff->changed[POLICY_SAME], NULL);
    for (size_t i = POLICY_SAME + 1; i < POLICY_CHANGES; i++) {
        others += diff->changed[i];
        if (diff->changed[i] > 0)
            count_print(TEXT_DIFF_COUNT, diff->changed[i], text_of(changes[i].text));
    }
    for (size_t i = 0; i < FINDINGS; i++) {
        if (diff->unjudged[i] > 0)
            count_print(TEXT_DIFF_COUNT_UNJUDGED, diff->unjudged[i], text_of(findings[i].text));
        others += diff->unjudged[i];
    }
    if (others == 0)
        count_print(TEXT_DIFF_NOTHING, 0, NULL);
}

static void totals_print_json(const struct diff *diff)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("result"));
    for (size_t i = 0; i < SIDES; i++) {
        char version[2 * POLICY_VERSION_BYTES + 1];
        policy_version_write(diff->policies[i]->version, version);
        json_object_set_new(object, i == 0 ? "a" : "b", json_string(version));
    }
    json_object_set_new(object, "from", output_json_time(diff->query.from_ms));
    json_object_set_new(object, "until", output_json_time(diff->query.until_ms));
    json_object_set_new(object, "attempts", json_integer((json_int_t)diff->attempts));
    json_object_set_new(object, "not_asked", json_integer((json_int_t)diff->not_asked));
    for (size_t i = 0; i < POLICY_CHANGES; i++)
        json_object_set_new(object, changes[i].name, json_integer((json_int_t)diff->changed[i]));
    for (size_t i = 0; i < FINDINGS; i++)
        json_object_set_new(object, findings[i].name, json_integer((json_int_t)diff->unjudged[i]));
    json_object_set_new(object, "contradicted", json_integer((json_int_t)diff->contradicted));
    output_object(stdout, object);
}

void diff_tell_totals(const struct diff *diff)
{
    if (diff->is_json)
        totals_print_json(diff);
    else
        totals_print(diff);
}
