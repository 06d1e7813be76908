/* Failures of the disk, by number: the calls that change files, in this process from fault_arm on,
 * are counted, and one of them fails. They take the place of the C library's, for SQLite too. */
#ifndef UNSAY_TESTS_CLIENT_FAULT_H
#define UNSAY_TESTS_CLIENT_FAULT_H

enum fault {
    FAULT_NONE,
    FAULT_KILL,     /* the process dies before the call */
    FAULT_TORN,     /* ... in the middle of what it writes; else before the call */
    FAULT_NO_SPACE, /* the call fails, and the next ones succeed */
    FAULT_IO
};

/* The call with this number, 1 for the next. */
void fault_arm(enum fault fault, unsigned long number);

/* Calls that were counted. */
unsigned long fault_count(void);

#endif
