#include "base/memory.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/levels.h"
#include "cli/text.h"
#include "core/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_COUNT = 1, OPTION_IDLE, OPTION_UNTIL_ONLINE, OPTION_LEVELS };
enum { LEVELS_BYTES_MAX = 1 << 20 };
enum { ONLINE_TIMEOUT_MS = 10000, CATCH_UP_MS = 5000, TIMEOUT_UNSET = 0x7fffffff };

static const struct help help = {
    .usage = "watch [OPTION...] [CONV...]\n",
    .about = "Prints the events of these conversations, or of all of yours, as they come: first\n"
             "what this state directory has not shown yet, then what is new, until interrupted.\n"
             "What is printed counts as displayed. What a long absence has made this device\n"
             "skip is named on standard error; unsay history reads it.\n",
    .options = "  --count N          end after N events\n"
               "  --idle SECONDS     end when nothing came for so long\n"
               "  --until-online     end when everything up to now was printed\n"
               "  --levels           also how far others have stored and seen it, and what you\n"
               "                     have seen on another device\n",
    .example = "  unsay watch --json --until-online | jq -r 'select(.state==\"normal\").body'\n",
    .is_client = true,
};

struct watch {
    struct follow follow;
    struct session *session;
    int64_t idle_ms;
    bool is_until_online;
    bool has_levels;
    bool was_lost;
    char *levels; /* lines that wait to be printed; owned, and guarded by the session's lock */
    size_t levels_bytes;
};

static bool watch_read_options(struct options *options, struct watch *watch, int argc, char **argv)
{
    static const struct option choices[] = {
        {"count", required_argument, NULL, OPTION_COUNT},
        {"idle", required_argument, NULL, OPTION_IDLE},
        {"until-online", no_argument, NULL, OPTION_UNTIL_ONLINE},
        {"levels", no_argument, NULL, OPTION_LEVELS},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        uint64_t seconds;
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_UNTIL_ONLINE) {
            watch->is_until_online = true;
        } else if (option == OPTION_LEVELS) {
            watch->has_levels = true;
        } else if (option == OPTION_COUNT
                       ? !options_number(optarg, 1, UINT64_MAX, &watch->follow.remaining)
                       : !options_number(optarg, 1, 86400, &seconds)) {
            options->exit_status =
                options_wrong(options, "\"%s\" is not a number in range", optarg);
            return false;
        } else if (option == OPTION_IDLE) {
            watch->idle_ms = (int64_t)seconds * 1000;
        }
    }
    if (options->timeout_ms == TIMEOUT_UNSET)
        options->timeout_ms = watch->is_until_online ? ONLINE_TIMEOUT_MS : 0;
    return true;
}

static bool watch_wants(const struct watch *watch, const char *conversation)
{
    for (size_t i = 0; i < watch->follow.conversation_count; i++)
        if (strcmp(watch->follow.conversations[i], conversation) == 0)
            return true;
    return watch->follow.conversation_count == 0;
}

/* Takes over the text. Where more waits than can be, it goes: later numbers say the same. */
static void watch_keep_levels(struct watch *watch, char *text, size_t bytes)
{
    if (text != NULL && watch->levels_bytes + bytes <= LEVELS_BYTES_MAX) {
        watch->levels = memory_resize(watch->levels, watch->levels_bytes + bytes + 1);
        memcpy(watch->levels + watch->levels_bytes, text, bytes);
        watch->levels_bytes += bytes;
    }
    free(text);
}

static void watch_on_progress(void *context, const struct unsay_progress *progress)
{
    struct watch *watch = context;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = watch_wants(watch, progress->conversation) ? open_memstream(&text, &bytes) : NULL;
    if (file == NULL)
        return;
    levels_print_progress(file, watch->session->options->is_json, progress);
    fclose(file);
    watch_keep_levels(watch, text, bytes);
}

