#include "server/auditor.h"

#include "base/memory.h"
#include "server/log.h"
#include "storage/audit/key.h"
#include "storage/audit/log.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#define AUDITOR_INTERVAL_NS UINT64_C(500000000)
#define AUDITOR_INTERVAL_NS_MIN UINT64_C(250000000)
#define AUDITOR_REPEAT_NS UINT64_C(1000000000)

enum {
    AUDITOR_ROWS = 8, /* read at once; a row may be as large as a commit */
    AUDITOR_SMOOTH_ENTRIES = 1000,
    AUDITOR_NICE = 5, /* gives way to those who commit, and keeps up all the same */
    AUDITOR_BATCH_ENTRIES = 65536,
    AUDITOR_BATCH_BYTES = 8 << 20
};

struct auditor {
    struct store *store;
    struct note_signer signer;
    struct audit_log *log;
    uv_thread_t thread;

    /* The thread's own. */
    struct arena arena;   /* of one batch */
    uint64_t settled;     /* rows up to here are settled, as far as is known */
    uint64_t next_match;  /* first index that a row of the last batch may have */
    uint64_t interval_ns; /* from turn to turn */
    bool must_reload;     /* appending failed: how, only the disk knows */
    bool is_telling;      /* a failure was told and its end was not */

    uv_mutex_t turning; /* held during a turn; taken without `mutex` */

    uv_mutex_t mutex; /* guards what follows */
    uv_cond_t changed;
    uint64_t woken_ns; /* since when; 0: nothing is waiting */
    uint64_t taken_ns; /* the same for what is being entered */
    uint64_t checkpoints;
    bool is_woken;
    bool is_stopping;
    bool is_failing;
};

/* Rows that were read, and their entries one after the other. */
struct batch {
    struct view *entries; /* owned */
    size_t count;
    size_t capacity;
    size_t bytes;
    uint64_t number; /* of the last row */
    bool is_matched; /* the log has them already */
};

static void batch_add(struct batch *batch, const struct store_journal *row)
{
    if (batch->capacity - batch->count < row->count) {
        batch->capacity = (batch->count + row->count) * 2;
        batch->entries = memory_resize(batch->entries, batch->capacity * sizeof(*batch->entries));
    }
    for (size_t i = 0; i < row->count; i++) {
        batch->bytes += row->entries[i].size;
        batch->entries[batch->count++] = row->entries[i];
    }
    batch->number = row->number;
}

/* The log has this row's entries from `index` on. */
static bool auditor_has(struct auditor *auditor, uint64_t index, const struct store_journal *row)
{
    struct arena arena;
    const struct audit_state *state = audit_log_state(auditor->log);
    if (row->number > state->position || row->count > state->size - index)
        return false;
    arena_init(&arena);
    struct view *entries = arena_alloc(&arena, (row->count + 1) * sizeof(*entries));
    bool is_same =
        audit_log_read(auditor->log, index, row->count, &arena, entries, NULL) == STATUS_OK;
    for (size_t i = 0; i < row->count && is_same; i++)
        is_same = view_equal(entries[i], row->entries[i]);
    arena_fini(&arena);
    return is_same;
}

/* Rows for one batch: all of them in the log already, or none. */
static enum status auditor_take(struct auditor *auditor, struct batch *batch)
{
    struct store_journal rows[AUDITOR_ROWS];
    size_t count = AUDITOR_ROWS;
    uint64_t after = auditor->settled;
    enum status status = STATUS_OK;
    bool is_first = true;
    while (status == STATUS_OK && count == AUDITOR_ROWS && batch->count < AUDITOR_BATCH_ENTRIES &&
           batch->bytes < AUDITOR_BATCH_BYTES) {
        status =
            store_read_journal(auditor->store, after, AUDITOR_ROWS, &auditor->arena, rows, &count);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            bool has = auditor_has(auditor, auditor->next_match + batch->count * batch->is_matched,
                                   &rows[i]);
            if (is_first)
                batch->is_matched = has;
            else if (has != batch->is_matched && batch->is_matched)
                return status;
            is_first = false;
            batch_add(batch, &rows[i]);
            after = rows[i].number;
        }
    }
    return status;
}

