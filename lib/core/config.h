/*
 * core/config.h - the configuration: one file of KEY=value, overridden by the environment.
 *
 * Found by TRUNKLINE_CONF, or beside the program ("trunkline.conf"), or in /etc/trunkline/.  Each
 * key has one row in the table of config.c: type, bounds, default, meaning; the annotated example
 * in etc/ is printed from it.  An unknown key stops the program, and so does a value out of bounds.
 *
 * A text that nobody set is NULL unless it has a default; it is never empty.  Base URLs end without
 * a slash.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/column.h"
#include "core/work.h"

struct config {
    const char *public_base_url, *stream_public_url;
    const char *listen_api, *listen_callbacks, *listen_stream, *listen_control;
    const char *trusted_proxies, *cors_origins;
    const char *node_name;
    int64_t node_capacity, drain_seconds, workers;
    const char *openai_realtime_fallback_url, *openai_realtime_fallback_key,
        *openai_realtime_fallback_model;
    const char *openai_chat_fallback_url, *openai_chat_fallback_key, *openai_chat_fallback_model;
    int64_t model_session_seconds;
    const char *spool_dir, *log_file, *call_log_dir;
    const char *database_url;
    const char *admin_api_key, *admin_username, *admin_password, *admin_password_sha256;
    bool legacy_tenant_bearer_auth_enabled, legacy_query_auth_enabled;
    const char *secrets_key, *secrets_key_previous, *key_pepper, *control_secret;
    const char *stream_auth_secret, *stream_auth_secret_previous;
    const char *twilio_api_base_url, *twilio_account_sid, *twilio_auth_token;
    const char *rehearsal_api_base_url, *rehearsal_account_sid, *rehearsal_auth_token;
    const char *openai_api_key, *openai_base_url, *openai_realtime_url;
    const char *elevenlabs_api_key, *elevenlabs_base_url;
    const char *anthropic_api_key, *anthropic_base_url;
    const char *resend_api_key, *resend_base_url, *smtp_url;
    const char *mail_from, *mail_domains; /* "Desk <calls@us.example>"; separated by commas */
    const char *stripe_secret_key, *stripe_webhook_secret, *stripe_base_url;
    const char *billing_outcomes_url, *billing_outcomes_secret;
    const char *allow_private_urls; /* "no", "yes", or origins allowed by name, comma-separated */
    int64_t rate_limit_ip_per_minute, rate_limit_tenant_per_minute, rate_limit_key_per_minute;
    int64_t rate_limit_account_per_15_minutes;
    int64_t outward_calls_per_tenant; /* how many slow calls outward one tenant may have at once */
    const char *recording_store;      /* "database", or a directory */
};

extern const struct entity config_entity;
extern const struct config config_defaults;

/*
 * Reads file and environment and fills in the rest: defaults, and secrets that the operator left
 * out, which are generated once into SPOOL_DIR/secrets.conf (readable by the owner alone) and
 * named loudly in the log as what a backup must hold.  The answer lives as long as the program.
 * NULL when something is wrong: each fault was then written to standard error.
 */
const struct config *config_load(void);

/*
 * Reads one text as a file of KEY=value into "config", which keeps what the text does not name; an
 * empty value means the default.  Every fault is written to standard error; false and INVALID when
 * there was one.  "name" stands before each fault.
 */
bool config_read(struct work *work, struct config *config, const char *name, const char *text);

/* Prints the annotated example that stands in etc/trunkline.conf.example. */
void config_print_example(FILE *out);

#endif
