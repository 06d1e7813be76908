/* A file of the application that goes when its message goes. It lies in the directory that the
 * application named, or below, and is reached without following a link. */
#ifndef UNSAY_CLIENT_ATTACHMENT_H
#define UNSAY_CLIENT_ATTACHMENT_H

#include "base/status.h"
#include "base/view.h"

/* Names with "/" between them: none is empty, "." or ".."; LIMIT_ATTACHMENT_PATH_BYTES_MAX bytes at
 * most. */
bool attachment_path_is_valid(struct view path);

/* Overwrites the file with zeros and removes it, synced. Fills in `failure` unless it is gone. A
 * NULL as `directory` is none. */
void attachment_remove(const char *directory, const char *path, struct failure *failure);

#endif
