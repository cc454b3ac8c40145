/*
 * A stand-in for a mail server: takes mail as RFC 5321 has it, one connection after the other, and
 * writes each down.
 *
 *   smtp --listen 127.0.0.1:PORT --log FILE
 *
 * "listening PORT" on standard output says that it is ready.  The log has a line of JSON for each
 * thing that happened: {"event":"mail","from","to":[…],"data","user","password"} for a mail that
 * was taken, {"event":"refused","at":"RCPT","to","code"} for one that was not.
 *
 * What a recipient's name begins with orders a fault:
 *
 *   nobody…     550 to RCPT: there is no such mailbox
 *   later-N…    451 to the first N RCPTs of that name
 *   login-N…    530 to the first N RCPTs of that name, as who wants a login
 *   spam…       554 to the whole message
 *   cut-N…      the first N messages of that name are read, and the connection ends without a word
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <json-c/json.h>

enum { LINE = 2048, NAME = 320, MOST_RECIPIENTS = 20, MOST_DATA = 1 << 20, MOST_NAMES = 200 };

/* A conversation. */
struct talk {
    int fd;
    char buffer[LINE];
    size_t filled;
    char from[NAME], to[MOST_RECIPIENTS][NAME];
    size_t recipients;
    char user[NAME], password[NAME];
    char *data;
    size_t length;
};

static FILE *journal;

/* How often each name was asked for that orders faults. */
static struct counted {
    char name[NAME];
    int count;
} names[MOST_NAMES];

static int times_of(const char *name)
{
    for (size_t i = 0; i < MOST_NAMES; i++) {
        if (!*names[i].name)
            snprintf(names[i].name, sizeof names[i].name, "%s", name);
        if (strcmp(names[i].name, name) == 0)
            return ++names[i].count;
    }
    return 0;
}

static bool begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

static void write_down(struct json_object *entry)
{
    fprintf(journal, "%s\n", json_object_to_json_string_ext(entry, JSON_C_TO_STRING_PLAIN));
    fflush(journal);
    json_object_put(entry);
}

static void add(struct json_object *entry, const char *name, const char *value)
{
    json_object_object_add(entry, name, json_object_new_string(value));
}

static void note_refusal(const char *at, const char *to, const char *code)
{
    struct json_object *entry = json_object_new_object();

    add(entry, "event", "refused");
    add(entry, "at", at);
    add(entry, "to", to);
    add(entry, "code", code);
    write_down(entry);
}

static void note_mail(const struct talk *talk)
{
    struct json_object *entry = json_object_new_object(), *to = json_object_new_array();

    for (size_t i = 0; i < talk->recipients; i++)
        json_object_array_add(to, json_object_new_string(talk->to[i]));
    add(entry, "event", "mail");
    add(entry, "from", talk->from);
    json_object_object_add(entry, "to", to);
    json_object_object_add(entry, "data",
                           json_object_new_string_len(talk->data, (int)talk->length));
    add(entry, "user", talk->user);
    add(entry, "password", talk->password);
    write_down(entry);
}

static bool say(const struct talk *talk, const char *line)
{
    char text[LINE];
    int length = snprintf(text, sizeof text, "%s\r\n", line);

    return send(talk->fd, text, (size_t)length, MSG_NOSIGNAL) == length;
}

/* The next line without its end; false when the other side is gone or says nothing for long. */
static bool hear(struct talk *talk, char *line, size_t size)
{
    for (;;) {
        char *end = memchr(talk->buffer, '\n', talk->filled);
        ssize_t got;

        if (end != NULL) {
            size_t length = (size_t)(end - talk->buffer) + 1;

            snprintf(line, size, "%.*s", (int)strcspn(talk->buffer, "\r\n"), talk->buffer);
            memmove(talk->buffer, talk->buffer + length, talk->filled - length);
            talk->filled -= length;
            return true;
        }
        if (talk->filled == sizeof talk->buffer)
            return false;
        got = recv(talk->fd, talk->buffer + talk->filled, sizeof talk->buffer - talk->filled, 0);
        if (got <= 0)
            return false;
        talk->filled += (size_t)got;
    }
}

/* "<a@b>" of a command; empty when there is none. */
static void read_path(const char *line, char name[NAME])
{
    const char *at = strchr(line, '<');

    size_t length = at ? strcspn(at + 1, ">") : 0;

    snprintf(name, NAME, "%.*s", (int)(length < NAME ? length : NAME - 1), at ? at + 1 : "");
}

