/* What holds for every transport, and what holds for TLS. */
#include "link.h"

#include "base/limits.h"
#include "core/frame.h"

static struct link_certificate files;
static struct link_certificate other_files;
static struct transport_tls *server_tls;
static struct transport_tls *client_tls;

static const struct kind {
    const char *name;
    bool is_websocket;
    bool is_tls;
} kinds[] = {{"tcp", false, false}, {"ws", true, false}, {"tls", false, true}, {"wss", true, true}};

static const enum link_cut cuts[] = {LINK_WHOLE, LINK_BYTES, LINK_RANDOM};

#define FOR_EACH(item, array) \
    for (size_t item = 0; item < sizeof(array) / sizeof((array)[0]); item++)

static int set_up(void **state)
{
    struct failure failure = {0};
    (void)state;
    link_certificate_make(&files);
    link_certificate_make(&other_files);
    assert_int_equal(transport_tls_server(files.certificate, files.key, &server_tls, &failure),
                     STATUS_OK);
    assert_int_equal(transport_tls_client(files.certificate, &client_tls, &failure), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    transport_tls_free(server_tls);
    transport_tls_free(client_tls);
    link_certificate_remove(&files);
    link_certificate_remove(&other_files);
    return 0;
}

static void link_open(struct link *link, const struct kind *kind, enum link_cut cut)
{
    link_init(link, kind->is_websocket, kind->is_tls, "chat.test", client_tls, server_tls, cut);
    assert_int_equal(link->client.status, STATUS_OK);
    link_run(link);
    assert_true(transport_is_ready(link->client.transport));
}

static void assert_whole(struct link_end *end, size_t frame_count)
{
    if (end->status != STATUS_OK)
        fail_msg("%s: %s", transport_name(end->transport), end->failure.text);
    assert_int_equal(end->frame_count, frame_count);
    assert_int_equal(buffer_size(&end->received), 0);
}

/* The same frames both ways, whatever the transport and however the bytes are cut. */
static void frames_pass(void **state)
{
    static const size_t sizes[] = {1, 200, 0, 125, 126, 70000, 65535, 65536, LIMIT_FRAME_BYTES_MAX,
                                   3, 0};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    (void)state;
    FOR_EACH(k, kinds) FOR_EACH(c, cuts)
    {
        struct link link;
        link_open(&link, &kinds[k], cuts[c]);
        FOR_EACH(i, sizes)
        link_send(&link.client, sizes[i], (uint8_t)i);
        link_run(&link);
        assert_string_equal(transport_name(link.client.transport), kinds[k].name);
        assert_string_equal(transport_name(link.server.transport), kinds[k].name);
        FOR_EACH(i, sizes)
        link_send(&link.server, sizes[i], (uint8_t)(i + 100));
        link_run(&link);
        FOR_EACH(i, sizes)
        {
            link_expect(&link.server, sizes[i], (uint8_t)i);
            link_expect(&link.client, sizes[i], (uint8_t)(i + 100));
        }
        assert_whole(&link.client, COUNT);
        assert_whole(&link.server, COUNT);
        link_fini(&link);
    }
}

static void many_small_frames_pass(void **state)
{
    enum { COUNT = 2000 };
    (void)state;
    FOR_EACH(k, kinds)
    {
        struct link link;
        link_open(&link, &kinds[k], LINK_RANDOM);
        for (size_t i = 0; i < COUNT; i++)
            link_send(&link.client, i % 300, (uint8_t)i);
        link_run(&link);
        for (size_t i = 0; i < COUNT; i++)
            link_expect(&link.server, i % 300, (uint8_t)i);
        assert_whole(&link.server, COUNT);
        link_fini(&link);
    }
}

static void half_a_frame_is_kept(void **state)
{
    (void)state;
    FOR_EACH(k, kinds)
    {
        struct link link;
        link_open(&link, &kinds[k], LINK_WHOLE);
        link_send(&link.client, 1000, 7);
        size_t half = buffer_size(&link.client.sent) / 2;
        assert_int_equal(link_inject(&link.server, buffer_view(&link.client.sent).data, half),
                         STATUS_OK);
        assert_int_equal(link.server.frame_count, 0);
        buffer_consume(&link.client.sent, half);
        link_run(&link);
        link_expect(&link.server, 1000, 7);
        assert_whole(&link.server, 1);
        link_fini(&link);
    }
}

static void the_limit_is_kept_when_sending(void **state)
{
    (void)state;
    struct view frame = link_frame(LIMIT_FRAME_BYTES_MAX + 1, 0);
    FOR_EACH(k, kinds)
    {
        struct link link;
        link_open(&link, &kinds[k], LINK_WHOLE);
        assert_int_equal(transport_send(link.client.transport, frame, &link.client.sent),
                         STATUS_TOO_LARGE);
        assert_int_equal(buffer_size(&link.client.sent), 0);
        link_fini(&link);
    }
    free((void *)(uintptr_t)frame.data);
}

static void stopping_stops(void **state)
{
    (void)state;
    FOR_EACH(k, kinds)
    {
        struct link link;
        link_open(&link, &kinds[k], LINK_WHOLE);
        link.server.stop_after = 2;
        for (uint8_t i = 0; i < 5; i++)
            link_send(&link.client, 10, i);
        link_run(&link);
        assert_int_equal(link.server.frame_count, 2);
        assert_int_equal(link.server.status, STATUS_CLOSED);
        assert_int_equal(link_inject(&link.server, "x", 1), STATUS_CLOSED);
        /* The last word is still possible: why the connection ends. */
        link_send(&link.server, 20, 9);
        transport_close(link.server.transport, 1008, &link.server.sent);
        link_run(&link);
        link_expect(&link.client, 20, 9);
        link_fini(&link);
    }
}

static void closing_is_told(void **state)
{
    (void)state;
    FOR_EACH(k, kinds)
    {
        struct link link;
        struct view frame = link_frame(5, 0);
        link_open(&link, &kinds[k], LINK_WHOLE);
        link_send(&link.client, 5, 0);
        transport_close(link.client.transport, 1000, &link.client.sent);
        size_t size = buffer_size(&link.client.sent);
        transport_close(link.client.transport, 1000, &link.client.sent);
        assert_false(transport_is_ready(link.client.transport));
        assert_int_equal(transport_send(link.client.transport, frame, &link.client.sent),
                         STATUS_CLOSED);
        assert_int_equal(buffer_size(&link.client.sent), size);
        link_run(&link);
        link_expect(&link.server, 5, 0);
        bool has_farewell = kinds[k].is_websocket || kinds[k].is_tls;
        assert_int_equal(link.server.status, has_farewell ? STATUS_CLOSED : STATUS_OK);
        free((void *)(uintptr_t)frame.data);
        link_fini(&link);
    }
}

static void not_ready_before_the_handshake(void **state)
{
    (void)state;
    struct view frame = link_frame(5, 0);
    FOR_EACH(k, kinds)
    {
        struct link link;
        bool has_handshake = kinds[k].is_websocket || kinds[k].is_tls;
        link_init(&link, kinds[k].is_websocket, kinds[k].is_tls, "chat.test", client_tls,
                  server_tls, LINK_WHOLE);
        assert_int_equal(transport_is_ready(link.client.transport), !has_handshake);
        assert_false(transport_is_ready(link.server.transport));
        assert_string_equal(transport_name(link.server.transport), "unknown");
        assert_int_equal(transport_send(link.server.transport, frame, &link.server.sent),
                         STATUS_CLOSED);
        /* Closing an undecided connection says nothing that could be taken for a protocol. */
        transport_close(link.server.transport, 1000, &link.server.sent);
        assert_int_equal(buffer_size(&link.server.sent), 0);
        link_fini(&link);
    }
    free((void *)(uintptr_t)frame.data);
}

/* TLS */

static void a_server_without_certificate_refuses_tls(void **state)
{
    struct link link;
    (void)state;
    link_init(&link, false, true, "chat.test", client_tls, NULL, LINK_WHOLE);
    link_run(&link);
    assert_int_equal(link.server.status, STATUS_UNSUPPORTED);
    assert_int_equal(link.client.status, STATUS_MALFORMED);
    assert_non_null(strstr(link.client.failure.text, "alert handshake failure"));
    link_fini(&link);
}

static void an_unknown_authority_is_not_trusted(void **state)
{
    struct transport_tls *tls;
    (void)state;
    assert_int_equal(transport_tls_client(other_files.certificate, &tls, NULL), STATUS_OK);
    FOR_EACH(c, cuts)
    {
        struct link link;
        link_init(&link, true, true, "chat.test", tls, server_tls, cuts[c]);
        link_run(&link);
        assert_int_equal(link.client.status, STATUS_UNTRUSTED);
        assert_false(transport_is_ready(link.client.transport));
        assert_int_not_equal(link.server.status, STATUS_OK); /* it got the alert */
        link_fini(&link);
    }
    transport_tls_free(tls);
}

static void the_name_must_be_the_servers(void **state)
{
    static const struct {
        const char *host;
        enum status status;
    } cases[] = {
        {"chat.test", STATUS_OK},          {"127.0.0.1", STATUS_OK},
        {"other.test", STATUS_UNTRUSTED},  {"127.0.0.2", STATUS_UNTRUSTED},
        {"a.chat.test", STATUS_UNTRUSTED}, {"test", STATUS_UNTRUSTED},
    };
    (void)state;
    FOR_EACH(i, cases)
    {
        struct link link;
        link_init(&link, false, true, cases[i].host, client_tls, server_tls, LINK_WHOLE);
        link_run(&link);
        assert_int_equal(link.client.status, cases[i].status);
        assert_int_equal(transport_is_ready(link.client.transport), cases[i].status == STATUS_OK);
        link_fini(&link);
    }
    struct link link;
    link_init(&link, false, true, "", client_tls, server_tls, LINK_WHOLE);
    assert_int_equal(link.client.status, STATUS_UNTRUSTED);
    link_fini(&link);
}

static void broken_records_end_the_connection(void **state)
{
    (void)state;
    for (int i = 2; i < 4; i++) {
        struct link link;
        link_open(&link, &kinds[i], LINK_WHOLE);
        link_send(&link.client, 100, 1);
        struct view sent = buffer_view(&link.client.sent);
        link.client.sent.data[link.client.sent.start + sent.size / 2] ^= 1;
        link_run(&link);
        assert_int_equal(link.server.status, STATUS_MALFORMED);
        assert_int_equal(link.server.frame_count, 0);
        link_fini(&link);
    }
}

static void tls_is_not_spoken_inside_tls(void **state)
{
    struct link link;
    static const uint8_t hello[] = {0, 0x16, 0, 0, 0};
    (void)state;
    /* A frame whose first byte is 0x16 cannot be sent: lend the client another one. */
    link_open(&link, &kinds[2], LINK_WHOLE);
    link_send(&link.client, 0, 0);
    link_run(&link);
    assert_int_equal(
        transport_send(link.client.transport, view_make(hello + 1, 4), &link.client.sent),
        STATUS_OK);
    link_run(&link);
    assert_int_equal(link.server.status, STATUS_TOO_LARGE);
    link_fini(&link);

    link_open(&link, &kinds[2], LINK_WHOLE);
    assert_int_equal(
        transport_send(link.client.transport, view_make(hello + 1, 4), &link.client.sent),
        STATUS_OK);
    link_run(&link);
    assert_int_equal(link.server.status, STATUS_MALFORMED);
    link_fini(&link);
}

static void settings_say_what_is_wrong(void **state)
{
    struct transport_tls *tls;
    struct failure failure;
    (void)state;
    assert_int_equal(transport_tls_server("/nonexistent", files.key, &tls, &failure),
                     STATUS_MALFORMED);
    assert_null(tls);
    assert_non_null(strstr(failure.text, "/nonexistent"));
    assert_int_equal(transport_tls_server(files.certificate, other_files.key, &tls, &failure),
                     STATUS_MALFORMED);
    assert_non_null(strstr(failure.text, other_files.key));
    assert_int_equal(transport_tls_client(files.key, &tls, &failure), STATUS_MALFORMED);
    assert_null(tls);
    transport_tls_free(NULL);
    transport_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_pass),
        cmocka_unit_test(many_small_frames_pass),
        cmocka_unit_test(half_a_frame_is_kept),
        cmocka_unit_test(the_limit_is_kept_when_sending),
        cmocka_unit_test(stopping_stops),
        cmocka_unit_test(closing_is_told),
        cmocka_unit_test(not_ready_before_the_handshake),
        cmocka_unit_test(a_server_without_certificate_refuses_tls),
        cmocka_unit_test(an_unknown_authority_is_not_trusted),
        cmocka_unit_test(the_name_must_be_the_servers),
        cmocka_unit_test(broken_records_end_the_connection),
        cmocka_unit_test(tls_is_not_spoken_inside_tls),
        cmocka_unit_test(settings_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
