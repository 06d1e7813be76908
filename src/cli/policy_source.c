#include "cli/policy_source.h"

#include "base/memory.h"
#include "cli/command.h"
#include "cli/policy.h"
#include "cli/text.h"
#include "server/policy_file.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void policy_source_init(struct policy_source *source, struct session *session)
{
    *source = (struct policy_source){.policies = NULL};
    source->question.session = session;
}

static void policy_source_forget(struct policy_source *source)
{
    free((void *)source->answer.content);
    free((void *)source->answer.versions);
    source->answer = (struct unsay_policy){.content = NULL};
}

void policy_source_fini(struct policy_source *source)
{
    policy_source_forget(source);
    for (size_t i = 0; i < source->count; i++)
        policy_free(source->policies[i]);
    free(source->policies);
}

static void policy_source_answer(void *context, const struct unsay_error *error,
                                 const struct unsay_policy *policy)
{
    struct policy_source *source = context;
    if (policy != NULL) {
        source->answer = *policy;
        source->answer.content = memory_copy(policy->content, policy->content_bytes);
        source->answer.versions =
            memory_copy(policy->versions, policy->count * sizeof(*policy->versions));
    }
    question_answer(&source->question, error);
}

int policy_source_ask(struct policy_source *source, enum unsay_policy_action action,
                      const uint8_t version[POLICY_VERSION_BYTES])
{
    struct session *session = source->question.session;
    policy_source_forget(source);
    question_init(&source->question, session);
    int exit_status =
        question_await(&source->question, unsay_policy(session->client, action, version,
                                                       policy_source_answer, source));
    if (exit_status == COMMAND_REFUSED && strcmp(source->question.refusal, "not_permitted") == 0)
        fprintf(stderr, "This takes a token with the role system or compliance: unsay token "
                        "--role compliance ...\n");
    if (exit_status == COMMAND_REFUSED && strcmp(source->question.refusal, "policy_invalid") == 0)
        fprintf(stderr, "The policy in force stays.\n");
    return exit_status;
}

bool policy_source_is_version(const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i < size; i++)
        if (!isxdigit((unsigned char)word[i]))
            return strcmp(word, "current") == 0;
    return size >= 1 && size <= 2 * (size_t)POLICY_VERSION_BYTES;
}

static bool version_begins(const uint8_t version[POLICY_VERSION_BYTES], const char *word)
{
    char text[2 * POLICY_VERSION_BYTES + 1];
    policy_version_write(version, text);
    return strncasecmp(text, word, strlen(word)) == 0;
}

/* Takes the version when the word is its beginning; false when another one was taken already. */
static bool version_take(const struct unsay_policy_version *candidate, const char *word,
                         uint8_t version[POLICY_VERSION_BYTES], bool *is_found)
{
    if (!version_begins(candidate->version, word))
        return true;
    if (*is_found && memcmp(version, candidate->version, POLICY_VERSION_BYTES) != 0)
        return false;
    memcpy(version, candidate->version, POLICY_VERSION_BYTES);
    *is_found = true;
    return true;
}

int policy_source_find(struct policy_source *source, const char *word,
                       uint8_t version[POLICY_VERSION_BYTES])
{
    const char *command = source->question.session->options->command;
    size_t size;
    if (sodium_hex2bin(version, POLICY_VERSION_BYTES, word, strlen(word), NULL, &size, NULL) == 0 &&
        size == POLICY_VERSION_BYTES)
        return COMMAND_OK;
    int exit_status = policy_source_ask(source, UNSAY_POLICY_LIST, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    const struct unsay_policy *list = &source->answer;
    bool is_current = strcmp(word, "current") == 0;
    bool is_found = false;
    bool is_unique = version_take(&list->current, is_current ? "" : word, version, &is_found);
    for (size_t i = 0; i < list->count && !is_current && is_unique; i++)
        is_unique = version_take(&list->versions[i], word, version, &is_found);
    if (is_found && is_unique)
        return COMMAND_OK;
    fprintf(stderr,
            "unsay %s: %s version begins with %s; \"unsay policy versions\" lists them in full\n",
            command, is_found ? "more than one" : "no", word);
    return COMMAND_REFUSED;
}

int policy_source_get(struct policy_source *source, const uint8_t version[POLICY_VERSION_BYTES],
                      const struct policy **policy)
{
    char name[2 * POLICY_VERSION_BYTES + 1];
    struct failure failure;
    for (size_t i = 0; i < source->count; i++) {
        *policy = source->policies[i];
        if (memcmp((*policy)->version, version, POLICY_VERSION_BYTES) == 0)
            return COMMAND_OK;
    }
    int exit_status = policy_source_ask(source, UNSAY_POLICY_GET, version);
    if (exit_status != COMMAND_OK)
        return exit_status;
    policy_version_write(version, name);
    struct view content = view_make(source->answer.content, source->answer.content_bytes);
    enum status status = policy_file_parse(content, name, policy, &failure);
    if (status == STATUS_OK && memcmp((*policy)->version, version, POLICY_VERSION_BYTES) != 0) {
        status =
            failure_set(&failure, STATUS_UNTRUSTED, "%s: what the server sent is not it", name);
        policy_free(*policy);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "unsay %s: ", source->question.session->options->command);
        text_write_foreign(stderr, view_of(failure.text));
        fputc('\n', stderr);
        return COMMAND_REFUSED;
    }
    source->policies =
        memory_resize(source->policies, (source->count + 1) * sizeof(*source->policies));
    source->policies[source->count++] = *policy;
    return COMMAND_OK;
}
