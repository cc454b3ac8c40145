/*
 * tests/load/ring.c - lets a number ring many times, as the carrier does, for the load tests.
 *
 *   ring COUNT PUBLIC_URL LOCAL_URL ACCOUNT_SID AUTH_TOKEN NUMBER STREAM_PORT
 *   ring over … <LIST
 *
 * Posts a signed incoming call for each, and prints a line for the program "callers": the address
 * of the media stream that the answer names, and the call's SID.  With "over" it says of the calls
 * of such a list that they are completed.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct answer {
    char text[8192];
    size_t length;
};

static size_t take(char *bytes, size_t size, size_t count, void *with)
{
    struct answer *answer = with;
    size_t length = size * count;

    if (answer->length + length >= sizeof answer->text)
        return 0;
    memcpy(answer->text + answer->length, bytes, length);
    answer->length += length;
    answer->text[answer->length] = '\0';
    return length;
}

/* What every message of the carrier's says of a call, in the order of the names. */
struct news {
    const char *sid, *status;
};

/* The carrier's signature: address, then names and values in the order of the names. */
static void sign(char **args, const char *url, const struct news *news, char *signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length;
    char text[1024];

    snprintf(text, sizeof text,
             "%sAccountSid%sApiVersion2010-04-01CallSid%sCallStatus%sDirectioninbound"
             "From+13125550199To%s",
             url, args[4], news->sid, news->status, args[6]);
    HMAC(EVP_sha1(), args[5], (int)strlen(args[5]), (unsigned char *)text, strlen(text), mac,
         &length);
    EVP_EncodeBlock((unsigned char *)signature, mac, (int)length);
}

/* Prints where the answer sends the stream; false when it sends it nowhere. */
static int print_stream(const char *answer, const char *port, const char *sid)
{
    const char *url = strstr(answer, "<Stream url=\"ws"), *path;

    path = url ? strstr(url, "://") : NULL;
    path = path ? strchr(path + 3, '/') : NULL;
    if (!path)
        return 0;
    printf("ws://127.0.0.1:%s%.*s %s\n", port, (int)strcspn(path, "\""), path, sid);
    return 1;
}

/* Tells the news, signed for the public address; whether it was taken. */
static int post(CURL *curl, char **args, const char *path, const struct news *news,
                struct answer *answer)
{
    char url[512], body[512], signature[64], header[128];
    struct curl_slist *headers;
    long status = 0;

    snprintf(url, sizeof url, "%s%s", args[2], path);
    sign(args, url, news, signature);
    snprintf(header, sizeof header, "X-Twilio-Signature: %s", signature);
    snprintf(body, sizeof body,
             "AccountSid=%s&ApiVersion=2010-04-01&CallSid=%s&CallStatus=%s"
             "&Direction=inbound&From=%%2B13125550199&To=%%2B%s",
             args[4], news->sid, news->status, args[6] + 1);
    snprintf(url, sizeof url, "%s%s", args[3], path);
    headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status / 100 == 2;
}

static int ring(CURL *curl, char **args, unsigned number)
{
    struct answer answer = {.length = 0};
    char sid[40];
    int ok;

    snprintf(sid, sizeof sid, "CA%016llx%016x", (unsigned long long)time(NULL), number);
    ok = post(curl, args, "/api/v1/incoming-call", &(struct news){sid, "ringing"}, &answer) &&
         print_stream(answer.text, args[7], sid);
    if (!ok)
        fprintf(stderr, "call %u was not connected: %s\n", number, answer.text);
    return ok;
}

static int end_calls(CURL *curl, char **args)
{
    char line[700], sid[48];
    int ok = 1;

    while (fgets(line, sizeof line, stdin))
        if (sscanf(line, "%*s %47s", sid) == 1)
            ok &= post(curl, args, "/api/v1/call-status", &(struct news){sid, "completed"},
                       &(struct answer){.length = 0});
    if (!ok)
        fputs("the end of a call was not taken\n", stderr);
    return ok;
}

int main(int argc, char **argv)
{
    CURL *curl = curl_easy_init();
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 0, rung = 0;
    int ok;

    if (argc != 8 || !curl) {
        fputs("usage: ring COUNT|over PUBLIC_URL LOCAL_URL ACCOUNT_SID AUTH_TOKEN NUMBER"
              " STREAM_PORT\n",
              stderr);
        return 2;
    }
    for (unsigned i = 1; i <= count; i++)
        rung += (unsigned)ring(curl, argv, i);
    ok = rung == count && (strcmp(argv[1], "over") != 0 || end_calls(curl, argv));
    curl_easy_cleanup(curl);
    return ok ? 0 : 1;
}
