/*
 * stream/chat_provider.h - whose chat model a call talks to: the provider of the configuration, or,
 * once that was lost, the other one (OPENAI_CHAT_FALLBACK_URL, …_KEY, …_MODEL).
 */
#ifndef STREAM_CHAT_PROVIDER_H
#define STREAM_CHAT_PROVIDER_H

#include <stdbool.h>

#include "stream/live.h"

/* Base URL, key and model of whoever the call talks to now. */
const char *chat_provider_url(const struct live *live);
const char *chat_provider_key(const struct live *live);
const char *chat_provider_model(const struct live *live);

/* See stream/mind.h. */
const char *chat_provider_other(const struct config *config);

/* Whether an error says that it was waited for in vain: a caller does not wait so long again. */
bool chat_provider_is_silent(const char *error);

#endif
