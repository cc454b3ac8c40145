#include "stream/chat_provider.h"

#include <string.h>

#include "stream/chat.h"

const char *chat_provider_url(const struct live *live)
{
    const struct config *config = live->work.config;

    return live->ladder.is_fallback ? config->openai_chat_fallback_url : config->openai_base_url;
}

const char *chat_provider_key(const struct live *live)
{
    const struct config *config = live->work.config;
    const char *other = live->ladder.is_fallback ? config->openai_chat_fallback_key : NULL;

    return other && *other ? other : config->openai_api_key;
}

const char *chat_provider_model(const struct live *live)
{
    const char *other =
        live->ladder.is_fallback ? live->work.config->openai_chat_fallback_model : NULL;

    return other && *other ? other : live->chat->settings.model;
}

const char *chat_provider_other(const struct config *config)
{
    return config->openai_chat_fallback_url;
}

bool chat_provider_is_silent(const char *error)
{
    return strcmp(error, "timeout") == 0;
}
