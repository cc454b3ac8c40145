/*
 * tests/load/ring.c - lets a number ring many times, as the carrier does, for the load tests.
 *
 *   ring COUNT PUBLIC_URL LOCAL_URL ACCOUNT_SID AUTH_TOKEN NUMBER STREAM_PORT
 *
 * Posts a signed incoming call for each, and prints a line for the program "callers": the address
 * of the media stream that the answer names, and the call's SID.
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

/* The carrier's signature: address, then names and values in the order of the names. */
static void sign(const char *token, const char *url, const char *sid, const char *account,
                 const char *to, char *signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length;
    char text[1024];

    snprintf(text, sizeof text,
             "%sAccountSid%sApiVersion2010-04-01CallSid%sCallStatusringingDirectioninbound"
             "From+13125550199To%s",
             url, account, sid, to);
    HMAC(EVP_sha1(), token, (int)strlen(token), (unsigned char *)text, strlen(text), mac, &length);
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

static int ring(CURL *curl, char **args, unsigned number)
{
    const char *public_url = args[2], *local = args[3], *account = args[4], *token = args[5];
    const char *to = args[6];
    char sid[40], url[512], body[512], signature[64], header[128];
    struct answer answer = {.length = 0};
    struct curl_slist *headers;
    int ok;

    snprintf(sid, sizeof sid, "CA%016llx%016x", (unsigned long long)time(NULL), number);
    snprintf(url, sizeof url, "%s/api/v1/incoming-call", public_url);
    sign(token, url, sid, account, to, signature);
    snprintf(header, sizeof header, "X-Twilio-Signature: %s", signature);
    snprintf(body, sizeof body,
             "AccountSid=%s&ApiVersion=2010-04-01&CallSid=%s&CallStatus=ringing"
             "&Direction=inbound&From=%%2B13125550199&To=%%2B%s",
             account, sid, to + 1);
    snprintf(url, sizeof url, "%s/api/v1/incoming-call", local);
    headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    ok = curl_easy_perform(curl) == CURLE_OK && print_stream(answer.text, args[7], sid);
    if (!ok)
        fprintf(stderr, "call %u was not connected: %s\n", number, answer.text);
    curl_slist_free_all(headers);
    return ok;
}

int main(int argc, char **argv)
{
    CURL *curl = curl_easy_init();
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 0, rung = 0;

    if (argc != 8 || !curl) {
        fputs("usage: ring COUNT PUBLIC_URL LOCAL_URL ACCOUNT_SID AUTH_TOKEN NUMBER STREAM_PORT\n",
              stderr);
        return 2;
    }
    for (unsigned i = 1; i <= count; i++)
        rung += (unsigned)ring(curl, argv, i);
    curl_easy_cleanup(curl);
    return rung == count ? 0 : 1;
}
