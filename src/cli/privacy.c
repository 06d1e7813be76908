#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/text.h"
#include "unsay/levels.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_DISPLAYED = 1 };

static const struct help help = {
    .usage = "privacy [OPTION...]\n",
    .about = "Says, or changes, what others are told of you, for all of your devices. What you\n"
             "see from then on counts; what was told stays told.\n",
    .options = "  --displayed tell|hide   whether others are told what you have seen\n",
    .example = "  unsay privacy --displayed hide\n",
    .is_client = true,
};

struct privacy {
    struct question question;
    struct unsay_privacy answer;
};

static void privacy_answer(void *context, const struct unsay_error *error,
                           const struct unsay_privacy *answer)
{
    struct privacy *privacy = context;
    if (answer != NULL)
        privacy->answer = *answer;
    question_answer(&privacy->question, error);
}

static void privacy_print(const struct unsay_privacy *privacy, bool is_json)
{
    if (!is_json) {
        puts(text_of(privacy->hides_displayed ? TEXT_PRIVACY_HIDES : TEXT_PRIVACY_TELLS));
        if (privacy->server_hides_displayed)
            puts(text_of(TEXT_PRIVACY_SERVER));
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "displayed",
                        json_string(privacy->hides_displayed ? "hide" : "tell"));
    json_object_set_new(object, "server",
                        json_string(privacy->server_hides_displayed ? "hide" : "tell"));
    output_object(stdout, object);
}

static int privacy_run(struct privacy *privacy, struct session *session, const char *choice)
{
    int exit_status = session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    question_init(&privacy->question, session);
    enum unsay_result asked = choice == NULL
                                  ? unsay_get_privacy(session->client, privacy_answer, privacy)
                                  : unsay_set_privacy(session->client, strcmp(choice, "hide") == 0,
                                                      privacy_answer, privacy);
    exit_status = question_await(&privacy->question, asked);
    if (exit_status == COMMAND_OK)
        privacy_print(&privacy->answer, session->options->is_json);
    return exit_status;
}

int command_privacy(int argc, char **argv)
{
    static const struct option choices[] = {
        {"displayed", required_argument, NULL, OPTION_DISPLAYED},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    struct options options;
    struct session session;
    struct privacy privacy = {.answer = {.hides_displayed = false}};
    const char *choice = NULL;
    int option;
    options_init(&options, "privacy", &help, 10000);
    while ((option = options_next(&options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return options.exit_status;
        choice = optarg;
        if (strcmp(choice, "tell") != 0 && strcmp(choice, "hide") != 0)
            return options_wrong(&options, "\"%s\" is neither tell nor hide", choice);
    }
    if (argc != optind)
        return options_wrong(&options, "there is nothing to name: it is about you");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    exit_status = privacy_run(&privacy, &session, choice);
    session_close(&session);
    return exit_status;
}
