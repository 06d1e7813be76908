/* Taking forwards along: where the policy says so, the recall of a message takes back what was made
 * of it by forwarding, in whichever conversations, as it was decided for the message itself: there
 * is no new judgement.
 *
 *   recall of the message --one commit--> row of a job --all of its forwards taken back--> no row
 *
 * So the row says what is still to be done, whatever happens in between. */
#ifndef UNSAY_CORE_TAKE_BACK_H
#define UNSAY_CORE_TAKE_BACK_H

#include "core/recall.h"

/* Stands for the operator in the row's key: no user can have this name. */
#define TAKE_BACK_USER ":"

enum { TAKE_BACK_ID_BYTES = 8 };

/* A recall that was granted, with all that those which follow from it go by. Lends everything. */
struct take_back {
    const wire_recall_request *request; /* of any targets */
    const struct author *author;
    const struct recall_ruling *ruling;
    const struct rulebook *rules;
};

/* The rest of the row's key, after conversation and TAKE_BACK_USER. */
void take_back_id(uint64_t seq, uint8_t id[TAKE_BACK_ID_BYTES]);

/* The seq, from there; 0: it is none. */
uint64_t take_back_seq(struct view id);

/* What a row says, of the message at `seq`; also kept for a message that is to be a tombstone when
 * it comes again (struct message_id_row). */
struct view take_back_encode(uint64_t seq, const struct take_back *what, struct arena *arena);

/* Puts the row for the message at `seq` among the changes. */
void take_back_begin(const struct conversation *conversation, uint64_t seq,
                     const struct take_back *what, struct effects *effects);

/* Everything was taken back: the row goes. */
void take_back_end(const struct conversation *conversation, uint64_t seq, struct effects *effects);

/* What a row says, in the arena; false where it is damaged, or of another kind. The region is taken
 * from `rules`. */
bool take_back_decode(struct view row, const struct rulebook *rules, struct arena *arena,
                      struct take_back *what);

#endif
