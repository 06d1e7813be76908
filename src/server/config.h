/* The server's configuration: a YAML file, every setting optional; docs/configuration.md describes
 * them. Command-line options override it. */
#ifndef UNSAY_SERVER_CONFIG_H
#define UNSAY_SERVER_CONFIG_H

#include "base/status.h"

#include <stdint.h>

struct config_key {
    char *id;   /* JWT `kid`; NULL: none */
    char *file; /* secret file (HS256, at least 32 bytes) or PEM public key (EdDSA) */
};

struct config {
    char *data;   /* directory; default "./data" */
    char *listen; /* HOST:PORT for clients; default "127.0.0.1:7410" */
    char *http; /* HOST:PORT for /healthz and /metrics; default "127.0.0.1:7411"; "" turns it off */
    uint32_t workers;                 /* 1-64; 0: one per core */
    char *tls_certificate;            /* PEM chain; NULL: no TLS */
    char *tls_key;                    /* PEM */
    struct config_key *token_secrets; /* HS256 */
    unsigned token_secrets_count;
    struct config_key *token_public_keys; /* EdDSA */
    unsigned token_public_keys_count;
    int development_key;            /* 1 (default): also accept tokens of DATA/dev.key */
    char *policy;                   /* file; NULL: the default policy */
    char *region;                   /* what the policy's rules call this server's region; "" */
    uint64_t erasure_horizon_ms;    /* default 86400000; 0: files are never rewritten for it */
    uint64_t offline_retention_ms;  /* default 604800000; 0: sync gives everything */
    uint32_t heartbeat_interval_ms; /* 1000-600000; default 30000 */
    uint32_t heartbeat_max_ms;      /* to 600000; default LIMIT_HEARTBEAT_ASKED_MS_MAX */
    uint64_t ticket_life_ms;        /* 0: no tickets; default LIMIT_TICKET_LIFE_MS */
    uint32_t connections_max;       /* default LIMIT_CONNECTIONS_MAX */
    uint32_t sign_ins_per_second;   /* per worker; 0: without limit */
    uint32_t accepts_per_second;    /* likewise */
    uint32_t requests_per_second;   /* per connection; 0: without limit; default
                                       LIMIT_REQUESTS_PER_SECOND */
    uint32_t store_cache_mib;       /* default 256 */
    uint32_t receipt_members;       /* 0-LIMIT_RECEIPT_MEMBERS_MAX; default LIMIT_RECEIPT_MEMBERS */
    int displayed_receipts;         /* 1 (default): others may hear of what a user was shown */
    char *webhook_url;              /* of the product's backend; NULL: nothing is told */
    char *webhook_secret_file;      /* needed with webhook_url */
    char **webhook_events;          /* names of webhooks; none: all */
    unsigned webhook_events_count;
    int webhook_bodies;             /* 1: message.committed has the body; default 0 */
    int webhook_private;            /* 1: the URL may lead to a private address; default 0 */
    uint32_t webhook_push_delay_ms; /* 0-600000; default 3000 */
    uint32_t webhook_attempts_max;  /* 1-1000; default 20 */
};

/* Defaults. */
void config_init(struct config *config);
void config_fini(struct config *config);

/* Reads `file` over the defaults and checks every value; on failure the text names file, line where
 * known, field, and what would be valid. */
MUST_CHECK enum status config_load(struct config *config, const char *file,
                                   struct failure *failure);

/* Checks the values, wherever they came from. */
MUST_CHECK enum status config_check(const struct config *config, struct failure *failure);

/* Replaces a string setting by a copy. */
void config_set(char **setting, const char *value);

#endif
