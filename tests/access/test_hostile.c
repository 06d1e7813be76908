/* Peers that break the protocols: every case ends with a status and, where there is one, the
 * protocol's own answer; cut into single bytes as well as whole. */
#include "link.h"

#include "base/limits.h"
#include "base/memory.h"
#include "core/frame.h"

#define FOR_EACH(item, array) \
    for (size_t item = 0; item < sizeof(array) / sizeof((array)[0]); item++)

/* RFC 6455, 1.3 */
static const char request[] = "GET /chat HTTP/1.1\r\n"
                              "Host: server.example.com\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Origin: http://example.com\r\n"
                              "Sec-WebSocket-Protocol: chat, unsay.v1\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n";
static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                             "Sec-WebSocket-Protocol: unsay.v1\r\n\r\n";

static void open_link(struct link *link, bool is_websocket)
{
    link_init(link, is_websocket, false, "chat.test", NULL, NULL, LINK_WHOLE);
    link_run(link);
}

/* Feeds in one piece, or byte by byte; the status that ends it. */
static enum status feed(struct link_end *end, const void *bytes, size_t size, bool is_cut)
{
    if (!is_cut)
        return link_inject(end, bytes, size);
    for (size_t i = 0; i < size; i++) {
        if (link_inject(end, (const uint8_t *)bytes + i, 1) != STATUS_OK)
            break;
    }
    return end->status;
}

static void assert_sent(struct link_end *end, const void *bytes, size_t size)
{
    assert_int_equal(buffer_size(&end->sent), size);
    if (size > 0)
        assert_memory_equal(buffer_view(&end->sent).data, bytes, size);
}

static void first_bytes_that_are_no_protocol(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++) {
        struct link_end end = {.transport = transport_new_server(NULL)};
        uint8_t bytes[8] = {(uint8_t)first, 0, 0, 0};
        enum status status = link_inject(&end, bytes, sizeof(bytes));
        enum status expected = first == 0      ? STATUS_OK
                               : first == 0x16 ? STATUS_UNSUPPORTED
                                               : STATUS_MALFORMED;
        assert_int_equal(status, expected);
        if (status != STATUS_OK) {
            assert_true(strlen(end.failure.text) > 10);
            assert_int_equal(link_inject(&end, bytes, 1), status);
        }
        transport_free(end.transport);
        buffer_fini(&end.sent);
        buffer_fini(&end.received);
    }
}

static void raw_frames_beyond_the_limit(void **state)
{
    static const uint8_t sizes[][4] = {
        {0, 2, 0, 1}, {0, 255, 255, 255}, {1, 0, 0, 0}, {255, 255, 255, 255}};
    (void)state;
    FOR_EACH(i, sizes) for (int is_cut = 0; is_cut < 2; is_cut++)
    {
        struct link link;
        open_link(&link, false);
        assert_int_equal(feed(&link.server, "\0\0\0\1x", 5, is_cut), STATUS_OK);
        assert_int_equal(feed(&link.server, sizes[i], 4, is_cut), STATUS_TOO_LARGE);
        assert_int_equal(link.server.frame_count, 1);
        assert_non_null(strstr(link.server.failure.text, "131072"));
        link_fini(&link);
    }
}

static void the_upgrade_of_the_rfc(void **state)
{
    (void)state;
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct link_end end = {.transport = transport_new_server(NULL)};
        assert_int_equal(feed(&end, request, strlen(request), is_cut), STATUS_OK);
        assert_sent(&end, answer, strlen(answer));
        assert_true(transport_is_ready(end.transport));
        /* "Hello", masked as in 5.7, but binary */
        static const uint8_t hello[] = {0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                        0x7f, 0x9f, 0x4d, 0x51, 0x58};
        assert_int_equal(feed(&end, hello, sizeof(hello), is_cut), STATUS_OK);
        assert_memory_equal(buffer_view(&end.received).data, "\0\0\0\5Hello", 9);
        transport_free(end.transport);
        buffer_fini(&end.sent);
        buffer_fini(&end.received);
    }
}

/* `request` with the first `old` replaced; the caller frees. */
static char *request_with(const char *old, const char *new)
{
    const char *at = strstr(request, old);
    assert_non_null(at);
    size_t before = (size_t)(at - request);
    size_t size = sizeof(request) + strlen(new);
    char *text = memory_new(size);
    snprintf(text, size, "%.*s%s%s", (int)before, request, new, at + strlen(old));
    return text;
}