static void watch_on_read(void *context, const char *conversation, uint32_t origin, uint64_t seq)
{
    struct watch *watch = context;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = watch_wants(watch, conversation) ? open_memstream(&text, &bytes) : NULL;
    if (file == NULL)
        return;
    levels_print_read(file, watch->session->options->is_json, conversation, origin, seq);
    fclose(file);
    watch_keep_levels(watch, text, bytes);
}

static void watch_print_levels(struct watch *watch)
{
    pthread_mutex_lock(&watch->session->lock);
    char *text = watch->levels;
    size_t bytes = watch->levels_bytes;
    watch->levels = NULL;
    watch->levels_bytes = 0;
    pthread_mutex_unlock(&watch->session->lock);
    if (bytes > 0) {
        fwrite(text, 1, bytes, watch->follow.output.file);
        fflush(watch->follow.output.file);
    }
    free(text);
}

/* Tells a person when the connection goes and comes. */
static void watch_tell_connection(struct watch *watch, enum unsay_connection connection)
{
    bool is_online = connection == UNSAY_CONNECTION_ONLINE;
    bool is_lost = connection == UNSAY_CONNECTION_OFFLINE;
    if ((is_lost && !watch->was_lost) || (is_online && watch->was_lost)) {
        text_write(stderr, is_lost ? TEXT_CHAT_LOST : TEXT_CHAT_BACK, "", NULL);
        fputc('\n', stderr);
        watch->was_lost = is_lost;
    }
}

static int watch_run(struct watch *watch)
{
    struct session *session = watch->session;
    enum session_turn turn = session_catch_up(
        session, watch->is_until_online ? SESSION_FOREVER : session_now_ms() + CATCH_UP_MS);
    int64_t printed_ms = session_now_ms();
    for (;;) {
        if (turn == SESSION_INTERRUPTED)
            return COMMAND_OK;
        if (turn == SESSION_REJECTED)
            return session_explain(session);
        bool failed;
        enum unsay_connection connection = session_connection(session);
        bool is_printed = follow_print(&watch->follow, &failed);
        if (failed)
            return COMMAND_REFUSED;
        if (watch->follow.remaining == 0 ||
            (!is_printed && watch->is_until_online && connection == UNSAY_CONNECTION_ONLINE))
            return COMMAND_OK;
        watch_tell_connection(watch, connection);
        if (!is_printed)
            watch_print_levels(watch);
        if (connection == UNSAY_CONNECTION_ONLINE)
            session_tell_absence(session);
        if (is_printed)
            printed_ms = session_now_ms();
        int64_t deadline_ms = is_printed            ? session_now_ms()
                              : watch->idle_ms == 0 ? SESSION_FOREVER
                                                    : printed_ms + watch->idle_ms;
        turn = session_wait(session, SESSION_NO_INPUT, deadline_ms);
        if (turn == SESSION_TIME && !is_printed)
            return COMMAND_OK;
    }
}

int command_watch(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct watch watch = {
        .session = &session,
        .follow = {.session = &session, .remaining = UINT64_MAX},
    };
    options_init(&options, "watch", &help, TIMEOUT_UNSET);
    if (!watch_read_options(&options, &watch, argc, argv))
        return options.exit_status;
    for (int i = optind; i < argc; i++)
        if (!id_is_conversation(view_of(argv[i])))
            return options_wrong(&options, "\"%s\" is not the id of a conversation", argv[i]);
    watch.follow.conversations = argv + optind;
    watch.follow.conversation_count = (size_t)(argc - optind);
    if (!options_finish(&options))
        return options.exit_status;
    struct session_hooks hooks = {.context = &watch, .tells_sync = true};
    if (watch.has_levels) {
        hooks.on_progress = watch_on_progress;
        hooks.on_read = watch_on_read;
    }
    int exit_status = session_open(&session, &options, &hooks);
    if (exit_status != COMMAND_OK)
        return exit_status;
    output_init(&watch.follow.output, stdout, options.self.user, options.is_json);
    if (options.timeout_ms != 0)
        exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status = watch_run(&watch);
    session_close(&session);
    free(watch.levels);
    return exit_status;
}
