/* The state directory of a client: made when missing, and held by one client at a time. */
#ifndef UNSAY_CLIENT_DIRECTORY_H
#define UNSAY_CLIENT_DIRECTORY_H

#include "base/status.h"

/* Makes `path` and what is missing above it (mode 0700) and takes its lock file, which the kernel
 * gives back when the process ends, however it ends. *lock is the caller's, for directory_release.
 * IN_USE: another client, in this process or another one, has it. IO: cannot be made or opened. */
MUST_CHECK enum status directory_hold(const char *path, int *lock, struct failure *failure);

void directory_release(int lock);

/* The directory itself, to be closed by the caller; <0 when it cannot be opened. */
int directory_open(const char *path);

/* Overwrites the file with zeros, synced, and removes its name. One that has another name besides
 * loses only this one; a symbolic link is removed, not followed. OK too when there is none. */
MUST_CHECK enum status directory_shred(int directory, const char *name, struct failure *failure);

/* As directory_shred, for each name that begins with `prefix`. */
MUST_CHECK enum status directory_shred_all(int directory, const char *prefix,
                                           struct failure *failure);

#endif