/* A batch into the log and out of the journal. */
static enum status auditor_enter(struct auditor *auditor, const struct batch *batch,
                                 struct failure *failure)
{
    size_t posting_count;
    enum status status = STATUS_OK;
    uint64_t first = auditor->next_match;
    if (!batch->is_matched) {
        const struct audit_state *state = audit_log_state(auditor->log);
        uint64_t position = batch->number > state->position ? batch->number : state->position;
        first = state->size;
        status = audit_log_append(auditor->log, batch->entries, batch->count, position, failure);
        auditor->must_reload = status != STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    auditor->next_match = first;
    struct store_posting *postings =
        audit_postings_make(first, batch->entries, batch->count, &auditor->arena, &posting_count);
    status = store_settle_journal(auditor->store, batch->number, postings, posting_count, failure);
    if (status == STATUS_OK) {
        auditor->settled = batch->number;
        auditor->next_match = first + batch->count;
    }
    return status;
}

/* Entering a batch holds up the commits that it shares the disk with: at a high rate the turns come
 * more often, so that each is short. */
static void auditor_set_interval(struct auditor *auditor, size_t count)
{
    uint64_t wanted_ns = auditor->interval_ns * AUDITOR_SMOOTH_ENTRIES / (count + 1);
    auditor->interval_ns = wanted_ns < AUDITOR_INTERVAL_NS_MIN ? AUDITOR_INTERVAL_NS_MIN
                           : wanted_ns < AUDITOR_INTERVAL_NS   ? wanted_ns
                                                               : AUDITOR_INTERVAL_NS;
}

/* Takes one batch; *is_more: there may be another. */
static enum status auditor_turn(struct auditor *auditor, bool *is_more, struct failure *failure)
{
    struct batch batch = {.entries = NULL};
    enum status status = STATUS_OK;
    *is_more = false;
    if (auditor->must_reload) {
        status = audit_log_reload(auditor->log, failure);
        if (status != STATUS_OK)
            return status;
        auditor->must_reload = false;
        auditor->next_match = audit_log_state(auditor->log)->batch_size;
    }
    status = auditor_take(auditor, &batch);
    if (status != STATUS_OK)
        failure_set(failure, status, "the store's journal cannot be read: %s", status_text(status));
    else if (batch.number > 0)
        status = auditor_enter(auditor, &batch, failure);
    *is_more = status == STATUS_OK && batch.number > 0;
    auditor_set_interval(auditor, batch.count);
    free(batch.entries);
    arena_reset(&auditor->arena);
    return status;
}

/* One line when it begins to fail, and one when it goes on again. */
static void auditor_tell(struct auditor *auditor, enum status status, const struct failure *failure)
{
    if (status != STATUS_OK && !auditor->is_telling)
        log_say(LOG_audit_fails, LOG_TEXT("reason", failure->text));
    else if (status == STATUS_OK && auditor->is_telling)
        log_write(LOG_audit_works, NULL);
    auditor->is_telling = status != STATUS_OK;
}

/* Waits, with the mutex held, until it is stopping or the time has come. */
static void auditor_pause(struct auditor *auditor, uint64_t until_ns)
{
    for (uint64_t now = uv_hrtime(); !auditor->is_stopping && now < until_ns; now = uv_hrtime())
        (void)!uv_cond_timedwait(&auditor->changed, &auditor->mutex, until_ns - now);
}

static void auditor_main(void *context)
{
    struct auditor *auditor = context;
    struct failure failure;
    pthread_setname_np(pthread_self(), "auditor");
    (void)!nice(AUDITOR_NICE); /* of this thread: Linux has a priority for each */
    uv_mutex_lock(&auditor->mutex);
    for (;;) {
        bool is_more = false;
        bool is_stopping = auditor->is_stopping;
        uint64_t start_ns = uv_hrtime();
        auditor->is_woken = false;
        auditor->taken_ns = auditor->woken_ns;
        auditor->woken_ns = 0;
        uv_mutex_unlock(&auditor->mutex);
        uv_mutex_lock(&auditor->turning);
        enum status status = auditor_turn(auditor, &is_more, &failure);
        uv_mutex_unlock(&auditor->turning);
        auditor_tell(auditor, status, &failure);
        uv_mutex_lock(&auditor->mutex);
        auditor->is_failing = status != STATUS_OK;
        auditor->checkpoints += is_more;
        if (status != STATUS_OK && auditor->taken_ns != 0)
            auditor->woken_ns = auditor->taken_ns;
        auditor->taken_ns = 0;
        if (is_stopping && !is_more)
            break;
        auditor_pause(auditor,
                      start_ns + (status == STATUS_OK ? auditor->interval_ns : AUDITOR_REPEAT_NS));
        /* Without being woken it looks, too: a row may appear when an older commit has failed. */
        if (!is_more && status == STATUS_OK && !auditor->is_woken && !auditor->is_stopping)
            (void)!uv_cond_timedwait(&auditor->changed, &auditor->mutex, AUDITOR_REPEAT_NS);
    }
    uv_mutex_unlock(&auditor->mutex);
}

static enum status auditor_open(struct auditor *auditor, const char *data, struct failure *failure)
{
    struct uuid id;
    char text[UUID_TEXT_BYTES + 1];
    char name[UUID_TEXT_BYTES + 16];
    char directory[4200];
    enum status status = store_get_id(auditor->store, &id);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the store's id cannot be read: %s",
                           status_text(status));
    uuid_format(&id, text);
    snprintf(name, sizeof(name), "unsay/%s", text);
    snprintf(directory, sizeof(directory), "%s/audit", data);
    status = audit_key_open(data, name, &auditor->signer, failure);
    if (status == STATUS_OK)
        status = audit_log_open(directory, &auditor->signer, &auditor->log, failure);
    return status;
}

