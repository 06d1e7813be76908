/* The state directory as the application sees it without a client. */
#include "client/client.h"
#include "client/database_state.h"
#include "client/directory.h"
#include "unsay/device.h"

#include <unistd.h>

static enum unsay_result state_result(const struct failure *failure, char *text, size_t text_bytes)
{
    if (text != NULL && text_bytes > 0)
        snprintf(text, text_bytes, "%s", failure->text);
    if (failure->status == STATUS_OK)
        return UNSAY_OK;
    return failure->status == STATUS_UNTRUSTED ? UNSAY_WRONG_KEY : UNSAY_STORAGE;
}

enum unsay_result unsay_state(const char *state_directory, struct unsay_state *state)
{
    static const enum unsay_state_kind kinds[] = {
        [STATE_NONE] = UNSAY_STATE_NONE,           [STATE_PLAIN] = UNSAY_STATE_PLAIN,
        [STATE_ENCRYPTED] = UNSAY_STATE_ENCRYPTED, [STATE_DAMAGED] = UNSAY_STATE_DAMAGED,
        [STATE_WIPING] = UNSAY_STATE_WIPING,
    };
    if (state_directory == NULL || state == NULL)
        return UNSAY_INVALID;
    *state = (struct unsay_state){.kind = UNSAY_STATE_NONE};
    int directory = directory_open(state_directory);
    if (directory < 0)
        return UNSAY_OK;
    state->kind = kinds[state_kind(directory)];
    state_measure(directory, &state->bytes, &state->set_aside);
    close(directory);
    return UNSAY_OK;
}

enum unsay_result unsay_change_key(const char *state_directory, const uint8_t *old_key,
                                   const uint8_t *new_key, char *text, size_t text_bytes)
{
    struct failure failure = {STATUS_OK, ""};
    if (state_directory == NULL)
        return UNSAY_INVALID;
    enum status status = state_change_key(state_directory, old_key, new_key, &failure);
    failure.status = status;
    return state_result(&failure, text, text_bytes);
}

enum unsay_result unsay_wipe(const char *state_directory, char *text, size_t text_bytes)
{
    struct failure failure = {STATUS_OK, ""};
    if (state_directory == NULL)
        return UNSAY_INVALID;
    int lock;
    int directory = directory_open(state_directory);
    if (directory < 0)
        failure_set(&failure, STATUS_NOT_FOUND, "There is no state directory %s.", state_directory);
    else if (directory_hold(state_directory, &lock, &failure) == STATUS_OK) {
        failure.status = state_wipe(directory, &failure);
        directory_release(lock);
    }
    if (directory >= 0)
        close(directory);
    return state_result(&failure, text, text_bytes);
}

enum unsay_result unsay_wipe_client(struct unsay *client, char *text, size_t text_bytes)
{
    struct failure failure = {STATUS_OK, ""};
    if (client == NULL)
        return UNSAY_INVALID;
    failure.status = database_wipe(client_dismantle(client), &failure);
    return state_result(&failure, text, text_bytes);
}
