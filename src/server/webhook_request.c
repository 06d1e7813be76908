#include "server/webhook_request.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Where it goes ---- */

static bool address_is_private_4(uint32_t address)
{
    static const struct {
        uint32_t network;
        unsigned bits;
    } networks[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xe0000000, 3},
    };
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if ((address ^ networks[i].network) >> (32 - networks[i].bits) == 0)
            return true;
    }
    return false;
}

/* Not of the public Internet: whoever may set a URL must not reach this machine's neighbours. */
static bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        return address_is_private_4(ntohl(in->sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return true;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    const uint8_t *bytes = in6->sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return address_is_private_4((uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
                                    (uint32_t)bytes[14] << 8 | bytes[15]);
    return (bytes[0] & 0xe0) != 0x20; /* global unicast is 2000::/3 */
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct webhook_request *request = context;
    struct webhook_requests *requests = request->all;
    curl_socket_t opened = CURL_SOCKET_BAD;
    (void)purpose;
    if (!requests->target->may_be_private && address_is_private(&address->addr)) {
        request->is_refused_address = true;
        return CURL_SOCKET_BAD;
    }
    uv_mutex_lock(&requests->mutex);
    if (requests->socket_count < WEBHOOK_SOCKETS_MAX)
        opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened != CURL_SOCKET_BAD)
        requests->sockets[requests->socket_count++] = opened;
    uv_mutex_unlock(&requests->mutex);
    return opened;
}

/* The number may be another connection's from now on. */
static int on_close_socket(void *context, curl_socket_t item)
{
    struct webhook_requests *requests = context;
    uv_mutex_lock(&requests->mutex);
    for (size_t i = 0; i < requests->socket_count; i++) {
        if (requests->sockets[i] == item) {
            requests->sockets[i] = requests->sockets[--requests->socket_count];
            break;
        }
    }
    int result = close(item);
    uv_mutex_unlock(&requests->mutex);
    return result;
}

/* Before anything is sent, on a connection that is new or was used before: which one it is. */
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct webhook_request *request = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    uv_mutex_lock(&request->all->mutex);
    request->port = local_port;
    uv_mutex_unlock(&request->all->mutex);
    return CURL_PREREQFUNC_OK;
}

static int socket_port(curl_socket_t item)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(item, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

/* With the mutex held. Dissolving a TCP connection also drops what the kernel has not sent yet. */
static void request_shut(struct webhook_request *request)
{
    static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    const struct webhook_requests *requests = request->all;
    for (size_t i = 0; i < requests->socket_count && request->port != 0; i++) {
        curl_socket_t item = requests->sockets[i];
        if (socket_port(item) == request->port && connect(item, &nowhere, sizeof(nowhere)) != 0)
            shutdown(item, SHUT_RDWR);
    }
}

/* ---- What goes there ---- */

static size_t on_read(char *buffer, size_t size, size_t count, void *context)
{
    struct webhook_request *request = context;
    struct webhook_requests *requests = request->all;
    const char *text = request->content.text;
    size_t left = strlen(text) - request->sent;
    size_t taken = left < size * count ? left : size * count;
    uv_mutex_lock(&requests->mutex);
    /* What could not be stopped is not begun with. */
    bool may_send = request->seq == 0 || (!request->is_taken_back && request->port != 0);
    uv_mutex_unlock(&requests->mutex);
    if (!may_send)
        return CURL_READFUNC_ABORT;
    memcpy(buffer, text + request->sent, taken);
    request->sent += taken;
    return taken;
}

/* To send again what was sent, on another connection. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct webhook_request *request = context;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > strlen(request->content.text))
        return CURL_SEEKFUNC_FAIL;
    request->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* What the receiver answers beside its status is not of interest. */
static size_t on_write(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void request_add_header(struct webhook_request *request, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof(line), "%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(request->headers, line);
    if (list != NULL)
        request->headers = list;
}

/* v1 of Standard Webhooks: HMAC-SHA256 of "id.timestamp.content". */
static void request_sign(struct webhook_request *request, const char *timestamp)
{
    const struct webhook_target *target = request->all->target;
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof(mac), sodium_base64_VARIANT_ORIGINAL)];
    char prefix[WEBHOOK_ID_BYTES + 32];
    char signature[sizeof(base64) + 4];
    const char *text = request->content.text;
    int size = snprintf(prefix, sizeof(prefix), "%s.%s.", request->content.id, timestamp);
    crypto_auth_hmacsha256_init(&state, target->secret, target->secret_bytes);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)prefix, (unsigned long long)size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2base64(base64, sizeof(base64), mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
    snprintf(signature, sizeof(signature), "v1,%s", base64);
    request_add_header(request, "webhook-signature", signature);
    sodium_memzero(&state, sizeof(state));
}

/* Over plain HTTP or HTTPS, to this address alone: no redirect, no proxy, no cookie, one request a
 * connection at a time. */
static void request_set_up(struct webhook_request *request)
{
    CURL *easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_URL, request->all->target->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)LIMIT_WEBHOOK_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->content.text));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, request);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, request);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, request->all);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
}

