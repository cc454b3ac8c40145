/* Task channels: what kind of work something is. */
#include <string.h>

#include "domain/taskrouter/workflow.h"
#include "domain/taskrouter/workspaces.h"

const char *const tr_channels[] = {"default", "voice", "sms", "chat", "video", "email", NULL};

/* The last byte of a key is random, so that another one is as good. */
uid tr_channel_id(uid workspace, const char *channel)
{
    unsigned char index = 0;

    while (tr_channels[index] && strcmp(tr_channels[index], channel) != 0)
        index++;
    workspace.bytes[15] = (unsigned char)(workspace.bytes[15] ^ (index + 1));
    return workspace;
}

const char *tr_channel_read(uid workspace, const char *text)
{
    uid id = NO_UID;
    bool is_sid = tr_sid_read(text, "TC", &id);

    for (size_t i = 0; text && tr_channels[i]; i++)
        if (is_sid ? uid_equal(id, tr_channel_id(workspace, tr_channels[i]))
                   : strcmp(tr_channels[i], text) == 0)
            return tr_channels[i];
    return NULL;
}
