/* Prints what comes, says something, and takes it back: example SERVER TOKEN CONVERSATION */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <unsay/unsay.h>

static void on_event(void *context, const struct unsay_event *event)
{
    (void)context;
    if (event->kind == UNSAY_EVENT_MESSAGE && event->state == UNSAY_MESSAGE_NORMAL)
        printf("%s: %.*s\n", event->sender, (int)event->body_bytes, (const char *)event->body);
}

static void on_recalled(void *context, const struct unsay_event *tombstone)
{
    (void)context;
    printf("%s took back message %llu\n", tombstone->operator_user,
           (unsigned long long)tombstone->seq);
}

int main(int argc, char **argv)
{
    char text[256];
    struct unsay_options options = {.server = argv[1], .token = argv[2], .state_directory = "me"};
    options.callbacks = (struct unsay_callbacks){.on_event = on_event, .on_recalled = on_recalled};
    struct unsay *client = argc == 4 ? unsay_new(&options, text, sizeof(text)) : NULL;
    if (client == NULL)
        return 1;
    unsay_start(client);
    struct unsay_target target = {0};
    unsay_send(client, argv[3], UNSAY_CONTENT_TEXT, "hello", strlen("hello"), target.message_id);
    sleep(2);
    struct unsay_recall recall = {.conversation = argv[3], .targets = &target, .count = 1};
    unsay_recall(client, &recall, NULL, NULL);
    sleep(2);
    unsay_free(client);
}