bool webhook_request_start(struct webhook_request *request, uint64_t now_ms)
{
    char timestamp[24];
    snprintf(timestamp, sizeof(timestamp), "%" PRIu64, now_ms / 1000);
    request_add_header(request, "content-type", "application/json");
    request_add_header(request, "user-agent", "unsay");
    request_add_header(request, "expect", ""); /* or it would wait for leave to send */
    request_add_header(request, "webhook-id", request->content.id);
    request_add_header(request, "webhook-timestamp", timestamp);
    request_sign(request, timestamp);
    uv_mutex_lock(&request->all->mutex);
    if (!request->content.has_body)
        request->seq = 0;
    uv_mutex_unlock(&request->all->mutex);
    request->easy = curl_easy_init();
    if (request->easy == NULL)
        return false;
    request_set_up(request);
    return curl_multi_add_handle(request->all->multi, request->easy) == CURLM_OK;
}

/* ---- Which ---- */

bool webhook_requests_init(struct webhook_requests *requests, const struct webhook_target *target)
{
    *requests = (struct webhook_requests){.target = target};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    requests->multi = curl_multi_init();
    if (requests->multi == NULL)
        return false;
    curl_multi_setopt(requests->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(requests->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)LIMIT_WEBHOOK_CONCURRENT);
    uv_mutex_init(&requests->mutex);
    for (size_t i = 0; i < LIMIT_WEBHOOK_CONCURRENT; i++)
        requests->items[i].all = requests;
    return true;
}

void webhook_requests_fini(struct webhook_requests *requests)
{
    if (requests->multi == NULL)
        return;
    for (size_t i = 0; i < LIMIT_WEBHOOK_CONCURRENT; i++)
        webhook_request_give_back(&requests->items[i]);
    curl_multi_cleanup(requests->multi);
    uv_mutex_destroy(&requests->mutex);
    curl_global_cleanup();
}

struct webhook_request *webhook_request_take(struct webhook_requests *requests,
                                             const struct webhook_item *item, void *context)
{
    for (size_t i = 0; i < LIMIT_WEBHOOK_CONCURRENT; i++) {
        struct webhook_request *request = &requests->items[i];
        if (request->context != NULL)
            continue;
        request->context = context;
        request->sent = 0;
        request->is_refused_address = false;
        uv_mutex_lock(&requests->mutex);
        memcpy(request->conversation, item->conversation, sizeof(request->conversation));
        request->origin = item->origin;
        request->seq = item->type == WEBHOOK_MESSAGE_COMMITTED ? item->seq : 0;
        request->is_taken_back = false;
        request->port = 0;
        uv_mutex_unlock(&requests->mutex);
        return request;
    }
    return NULL;
}

static enum delivery_result result_of_status(long status)
{
    if (status >= 200 && status < 300)
        return DELIVERY_TAKEN;
    bool is_busy = status == 408 || status == 429 || (status >= 502 && status <= 504);
    return is_busy ? DELIVERY_UNREACHABLE : DELIVERY_REFUSED;
}

struct webhook_request *webhook_requests_ended(struct webhook_requests *requests,
                                               enum delivery_result *result, char *reason,
                                               size_t reason_bytes)
{
    int left;
    struct CURLMsg *message;
    while ((message = curl_multi_info_read(requests->multi, &left)) != NULL) {
        struct webhook_request *request = NULL;
        long status = 0;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result == CURLE_OK) {
            *result = result_of_status(status);
            snprintf(reason, reason_bytes, "status %ld", status);
        } else {
            *result = DELIVERY_UNREACHABLE;
            snprintf(reason, reason_bytes, "%s",
                     request->is_refused_address ? "its address is not public; see webhook_private"
                                                 : curl_easy_strerror(message->data.result));
        }
        return request;
    }
    return NULL;
}

bool webhook_request_is_out_of_date(struct webhook_request *request)
{
    uv_mutex_lock(&request->all->mutex);
    bool is_out_of_date = request->is_taken_back;
    uv_mutex_unlock(&request->all->mutex);
    return is_out_of_date;
}

void webhook_request_give_back(struct webhook_request *request)
{
    if (request->easy != NULL) {
        curl_multi_remove_handle(request->all->multi, request->easy);
        curl_easy_cleanup(request->easy);
        request->easy = NULL;
    }
    curl_slist_free_all(request->headers);
    request->headers = NULL;
    webhook_content_fini(&request->content);
    uv_mutex_lock(&request->all->mutex);
    request->seq = 0;
    request->port = 0;
    uv_mutex_unlock(&request->all->mutex);
    request->context = NULL;
}

void webhook_requests_take_back(struct webhook_requests *requests, struct event_key message)
{
    uv_mutex_lock(&requests->mutex);
    for (size_t i = 0; i < LIMIT_WEBHOOK_CONCURRENT; i++) {
        struct webhook_request *request = &requests->items[i];
        if (request->seq != message.seq || request->origin != message.origin ||
            !view_equal(view_of(request->conversation), message.conversation))
            continue;
        request->is_taken_back = true;
        request_shut(request);
    }
    uv_mutex_unlock(&requests->mutex);
}
