#include "access/address.h"

#include "base/view.h"

static const struct {
    const char *prefix;
    bool is_websocket;
    bool is_tls;
} address_schemes[] = {
    {"tcp://", false, false},
    {"tls://", false, true},
    {"ws://", true, false},
    {"wss://", true, true},
};

static bool text_copy(char *to, size_t to_bytes, const char *from, size_t size)
{
    if (size == 0 || size >= to_bytes)
        return false;
    memcpy(to, from, size);
    to[size] = 0;
    return true;
}

static bool address_is_plain(const char *text)
{
    for (; *text != 0; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool port_is_valid(const char *port)
{
    unsigned value = 0;
    for (; *port != 0; port++) {
        if (*port < '0' || *port > '9')
            return false;
        value = value * 10 + (unsigned)(*port - '0');
    }
    return value >= 1 && value <= 65535;
}

bool address_parse(const char *text, struct address *address)
{
    *address = (struct address){.path = "/"};
    if (!address_is_plain(text))
        return false;
    for (size_t i = 0; i < sizeof(address_schemes) / sizeof(address_schemes[0]); i++) {
        size_t size = strlen(address_schemes[i].prefix);
        if (strncmp(text, address_schemes[i].prefix, size) != 0)
            continue;
        address->is_websocket = address_schemes[i].is_websocket;
        address->is_tls = address_schemes[i].is_tls;
        text += size;
        break;
    }

    const char *host_end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
    if (host_end == NULL)
        return false;
    const char *colon = *text == '[' ? host_end + 1 : host_end;
    const char *host = *text == '[' ? text + 1 : text;
    if (*colon != ':' ||
        !text_copy(address->host, sizeof(address->host), host, (size_t)(host_end - host)))
        return false;

    const char *port = colon + 1;
    size_t port_bytes = strcspn(port, "/");
    const char *path = port + port_bytes;
    if (!text_copy(address->port, sizeof(address->port), port, port_bytes) ||
        !port_is_valid(address->port))
        return false;
    if (*path == 0)
        return true;
    return address->is_websocket &&
           text_copy(address->path, sizeof(address->path), path, strlen(path));
}
