/* A comparison of two policies by the attempts that were really made: how far it is, and how it is
 * told. */
#ifndef UNSAY_CLI_POLICY_DIFF_H
#define UNSAY_CLI_POLICY_DIFF_H

#include "cli/policy_source.h"
#include "core/policy_record.h"

enum { SIDES = 2 };

/* Why an attempt cannot be judged. */
enum finding { FINDING_NOT_RECORDED, FINDING_DELIVERY, FINDING_CLOCK, FINDINGS };

struct diff {
    struct policy_source source;
    const char *words[SIDES];
    const struct policy *policies[SIDES];
    const struct policy *read[SIDES]; /* owned: those that come from files */
    struct unsay_recalls_query query;
    bool is_json;
    bool tells_exit_code;
    bool asks_history; /* policies that decided are fetched, where a verdict may depend on one */
    bool has_progress; /* a line of it stands on the terminal */
    uint64_t attempts;
    uint64_t not_asked;
    uint64_t contradicted; /* a policy says otherwise than when it decided */
    uint64_t changed[POLICY_CHANGES];
    uint64_t unjudged[FINDINGS];
};

/* One attempt, with both verdicts. POLICY_SAME is not told. */
void diff_tell_changed(struct diff *diff, enum policy_change change,
                       const struct unsay_recall_entry *entry,
                       const struct policy_verdict verdicts[SIDES]);

/* One that the policy of a side decides otherwise than it did. */
void diff_tell_contradicted(struct diff *diff, size_t side, const struct unsay_recall_entry *entry,
                            const struct policy_verdict verdicts[SIDES]);

void diff_tell_unjudged(struct diff *diff, enum finding finding,
                        const struct unsay_recall_entry *entry);

/* Every so often, on a terminal; and its line goes before anything else is told. */
void diff_tell_progress(struct diff *diff);
void diff_end_progress(struct diff *diff);

void diff_tell_totals(const struct diff *diff);

#endif
