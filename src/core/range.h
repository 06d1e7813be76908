/* Taking back all messages of a user in a range of time: a job whose state is a row. */
#ifndef UNSAY_CORE_RANGE_H
#define UNSAY_CORE_RANGE_H

#include "core/recall.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code range_check(const wire_recall_range *request, const char **detail);

/* A new job, not begun; lends from its arguments. `now_ms` stands in for a missing end. */
void range_begin(const wire_recall_range *request, const struct author *author, uint64_t now_ms,
                 wire_range_job *job, wire_recall_range *kept, wire_range_progress *progress);

/* True for a message that the job is about: the user's, committed in the range, not taken back. */
bool range_covers(const wire_range_job *job, const wire_event *event);

/* Counts what became of a message that the job covers. */
void range_count(wire_range_job *job, const struct recall_ruling *ruling);

/* Puts the job's row among the changes. */
void range_save(const struct conversation *conversation, const wire_range_job *job,
                struct effects *effects);

#endif