/* AUTH PLAIN: "\0user\0password" in base64. */
static bool authenticate(struct talk *talk, const char *line)
{
    unsigned char plain[LINE] = {0};
    const char *given = strrchr(line, ' ');
    int length =
        given ? EVP_DecodeBlock(plain, (const unsigned char *)given + 1, (int)strlen(given + 1))
              : -1;
    const char *user = (const char *)plain + 1;

    if (!begins(line, "AUTH PLAIN ") || length < 3)
        return say(talk, "504 only AUTH PLAIN");
    plain[length < LINE ? length : LINE - 1] = '\0';
    snprintf(talk->user, sizeof talk->user, "%.*s", NAME - 1, user);
    snprintf(talk->password, sizeof talk->password, "%.*s", NAME - 1, user + strlen(user) + 1);
    return say(talk, "235 welcome");
}

static bool take_recipient(struct talk *talk, const char *line)
{
    char *to = talk->to[talk->recipients];

    if (talk->recipients == MOST_RECIPIENTS - 1)
        return say(talk, "452 too many");
    read_path(line, to);
    if (begins(to, "nobody")) {
        note_refusal("RCPT", to, "550");
        return say(talk, "550 no such mailbox");
    }
    if (begins(to, "later-") && times_of(to) <= atoi(to + strlen("later-"))) {
        note_refusal("RCPT", to, "451");
        return say(talk, "451 try again later");
    }
    if (begins(to, "login-") && times_of(to) <= atoi(to + strlen("login-"))) {
        note_refusal("RCPT", to, "530");
        return say(talk, "530 authentication required");
    }
    talk->recipients++;
    return say(talk, "250 ok");
}

/* Until a line with a dot alone; a dot that begins a line is doubled on the way. */
static bool take_data(struct talk *talk)
{
    char line[LINE];

    talk->length = 0;
    if (!say(talk, "354 go on"))
        return false;
    while (hear(talk, line, sizeof line)) {
        const char *text = line[0] == '.' ? line + 1 : line;
        size_t length = strlen(text);

        if (strcmp(line, ".") == 0)
            return true;
        if (talk->length + length + 1 > MOST_DATA)
            return false;
        memcpy(talk->data + talk->length, text, length);
        talk->length += length;
        talk->data[talk->length++] = '\n';
    }
    return false;
}

static bool take_mail(struct talk *talk)
{
    const char *to = talk->to[0];

    if (talk->recipients == 0)
        return say(talk, "503 to whom?");
    if (!take_data(talk))
        return false;
    if (begins(to, "cut-") && times_of(to) <= atoi(to + strlen("cut-"))) {
        note_refusal("DATA", to, "cut");
        return false;
    }
    if (begins(to, "spam")) {
        note_refusal("DATA", to, "554");
        return say(talk, "554 we do not want that");
    }
    note_mail(talk);
    talk->recipients = 0;
    return say(talk, "250 taken");
}

/* One command; false ends the conversation. */
static bool answer(struct talk *talk, const char *line)
{
    if (begins(line, "EHLO"))
        return say(talk, "250-stand-in") && say(talk, "250-AUTH PLAIN") &&
               say(talk, "250 8BITMIME");
    if (begins(line, "HELO") || begins(line, "NOOP"))
        return say(talk, "250 ok");
    if (begins(line, "AUTH"))
        return authenticate(talk, line);
    if (begins(line, "MAIL FROM:")) {
        talk->recipients = 0;
        read_path(line, talk->from);
        return say(talk, "250 ok");
    }
    if (begins(line, "RCPT TO:"))
        return take_recipient(talk, line);
    if (begins(line, "DATA"))
        return take_mail(talk);
    if (begins(line, "RSET")) {
        talk->recipients = 0;
        return say(talk, "250 ok");
    }
    if (begins(line, "QUIT"))
        return say(talk, "221 bye") && false;
    return say(talk, "500 what?");
}

static void converse(int fd)
{
    static struct talk talk;
    static char data[MOST_DATA];
    const struct timeval patience = {.tv_sec = 10};
    char line[LINE];

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    memset(&talk, 0, sizeof talk);
    talk.fd = fd;
    talk.data = data;
    if (say(&talk, "220 stand-in"))
        while (hear(&talk, line, sizeof line) && answer(&talk, line))
            continue;
    close(fd);
}

/* Listens on "127.0.0.1:PORT" (0: any) and says where. */
static int listen_on(const char *address)
{
    const char *colon = strrchr(address, ':');
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    name.sin_port = htons((in_port_t)(colon ? atoi(colon + 1) : 0));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        return -1;
    printf("listening %d\n", ntohs(name.sin_port));
    fflush(stdout);
    return fd;
}

static const char *option(int argc, char **argv, const char *name, const char *usual)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return usual;
}

int main(int argc, char **argv)
{
    int fd = listen_on(option(argc, argv, "--listen", "127.0.0.1:0")), client;

    signal(SIGPIPE, SIG_IGN);
    journal = fopen(option(argc, argv, "--log", "/dev/stderr"), "a");
    if (fd < 0 || journal == NULL)
        return 1;
    while ((client = accept(fd, NULL, NULL)) >= 0)
        converse(client);
    return 0;
}
