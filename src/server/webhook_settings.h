/* What the configuration says of webhooks, checked and read. */
#ifndef UNSAY_SERVER_WEBHOOK_SETTINGS_H
#define UNSAY_SERVER_WEBHOOK_SETTINGS_H

#include "server/config.h"
#include "server/webhook_request.h"

struct webhook_settings {
    struct webhook_target target;
    char *url;      /* owned; the target's */
    unsigned types; /* a bit for each that is told */
    bool has_bodies;
    uint32_t push_delay_ms;
};

/* The secret is that of Standard Webhooks: "whsec_" and base64 of 24 to 64 bytes, in a file of its
 * own. After a failure webhook_settings_fini is due all the same. */
MUST_CHECK enum status webhook_settings_load(struct webhook_settings *settings,
                                             const struct config *config, struct failure *failure);
void webhook_settings_fini(struct webhook_settings *settings);

/* Its parts, for those who check a configuration: what is wrong begins with the setting's name. */
MUST_CHECK enum status webhook_settings_check_url(const char *url, struct failure *failure);
MUST_CHECK enum status webhook_settings_read_types(struct webhook_settings *settings,
                                                   const struct config *config,
                                                   struct failure *failure);
MUST_CHECK enum status webhook_settings_read_secret(struct webhook_target *target, const char *file,
                                                    struct failure *failure);

#endif
