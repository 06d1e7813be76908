#include "cli/bench_echo.h"

#include "access/identity.h"
#include "base/memory.h"
#include "base/table.h"
#include "cli/bench_peer.h"
#include "core/frame.h"
#include "core/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ECHO_BACKLOG = 1024, HEARTBEAT_MS = 30000 };

struct echo {
    struct peer_loop loop;
    uv_tcp_t listener;
    struct table users;         /* by name: struct echo_session */
    struct table conversations; /* by id: struct echo_conversation */
};

struct echo_session {
    struct peer peer;
    struct identity self;
    struct echo_conversation *conversation;
};

struct echo_conversation {
    char id[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t head;
    struct echo_session *members[2];
};

static struct echo *echo_of(struct echo_session *session)
{
    return LIST_ITEM(session->peer.loop, struct echo, loop);
}

static uint64_t echo_time(void)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return ((uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000) << 16;
}

static void echo_push(struct echo_conversation *conversation, wire_event *event)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    event->conversation = conversation->id;
    event->origin = ORIGIN_DEFAULT;
    event->seq = conversation->head;
    event->time = echo_time();
    frame.body_case = SERVER_FRAME(EVENT);
    frame.event = event;
    for (int i = 0; i < 2; i++)
        peer_send_server(&conversation->members[i]->peer, &frame);
}

static void echo_hello(struct echo_session *session, uint64_t request, const wire_hello *hello)
{
    wire_welcome welcome = UNSAY__V1__WELCOME__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    if (identity_peek(view_of(hello->token), &session->self) != STATUS_OK)
        return;
    table_put(&echo_of(session)->users, view_of(session->self.user), session);
    welcome.version = PROTOCOL_VERSION_MAX;
    welcome.user = session->self.user;
    welcome.device = session->self.device;
    welcome.heartbeat_interval_ms = HEARTBEAT_MS;
    frame.request = request;
    frame.body_case = SERVER_FRAME(WELCOME);
    frame.welcome = &welcome;
    peer_send_server(&session->peer, &frame);
}

static void echo_open(struct echo_session *session, uint64_t request,
                      const wire_open_conversation *open)
{
    struct echo *echo = echo_of(session);
    struct echo_session *partner = table_get(&echo->users, view_of(open->user));
    if (partner == NULL || session->conversation != NULL)
        return;
    struct view id =
        id_direct_conversation(&echo->loop.arena, view_of(session->self.user), view_of(open->user));
    struct echo_conversation *conversation = memory_new(sizeof(*conversation));
    memcpy(conversation->id, id.data, id.size);
    conversation->head = 1;
    conversation->members[0] = session;
    conversation->members[1] = partner;
    session->conversation = partner->conversation = conversation;
    table_put(&echo->conversations, view_of(conversation->id), conversation);

    wire_opened opened = UNSAY__V1__OPENED__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    opened.conversation = conversation->id;
    opened.created = true;
    frame.request = request;
    frame.body_case = SERVER_FRAME(OPENED);
    frame.opened = &opened;
    peer_send_server(&session->peer, &frame);

    wire_creation creation = UNSAY__V1__CREATION__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    creation.creator = session->self.user;
    event.kind_case = EVENT_KIND(CREATION);
    event.creation = &creation;
    echo_push(conversation, &event);
}

static void echo_send(struct echo_session *session, uint64_t request, const wire_send *send)
{
    struct echo_conversation *conversation =
        table_get(&echo_of(session)->conversations, view_of(send->conversation));
    if (conversation == NULL)
        return;
    wire_accepted accepted = UNSAY__V1__ACCEPTED__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    accepted.conversation = conversation->id;
    accepted.origin = ORIGIN_DEFAULT;
    accepted.seq = ++conversation->head;
    accepted.time = echo_time();
    accepted.message_id = send->message_id;
    accepted.state = WIRE(MESSAGE_STATE, NORMAL);
    frame.request = request;
    frame.body_case = SERVER_FRAME(ACCEPTED);
    frame.accepted = &accepted;
    peer_send_server(&session->peer, &frame);

    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    message.message_id = send->message_id;
    message.sender = session->self.user;
    message.device = session->self.device;
    message.content_type = send->content_type;
    message.body = send->body;
    message.state = WIRE(MESSAGE_STATE, NORMAL);
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    echo_push(conversation, &event);
}

