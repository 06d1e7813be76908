#include "access/transport_upgrade.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <strings.h>

static const char upgrade_protocol[] = "unsay.v1";
static const char upgrade_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum {
    UPGRADE_KEY_CHARS = 24,   /* base64 of 16 bytes */
    UPGRADE_ACCEPT_CHARS = 28 /* base64 of a SHA-1 */
};

/* What a head says; views into it. */
struct upgrade_head {
    struct view start_line;
    struct view key;
    struct view accept;
    unsigned host_count;
    unsigned key_count;
    unsigned version_count;
    unsigned accept_count;
    bool is_version_13;
    bool is_websocket;  /* Upgrade names it */
    bool is_upgrade;    /* Connection names it */
    bool has_protocol;  /* ours is among those in Sec-WebSocket-Protocol */
    bool has_protocols; /* the field is there */
    bool has_extensions;
    bool has_body;
};

static void upgrade_append(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static bool upgrade_is(struct view name, const char *text)
{
    return name.size == strlen(text) && strncasecmp((const char *)name.data, text, name.size) == 0;
}

static struct view upgrade_trim(struct view value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = view_make(value.data + 1, value.size - 1);
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    return value;
}

/* Takes what stands before the next `separator` (or all) off the front of *rest. */
static struct view upgrade_cut(struct view *rest, struct view separator)
{
    const uint8_t *at =
        rest->size == 0 ? NULL : memmem(rest->data, rest->size, separator.data, separator.size);
    struct view part = *rest;
    if (at == NULL) {
        *rest = view_make(NULL, 0);
        return part;
    }
    part.size = (size_t)(at - rest->data);
    *rest = view_make(at + separator.size, rest->size - part.size - separator.size);
    return part;
}

static bool upgrade_list_has(struct view list, const char *token, bool is_case_sensitive)
{
    while (list.size > 0) {
        struct view part = upgrade_trim(upgrade_cut(&list, view_of(",")));
        if (is_case_sensitive ? view_equal(part, view_of(token)) : upgrade_is(part, token))
            return true;
    }
    return false;
}

static bool upgrade_is_token(struct view name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    return name.size > 0;
}

static bool upgrade_is_text(struct view value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static void upgrade_take_field(struct upgrade_head *head, struct view name, struct view value)
{
    if (upgrade_is(name, "Host")) {
        head->host_count++;
    } else if (upgrade_is(name, "Upgrade")) {
        head->is_websocket |= upgrade_list_has(value, "websocket", false);
    } else if (upgrade_is(name, "Connection")) {
        head->is_upgrade |= upgrade_list_has(value, "upgrade", false);
    } else if (upgrade_is(name, "Sec-WebSocket-Key")) {
        head->key = value;
        head->key_count++;
    } else if (upgrade_is(name, "Sec-WebSocket-Version")) {
        head->is_version_13 = view_equal(value, view_of("13"));
        head->version_count++;
    } else if (upgrade_is(name, "Sec-WebSocket-Accept")) {
        head->accept = value;
        head->accept_count++;
    } else if (upgrade_is(name, "Sec-WebSocket-Protocol")) {
        head->has_protocols = true;
        head->has_protocol |= upgrade_list_has(value, upgrade_protocol, true);
    } else if (upgrade_is(name, "Sec-WebSocket-Extensions")) {
        head->has_extensions = true;
    } else if (upgrade_is(name, "Transfer-Encoding") ||
               (upgrade_is(name, "Content-Length") && !view_equal(value, view_of("0")))) {
        head->has_body = true;
    }
}

/* False when a line is not of HTTP's form. `bytes` ends in an empty line. */
static bool upgrade_parse(struct view bytes, struct upgrade_head *head)
{
    *head = (struct upgrade_head){.start_line = upgrade_cut(&bytes, view_of("\r\n"))};
    if (!upgrade_is_text(head->start_line))
        return false;
    for (;;) {
        struct view value = upgrade_cut(&bytes, view_of("\r\n"));
        if (value.size == 0)
            return true;
        if (memchr(value.data, ':', value.size) == NULL)
            return false;
        struct view name = upgrade_cut(&value, view_of(":"));
        if (!upgrade_is_token(name) || !upgrade_is_text(value))
            return false;
        upgrade_take_field(head, name, upgrade_trim(value));
    }
}

static bool upgrade_is_request_line(struct view line)
{
    struct view method = upgrade_cut(&line, view_of(" "));
    struct view target = upgrade_cut(&line, view_of(" "));
    if (!view_equal(method, view_of("GET")) || !view_equal(line, view_of("HTTP/1.1")))
        return false;
    for (size_t i = 0; i < target.size; i++) {
        if (target.data[i] <= ' ' || target.data[i] >= 0x7f)
            return false;
    }
    return target.size > 0 && target.data[0] == '/';
}

static bool upgrade_is_key(struct view key)
{
    uint8_t bytes[UPGRADE_RANDOM_BYTES];
    size_t size = 0;
    return key.size == UPGRADE_KEY_CHARS &&
           sodium_base642bin(bytes, sizeof(bytes), (const char *)key.data, key.size, NULL, &size,
                             NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == sizeof(bytes);
}

/* The Sec-WebSocket-Accept that belongs to a key (RFC 6455, 4.2.2). */
static void upgrade_accept(struct view key, char accept[UPGRADE_ACCEPT_CHARS + 1])
{
    uint8_t text[UPGRADE_KEY_CHARS + sizeof(upgrade_guid) - 1];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    memcpy(text, key.data, UPGRADE_KEY_CHARS);
    memcpy(text + UPGRADE_KEY_CHARS, upgrade_guid, sizeof(upgrade_guid) - 1);
    if (EVP_Digest(text, sizeof(text), digest, &digest_size, EVP_sha1(), NULL) != 1) {
        fprintf(stderr, "unsay: OpenSSL has no SHA-1, which WebSocket needs\n");
        abort();
    }
    sodium_bin2base64(accept, UPGRADE_ACCEPT_CHARS + 1, digest, digest_size,
                      sodium_base64_VARIANT_ORIGINAL);
}

static enum status upgrade_fail(struct buffer *out, struct failure *failure, const char *status,
                                const char *fields, const char *text)
{
    char head[512];
    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\n%sContent-Type: text/plain; charset=utf-8\r\n"
             "Content-Length: %zu\r\n\r\n",
             status, fields, strlen(text) + 1);
    upgrade_append(out, head);
    upgrade_append(out, text);
    upgrade_append(out, "\n");
    return failure_set(failure, STATUS_MALFORMED, "HTTP request answered %s: %s", status, text);
}

static enum status upgrade_fail_request(struct buffer *out, struct failure *failure,
                                        const char *text)
{
    return upgrade_fail(out, failure, "400 Bad Request", "Connection: close\r\n", text);
}

static enum status upgrade_fail_protocol(struct buffer *out, struct failure *failure,
                                         const char *text)
{
    return upgrade_fail(out, failure, "426 Upgrade Required",
                        "Upgrade: websocket\r\nConnection: upgrade, close\r\n"
                        "Sec-WebSocket-Version: 13\r\n",
                        text);
}

enum status upgrade_refuse(bool is_too_long, struct buffer *out, struct failure *failure)
{
    if (!is_too_long)
        return upgrade_fail_request(out, failure, "This is not an HTTP/1.1 GET request.");
    return upgrade_fail(out, failure, "431 Request Header Fields Too Large",
                        "Connection: close\r\n", "The request's head is longer than 8192 bytes.");
}

enum status upgrade_answer(struct view bytes, struct buffer *out, struct failure *failure)
{
    struct upgrade_head head;
    if (!upgrade_parse(bytes, &head))
        return upgrade_fail_request(out, failure, "A line of the request's head is malformed.");
    if (!upgrade_is_request_line(head.start_line))
        return upgrade_fail_request(out, failure, "This is not an HTTP/1.1 GET request.");
    if (head.host_count != 1)
        return upgrade_fail_request(out, failure, "The request needs exactly one Host.");
    if (head.has_body)
        return upgrade_fail_request(out, failure, "The request must not have a body.");
    if (!head.is_websocket || !head.is_upgrade)
        return upgrade_fail_protocol(out, failure,
                                     "This port speaks WebSocket: connect with ws:// or wss://.");
    if (head.version_count != 1 || !head.is_version_13)
        return upgrade_fail_protocol(out, failure, "Only WebSocket version 13 is spoken here.");
    if (head.key_count != 1 || !upgrade_is_key(head.key))
        return upgrade_fail_request(out, failure,
                                    "Sec-WebSocket-Key must be 16 bytes in base64, once.");

    char accept[UPGRADE_ACCEPT_CHARS + 1];
    upgrade_accept(head.key, accept);
    upgrade_append(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    upgrade_append(out, accept);
    if (head.has_protocol) {
        upgrade_append(out, "\r\nSec-WebSocket-Protocol: ");
        upgrade_append(out, upgrade_protocol);
    }
    upgrade_append(out, "\r\n\r\n");
    return STATUS_OK;
}

static bool upgrade_is_visible(const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    }
    return text[0] != 0;
}

static void upgrade_key(const uint8_t random[UPGRADE_RANDOM_BYTES], char key[UPGRADE_KEY_CHARS + 1])
{
    sodium_bin2base64(key, UPGRADE_KEY_CHARS + 1, random, UPGRADE_RANDOM_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
}

enum status upgrade_request(const char *host, const char *path,
                            const uint8_t random[UPGRADE_RANDOM_BYTES], struct buffer *out)
{
    if (!upgrade_is_visible(host) || !upgrade_is_visible(path) || path[0] != '/')
        return STATUS_MALFORMED;
    char key[UPGRADE_KEY_CHARS + 1];
    bool is_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    upgrade_key(random, key);
    upgrade_append(out, "GET ");
    upgrade_append(out, path);
    upgrade_append(out, is_ipv6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    upgrade_append(out, host);
    upgrade_append(out, is_ipv6 ? "]" : "");
    upgrade_append(out, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ");
    upgrade_append(out, upgrade_protocol);
    upgrade_append(out, "\r\nSec-WebSocket-Key: ");
    upgrade_append(out, key);
    upgrade_append(out, "\r\n\r\n");
    return STATUS_OK;
}

enum status upgrade_check(struct view bytes, const uint8_t random[UPGRADE_RANDOM_BYTES],
                          struct failure *failure)
{
    static const char expected[] = "HTTP/1.1 101";
    struct upgrade_head head;
    char key[UPGRADE_KEY_CHARS + 1];
    char accept[UPGRADE_ACCEPT_CHARS + 1];
    if (!upgrade_parse(bytes, &head))
        return failure_set(failure, STATUS_MALFORMED, "the server's HTTP answer is malformed");
    struct view line = head.start_line;
    size_t size = sizeof(expected) - 1;
    if (line.size < size || memcmp(line.data, expected, size) != 0 ||
        (line.size > size && line.data[size] != ' '))
        return failure_set(failure, STATUS_MALFORMED,
                           "the server answered \"%.*s\" instead of switching to WebSocket; check "
                           "host, port and path",
                           line.size > 100 ? 100 : (int)line.size, (const char *)line.data);
    upgrade_key(random, key);
    upgrade_accept(view_of(key), accept);
    if (!head.is_websocket || !head.is_upgrade || head.accept_count != 1 ||
        !view_equal(head.accept, view_of(accept)))
        return failure_set(failure, STATUS_MALFORMED,
                           "the server's answer does not belong to this WebSocket request");
    if (head.has_extensions || (head.has_protocols && !head.has_protocol))
        return failure_set(failure, STATUS_MALFORMED,
                           "the server chose a WebSocket protocol or extension that was not asked "
                           "for");
    return STATUS_OK;
}
