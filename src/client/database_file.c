#include "client/database_file.h"

#include "base/memory.h"
#include "client/database_page.h"

#include <sodium.h>
#include <sqlite3.h>

enum {
    PAGE = DATABASE_PAGE_BYTES,
    LOG_HEADER_BYTES = 32,
    FRAME_HEADER_BYTES = 24,
    FRAME_BYTES = FRAME_HEADER_BYTES + PAGE,
    SEALED_FRAME_BYTES = FRAME_BYTES + 2 * CIPHER_EXTRA_BYTES,
    SEALED_LOG_HEADER_BYTES = LOG_HEADER_BYTES + CIPHER_EXTRA_BYTES,
    SEALED_PAGE_BYTES = PAGE + CIPHER_EXTRA_BYTES
};

enum file_kind { FILE_OTHER, FILE_DATABASE, FILE_LOG };

struct file_system {
    sqlite3_vfs vfs;
    sqlite3_vfs *system;
    const struct cipher *cipher;
    char name[32];
};

struct file {
    sqlite3_file base;
    sqlite3_file *system; /* behind this struct */
    const struct cipher *cipher;
    enum file_kind kind;
};

/* What is sealed as one. */
struct unit {
    uint64_t number;
    sqlite3_int64 start; /* as SQLite counts */
    sqlite3_int64 place; /* in the file */
    int size;
};

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)base;
}

static struct unit unit_at(enum file_kind kind, sqlite3_int64 offset)
{
    if (kind == FILE_DATABASE) {
        sqlite3_int64 page = offset / PAGE;
        return (struct unit){(uint64_t)page, page * PAGE,
                             CIPHER_HEADER_BYTES + page * SEALED_PAGE_BYTES, PAGE};
    }
    if (offset < LOG_HEADER_BYTES)
        return (struct unit){0, 0, 0, LOG_HEADER_BYTES};
    sqlite3_int64 frame = (offset - LOG_HEADER_BYTES) / FRAME_BYTES;
    struct unit unit = {(uint64_t)(1 + 2 * frame), LOG_HEADER_BYTES + frame * FRAME_BYTES,
                        SEALED_LOG_HEADER_BYTES + frame * SEALED_FRAME_BYTES, FRAME_HEADER_BYTES};
    if (offset >= unit.start + FRAME_HEADER_BYTES)
        unit = (struct unit){unit.number + 1, unit.start + FRAME_HEADER_BYTES,
                             unit.place + FRAME_HEADER_BYTES + CIPHER_EXTRA_BYTES, PAGE};
    return unit;
}

/* SQLITE_OK, _CORRUPT or _IOERR_SHORT_READ, both with zeros, or another error. */
static int unit_read(struct file *file, const struct unit *unit, uint8_t plain[PAGE])
{
    uint8_t sealed[SEALED_PAGE_BYTES];
    int result = file->system->pMethods->xRead(file->system, sealed,
                                               unit->size + CIPHER_EXTRA_BYTES, unit->place);
    memset(plain, 0, PAGE);
    if (result != SQLITE_OK)
        return result;
    struct view view = view_make(sealed, (size_t)unit->size + CIPHER_EXTRA_BYTES);
    return cipher_unseal(file->cipher, (uint8_t)file->kind, unit->number, view, plain)
               ? SQLITE_OK
               : SQLITE_CORRUPT;
}

static int unit_write(struct file *file, const struct unit *unit, const uint8_t *plain)
{
    uint8_t sealed[SEALED_PAGE_BYTES];
    cipher_seal(file->cipher, (uint8_t)file->kind, unit->number,
                view_make(plain, (size_t)unit->size), sealed);
    return file->system->pMethods->xWrite(file->system, sealed, unit->size + CIPHER_EXTRA_BYTES,
                                          unit->place);
}

/* The first bytes of the database are read before the log that may have a whole first page; and
 * when the log is recovered, whole frames are read. */
static bool may_be_damaged(const struct file *file, int amount, sqlite3_int64 offset)
{
    return file->kind == FILE_LOG ? amount != PAGE : offset < PAGE && amount < PAGE;
}

static int file_read(sqlite3_file *base, void *bytes, int amount, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    if (file->cipher == NULL)
        return file->system->pMethods->xRead(file->system, bytes, amount, offset);
    uint8_t plain[PAGE];
    uint8_t *to = bytes;
    int worst = SQLITE_OK;
    for (int left = amount; left > 0;) {
        struct unit unit = unit_at(file->kind, offset);
        int result = unit_read(file, &unit, plain);
        if (result == SQLITE_CORRUPT && may_be_damaged(file, amount, offset))
            result = file->kind == FILE_LOG ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
        if (result != SQLITE_OK)
            worst = result;
        if (worst != SQLITE_OK && worst != SQLITE_IOERR_SHORT_READ)
            break;
        int from = (int)(offset - unit.start);
        int part = unit.size - from < left ? unit.size - from : left;
        memcpy(to, plain + from, (size_t)part);
        to += part;
        offset += part;
        left -= part;
    }
    sodium_memzero(plain, sizeof(plain));
    return worst;
}

static int part_write(struct file *file, const struct unit *unit, const uint8_t *from, int at,
                      int part)
{
    uint8_t plain[PAGE];
    int result = SQLITE_OK;
    if (part != unit->size)
        result = unit_read(file, unit, plain);
    if (result == SQLITE_OK || result == SQLITE_IOERR_SHORT_READ) {
        memcpy(plain + at, from, (size_t)part);
        if (file->kind == FILE_DATABASE && part == PAGE)
            page_clean(plain, unit->number == 0);
        result = unit_write(file, unit, plain);
    }
    sodium_memzero(plain, sizeof(plain));
    return result;
}

