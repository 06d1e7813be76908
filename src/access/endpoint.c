#include "access/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void endpoint_print_4(const struct in_addr *address, in_port_t port,
                             char text[ENDPOINT_BYTES_MAX + 1])
{
    char host[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, address, host, sizeof(host));
    snprintf(text, ENDPOINT_BYTES_MAX + 1, "%s:%u", host, (unsigned)ntohs(port));
}

static void endpoint_print_6(const struct sockaddr_in6 *address, char text[ENDPOINT_BYTES_MAX + 1])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        struct in_addr mapped;
        memcpy(&mapped, address->sin6_addr.s6_addr + 12, sizeof(mapped));
        endpoint_print_4(&mapped, address->sin6_port, text);
        return;
    }
    inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof(host));
    snprintf(text, ENDPOINT_BYTES_MAX + 1, "[%s]:%u", host, (unsigned)ntohs(address->sin6_port));
}

void endpoint_print(const struct sockaddr *address, char text[ENDPOINT_BYTES_MAX + 1])
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    text[0] = 0;
    if (address->sa_family == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        endpoint_print_4(&ipv4.sin_addr, ipv4.sin_port, text);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&ipv6, address, sizeof(ipv6));
        endpoint_print_6(&ipv6, text);
    }
}
