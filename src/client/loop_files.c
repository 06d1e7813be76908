#include "client/loop_internal.h"

enum { FILES_PAUSE_FIRST_MS = 1000, FILES_PAUSE_MAX_MS = 60000 };

static void loop_show_removed(void *context, const struct unsay_removed *removed)
{
    const struct loop *loop = context;
    if (loop->client->callbacks.on_removed != NULL)
        loop->client->callbacks.on_removed(loop->client->context, removed);
}

static void loop_try_files(struct loop *loop);

static void loop_on_files(uv_timer_t *timer)
{
    loop_try_files(timer->data);
}

static void loop_try_files(struct loop *loop)
{
    uint64_t pause_ms = loop->files_pause_ms;
    uv_timer_stop(&loop->files);
    loop->files_pause_ms = 0;
    if (database_remove_due(loop->client->database, loop_show_removed, loop) == STATUS_OK)
        return;
    pause_ms = pause_ms == 0 ? FILES_PAUSE_FIRST_MS : 2 * pause_ms;
    loop->files_pause_ms = pause_ms < FILES_PAUSE_MAX_MS ? pause_ms : FILES_PAUSE_MAX_MS;
    uv_timer_start(&loop->files, loop_on_files, loop->files_pause_ms, 0);
}

void loop_remove_files(struct loop *loop)
{
    if (database_has_due(loop->client->database))
        loop_try_files(loop);
}
