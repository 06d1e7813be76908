#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static enum fault armed;
static unsigned long due;
static atomic_ulong count;

void fault_arm(enum fault fault, unsigned long number)
{
    armed = fault;
    due = number;
    atomic_store(&count, 0);
}

unsigned long fault_count(void)
{
    return atomic_load(&count);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* Whether the call is to fail, with errno. */
static bool fails(void)
{
    if (atomic_fetch_add(&count, 1) + 1 != due || armed == FAULT_NONE)
        return false;
    if (armed == FAULT_KILL || armed == FAULT_TORN)
        die();
    errno = armed == FAULT_NO_SPACE ? ENOSPC : EIO;
    return true;
}

static ssize_t write_at(int file, const void *bytes, size_t size, off_t offset)
{
    if (armed == FAULT_TORN && atomic_load(&count) + 1 == due) {
        syscall(SYS_pwrite64, file, bytes, size / 2, offset);
        die();
    }
    return fails() ? -1 : (ssize_t)syscall(SYS_pwrite64, file, bytes, size, offset);
}

/* Both names of each, whichever this file's own offsets choose. */
ssize_t pwrite_small(int file, const void *bytes, size_t size, off_t offset) __asm__("pwrite");
ssize_t pwrite_large(int file, const void *bytes, size_t size, off_t offset) __asm__("pwrite64");
int ftruncate_small(int file, off_t size) __asm__("ftruncate");
int ftruncate_large(int file, off_t size) __asm__("ftruncate64");

ssize_t pwrite_small(int file, const void *bytes, size_t size, off_t offset)
{
    return write_at(file, bytes, size, offset);
}

ssize_t pwrite_large(int file, const void *bytes, size_t size, off_t offset)
{
    return write_at(file, bytes, size, offset);
}

int ftruncate_small(int file, off_t size)
{
    return fails() ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int ftruncate_large(int file, off_t size)
{
    return fails() ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int fsync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fdatasync, file);
}

int unlink(const char *path)
{
    return fails() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int directory, const char *path, int flags)
{
    return fails() ? -1 : (int)syscall(SYS_unlinkat, directory, path, flags);
}

int rename(const char *from, const char *to)
{
    return fails() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    return fails() ? -1 : (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    return fails() ? -1 : (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
}
