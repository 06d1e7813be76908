/* power_cut [SEED | --lying-disk]: what was acknowledged survives the loss of power.
 *
 * As kill_store, but after each kill the directory is rolled back to what a disk without power may
 * hold: of a file, the bytes that were there when it was last synced, and, by chance, some of those
 * that came after; of a directory, the names that it had when it was last synced, or those it has
 * now. This program stands between the store and the C library for that, and keeps a ledger of
 * syncs. With --lying-disk it leaves the syncs of logs out of the ledger, as if the store had not
 * asked for them, and the test must fail: that shows that it can. */
#include "base/memory.h"
#include "base/prng.h"
#include "storm.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { ROUNDS = 15, BATCHES_MAX = 80, NAMES_MAX = 255, PATH_BYTES = 2 * SCRATCH_PATH_BYTES };

/* ---- In the child: the ledger ---- */

enum entry_kind { FILE_SYNCED, DIRECTORY_SYNCED, NAME };

/* The names of a synced directory follow it. */
struct entry {
    enum entry_kind kind;
    uint64_t inode; /* of the file, the directory, or what the name leads to */
    int64_t bytes;  /* FILE_SYNCED */
    char name[256];
};

static struct {
    int fd; /* of the ledger; 0: not in use */
    char graveyard[PATH_BYTES];
    bool is_lying;
    pthread_mutex_t lock;
} ledger = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void ledger_write(const struct entry *entries, size_t count)
{
    size_t size = count * sizeof(*entries);
    if (write(ledger.fd, entries, size) != (ssize_t)size)
        abort();
}

static bool is_log(int fd)
{
    char link[64];
    char path[PATH_BYTES];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof(path) - 1);
    return size > 4 && memcmp(path + size - 4, ".log", 4) == 0;
}