static void requests_that_are_wrong(void **state)
{
    static const struct {
        const char *old;
        const char *new;
        const char *answer; /* NULL: accepted */
    } cases[] = {
        {"GET /chat", "GET  /chat", "400"},
        {"GET /chat", "GOT /chat", "400"},
        {"GET /chat", "GET http://x/", "400"},
        {"HTTP/1.1", "HTTP/1.0", "400"},
        {"HTTP/1.1", "HTTP/1.1 ", "400"},
        {"Host: server.example.com\r\n", "", "400"},
        {"Host: server.example.com\r\n", "Host: a\r\nHost: b\r\n", "400"},
        {"Host:", "Host :", "400"},
        {"Host: server.example.com\r\n", "Host: a\r\n folded\r\n", "400"},
        {"Host: server.example.com\r\n", "Host: a\nX: b\r\n", "400"},
        {"Host: server.example.com\r\n", "Host: a\r\nno colon\r\n", "400"},
        {"Host: server.example.com\r\n", "Host: a\r\n: empty\r\n", "400"},
        {"Origin: http", "Content-Length: 5\r\nOrigin: http", "400"},
        {"Origin: http", "Content-Length: 0\r\nOrigin: http", NULL},
        {"Origin: http", "Transfer-Encoding: chunked\r\nOrigin: http", "400"},
        {"Upgrade: websocket\r\n", "", "426"},
        {"Upgrade: websocket\r\n", "Upgrade: h2c\r\n", "426"},
        {"Upgrade: websocket\r\n", "upgrade:h2c ,\tWebSocket \r\n", NULL},
        {"Connection: Upgrade\r\n", "", "426"},
        {"Connection: Upgrade\r\n", "Connection: keep-alive, upgrade\r\n", NULL},
        {"Version: 13", "Version: 8", "426"},
        {"Version: 13", "Version: 13, 8", "426"},
        {"Sec-WebSocket-Version: 13\r\n", "", "426"},
        {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", "400"},
        {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", "400"},
        {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR==", "400"},
        {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: x", "400"},
        {"chat, unsay.v1", "Unsay.v1", NULL},
    };
    (void)state;
    FOR_EACH(i, cases) for (int is_cut = 0; is_cut < 2; is_cut++)
    {
        struct link_end end = {.transport = transport_new_server(NULL)};
        char *text = request_with(cases[i].old, cases[i].new);
        enum status status = feed(&end, text, strlen(text), is_cut);
        const char *expected = cases[i].answer == NULL ? "101" : cases[i].answer;
        char *sent = memory_copy(buffer_view(&end.sent).data, buffer_size(&end.sent));
        if (strncmp(sent, "HTTP/1.1 ", 9) != 0 || strncmp(sent + 9, expected, 3) != 0)
            fail_msg("%s -> %s: got %.40s", cases[i].old, cases[i].new, sent);
        assert_int_equal(status, cases[i].answer == NULL ? STATUS_OK : STATUS_MALFORMED);
        if (cases[i].answer != NULL) {
            const char *body = strstr(sent, "\r\n\r\n");
            assert_non_null(body);
            assert_true(strlen(body) > 20);
        }
        free(sent);
        free(text);
        transport_free(end.transport);
        buffer_fini(&end.sent);
        buffer_fini(&end.received);
    }
}

static void a_request_without_end(void **state)
{
    (void)state;
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct link_end end = {.transport = transport_new_server(NULL)};
        uint8_t bytes[8192];
        memset(bytes, 'x', sizeof(bytes));
        memcpy(bytes, "GET ", 4);
        assert_int_equal(feed(&end, bytes, sizeof(bytes) - 1, is_cut), STATUS_OK);
        assert_int_equal(feed(&end, "x", 1, is_cut), STATUS_MALFORMED);
        assert_memory_equal(buffer_view(&end.sent).data, "HTTP/1.1 431", 12);
        transport_free(end.transport);
        buffer_fini(&end.sent);
        buffer_fini(&end.received);
    }
}

static void answers_that_are_wrong(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "HTTP/1.1 1010 X\r\n\r\n",
        "HTTP/1.1 101 X\r\n\r\n",
        "\0\0\0\1x",
        "SSH-2.0-OpenSSH\r\n",
        /* the accept of another key */
        answer,
    };
    (void)state;
    FOR_EACH(i, answers) for (int is_cut = 0; is_cut < 2; is_cut++)
    {
        struct link link;
        link_init(&link, true, false, "chat.test", NULL, NULL, LINK_WHOLE);
        size_t size = answers[i][0] == 0 ? 5 : strlen(answers[i]);
        assert_int_equal(feed(&link.client, answers[i], size, is_cut), STATUS_MALFORMED);
        assert_false(transport_is_ready(link.client.transport));
        link_fini(&link);
    }
}

static void targets_that_no_request_can_hold(void **state)
{
    static const struct transport_target targets[] = {
        {"a\r\nX: y", NULL, true, false}, {"", NULL, true, false}, {"a b", NULL, true, false},
        {"a", "/ x", true, false},        {"a", "", true, false},  {"a", "x", true, false},
        {"a", "/\n", true, false}};
    static const uint8_t random[16];
    (void)state;
    FOR_EACH(i, targets)
    {
        struct buffer out;
        buffer_init(&out);
        struct transport *transport = transport_new_client(&targets[i], NULL, random);
        assert_int_equal(transport_start(transport, &out), STATUS_MALFORMED);
        assert_int_equal(buffer_size(&out), 0);
        transport_free(transport);
        buffer_fini(&out);
    }
}

/* What a server does with these bytes of a client, masked with zeros. */
static void websocket_frames_that_are_wrong(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t size;
        enum status status;
        uint16_t code;
    } cases[] = {
        {"unmasked", "\x82\x01x", 3, STATUS_MALFORMED, 1002},
        {"unmasked, empty", "\x82\x00", 2, STATUS_MALFORMED, 1002},
        {"reserved bit 1", "\xc2\x81\0\0\0\0x", 7, STATUS_MALFORMED, 1002},
        {"reserved bit 3", "\x92\x81\0\0\0\0x", 7, STATUS_MALFORMED, 1002},
        {"opcode 3", "\x83\x81\0\0\0\0x", 7, STATUS_MALFORMED, 1002},
        {"opcode 15", "\x8f\x80\0\0\0\0", 6, STATUS_MALFORMED, 1002},
        {"ping of 126 bytes", "\x89\xfe\0\x7e\0\0\0\0x", 9, STATUS_MALFORMED, 1002},
        {"ping in fragments", "\x09\x81\0\0\0\0x", 7, STATUS_MALFORMED, 1002},
        {"continuation of nothing", "\x80\x81\0\0\0\0x", 7, STATUS_MALFORMED, 1002},
        {"a message inside another", "\x02\x81\0\0\0\0x\x82\x81\0\0\0\0x", 14, STATUS_MALFORMED,
         1002},
        {"text", "\x81\x81\0\0\0\0x", 7, STATUS_UNSUPPORTED, 1003},
        {"length not minimal", "\x82\xfe\0\x05\0\0\0\0xxxxx", 13, STATUS_MALFORMED, 1002},
        {"length not minimal, 64 bits", "\x82\xff\0\0\0\0\0\0\0\x05\0\0\0\0xxxxx", 19,
         STATUS_MALFORMED, 1002},
        {"one byte more than the limit", "\x82\xff\0\0\0\0\0\x02\0\x01\0\0\0\0x", 15,
         STATUS_TOO_LARGE, 1009},
        {"2^62 bytes", "\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0x", 15, STATUS_TOO_LARGE, 1009},
        {"2^63 bytes", "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0x", 15, STATUS_MALFORMED, 1002},
        {"2^63 - 1 bytes after one",
         "\x02\x81\0\0\0\0x\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 22, STATUS_TOO_LARGE,
         1009},
        {"close with half a code", "\x88\x81\0\0\0\0\x03", 7, STATUS_MALFORMED, 1002},
        {"close with code 1005", "\x88\x82\0\0\0\0\x03\xed", 8, STATUS_MALFORMED, 1002},
        {"close with code 999", "\x88\x82\0\0\0\0\x03\xe7", 8, STATUS_MALFORMED, 1002},
        {"close", "\x88\x82\0\0\0\0\x03\xe8", 8, STATUS_CLOSED, 1000},
        {"close with a reason",
         "\x88\x85\0\0\0\0\x0f\xa1"
         "bye",
         11, STATUS_CLOSED, 4001},
    };
    (void)state;
    FOR_EACH(i, cases) for (int is_cut = 0; is_cut < 2; is_cut++)
    {
        struct link link;
        open_link(&link, true);
        assert_true(transport_is_ready(link.server.transport));
        enum status status = feed(&link.server, cases[i].bytes, cases[i].size, is_cut);
        if (status != cases[i].status)
            fail_msg("%s: %s (%s)", cases[i].what, status_text(status), link.server.failure.text);
        uint8_t close_frame[] = {0x88, 2, (uint8_t)(cases[i].code >> 8), (uint8_t)cases[i].code};
        assert_sent(&link.server, close_frame, sizeof(close_frame));
        assert_int_equal(link.server.frame_count, 0);
        assert_false(transport_is_ready(link.server.transport));
        link_fini(&link);
    }
}

static void a_client_refuses_masked_frames(void **state)
{
    struct link link;
    (void)state;
    open_link(&link, true);
    assert_int_equal(link_inject(&link.client, "\x82\x81\0\0\0\0x", 7), STATUS_MALFORMED);
    assert_int_equal(buffer_size(&link.client.sent), 8);
    link_fini(&link);
}

static void a_close_without_code_is_echoed(void **state)
{
    struct link link;
    (void)state;
    open_link(&link, true);
    assert_int_equal(link_inject(&link.server, "\x88\x80\0\0\0\0", 6), STATUS_CLOSED);
    assert_sent(&link.server, "\x88\0", 2);
    link_fini(&link);
}

static void both_ends_close(void **state)
{
    struct link link;
    (void)state;
    open_link(&link, true);
    transport_close(link.server.transport, 1001, &link.server.sent);
    assert_sent(&link.server, "\x88\x02\x03\xe9", 4);
    link_run(&link);
    assert_int_equal(link.client.status, STATUS_CLOSED);
    assert_int_equal(link.server.status, STATUS_CLOSED);
    assert_sent(&link.server, NULL, 0);
    link_fini(&link);
}

static void pings_are_answered(void **state)
{
    (void)state;
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct link link;
        open_link(&link, true);
        assert_int_equal(feed(&link.server, "\x89\x83\1\1\1\1hho\x89\x80\1\1\1\1", 15, is_cut),
                         STATUS_OK);
        assert_sent(&link.server, "\x8a\3iin\x8a\0", 7);
        link_run(&link);
        assert_int_equal(link.client.status, STATUS_OK); /* pongs are welcome */
        link_fini(&link);
    }
}

