#include "questions.h"

#include "checks.h"

enum { REPORTS_MAX = 6 };

static void questions_ask_list(struct world *world, struct device *device)
{
    wire_list_conversations list = UNSAY__V1__LIST_CONVERSATIONS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    enum list_question question = list_question_of(device);
    list.limit = LIMIT_OVERVIEW_CONVERSATIONS_MAX;
    list.order = question == LIST_BY_ID ? WIRE(LIST_ORDER, ID) : WIRE(LIST_ORDER, ACTIVITY);
    list.with_hidden = question == LIST_WITH_HIDDEN;
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    device_ask(device, &frame);
    world->unanswered.lists++;
}

/* By the recall's seq, or by that of its target. */
static void questions_ask_report(struct world *world, const struct taken_back *recall)
{
    struct device *officer = &world->devices[world->device_count - 1];
    wire_read_exposure read = UNSAY__V1__READ_EXPOSURE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = world->history.logs[recall->log].id;
    read.recall_seq = world_chance(world, 50) ? recall->seq : recall->target_seq;
    frame.body_case = CLIENT_FRAME(READ_EXPOSURE);
    frame.read_exposure = &read;
    device_ask(officer, &frame);
    world->unanswered.reports++;
}

/* Of some message. */
static void questions_ask_receipts(struct world *world)
{
    const struct history *history = &world->history;
    struct device *officer = &world->devices[world->device_count - 1];
    const struct message *message =
        &history->messages[prng_below(&world->prng, history->message_count)];
    wire_read_receipts read = UNSAY__V1__READ_RECEIPTS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    if (message->seq == 0)
        return;
    read.conversation = string_of(message->conversation);
    read.seq = message->seq;
    frame.body_case = CLIENT_FRAME(READ_RECEIPTS);
    frame.read_receipts = &read;
    device_ask(officer, &frame);
    world->unanswered.receipts++;
}

void questions_ask(struct world *world)
{
    const struct history *history = &world->history;
    world->unanswered = (struct questions){.lists = 0};
    for (size_t i = 0; i < world->device_count; i++)
        questions_ask_list(world, &world->devices[i]);
    for (unsigned i = 0; i < REPORTS_MAX && history->recall_count > 0; i++)
        questions_ask_report(world,
                             &history->recalls[prng_below(&world->prng, history->recall_count)]);
    for (unsigned i = 0; i < REPORTS_MAX && history->message_count > 0; i++)
        questions_ask_receipts(world);
}

/* A page without them is an answer to the device's own question. */
static bool questions_has_overview(const wire_conversation_page *page)
{
    bool has = page->n_conversations == 0;
    for (size_t i = 0; i < page->n_conversations; i++)
        has |= page->conversations[i]->preview != NULL;
    return has;
}

void questions_answered(struct world *world, const struct link *link,
                        const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(CONVERSATIONS) && world->unanswered.lists > 0) {
        world->unanswered.lists--;
        if (questions_has_overview(frame->conversations)) {
            check_overview(world, link, frame->conversations);
            check_list(world, link, frame->conversations);
        }
    } else if (frame->body_case == SERVER_FRAME(EXPOSURE) && world->unanswered.reports > 0) {
        world->unanswered.reports--;
        check_exposed(world, frame->exposure);
    } else if (frame->body_case == SERVER_FRAME(RECEIPTS) && world->unanswered.receipts > 0) {
        world->unanswered.receipts--;
        check_levels_counted(world, frame->receipts);
    }
}

bool questions_are_answered(const struct world *world)
{
    return world->unanswered.lists == 0 && world->unanswered.reports == 0 &&
           world->unanswered.receipts == 0;
}