static void echo_ack(struct echo_session *session, uint64_t request, const wire_ack *ack)
{
    wire_ack_confirmed confirmed = UNSAY__V1__ACK_CONFIRMED__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    confirmed.n_cursors = ack->n_cursors;
    confirmed.cursors = ack->cursors;
    frame.request = request;
    frame.body_case = SERVER_FRAME(ACK);
    frame.ack = &confirmed;
    peer_send_server(&session->peer, &frame);
}

static void echo_on_frame(struct peer *peer, struct view bytes)
{
    struct echo_session *session = LIST_ITEM(peer, struct echo_session, peer);
    const wire_client_frame *frame = frame_decode_client(frame_payload(bytes), &peer->loop->arena);
    if (frame == NULL)
        return;
    if (frame->body_case == CLIENT_FRAME(SEND))
        echo_send(session, frame->request, frame->send);
    else if (frame->body_case == CLIENT_FRAME(ACK))
        echo_ack(session, frame->request, frame->ack);
    else if (frame->body_case == CLIENT_FRAME(HELLO))
        echo_hello(session, frame->request, frame->hello);
    else if (frame->body_case == CLIENT_FRAME(OPEN_CONVERSATION))
        echo_open(session, frame->request, frame->open_conversation);
}

static void echo_on_ready(struct peer *peer)
{
    (void)peer;
}

static void echo_on_end(struct peer *peer, const char *why)
{
    (void)why;
    peer_close(peer);
}

static void echo_on_connection(uv_stream_t *listener, int result)
{
    struct echo *echo = listener->data;
    if (result < 0)
        return;
    struct echo_session *session = memory_new(sizeof(*session));
    peer_init(&session->peer, &echo->loop, transport_new_server(NULL));
    peer_accept(&session->peer, listener);
}

/* The child: it tells its port through `pipe`, and lives until it is killed. */
static _Noreturn void echo_run(int pipe)
{
    struct echo *echo = memory_new(sizeof(*echo));
    struct sockaddr_in address;
    int size = sizeof(address);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    peer_loop_init(&echo->loop);
    echo->loop.on_ready = echo_on_ready;
    echo->loop.on_frame = echo_on_frame;
    echo->loop.on_end = echo_on_end;
    table_init(&echo->users);
    table_init(&echo->conversations);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&echo->loop.uv, &echo->listener);
    echo->listener.data = echo;
    if (uv_tcp_bind(&echo->listener, (const struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&echo->listener, ECHO_BACKLOG, echo_on_connection) != 0 ||
        uv_tcp_getsockname(&echo->listener, (struct sockaddr *)&address, &size) != 0 ||
        write(pipe, &address, sizeof(address)) != sizeof(address))
        _exit(1);
    close(pipe);
    uv_run(&echo->loop.uv, UV_RUN_DEFAULT);
    _exit(0);
}

enum status bench_echo_start(pid_t *pid, struct sockaddr_in *address, struct failure *failure)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return failure_set(failure, STATUS_IO, "cannot make a pipe: %s", strerror(errno));
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        close(pipes[0]);
        echo_run(pipes[1]);
    }
    close(pipes[1]);
    ssize_t size = *pid < 0 ? -1 : read(pipes[0], address, sizeof(*address));
    close(pipes[0]);
    if (size == (ssize_t)sizeof(*address))
        return STATUS_OK;
    if (*pid > 0)
        bench_echo_stop(*pid);
    return failure_set(failure, STATUS_IO, "the echo server did not start");
}

void bench_echo_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}
