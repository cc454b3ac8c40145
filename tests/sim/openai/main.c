/*
 * A stand-in for OpenAI: the Realtime API over websockets, and as much of the HTTP API as a phone
 * bridge uses.
 *
 *   openai --listen 127.0.0.1:PORT --control 127.0.0.1:PORT [--log FILE] [--key KEY]...
 *          [--pace N] [--think-ms N] [--session-seconds N] [--replay FILE]
 *
 * It hears and speaks: words are hidden in the lowest bits of the speech (common/watermark.h), so
 * that it understands only what came through whole.  script.c says what it answers, session.c
 * which faults can be ordered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/log.h"
#include "openai/chat.h"
#include "openai/json.h"
#include "openai/model.h"
#include "openai/replay.h"
#include "openai/session.h"
#include "openai/speaker.h"

static struct json_object *state(void *user)
{
    (void)user;
    return pack("sessions=k", model.records);
}

static void read_options(int argc, char **argv)
{
    const char *log = web_option(argc, argv, "log", NULL);

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--key") == 0 && model.key_count < KEYS_MAX)
            model.keys[model.key_count++] = argv[i + 1];
    model.pace = atof(web_option(argc, argv, "pace", "4"));
    model.think_ms = atoll(web_option(argc, argv, "think-ms", "120"));
    model.session_seconds = atoll(web_option(argc, argv, "session-seconds", "3600"));
    if (model.pace <= 0)
        model.pace = 4;
    if (log != NULL)
        log_open(log);
}

int main(int argc, char **argv)
{
    static const struct control control = {.state = state};
    const struct web_service service = {
        .handler = chat_handle, .events = &session_events, .faulty = true};
    const char *replay = web_option(argc, argv, "replay", NULL);
    int port, control_port;

    read_options(argc, argv);
    model.records = json_object_new_array();
    if (replay != NULL && !replay_load(replay))
        return 1;
    model.web = web_new();
    port = web_listen(model.web, web_option(argc, argv, "listen", "127.0.0.1:0"), &service);
    control_port =
        control_listen(model.web, web_option(argc, argv, "control", "127.0.0.1:0"), &control);
    if (port == 0 || control_port == 0)
        return 1;
    speaker_start();
    web_announce(port, control_port);
    web_run(model.web);
    speaker_stop();
    web_free(model.web);
    replay_unload();
    json_object_put(model.records);
    return 0;
}