static void ledger_add_directory(int fd, uint64_t inode)
{
    struct entry entries[NAMES_MAX + 1];
    size_t count = 0;
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    entries[count++] = (struct entry){.kind = DIRECTORY_SYNCED, .inode = inode};
    for (struct dirent *found; directory != NULL && (found = readdir(directory)) != NULL;) {
        struct stat file;
        if (fstatat(fd, found->d_name, &file, 0) != 0 || !S_ISREG(file.st_mode) ||
            count > NAMES_MAX)
            continue;
        entries[count] = (struct entry){.kind = NAME, .inode = file.st_ino};
        snprintf(entries[count++].name, sizeof(entries[0].name), "%s", found->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    ledger_write(entries, count);
}

/* What is there before the sync is durable after it. */
static int sync_noted(int fd, long call)
{
    struct stat file;
    if (ledger.fd == 0 || fstat(fd, &file) != 0)
        return (int)syscall(call, fd);
    if (S_ISDIR(file.st_mode)) {
        pthread_mutex_lock(&ledger.lock);
        ledger_add_directory(fd, file.st_ino);
        pthread_mutex_unlock(&ledger.lock);
    } else if (!ledger.is_lying || !is_log(fd)) {
        struct entry entry = {.kind = FILE_SYNCED, .inode = file.st_ino, .bytes = file.st_size};
        pthread_mutex_lock(&ledger.lock);
        ledger_write(&entry, 1);
        pthread_mutex_unlock(&ledger.lock);
    }
    return 0;
}

int fsync(int fd);
int fdatasync(int fd);
int unlink(const char *path);
int unlinkat(int directory, const char *path, int flags);
int rename(const char *from, const char *to);
int renameat(int from_directory, const char *from, int to_directory, const char *to);

int fsync(int fd)
{
    return sync_noted(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_noted(fd, SYS_fdatasync);
}

/* A name that goes may come back, so what it leads to is kept. */
static void bury(int directory, const char *path)
{
    struct stat file;
    char grave[PATH_BYTES + 24];
    if (ledger.fd == 0 || fstatat(directory, path, &file, 0) != 0 || !S_ISREG(file.st_mode))
        return;
    snprintf(grave, sizeof(grave), "%s/%llu", ledger.graveyard, (unsigned long long)file.st_ino);
    if (linkat(directory, path, AT_FDCWD, grave, 0) != 0 && errno != EEXIST)
        abort();
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int unlinkat(int directory, const char *path, int flags)
{
    bury(directory, path);
    return (int)syscall(SYS_unlinkat, directory, path, flags);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    bury(to_directory, to);
    return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

/* ---- In the parent: the cut ---- */

struct cut {
    struct entry *entries; /* the ledger; owned */
    size_t count;
    struct prng prng;
    const char *graveyard;
    bool keeps_names; /* of directories: all that happened, and not what was synced */
    bool keeps_bytes; /* of files: some of what was not synced */
};

static void path_join(char path[PATH_BYTES], const char *directory, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", directory, name);
}

/* Sizes only grow: nothing is written in place but keys, when they are destroyed. */
static int64_t bytes_synced(const struct cut *cut, uint64_t inode)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < cut->count; i++) {
        if (cut->entries[i].kind == FILE_SYNCED && cut->entries[i].inode == inode)
            bytes = cut->entries[i].bytes;
    }
    return bytes;
}

/* The file wherever it is now. */
static int inode_open(const struct cut *cut, const char *directory, uint64_t inode)
{
    char name[24];
    char path[PATH_BYTES];
    int found = -1;
    snprintf(name, sizeof(name), "%llu", (unsigned long long)inode);
    path_join(path, cut->graveyard, name);
    found = open(path, O_RDONLY | O_CLOEXEC);
    DIR *names = found >= 0 ? NULL : opendir(directory);
    for (struct dirent *entry; names != NULL && (entry = readdir(names)) != NULL;) {
        struct stat file;
        if (fstatat(dirfd(names), entry->d_name, &file, 0) == 0 && file.st_ino == inode)
            found = openat(dirfd(names), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (found >= 0)
            break;
    }
    if (names != NULL)
        closedir(names);
    return found;
}

static void file_restore(struct cut *cut, const char *from, const char *to, uint64_t inode,
                         const char *name)
{
    char path[PATH_BYTES];
    char bytes[1 << 16];
    struct stat file;
    int in = inode_open(cut, from, inode);
    path_join(path, to, name);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (in < 0 || out < 0 || fstat(in, &file) != 0)
        abort();
    int64_t rest = bytes_synced(cut, inode);
    if (rest > file.st_size)
        rest = file.st_size;
    if (cut->keeps_bytes)
        rest += (int64_t)prng_below(&cut->prng, (uint64_t)(file.st_size - rest) + 1);
    while (rest > 0) {
        size_t part = rest < (int64_t)sizeof(bytes) ? (size_t)rest : sizeof(bytes);
        if (read(in, bytes, part) != (ssize_t)part || write(out, bytes, part) != (ssize_t)part)
            abort();
        rest -= (int64_t)part;
    }
    close(in);
    close(out);
}

/* Where the ledger tells the names of the directory for the last time. */
static size_t names_find(const struct cut *cut, uint64_t directory)
{
    size_t found = cut->count;
    for (size_t i = 0; i < cut->count; i++) {
        if (cut->entries[i].kind == DIRECTORY_SYNCED && cut->entries[i].inode == directory)
            found = i;
    }
    return found;
}

static void directory_restore(struct cut *cut, const char *from, const char *to)
{
    struct stat info;
    DIR *names = opendir(from);
    if (names == NULL)
        return;
    if (mkdir(to, 0700) != 0 || fstat(dirfd(names), &info) != 0)
        abort();
    if (cut->keeps_names) {
        for (struct dirent *entry; (entry = readdir(names)) != NULL;) {
            struct stat file;
            if (fstatat(dirfd(names), entry->d_name, &file, 0) == 0 && S_ISREG(file.st_mode))
                file_restore(cut, from, to, file.st_ino, entry->d_name);
        }
    } else {
        size_t at = names_find(cut, info.st_ino) + 1;
        for (; at < cut->count && cut->entries[at].kind == NAME; at++)
            file_restore(cut, from, to, cut->entries[at].inode, cut->entries[at].name);
    }
    closedir(names);
}

static void ledger_read(struct cut *cut, const char *path)
{
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) != 0)
        abort();
    cut->count = (size_t)file.st_size / sizeof(*cut->entries);
    cut->entries = memory_new((size_t)file.st_size);
    if (read(fd, cut->entries, (size_t)file.st_size) != file.st_size)
        abort();
    close(fd);
}

/* One life of a store in `from`, from its start to the cut, and what is left of it, in `to`. */
static void power_cut(const char *from, const char *to, uint64_t random)
{
    struct storm_paths live;
    struct storm_paths left;
    char path[PATH_BYTES];
    char graveyard[PATH_BYTES];
    path_join(graveyard, from, "graveyard");
    path_join(path, from, "ledger");
    struct cut cut = {.prng = {random}, .graveyard = graveyard};
    cut.keeps_names = prng_below(&cut.prng, 2) == 0;
    cut.keeps_bytes = prng_below(&cut.prng, 2) == 0;
    ledger_read(&cut, path);
    storm_name(&live, from);
    storm_name(&left, to);
    directory_restore(&cut, live.store, left.store);
    directory_restore(&cut, live.evidence, left.evidence);
    free(cut.entries);
    scratch_remove(graveyard);
    storm_remove(&live);
}

/* Everything that is there when a life starts is durable. */
static void ledger_start(const char *parent, bool is_lying)
{
    struct storm_paths paths;
    char path[PATH_BYTES];
    storm_name(&paths, parent);
    path_join(ledger.graveyard, parent, "graveyard");
    path_join(path, parent, "ledger");
    ledger.is_lying = is_lying;
    if (mkdir(ledger.graveyard, 0700) != 0)
        abort();
    ledger.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const char *const directories[] = {paths.store, paths.evidence};
    for (size_t i = 0; i < 2; i++) {
        DIR *directory = opendir(directories[i]);
        for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
            struct stat file;
            if (fstatat(dirfd(directory), entry->d_name, &file, 0) != 0 || !S_ISREG(file.st_mode))
                continue;
            struct entry synced = {FILE_SYNCED, file.st_ino, file.st_size, ""};
            ledger_write(&synced, 1);
        }
        if (directory != NULL) {
            fsync(dirfd(directory));
            closedir(directory);
        }
    }
}

int main(int argc, char **argv)
{
    struct storm_paths paths;
    char live[SCRATCH_PATH_BYTES];
    char left[SCRATCH_PATH_BYTES];
    bool is_lying = argc == 2 && strcmp(argv[1], "--lying-disk") == 0;
    if (argc == 4) {
        storm_name(&paths, argv[2]);
        ledger_start(argv[2], getenv("UNSAY_LYING_DISK") != NULL);
        return storm_rage(&paths, strtoull(argv[3], NULL, 10));
    }
    if (is_lying)
        setenv("UNSAY_LYING_DISK", "1", 1);
    uint64_t seed = argc == 2 && !is_lying ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t last = 0;
    uint64_t unacknowledged = 0;
    scratch_make(live);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t acknowledged = storm_kill(live, last + 1, BATCHES_MAX, seed + round);
        scratch_make(left);
        power_cut(live, left, seed * ROUNDS + round);
        memcpy(live, left, sizeof(live));
        storm_name(&paths, live);
        if ((acknowledged == 0 && round > 0) || !storm_check(&paths, acknowledged, &last)) {
            fprintf(stderr, "power_cut: seed %llu, round %llu\n", (unsigned long long)seed,
                    (unsigned long long)round);
            if (is_lying)
                storm_remove(&paths);
            return 1;
        }
        unacknowledged += last - acknowledged;
    }
    storm_remove(&paths);
    printf("cut %d times: %llu batches, all whole; %llu were there unacknowledged\n", ROUNDS,
           (unsigned long long)last, (unsigned long long)unacknowledged);
    return last == 0;
}
