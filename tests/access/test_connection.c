/* Signing in over a real socket: what of a Hello and its token reaches the other side of peer.h. */
#include "access/connection.h"
#include "access/peer.h"
#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const uint64_t wall_ms = 1700000000000;

/* The other side of peer.h: it remembers who came. */
static struct {
    unsigned arrivals;
    unsigned departures;
    struct identity identity;
    char address[64];
    uint64_t request;
    Unsay__V1__Follow follow;
    size_t key_bytes;
} peer;

uint64_t peer_begin_turn(void *context)
{
    (void)context;
    return wall_ms;
}

void *peer_signed_in(void *context, struct connection *connection,
                     const struct peer_arrival *arrival)
{
    (void)connection;
    peer.arrivals++;
    peer.identity = *arrival->identity;
    snprintf(peer.address, sizeof(peer.address), "%s", arrival->address);
    peer.request = arrival->request;
    peer.follow = arrival->hello->follow;
    peer.key_bytes = arrival->hello->device_key.len;
    return context;
}

void peer_frame(void *context, void *session, const wire_client_frame *frame, struct view payload)
{
    (void)context;
    (void)session;
    (void)frame;
    (void)payload;
}

struct blob *peer_next_frame(void *context, void *session)
{
    (void)context;
    (void)session;
    return NULL;
}

void peer_closed(void *context, void *session)
{
    (void)context;
    (void)session;
    peer.departures++;
}

/* ---- A server's loop and one client ---- */

struct meeting {
    uv_loop_t loop;
    struct identity_keys *keys;
    struct connection_settings settings;
    struct connection_counts counts;
    struct connections connections;
    int client;
    uint16_t client_port;
};

/* The client's end of a connection to `host`, with its other end at the connections. */
static void meet(struct meeting *meeting, int family, const struct sockaddr *host, socklen_t size)
{
    struct sockaddr_storage at = {0};
    socklen_t at_size = sizeof(at);
    struct timeval patience = {.tv_sec = 10};
    memset(&peer, 0, sizeof(peer));
    *meeting = (struct meeting){.keys = identity_keys_new(), .client = -1};
    assert_int_equal(identity_keys_add_secret(meeting->keys, NULL, view_of(secret), NULL),
                     STATUS_OK);
    meeting->settings = (struct connection_settings){
        .keys = meeting->keys, .heartbeat_interval_ms = 30000, .connections_max = 10};
    assert_int_equal(uv_loop_init(&meeting->loop), 0);
    connections_init(&meeting->connections, &meeting->loop, meeting, &meeting->settings,
                     &meeting->counts);

    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, host, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &at_size), 0);
    meeting->client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(meeting->client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(meeting->client, (struct sockaddr *)&at, at_size), 0);
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(server >= 0);
    close(listener);
    assert_int_equal(getsockname(meeting->client, (struct sockaddr *)&at, &at_size), 0);
    meeting->client_port = family == AF_INET ? ntohs(((struct sockaddr_in *)&at)->sin_port)
                                             : ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
    connections_add(&meeting->connections, server);
}

static void meet_ipv4(struct meeting *meeting)
{
    struct sockaddr_in host = {.sin_family = AF_INET};
    host.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    meet(meeting, AF_INET, (const struct sockaddr *)&host, sizeof(host));
}

static void part(struct meeting *meeting)
{
    close(meeting->client);
    connections_close_all(&meeting->connections);
    uv_run(&meeting->loop, UV_RUN_DEFAULT);
    connections_fini(&meeting->connections);
    assert_int_equal(uv_loop_close(&meeting->loop), 0);
    identity_keys_free(meeting->keys);
}

/* Says Hello, and runs the loop until the server has made up its mind. */
static void say_hello(struct meeting *meeting, wire_hello *hello, Unsay__V1__Actor authority)
{
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char *token = identity_sign_as(view_of(secret), authority, "ann", "phone", wall_ms, 60000);
    hello->version_min = hello->version_max = PROTOCOL_VERSION_MAX;
    hello->token = token;
    frame.request = 7;
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = hello;
    struct blob *encoded = frame_from_client(&frame);
    assert_int_equal(write(meeting->client, encoded->bytes, encoded->size), encoded->size);
    blob_release(encoded);
    free(token);
    while (peer.arrivals == 0 && uv_run(&meeting->loop, UV_RUN_ONCE) != 0)
        continue;
}