enum status auditor_start(const char *data, struct store *store, struct auditor **started,
                          struct failure *failure)
{
    struct auditor *auditor = memory_new(sizeof(*auditor));
    auditor->store = store;
    enum status status = auditor_open(auditor, data, failure);
    if (status != STATUS_OK) {
        note_signer_fini(&auditor->signer);
        free(auditor);
        return status;
    }
    auditor->next_match = audit_log_state(auditor->log)->batch_size;
    store_skip_journal(store, audit_log_state(auditor->log)->position);
    auditor->interval_ns = AUDITOR_INTERVAL_NS;
    arena_init(&auditor->arena);
    uv_mutex_init(&auditor->mutex);
    uv_mutex_init(&auditor->turning);
    uv_cond_init(&auditor->changed);
    int result = uv_thread_create(&auditor->thread, auditor_main, auditor);
    assert(result == 0);
    (void)result;
    *started = auditor;
    return STATUS_OK;
}

void auditor_stop(struct auditor *auditor)
{
    if (auditor == NULL)
        return;
    uv_mutex_lock(&auditor->mutex);
    auditor->is_stopping = true;
    uv_cond_signal(&auditor->changed);
    uv_mutex_unlock(&auditor->mutex);
    uv_thread_join(&auditor->thread);
    uv_cond_destroy(&auditor->changed);
    uv_mutex_destroy(&auditor->mutex);
    uv_mutex_destroy(&auditor->turning);
    audit_log_close(auditor->log);
    note_signer_fini(&auditor->signer);
    arena_fini(&auditor->arena);
    free(auditor);
}

void auditor_wake(struct auditor *auditor)
{
    uv_mutex_lock(&auditor->mutex);
    if (auditor->woken_ns == 0)
        auditor->woken_ns = uv_hrtime();
    if (!auditor->is_woken) {
        auditor->is_woken = true;
        uv_cond_signal(&auditor->changed);
    }
    uv_mutex_unlock(&auditor->mutex);
}

/* Between turns of a log that has not failed, a settled row is gone and another is not in the log.
 * Where settling has failed, a row may be in both: the next turn finds it in the last batch, and so
 * does the server that begins on the backup. */
enum status auditor_hold(struct auditor *auditor, struct failure *failure)
{
    uv_mutex_lock(&auditor->turning);
    if (!auditor->must_reload)
        return STATUS_OK;
    uv_mutex_unlock(&auditor->turning);
    return failure_set(failure, STATUS_IO,
                       "the audit log does not grow at present, so nobody can say how far it goes: "
                       "see the server's log, and try again");
}

void auditor_release(struct auditor *auditor)
{
    uv_mutex_unlock(&auditor->turning);
}

uint64_t auditor_size(const struct auditor *auditor)
{
    return audit_log_size(auditor->log);
}

enum status auditor_read(const struct auditor *auditor, uint64_t index, size_t count,
                         struct arena *arena, struct view *entries)
{
    return audit_log_read(auditor->log, index, count, arena, entries, NULL);
}

static enum status auditor_time(const struct auditor *auditor, uint64_t index, uint64_t *time_ms)
{
    struct arena arena;
    struct view bytes;
    arena_init(&arena);
    enum status status = auditor_read(auditor, index, 1, &arena, &bytes);
    const wire_audit_entry *entry = status == STATUS_OK ? audit_entry_decode(bytes, &arena) : NULL;
    *time_ms = entry == NULL ? 0 : entry->time;
    arena_fini(&arena);
    return status == STATUS_OK && entry == NULL ? STATUS_CORRUPT : status;
}

enum status auditor_find(const struct auditor *auditor, uint64_t time_ms, uint64_t *index)
{
    uint64_t low = 0;
    uint64_t high = auditor_size(auditor);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t found_ms;
        enum status status = auditor_time(auditor, middle, &found_ms);
        if (status != STATUS_OK)
            return status;
        if (found_ms < time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return STATUS_OK;
}

void auditor_read_stats(struct auditor *auditor, struct auditor_stats *stats)
{
    uv_mutex_lock(&auditor->mutex);
    uint64_t since_ns = auditor->taken_ns != 0 ? auditor->taken_ns : auditor->woken_ns;
    *stats = (struct auditor_stats){
        .entries = auditor_size(auditor),
        .checkpoints = auditor->checkpoints,
        .lag_ms = since_ns == 0 ? 0 : (uv_hrtime() - since_ns) / 1000000,
        .is_failing = auditor->is_failing,
    };
    uv_mutex_unlock(&auditor->mutex);
}
