/* Looking at a body that was kept after its message was taken back. Each look is on record; what is
 * sealed takes two people within a day. */
#ifndef UNSAY_CORE_EVIDENCE_H
#define UNSAY_CORE_EVIDENCE_H

#include "core/recall.h"

enum { EVIDENCE_APPROVAL_MS = 24 * 3600 * 1000 };

struct evidence_facts {
    const struct author *author;
    const wire_event *event;     /* the tombstone; NULL where nothing was found */
    const wire_dossier *dossier; /* likewise */
    struct view body;
    uint64_t until_ms;
    bool is_approved; /* someone else asked within EVIDENCE_APPROVAL_MS */
    uint64_t now_ms;
};

/* Whether an approval row's bytes tell of a time within EVIDENCE_APPROVAL_MS before now. */
bool evidence_is_current(struct view approval, uint64_t now_ms);

/* Puts the look on record, and the approval where one more is needed. `answer` has the body only
 * when it may be seen; it lends from the facts. A `refusal` is put on record and nothing else. */
void evidence_decide(const struct conversation *conversation, uint64_t seq, refusal_code refusal,
                     const struct evidence_facts *facts, const struct rulebook *rules,
                     struct effects *effects, wire_evidence *answer);

#endif
