#include "samples.h"

#include "base/memory.h"

#include <assert.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

void sample_directory_make(char path[SAMPLE_PATH_BYTES])
{
    const char *parent = getenv("TMPDIR");
    if (access("/dev/shm", W_OK) == 0)
        parent = "/dev/shm";
    snprintf(path, SAMPLE_PATH_BYTES, "%s/unsay-audit-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(path) == NULL) {
        perror("making a directory for the test");
        abort();
    }
}

static int entry_remove(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

void sample_directory_remove(const char *path)
{
    nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

void sample_signer(struct note_signer *signer)
{
    static const uint8_t seed[NOTE_SEED_BYTES] = {1, 2, 3};
    bool is_made = note_signer_init(signer, "unsay.example/log", seed);
    assert(is_made);
}

struct view sample_entry(uint64_t index, char text[SAMPLE_ENTRY_BYTES])
{
    int size = snprintf(text, SAMPLE_ENTRY_BYTES, "entry %" PRIu64 "%.*s", index,
                        (int)(index * 7 % 11), "..........");
    return view_make(text, (size_t)size);
}

enum status sample_append(struct audit_log *log, uint64_t size, struct failure *failure)
{
    uint64_t first = audit_log_state(log)->size;
    size_t count = (size_t)(size - first);
    struct view *entries = memory_new_array(count, sizeof(*entries));
    char(*texts)[SAMPLE_ENTRY_BYTES] = memory_new_array(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        entries[i] = sample_entry(first + i, texts[i]);
    enum status status = audit_log_append(log, entries, count, size * 10, failure);
    free(entries);
    free(texts);
    return status;
}

void sample_log(const char *directory, uint64_t size, uint64_t batch)
{
    struct note_signer signer;
    struct audit_log *log = NULL;
    struct failure failure = {STATUS_OK, ""};
    sample_signer(&signer);
    enum status status = audit_log_open(directory, &signer, &log, &failure);
    while (status == STATUS_OK && audit_log_size(log) < size) {
        uint64_t next = audit_log_size(log) + batch;
        status = sample_append(log, next < size ? next : size, &failure);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", failure.text);
        abort();
    }
    audit_log_close(log);
}

static void sample_found(void *context, const struct finding *finding)
{
    struct findings *findings = context;
    uint64_t at = findings->count + findings->notes;
    if (at < sizeof(findings->list) / sizeof(findings->list[0]))
        findings->list[at] = *finding;
    if (finding->kind == FINDING_NOTE)
        findings->notes++;
    else
        findings->count++;
}

void sample_verify(const char *directory, struct view since, struct findings *findings)
{
    struct note_signer signer;
    struct failure failure;
    sample_signer(&signer);
    *findings = (struct findings){.count = 0};
    struct verification verification = {
        .directory = directory,
        .key = &signer.key,
        .since = since,
        .has_since = since.size > 0,
        .on_finding = sample_found,
        .context = findings,
    };
    enum status status = audit_verify(&verification, &failure);
    assert(status == STATUS_OK);
    assert(verification.problems == findings->count);
    findings->checkpoint = verification.checkpoint;
}
