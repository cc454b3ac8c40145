/*
 * twilio/main.c - a stand-in for the carrier: REST, signed webhooks, TwiML and media streams, with
 * people on the phone that follow scripts.
 *
 *   twilio --listen 127.0.0.1:0 --control 127.0.0.1:0 --account AC…:token [--account …]
 *          [--log FILE] [--numbers FILE] [--public-url http://host:port]
 *
 * --numbers keeps the numbers that are bought in a file, so that a restart does not lose them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/log.h"
#include "twilio/carrier.h"
#include "twilio/numbers.h"
#include "twilio/rest.h"
#include "twilio/scenario.h"

static bool add_accounts(int argc, char **argv)
{
    char sid[SID_SIZE];

    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--account"))
            continue;
        snprintf(sid, sizeof sid, "%s", argv[i + 1]);
        if (strlen(argv[i + 1]) <= SID_SIZE || argv[i + 1][SID_SIZE - 1] != ':' ||
            !account_add(sid, argv[i + 1] + SID_SIZE)) {
            fprintf(stderr, "--account wants AC and 32 digits, a colon and a token\n");
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct web_service service = {.handler = rest_handle, .faulty = true};
    const char *public_url = web_option(argc, argv, "public-url", NULL);
    int port, control_port;

    if (!add_accounts(argc, argv))
        return 2;
    log_open(web_option(argc, argv, "log", NULL));
    numbers_keep(web_option(argc, argv, "numbers", NULL));
    carrier.web = web_new();
    port = web_listen(carrier.web, web_option(argc, argv, "listen", "127.0.0.1:0"), &service);
    control_port =
        control_listen(carrier.web, web_option(argc, argv, "control", "127.0.0.1:0"), &scenario);
    if (!port || !control_port)
        return 1;
    snprintf(carrier.base_url, sizeof carrier.base_url, "http://127.0.0.1:%d", port);
    if (public_url)
        snprintf(carrier.base_url, sizeof carrier.base_url, "%s", public_url);
    web_announce(port, control_port);
    web_run(carrier.web);
    fflush(NULL);
    _exit(0); /* threads may still be at work: nothing that they use is taken from them */
}
