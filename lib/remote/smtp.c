#include "remote/smtp.h"

#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/crypto.h"
#include "remote/trust.h"

enum {
    DEADLINE_MS = 10000,
    CONNECT_MS = 5000,
    LINE = 76,        /* of encoded text */
    WORD_BYTES = 42,  /* of a text in one encoded word */
    SHORT_LINE = 200, /* a header is not folded up to here */
};

/* ---- the message ---- */

static bool is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return strlen(text) <= SHORT_LINE;
}

/* How much of a text goes into one encoded word: whole characters. */
static size_t word_length(const char *text)
{
    size_t length = 0;

    while (text[length]) {
        size_t character = text_utf8(text + length, strlen(text + length));

        if (length + (character ? character : 1) > WORD_BYTES)
            break;
        length += character ? character : 1;
    }
    return length;
}

/* A header's text: as it is, or in encoded words (RFC 2047), one a line. */
static void put_words(struct text *out, const char *text)
{
    if (is_plain(text)) {
        text_put(out, text);
        return;
    }
    for (size_t length; *text; text += length) {
        length = word_length(text);
        text_add(out, "=?UTF-8?B?%s?=%s", base64_write(out->arena, text, length),
                 text[length] ? "\r\n " : "");
    }
}

char *smtp_address(struct arena *arena, const char *mailbox)
{
    const char *open = strrchr(mailbox, '<');

    if (!open)
        return arena_text(arena, mailbox);
    return arena_copy(arena, open + 1, strcspn(open + 1, ">"));
}

/* A name beyond ASCII is encoded, the address never is. */
static void put_mailbox(struct text *out, const char *mailbox)
{
    const char *open = strrchr(mailbox, '<');
    size_t length = open ? (size_t)(open - mailbox) : 0;

    while (length && (mailbox[length - 1] == ' ' || mailbox[length - 1] == '"'))
        length--;
    if (is_plain(mailbox) || !length) {
        text_put(out, mailbox);
        return;
    }
    if (*mailbox == '"') {
        mailbox++;
        length--;
    }
    put_words(out, arena_copy(out->arena, mailbox, length));
    text_add(out, " %s", open);
}

static void put_date(struct text *out, int64_t at_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm at;

    gmtime_r(&seconds, &at);
    text_add(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[at.tm_wday], at.tm_mday,
             months[at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
}

static void put_body(struct text *out, const char *text)
{
    const char *encoded = base64_write(out->arena, text, strlen(text));

    for (size_t left = strlen(encoded); left;) {
        size_t length = left < LINE ? left : LINE;

        text_bytes(out, encoded, length);
        text_put(out, "\r\n");
        encoded += length;
        left -= length;
    }
}

void smtp_message(struct text *out, const struct mail *mail, const char *message_id, int64_t at_ms)
{
    put_date(out, at_ms);
    text_put(out, "From: ");
    put_mailbox(out, mail->from);
    if (mail->reply_to) {
        text_put(out, "\r\nReply-To: ");
        put_mailbox(out, mail->reply_to);
    }
    text_add(out, "\r\nTo: %s\r\nSubject: ", mail->to);
    put_words(out, mail->subject);
    text_add(
        out,
        "\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n",
        message_id);
    put_body(out, mail->text);
}

/* ---- the conversation ---- */

/* What is still to be said. */
struct saying {
    const char *at;
    size_t left;
};

static size_t on_read(char *into, size_t size, size_t count, void *user)
{
    struct saying *saying = user;
    size_t length = size * count < saying->left ? size * count : saying->left;

    memcpy(into, saying->at, length);
    saying->at += length;
    saying->left -= length;
    return length;
}

static bool has_password(const char *url)
{
    const char *at = strchr(url, '@'), *slashes = strstr(url, "://");

    return at && slashes && at < slashes + 3 + strcspn(slashes + 3, "/");
}

static void set_options(CURL *curl, const char *url, struct saying *saying, char *problem)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    trust_set(curl);
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     has_password(url) ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)DEADLINE_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, saying);
}

/* 5xx to the mail is for good; to our login (RFC 4954, 6) it is the operator's to mend. */
static bool is_final(long code)
{
    return code / 100 == 5 && code != 530 && code != 534 && code != 535 && code != 538;
}

static bool judge(struct work *work, CURL *curl, CURLcode rc, const char *problem)
{
    const char *why = *problem ? problem : curl_easy_strerror(rc);
    long code = 0;

    if (rc == CURLE_OK)
        return true;
    trust_note(work, curl, (int)rc);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (is_final(code) && rc != CURLE_LOGIN_DENIED && rc != CURLE_USE_SSL_FAILED)
        return fail(work, INVALID, "The mail server refused the mail: %s", why);
    return fail(work, UPSTREAM, "The mail server does not take the mail now: %s", why);
}

static bool perform(struct work *work, const struct mail *mail, struct saying *saying)
{
    struct arena *arena = &work->arena;
    char problem[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    struct curl_slist *to =
        curl_slist_append(NULL, arena_format(arena, "<%s>", smtp_address(arena, mail->to)));
    bool ok = curl && to;

    if (!ok)
        fail(work, INTERNAL, "No memory for a mail");
    if (ok) {
        set_options(curl, work->config->smtp_url, saying, problem);
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM,
                         arena_format(arena, "<%s>", smtp_address(arena, mail->from)));
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
        ok = judge(work, curl, curl_easy_perform(curl), problem);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return ok;
}

bool smtp_send(struct work *work, const struct mail *mail, const char **id)
{
    const char *domain = strrchr(smtp_address(&work->arena, mail->from), '@');
    struct text message = {.arena = &work->arena};
    struct saying saying;

    *id = arena_format(&work->arena, "<%s@%s>", mail->key, domain ? domain + 1 : "localhost");
    smtp_message(&message, mail, *id, clock_now().ms);
    saying = (struct saying){message.at, message.length};
    return perform(work, mail, &saying);
}
