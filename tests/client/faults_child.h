/* A client that is to be killed, in a process of its own: receives, sends two messages, and ends
 * when it has the whole log. It says on standard output what it did and what it was shown:
 *
 *   online   sent ID BODY   event SEQ normal BODY   event SEQ gone   recalled SEQ   done CALLS */
#ifndef UNSAY_TESTS_CLIENT_FAULTS_CHILD_H
#define UNSAY_TESTS_CLIENT_FAULTS_CHILD_H

enum { FAULTS_KEY_BYTES = 32 };

extern const char faults_last[];   /* body of the last message of the log */
extern const char faults_canary[]; /* body of the second, which is taken back */
extern const unsigned char faults_key[FAULTS_KEY_BYTES];

/* argv: DIRECTORY PORT plain|encrypted FAULT NUMBER first|again. The exit status: 0 done, 3 the
 * client could not be opened, 4 something was waited for in vain. */
int faults_child(char **argv);

#endif
