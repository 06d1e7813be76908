/* Decisions on record, asked again: what an entry of the audit log says that a decision went by is
 * put before a policy once more, the one that decided or another.
 *
 * What an entry does not say is not made up. How far a message got is on record only where the
 * policy, or the operator, asked for it then; and whether the clock was sure, only by the bound of
 * the policy that decided. Where that matters to the policy that is asked now, every possibility is
 * tried: if all lead to the same verdict, that is the verdict, and else there is none. */
#ifndef UNSAY_CORE_POLICY_RECORD_H
#define UNSAY_CORE_POLICY_RECORD_H

#include "core/policy.h"

enum policy_record_state {
    POLICY_RECORD_ASKED,     /* the policy was asked, by the facts of the record */
    POLICY_RECORD_NOT_ASKED, /* decided without it: the target is not here, no message, or taken
                                back already, or the operator has no place in the conversation */
    POLICY_RECORD_INCOMPLETE /* it does not say what the policy went by: a forward that was taken
                                back along with its source, or of a server that did not record it
                                yet */
};

struct policy_record {
    struct policy_case facts; /* delivery: UNKNOWN where nobody asked */
    struct view policy;       /* version that decided */
    const char *rule;         /* what it said: name of the rule, "" for none; the capacity; */
    Unsay__V1__Actor actor;
    refusal_code refusal; /* ... and NONE where the policy granted it, whatever came after */
};

/* Lends from the entry, which somebody else may have written. The record is of use where the policy
 * was asked. */
enum policy_record_state policy_record_read(const wire_audit_entry *entry,
                                            struct policy_record *record);

enum policy_lack {
    POLICY_LACKS_NOTHING,
    POLICY_LACKS_DELIVERY, /* the verdict depends on how far the message had got */
    POLICY_LACKS_CLOCK     /* ... on how far off the clock may have been */
};

/* Asks a policy about a case on record. `decided_by` is the policy of the record's version, NULL
 * where it cannot be had. The verdict is the policy's where nothing is lacking. */
enum policy_lack policy_record_judge(const struct policy_record *record,
                                     const struct policy *policy, const struct policy *decided_by,
                                     struct policy_verdict *verdict);

/* The verdict is the one on record. */
bool policy_record_agrees(const struct policy_record *record, const struct policy_verdict *verdict);

enum policy_change {
    POLICY_SAME,
    POLICY_NEWLY_GRANTED,
    POLICY_NEWLY_REFUSED,
    POLICY_GRANTED_OTHERWISE, /* kept, shown, withdrawn or forwarded otherwise, or in another
                                 capacity */
    POLICY_REFUSED_OTHERWISE, /* for another reason */
    POLICY_CHANGES
};

/* What becomes of a case. The name of the rule that decides makes no difference. */
enum policy_change policy_verdict_change(const struct policy_verdict *before,
                                         const struct policy_verdict *after);

#endif
