/*
 * A stand-in for ElevenLabs: text-to-speech over a websocket, one connection for one utterance.
 *
 *   elevenlabs --listen 127.0.0.1:PORT --control 127.0.0.1:PORT [--log FILE] [--key KEY] [--pace N]
 *
 *   /v1/text-to-speech/{voice}/stream-input?model_id=…&output_format=ulaw_8000
 *
 * The first message begins it ({"text":" "}, with settings), others hold text, {"text":""} ends it.
 * Each piece of text is spoken as it comes and its words are hidden in the speech
 * (common/watermark.h).  Faults are matched by "voice" and "event", which is "upgrade", "text" or
 * "audio", the latter two with "nth" within the connection; stream.c says what they do.
 *
 * On the control port GET /_state answers {"streams":[…]}: what was said over each connection.
 */
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/log.h"
#include "elevenlabs/stream.h"

static struct json_object *state(void *user)
{
    struct json_object *answer = json_object_new_object();

    (void)user;
    json_object_object_add(answer, "streams", json_object_get(service.records));
    return answer;
}

int main(int argc, char **argv)
{
    static const struct control control = {.state = state};
    const struct web_service tts = {.events = &stream_events};
    const char *log = web_option(argc, argv, "log", NULL);
    int port, control_port;

    service.key = web_option(argc, argv, "key", NULL);
    service.pace = atof(web_option(argc, argv, "pace", "5"));
    if (service.pace <= 0)
        service.pace = 5;
    if (log != NULL)
        log_open(log);
    service.records = json_object_new_array();
    service.web = web_new();
    port = web_listen(service.web, web_option(argc, argv, "listen", "127.0.0.1:0"), &tts);
    control_port =
        control_listen(service.web, web_option(argc, argv, "control", "127.0.0.1:0"), &control);
    if (port == 0 || control_port == 0)
        return 1;
    web_announce(port, control_port);
    web_run(service.web);
    web_free(service.web);
    json_object_put(service.records);
    return 0;
}
