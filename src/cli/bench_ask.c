#include "cli/bench_ask.h"

#include "cli/bench_traffic.h"
#include "core/refusal.h"

static void ask_say(struct load_client *client, wire_client_frame *frame)
{
    peer_loop_now(&client->load->loop);
    client->load->question = (struct load_question){.asked_ns = client->load->loop.now_ns};
    frame->request = request_make(REQUEST_ASK, 0);
    traffic_say(client, frame);
}

void ask_page(struct load_client *client, uint64_t before, unsigned limit)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = client->conversation;
    read.origin = ORIGIN_DEFAULT;
    read.before = before;
    read.limit = limit;
    read.newest = true;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    ask_say(client, &frame);
}

void ask_list(struct load_client *client)
{
    wire_list_conversations list = UNSAY__V1__LIST_CONVERSATIONS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    list.limit = LIMIT_OVERVIEW_CONVERSATIONS_MAX;
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    ask_say(client, &frame);
}

void ask_take(struct load_client *client, const wire_server_frame *frame)
{
    struct load_question *question = &client->load->question;
    if (frame->body_case == SERVER_FRAME(EVENT)) {
        question->events++;
    } else if (frame->body_case == SERVER_FRAME(ERROR)) {
        load_fail(client->load, STATUS_UNSUPPORTED, "the server refused: %s: %s",
                  refusal_name(frame->error->code), frame->error->detail);
    } else {
        if (frame->body_case == SERVER_FRAME(CONVERSATIONS))
            question->events = (unsigned)frame->conversations->n_conversations;
        question->answered_ns = client->load->loop.now_ns;
    }
}

static bool ask_is_answered(const struct load *load)
{
    return load->question.answered_ns != 0;
}

enum status ask_await(struct load *load, double seconds)
{
    if (!load_run(load, ask_is_answered, seconds))
        load_fail(load, STATUS_UNREACHABLE, "a question was not answered within %.0f s", seconds);
    return load->failure.status;
}