static void fragments_become_one_frame(void **state)
{
    /* "ab", a ping between, nothing, then "c"; then a message of no bytes in two fragments */
    static const char bytes[] =
        "\x02\x82\0\0\0\0ab\x89\x81\0\0\0\0p\x00\x80\0\0\0\0\x80\x81\0\0\0\0c"
        "\x02\x80\0\0\0\0\x80\x80\0\0\0\0";
    (void)state;
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct link link;
        open_link(&link, true);
        assert_int_equal(feed(&link.server, bytes, sizeof(bytes) - 1, is_cut), STATUS_OK);
        assert_int_equal(link.server.frame_count, 2);
        assert_int_equal(buffer_size(&link.server.received), 11);
        assert_memory_equal(buffer_view(&link.server.received).data, "\0\0\0\3abc\0\0\0\0", 11);
        assert_sent(&link.server, "\x8a\1p", 3);
        link_fini(&link);
    }
}

static void fragments_beyond_the_limit(void **state)
{
    enum { PART = 60000 };
    uint8_t *part = memory_new(8 + PART);
    struct link link;
    (void)state;
    open_link(&link, true);
    part[0] = 0x02;
    part[1] = 0x80 | 126;
    part[2] = PART >> 8;
    part[3] = PART & 255;
    assert_int_equal(link_inject(&link.server, part, 8 + PART), STATUS_OK);
    part[0] = 0x00;
    assert_int_equal(link_inject(&link.server, part, 8 + PART), STATUS_OK);
    assert_int_equal(link_inject(&link.server, part, 9), STATUS_TOO_LARGE);
    assert_sent(&link.server, "\x88\2\x03\xf1", 4);
    link_fini(&link);
    free(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_that_are_no_protocol),
        cmocka_unit_test(raw_frames_beyond_the_limit),
        cmocka_unit_test(the_upgrade_of_the_rfc),
        cmocka_unit_test(requests_that_are_wrong),
        cmocka_unit_test(a_request_without_end),
        cmocka_unit_test(answers_that_are_wrong),
        cmocka_unit_test(targets_that_no_request_can_hold),
        cmocka_unit_test(websocket_frames_that_are_wrong),
        cmocka_unit_test(a_client_refuses_masked_frames),
        cmocka_unit_test(a_close_without_code_is_echoed),
        cmocka_unit_test(both_ends_close),
        cmocka_unit_test(pings_are_answered),
        cmocka_unit_test(fragments_become_one_frame),
        cmocka_unit_test(fragments_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