/* Fails unless the server refused the Hello and closed. */
static void assert_turned_away(struct meeting *meeting, refusal_code expected, const char *names)
{
    uint8_t bytes[1024];
    size_t size = 0;
    struct arena arena;
    for (ssize_t got = 1; got > 0; size += (size_t)got) {
        got = read(meeting->client, bytes + size, sizeof(bytes) - size);
        assert_true(got >= 0);
    }
    arena_init(&arena);
    assert_true(size > FRAME_HEADER_BYTES);
    const wire_server_frame *frame =
        frame_decode_server(frame_payload(view_make(bytes, size)), &arena);
    assert_non_null(frame);
    assert_int_equal(frame->body_case, SERVER_FRAME(ERROR));
    assert_int_equal(frame->request, 7);
    assert_int_equal(frame->error->code, expected);
    assert_true(frame->error->closing);
    assert_non_null(strstr(frame->error->detail, names));
    arena_fini(&arena);
    assert_int_equal(peer.arrivals, 0);
    assert_true(connections_is_empty(&meeting->connections));
}

static void who_signs_in_is_known_with_address_role_follow_and_key(void **state)
{
    struct meeting meeting;
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    uint8_t key[32] = {1};
    char address[64];
    (void)state;
    meet_ipv4(&meeting);
    hello.follow = WIRE(FOLLOW, REPLACE);
    hello.device_key = bytes_of(view_make(key, sizeof(key)));
    say_hello(&meeting, &hello, WIRE(ACTOR, COMPLIANCE));
    assert_int_equal(peer.arrivals, 1);
    assert_string_equal(peer.identity.user, "ann");
    assert_string_equal(peer.identity.device, "phone");
    assert_int_equal(peer.identity.authority, WIRE(ACTOR, COMPLIANCE));
    assert_int_equal(peer.request, 7);
    assert_int_equal(peer.follow, WIRE(FOLLOW, REPLACE));
    assert_int_equal(peer.key_bytes, 32);
    snprintf(address, sizeof(address), "127.0.0.1:%u", meeting.client_port);
    assert_string_equal(peer.address, address);
    part(&meeting);
    assert_int_equal(peer.departures, 1);
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    struct meeting meeting;
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    char address[64];
    struct sockaddr_in6 host = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    (void)state;
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has_ipv6 = probe >= 0 && bind(probe, (const struct sockaddr *)&host, sizeof(host)) == 0;
    close(probe);
    if (!has_ipv6)
        skip();
    meet(&meeting, AF_INET6, (const struct sockaddr *)&host, sizeof(host));
    say_hello(&meeting, &hello, WIRE(ACTOR, UNSPECIFIED));
    snprintf(address, sizeof(address), "[::1]:%u", meeting.client_port);
    assert_string_equal(peer.address, address);
    assert_int_equal(peer.identity.authority, WIRE(ACTOR, UNSPECIFIED));
    part(&meeting);
}

static void a_hello_with_a_wrong_field_ends_the_connection(void **state)
{
    struct meeting meeting;
    uint8_t key[33] = {1};
    const int follow = 3;
    (void)state;
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    meet_ipv4(&meeting);
    memcpy(&hello.follow, &follow, sizeof(hello.follow));
    say_hello(&meeting, &hello, WIRE(ACTOR, UNSPECIFIED));
    assert_turned_away(&meeting, REFUSAL_CODE(FIELD_INVALID), "follow");
    part(&meeting);

    hello = (wire_hello)UNSAY__V1__HELLO__INIT;
    meet_ipv4(&meeting);
    hello.device_key = bytes_of(view_make(key, sizeof(key)));
    say_hello(&meeting, &hello, WIRE(ACTOR, UNSPECIFIED));
    assert_turned_away(&meeting, REFUSAL_CODE(FIELD_INVALID), "device_key");
    part(&meeting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_signs_in_is_known_with_address_role_follow_and_key),
        cmocka_unit_test(an_ipv6_address_stands_in_brackets),
        cmocka_unit_test(a_hello_with_a_wrong_field_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
