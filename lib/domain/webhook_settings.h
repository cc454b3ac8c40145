/*
 * domain/webhook_settings.h - where a tenant's settings say that its StateSet events go.
 *
 * "webhook_url" names the receiver; "webhook_events" (an array) narrows what it hears of,
 * "webhook_event_prefix" ("voice.") stands before the names of events, "webhook_secret" signs what
 * is sent.  There is one endpoint for it, which is changed in place: what waited for a receiver
 * that is gone goes to the one that took its place.
 */
#ifndef DOMAIN_WEBHOOK_SETTINGS_H
#define DOMAIN_WEBHOOK_SETTINGS_H

#include <json-c/json.h>

#include "core/work.h"

struct tenant;

/* INVALID, blaming the member, when one of these settings is not what it must be. */
bool webhook_settings_check(struct work *work, json_object *config);

/*
 * Makes, changes or ends the endpoint of the work's tenant as its stored settings say; in the
 * transaction that stores them.  An endpoint that was given up is tried again.
 */
bool webhook_settings_apply(struct work *work, const struct tenant *tenant);

/*
 * Puts a new "webhook_secret" into settings that are about to be stored, when they name a receiver
 * and there is no secret yet, or when they take the old one away by a null.  "before" is the tenant
 * as it is (NULL: it is new); "patch" says that the settings are merged into its own.  *shown_once
 * is the secret in the clear, or NULL when none was made.
 */
bool webhook_settings_secret(struct work *work, const struct tenant *before, json_object *config,
                             bool patch, const char **shown_once);

#endif