static int plain_write(struct file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    uint8_t page[PAGE];
    if (file->kind != FILE_DATABASE || amount != PAGE || offset % PAGE != 0)
        return file->system->pMethods->xWrite(file->system, bytes, amount, offset);
    memcpy(page, bytes, sizeof(page));
    page_clean(page, offset == 0);
    return file->system->pMethods->xWrite(file->system, page, amount, offset);
}

static int file_write(sqlite3_file *base, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    if (file->cipher == NULL)
        return plain_write(file, bytes, amount, offset);
    const uint8_t *from = bytes;
    int result = SQLITE_OK;
    while (amount > 0 && result == SQLITE_OK) {
        struct unit unit = unit_at(file->kind, offset);
        int at = (int)(offset - unit.start);
        int part = unit.size - at < amount ? unit.size - at : amount;
        result = part_write(file, &unit, from, at, part);
        from += part;
        offset += part;
        amount -= part;
    }
    return result;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = file_of(base);
    if (file->cipher != NULL && (file->kind == FILE_DATABASE || size > 0)) {
        struct unit unit = unit_at(file->kind, size);
        size = unit.start == size ? unit.place : unit.place + unit.size + CIPHER_EXTRA_BYTES;
    }
    return file->system->pMethods->xTruncate(file->system, size);
}

/* Of whole units. */
static sqlite3_int64 size_plain(enum file_kind kind, sqlite3_int64 size)
{
    if (kind == FILE_DATABASE)
        return size < CIPHER_HEADER_BYTES ? 0
                                          : (size - CIPHER_HEADER_BYTES) / SEALED_PAGE_BYTES * PAGE;
    if (size < SEALED_LOG_HEADER_BYTES)
        return 0;
    size -= SEALED_LOG_HEADER_BYTES;
    sqlite3_int64 rest = size % SEALED_FRAME_BYTES;
    return LOG_HEADER_BYTES + size / SEALED_FRAME_BYTES * FRAME_BYTES +
           (rest >= FRAME_HEADER_BYTES + CIPHER_EXTRA_BYTES ? FRAME_HEADER_BYTES : 0);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct file *file = file_of(base);
    int result = file->system->pMethods->xFileSize(file->system, size);
    if (result == SQLITE_OK && file->cipher != NULL)
        *size = size_plain(file->kind, *size);
    return result;
}

static int file_close(sqlite3_file *base)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xClose(system);
}

static int file_sync(sqlite3_file *base, int flags)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xSync(system, flags);
}

static int file_lock(sqlite3_file *base, int level)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xLock(system, level);
}

static int file_unlock(sqlite3_file *base, int level)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xUnlock(system, level);
}

static int file_check_lock(sqlite3_file *base, int *is_reserved)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xCheckReservedLock(system, is_reserved);
}

/* Sizes would have to be translated, and are only hints. */
static int file_control(sqlite3_file *base, int operation, void *argument)
{
    sqlite3_file *system = file_of(base)->system;
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE ||
        operation == SQLITE_FCNTL_MMAP_SIZE)
        return SQLITE_NOTFOUND;
    return system->pMethods->xFileControl(system, operation, argument);
}

static int file_sector_size(sqlite3_file *base)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xSectorSize(system);
}

static int file_characteristics(sqlite3_file *base)
{
    sqlite3_file *system = file_of(base)->system;
    return system->pMethods->xDeviceCharacteristics(system) & SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1 has neither shared memory, which exclusive locking does without, nor mapping. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* ---- The VFS ---- */

static struct file_system *file_system_of(sqlite3_vfs *vfs)
{
    return (struct file_system *)vfs;
}

static int header_write(struct file *file)
{
    uint8_t header[CIPHER_HEADER_BYTES];
    sqlite3_int64 size;
    int result = file->system->pMethods->xFileSize(file->system, &size);
    if (result != SQLITE_OK || size != 0)
        return result;
    cipher_write_header(file->cipher, header);
    return file->system->pMethods->xWrite(file->system, header, sizeof(header), 0);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *flags_out)
{
    struct file_system *self = file_system_of(vfs);
    struct file *file = file_of(base);
    *file = (struct file){
        .system = (sqlite3_file *)(file + 1),
        .cipher = self->cipher,
        .kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? FILE_DATABASE
                : (flags & SQLITE_OPEN_WAL) != 0   ? FILE_LOG
                                                   : FILE_OTHER,
    };
    if (self->cipher != NULL && file->kind == FILE_OTHER)
        return SQLITE_CANTOPEN;
    int result = self->system->xOpen(self->system, name, file->system, flags, flags_out);
    if (result == SQLITE_OK && self->cipher != NULL && file->kind == FILE_DATABASE)
        result = header_write(file);
    if (file->system->pMethods != NULL)
        file->base.pMethods = &file_methods;
    return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xDelete(system, name, syncs);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xAccess(system, name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xFullPathname(system, name, size, path);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *bytes)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xRandomness(system, size, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xSleep(system, microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *day)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xCurrentTime(system, day);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    sqlite3_vfs *system = file_system_of(vfs)->system;
    return system->xGetLastError(system, size, text);
}

struct file_system *file_system_new(const struct cipher *cipher)
{
    struct file_system *self = memory_new(sizeof(*self));
    self->system = sqlite3_vfs_find(NULL);
    self->cipher = cipher;
    snprintf(self->name, sizeof(self->name), "unsay-%p", (void *)self);
    self->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct file) + self->system->szOsFile,
        .mxPathname = self->system->mxPathname,
        .zName = self->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    sqlite3_vfs_register(&self->vfs, 0);
    return self;
}

void file_system_free(struct file_system *self)
{
    if (self == NULL)
        return;
    sqlite3_vfs_unregister(&self->vfs);
    free(self);
}

const char *file_system_name(const struct file_system *self)
{
    return self->name;
}
