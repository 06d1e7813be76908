#include "client/database_state.h"

#include "client/database_file.h"
#include "client/directory.h"
#include "unsay/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char database_name[] = "unsay.db";
static const char wipe_name[] = "wiping";
static const char plain_magic[] = "SQLite format 3";

/* How much of the header was read. */
static size_t header_read(int directory, uint8_t header[CIPHER_HEADER_BYTES])
{
    size_t size = 0;
    int file = openat(directory, database_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return 0;
    for (ssize_t part = 1; part > 0 && size < CIPHER_HEADER_BYTES; size += (size_t)part) {
        part = pread(file, header + size, CIPHER_HEADER_BYTES - size, (off_t)size);
        if (part < 0)
            break;
    }
    close(file);
    return size;
}

static bool header_is_plain(struct view header)
{
    return header.size >= sizeof(plain_magic) &&
           memcmp(header.data, plain_magic, sizeof(plain_magic)) == 0;
}

enum state_kind state_kind(int directory)
{
    uint8_t bytes[CIPHER_HEADER_BYTES];
    struct view header = view_make(bytes, header_read(directory, bytes));
    if (faccessat(directory, wipe_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return STATE_WIPING;
    if (header.size == 0)
        return STATE_NONE;
    if (header_is_plain(header))
        return STATE_PLAIN;
    return cipher_open(header, NULL, NULL) == CIPHER_OTHER_KEY ? STATE_ENCRYPTED : STATE_DAMAGED;
}

void state_measure(int directory, uint64_t *bytes, uint32_t *set_aside)
{
    static const char damaged[] = "unsay.db.damaged-";
    struct stat status;
    *bytes = 0;
    *set_aside = 0;
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy < 0 ? NULL : fdopendir(copy);
    if (names == NULL && copy >= 0)
        close(copy);
    if (names == NULL)
        return;
    for (struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names)) {
        bool is_database =
            strcmp(entry->d_name, database_name) == 0 || strcmp(entry->d_name, "unsay.db-wal") == 0;
        if (is_database && fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            *bytes += (uint64_t)status.st_size;
        *set_aside += strncmp(entry->d_name, damaged, sizeof(damaged) - 1) == 0 &&
                      strstr(entry->d_name, "-wal") == NULL;
    }
    closedir(names);
}

enum status state_write_key(int directory, const struct cipher *cipher, struct failure *failure)
{
    int file = openat(directory, database_name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    bool is_written = file >= 0;
    for (off_t at = 0; is_written && at <= CIPHER_SECOND_SLOT; at += CIPHER_SECOND_SLOT)
        is_written =
            pwrite(file, cipher->slot, CIPHER_SLOT_BYTES, at) == (ssize_t)CIPHER_SLOT_BYTES &&
            fsync(file) == 0;
    int error = errno;
    if (file >= 0)
        close(file);
    return is_written ? STATUS_OK
                      : failure_set(failure, STATUS_IO,
                                    "The key of the local database cannot be written: %s.",
                                    strerror(error));
}

/* After an interrupted change of key the slots differ: the key that opened the file stays. */
static enum status header_heal(int directory, const struct cipher *cipher, struct view header,
                               struct failure *failure)
{
    if (header.size == CIPHER_HEADER_BYTES &&
        memcmp(header.data, cipher->slot, CIPHER_SLOT_BYTES) == 0 &&
        memcmp(header.data + CIPHER_SECOND_SLOT, cipher->slot, CIPHER_SLOT_BYTES) == 0)
        return STATUS_OK;
    return state_write_key(directory, cipher, failure);
}

static enum status file_cipher(int directory, const char *path, const uint8_t *key,
                               struct view header, struct cipher **cipher, struct failure *failure)
{
    switch (cipher_open(header, key, cipher)) {
    case CIPHER_OPENED:
        return header_heal(directory, *cipher, header, failure);
    case CIPHER_OTHER_KEY:
        return key == NULL
                   ? failure_set(failure, STATUS_UNTRUSTED,
                                 "The local database %s is encrypted, and no key was given; give "
                                 "the key that it was encrypted with.",
                                 path)
                   : failure_set(failure, STATUS_UNTRUSTED,
                                 "The local database %s is encrypted with another key; give that "
                                 "one, or wipe the state directory.",
                                 path);
    case CIPHER_NO_HEADER:
    case CIPHER_DAMAGED:
        break;
    }
    return failure_set(failure, STATUS_CORRUPT, "The local database %s is damaged.", path);
}

enum status state_cipher(int directory, const char *path, const uint8_t *key,
                         struct cipher **cipher, struct failure *failure)
{
    uint8_t bytes[CIPHER_HEADER_BYTES];
    struct view header = view_make(bytes, header_read(directory, bytes));
    enum status status = STATUS_OK;
    *cipher = NULL;
    if (header.size != 0 && !header_is_plain(header))
        status = file_cipher(directory, path, key, header, cipher, failure);
    else if (header.size != 0 && key != NULL)
        status = failure_set(failure, STATUS_UNTRUSTED,
                             "The local database %s is not encrypted, and a key was given; encrypt "
                             "it with unsay_change_key, or give no key.",
                             path);
    if (key != NULL && *cipher == NULL && status != STATUS_UNTRUSTED)
        *cipher = cipher_new(key);
    return status;
}

static enum status directory_sync(int directory, struct failure *failure)
{
    if (fsync(directory) == 0)
        return STATUS_OK;
    return failure_set(failure, STATUS_IO, "The state directory cannot be synced: %s.",
                       strerror(errno));
}

enum status state_mark_wipe(int directory, struct failure *failure)
{
    int mark = openat(directory, wipe_name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (mark < 0)
        return failure_set(failure, STATUS_IO, "The state directory cannot be written: %s.",
                           strerror(errno));
    close(mark);
    return directory_sync(directory, failure);
}

enum status state_wipe(int directory, struct failure *failure)
{
    enum status status = state_mark_wipe(directory, failure);
    if (status == STATUS_OK)
        status = directory_shred_all(directory, database_name, failure);
    if (status == STATUS_OK)
        status = directory_sync(directory, failure);
    if (status == STATUS_OK)
        status = directory_shred(directory, wipe_name, failure);
    return status == STATUS_OK ? directory_sync(directory, failure) : status;
}

enum status state_clean(int directory, struct failure *failure)
{
    if (state_kind(directory) == STATE_WIPING)
        return state_wipe(directory, failure);
    enum status status = directory_shred_all(directory, "unsay.db.new", failure);
    return status == STATUS_OK ? directory_shred(directory, "unsay.db.old", failure) : status;
}
