/* Printing what is new in the device's database, from where this state directory had shown it.
 *
 * What is printed is read from the database at that moment: a message that was taken back meanwhile
 * shows as taken back, and nothing is queued in between. */
#ifndef UNSAY_CLI_FOLLOW_H
#define UNSAY_CLI_FOLLOW_H

#include "cli/output.h"
#include "cli/session.h"

struct follow {
    struct session *session;
    struct output output;
    char **conversations; /* only these; none: all. Lent */
    size_t conversation_count;
    uint64_t remaining; /* events that may still be printed */

    /* Whether to print this one; NULL: all. What is not printed counts as shown too. */
    bool (*accepts)(void *context, const struct unsay_event *event);
    void *context;
};

/* Prints a page of a conversation that has something new, and tells the SDK that it was displayed.
 * False when there was nothing. `failed` is set when the terminal or the disk took no more, after
 * saying why. */
bool follow_print(struct follow *follow, bool *failed);

#endif
