/* make_corpus FOLDER: writes the committed corpus of every target, FOLDER/TARGET/NAME. */
#include "samples.h"

#include "access/identity.h"
#include "access/transport.h"
#include "base/memory.h"
#include "core/frame.h"

#include <sys/stat.h>

static const char *root;

/* `first` and then the bytes; `first` < 0: only the bytes. */
static void write_entry(const char *target, const char *name, int first, struct view bytes)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    if (first >= 0)
        fputc(first, file);
    fwrite(bytes.data, 1, bytes.size, file);
    fclose(file);
}

static void write_samples(void)
{
    for (size_t i = 0; i < sample_count; i++) {
        const ProtobufCMessage *message = samples[i].message;
        size_t size = protobuf_c_message_get_packed_size(message);
        uint8_t *bytes = memory_new(size);
        protobuf_c_message_pack(message, bytes);
        const char *target = strncmp(samples[i].name, "client", 6) == 0   ? "client_frame"
                             : strncmp(samples[i].name, "server", 6) == 0 ? "server_frame"
                                                                          : "event";
        write_entry(target, samples[i].name, -1, view_make(bytes, size));
        free(bytes);
    }
}

/* Frames of a few sizes as `transport` sends them, then a close. */
static void append_frames(struct transport *transport, struct buffer *out)
{
    static const size_t sizes[] = {0, 1, 5, 126, 300};
    uint8_t frame[FRAME_HEADER_BYTES + 300] = {0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        frame[2] = (uint8_t)(sizes[i] >> 8);
        frame[3] = (uint8_t)sizes[i];
        if (transport_send(transport, view_make(frame, FRAME_HEADER_BYTES + sizes[i]), out) !=
            STATUS_OK)
            exit(1);
    }
    transport_close(transport, 1000, out);
}

static bool no_frame(void *context, struct view frame)
{
    (void)context;
    (void)frame;
    return true;
}

static void write_transports(void)
{
    static const uint8_t random[16];
    static const struct transport_target targets[] = {{.host = "chat.test"},
                                                      {.host = "chat.test", .is_websocket = true}};
    for (int is_websocket = 0; is_websocket < 2; is_websocket++) {
        struct transport *client = transport_new_client(&targets[is_websocket], NULL, random);
        struct transport *server = transport_new_server(NULL);
        struct buffer to_server, to_client;
        buffer_init(&to_server);
        buffer_init(&to_client);
        if (transport_start(client, &to_server) != STATUS_OK ||
            transport_receive(server, buffer_view(&to_server), no_frame, NULL, &to_client, NULL) !=
                STATUS_OK ||
            transport_receive(client, buffer_view(&to_client), no_frame, NULL, &to_server, NULL) !=
                STATUS_OK)
            exit(1);
        size_t answer_bytes = buffer_size(&to_client);
        append_frames(client, &to_server);
        write_entry("transport_server", is_websocket ? "websocket" : "raw", 3,
                    buffer_view(&to_server));
        if (is_websocket) {
            append_frames(server, &to_client);
            struct view all = buffer_view(&to_client);
            write_entry("transport_client_ws", "all", 0x05, all);
            write_entry("transport_client_ws", "frames", 0x80,
                        view_make(all.data + answer_bytes, all.size - answer_bytes));
        }
        transport_free(client);
        transport_free(server);
        buffer_fini(&to_server);
        buffer_fini(&to_client);
    }
    static const uint8_t tls[] = {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0};
    static const char fragments[] = "\x02\x02"
                                    "ab\x89\x01p\x00\x00\x80\x01"
                                    "c\x8a\x00\x88\x02\x03\xe8";
    write_entry("transport_server", "tls", 0, view_make(tls, sizeof(tls)));
    write_entry("transport_client_ws", "fragments", 0x80,
                view_make(fragments, sizeof(fragments) - 1));
    write_entry("transport_client_ws", "refused", 0,
                view_of("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
}

static void write_tokens(void)
{
    char *token = identity_sign(view_of("a secret of the fuzzer, 32 bytes"), "ann", "web:1",
                                1700000000000, 60000);
    write_entry("identity", "token", 'T', view_of(token));
    free(token);
    write_entry("identity", "signed", 'S',
                view_of("{\"alg\":\"HS256\",\"kid\":\"k\"}\n{\"sub\":\"ann\",\"device\":\"web:1\","
                        "\"exp\":1700000100,\"nbf\":1700000000,\"iat\":1700000000.5}"));
    write_entry("identity", "eddsa", 'S',
                view_of("{\"alg\":\"EdDSA\"}\n{\"sub\":\"ann\",\"device\":\"d\",\"exp\":1e9}"));
    write_entry("identity", "none", 'S', view_of("{\"alg\":\"none\",\"crit\":[]}\n{}"));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    root = argv[1];
    mkdir(root, 0777);
    write_samples();
    write_transports();
    write_tokens();
    return 0;
}
