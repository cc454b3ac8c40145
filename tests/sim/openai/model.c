#include "openai/model.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "openai/json.h"

struct model model;

const char *make_id(char id[ID_SIZE], const char *prefix)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[20];
    size_t at = (size_t)snprintf(id, ID_SIZE / 2, "%s_", prefix);

    if (getrandom(bytes, sizeof bytes, 0) < (ssize_t)sizeof bytes)
        memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        id[at++] = letters[bytes[i] % (sizeof letters - 1)];
    id[at] = '\0';
    return id;
}

bool key_accepted(const struct web_request *request)
{
    const char *given = web_header(request, "authorization");

    if (given == NULL || strncmp(given, "Bearer ", 7) != 0 || given[7] == '\0')
        return false;
    for (size_t i = 0; i < model.key_count; i++)
        if (strcmp(given + 7, model.keys[i]) == 0)
            return true;
    return model.key_count == 0;
}

struct json_object *http_error(const char *type, const char *code, const char *message)
{
    return pack("error=o", pack("message=s type=s param=n code=s", message, type, code));
}
