#include "core/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config_check.h"
#include "core/log.h"
#include "core/secrets.h"

const struct config config_defaults = {
    .public_base_url = "http://127.0.0.1:8080",
    .stream_public_url = "ws://127.0.0.1:8080",
    .listen_stream = "127.0.0.1:8081",
    .listen_control = "127.0.0.1:8082",
    .node_capacity = 500,
    .drain_seconds = 120,
    .model_session_seconds = 3300,
    .workers = 4,
    .spool_dir = "/var/lib/trunkline",
    .database_url = "mysql://trunkline@localhost/trunkline",
    .twilio_api_base_url = "https://api.twilio.com",
    .openai_base_url = "https://api.openai.com/v1",
    .openai_realtime_url = "wss://api.openai.com/v1/realtime",
    .elevenlabs_base_url = "https://api.elevenlabs.io",
    .anthropic_base_url = "https://api.anthropic.com",
    .resend_base_url = "https://api.resend.com",
    .stripe_base_url = "https://api.stripe.com",
    .allow_private_urls = "no",
    .rate_limit_ip_per_minute = 60,
    .rate_limit_tenant_per_minute = 1000,
    .rate_limit_key_per_minute = 60,
    .rate_limit_account_per_15_minutes = 3000,
    .outward_calls_per_tenant = 2,
    .recording_store = "database",
};

#define KEY(member, ...) COLUMN(config, member, __VA_ARGS__)
#define SECRET .secret = true, .max = 500

static const struct column settings[] = {
    /* clang-format off */
    KEY(public_base_url, NOT_NULL, .max = 500,
        .about = "Where clients and the carrier reach us; their signatures are made over it."),
    KEY(stream_public_url, NOT_NULL, .max = 500,
        .about = "Where the carrier and browsers reach the stream daemon."),
    KEY(listen_api, NULLABLE, .max = 100,
        .about = "Where FastCGI requests arrive; empty when the web server starts the program."),
    KEY(listen_callbacks, NULLABLE, .max = 100,
        .about = "Where the carrier's callbacks arrive, kept apart so that nobody delays them."),
    KEY(listen_stream, NOT_NULL, .max = 100,
        .about = "Where the stream daemon takes media and subscribers."),
    KEY(listen_control, NOT_NULL, .max = 100,
        .about = "Where the stream daemon takes orders from our own programs; a private address."),
    KEY(trusted_proxies, NULLABLE, .max = 1000,
        .about = "Proxies whose X-Forwarded-For is believed."),
    KEY(cors_origins, NULLABLE, .max = 2000,
        .about = "Web pages of other origins that may call the API."),
    KEY(node_name, NULLABLE, .max = 64,
        .about = "What this stream daemon is called, once in the whole installation; "
                 "empty: the host's name."),
    KEY(node_capacity, NOT_NULL, .least = 1, .most = 100000,
        .about = "How many calls this stream daemon takes at once."),
    KEY(drain_seconds, NOT_NULL, .least = 0, .most = 3600,
        .about = "How long running calls may go on after SIGTERM before other nodes get them."),
    KEY(workers, NOT_NULL, .least = 1, .most = 256,
        .about = "How many FastCGI requests are served at once where we start the workers."),
    KEY(spool_dir, NOT_NULL, .max = 500,
        .about = "Directory for what must survive a crash, and for generated secrets."),
    KEY(log_file, NULLABLE, .max = 500,
        .about = "File that the log is appended to, opened again on SIGHUP; "
                 "empty: standard error."),
    KEY(call_log_dir, NULLABLE, .max = 400,
        .about = "Directory that rehearsal calls are kept in for make replay, word for word; "
                 "empty: none is kept."),
    KEY(database_url, NOT_NULL, SECRET,
        .about = "The MariaDB database: mysql://user:password@host/name, with ?socket= and "
                 "?ssl-ca= where needed."),
    KEY(admin_api_key, NULLABLE, SECRET,
        .about = "Key that may do everything for every tenant; empty: no such key."),
    KEY(admin_username, NULLABLE, .max = 190,
        .about = "Name with which the operator signs in to the dashboard."),
    KEY(admin_password, NULLABLE, SECRET,
        .about = "The operator's password; better give its hash."),
    KEY(admin_password_sha256, NULLABLE, SECRET,
        .about = "The SHA-256 of the operator's password."),
    KEY(legacy_tenant_bearer_auth_enabled, NOT_NULL,
        .about = "Whether a tenant's id alone serves as a bearer token, as older clients send it."),
    KEY(legacy_query_auth_enabled, NOT_NULL,
        .about = "Whether keys are taken from the query string, as older clients send them."),
    KEY(secrets_key, NULLABLE, SECRET,
        .about = "Seals tenants' secrets in the database; empty: generated at the first start."),
    KEY(secrets_key_previous, NULLABLE, SECRET,
        .about = "The key before, still tried while secrets are sealed anew."),
    KEY(key_pepper, NULLABLE, SECRET,
        .about = "Goes into the hashes of API keys; empty: generated at the first start."),
    KEY(control_secret, NULLABLE, SECRET,
        .about = "Signs what our programs say to each other; empty: generated at the first start."),
    KEY(stream_auth_secret, NULLABLE, SECRET,
        .about = "Signs the tokens of media streams; empty: generated at the first start."),
    KEY(stream_auth_secret_previous, NULLABLE, SECRET,
        .about = "The secret before, still accepted."),
    KEY(twilio_api_base_url, NOT_NULL, .max = 500, .about = "The carrier's API."),
    KEY(twilio_account_sid, NULLABLE, .max = 100,
        .about = "The carrier account of tenants that have none of their own."),
    KEY(twilio_auth_token, NULLABLE, SECRET, .about = "The token of that account."),
    KEY(rehearsal_api_base_url, NULLABLE, .max = 500,
        .about = "The stand-in that plays the carrier for tenants in rehearsal."),
    KEY(rehearsal_account_sid, NULLABLE, .max = 100, .about = "The account at the stand-in."),
    KEY(rehearsal_auth_token, NULLABLE, SECRET, .about = "The token of that account."),
    KEY(openai_api_key, NULLABLE, SECRET, .about = "Key for OpenAI's models."),
    KEY(openai_base_url, NOT_NULL, .max = 500,
        .about = "OpenAI's API, or a compatible server's: the model of agents that read and write."),
    KEY(openai_chat_fallback_url, NULLABLE, .max = 500,
        .about = "Another such API, for calls whose model was lost; empty: none."),
    KEY(openai_chat_fallback_key, NULLABLE, SECRET,
        .about = "The key for it; empty: OPENAI_API_KEY."),
    KEY(openai_chat_fallback_model, NULLABLE, .max = 80,
        .about = "The model asked for there; empty: the agent's."),
    KEY(openai_realtime_url, NOT_NULL, .max = 500, .about = "OpenAI's Realtime socket."),
    KEY(openai_realtime_fallback_url, NULLABLE, .max = 500,
        .about = "Another Realtime socket, for calls whose model was lost; empty: none."),
    KEY(openai_realtime_fallback_key, NULLABLE, SECRET,
        .about = "The key for it; empty: OPENAI_API_KEY."),
    KEY(openai_realtime_fallback_model, NULLABLE, .max = 80,
        .about = "The model asked for there; empty: the agent's."),
    KEY(model_session_seconds, NOT_NULL, .least = 5, .most = 7200,
        .about = "At what age a model's session is replaced by a new one while the call goes on; "
                 "OpenAI ends them after an hour."),
    KEY(elevenlabs_api_key, NULLABLE, SECRET, .about = "Key for ElevenLabs' voices."),
    KEY(elevenlabs_base_url, NOT_NULL, .max = 500, .about = "ElevenLabs' API."),
    KEY(anthropic_api_key, NULLABLE, SECRET, .about = "Key for Anthropic's models."),
    KEY(anthropic_base_url, NOT_NULL, .max = 500, .about = "Anthropic's API."),
    KEY(resend_api_key, NULLABLE, SECRET, .about = "Key for mail through Resend."),
    KEY(resend_base_url, NOT_NULL, .max = 500, .about = "Resend's API."),
    KEY(smtp_url, NULLABLE, SECRET,
        .about = "Mail server to use instead: smtp://user:password@host:587."),
    KEY(mail_from, NULLABLE, .max = 320,
        .about = "Who mail of tenants is from; answers to it go to the tenant."),
    KEY(mail_domains, NULLABLE, .max = 4000,
        .about = "Domains whose addresses tenants may write mail from themselves."),
    KEY(stripe_secret_key, NULLABLE, SECRET, .about = "Key for payments through Stripe."),
    KEY(stripe_webhook_secret, NULLABLE, SECRET, .about = "Signs what Stripe posts to us."),
    KEY(stripe_base_url, NOT_NULL, .max = 500, .about = "Stripe's API."),
    KEY(billing_outcomes_url, NULLABLE, .max = 500,
        .about = "Where outcomes that are billed are posted to; empty: they wait."),
    KEY(billing_outcomes_secret, NULLABLE, SECRET, .about = "Signs what is posted there."),
    KEY(allow_private_urls, NOT_NULL, .max = 1000,
        .about = "Whether tenants' URLs may lead to private addresses: for tests and closed "
                 "networks only."),
    KEY(rate_limit_ip_per_minute, NOT_NULL, .least = 1, .most = 1000000,
        .about = "Requests that one address may make in a minute without a valid key."),
    KEY(rate_limit_tenant_per_minute, NOT_NULL, .least = 1, .most = 1000000,
        .about = "Requests that one tenant may make in a minute."),
    KEY(rate_limit_key_per_minute, NOT_NULL, .least = 1, .most = 1000000,
        .about = "Requests that one KwickPhone key may make in a minute; 60 as published."),
    KEY(rate_limit_account_per_15_minutes, NOT_NULL, .least = 1, .most = 100000000,
        .about = "Requests that one account of the Twilio dialect may make in 15 minutes."),
    KEY(outward_calls_per_tenant, NOT_NULL, .least = 1, .most = 256,
        .about = "Requests of one tenant that may wait for another service at once."),
    KEY(recording_store, NOT_NULL, .max = 500,
        .about = "Where recordings are kept: in the database or in a directory."),
    /* clang-format on */
};

const struct entity config_entity = {
    .name = "configuration",
    .size = sizeof(struct config),
    .columns = settings,
    .ncolumns = COUNT(settings),
};

/* Keys of earlier releases: they warn for two releases and are unknown afterwards. */
static const struct {
    const char *key, *advice;
} retired[] = {
    {NULL, NULL},
};

enum { KEY_SIZE = 64 };

/* What is being read: a file, or the environment (line 0). */
struct source {
    struct work *work;
    struct config *config;
    const char *name;
    int line;
    columns seen;
};

/* Says what is wrong and where.  Values are never told: they may be secrets. */
static bool complain(const struct source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(const struct source *source, const char *format, ...)
{
    char what[200];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (source->line)
        fail(source->work, INVALID, "%s, line %d: %s", source->name, source->line, what);
    else
        fail(source->work, INVALID, "%s: %s", source->name, what);
    fprintf(stderr, "trunkline: %s\n", source->work->error.message);
    return false;
}

/* The key of a row: its member's name in capitals. */
static void write_key(const struct column *column, char key[KEY_SIZE])
{
    size_t i;

    for (i = 0; column->name[i] && i + 1 < KEY_SIZE; i++)
        key[i] = (char)toupper((unsigned char)column->name[i]);
    key[i] = '\0';
}

static const struct column *find_key(const char *wanted)
{
    char key[KEY_SIZE];

    for (size_t i = 0; i < COUNT(settings); i++) {
        write_key(&settings[i], key);
        if (strcmp(key, wanted) == 0)
            return &settings[i];
    }
    return NULL;
}

static bool set_text(const struct source *source, const struct column *column, const char *key,
                     const char *value)
{
    const struct config_check *check = config_check_of(column->offset);
    size_t length = strlen(value);
    const char *copy;

    if (column->max && length > column->max)
        return complain(source, "%s is longer than %zu bytes", key, column->max);
    while (check && check->is_url && length && value[length - 1] == '/')
        length--;
    copy = arena_copy(&source->work->arena, value, length);
    if (check && !check->fits(copy))
        return complain(source, "%s must be %s", key, check->wanted);
    *(const char **)cell_of(column, source->config) = copy;
    return true;
}

static bool set_integer(const struct source *source, const struct column *column, const char *key,
                        const char *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || *end || number < column->least || number > column->most)
        return complain(source, "%s must be a number from %lld to %lld", key,
                        (long long)column->least, (long long)column->most);
    *(int64_t *)cell_of(column, source->config) = number;
    return true;
}

static bool set_boolean(const struct source *source, const struct column *column, const char *key,
                        const char *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0) {
            *(bool *)cell_of(column, source->config) = i % 2;
            return true;
        }
    return complain(source, "%s must be yes or no", key);
}

static void set_default(const struct column *column, struct config *config)
{
    const void *from = cell_of(column, &config_defaults);
    void *to = cell_of(column, config);

    if (column->type == TEXT)
        *(const char **)to = *(const char *const *)from;
    else if (column->type == INTEGER)
        *(int64_t *)to = *(const int64_t *)from;
    else
        *(bool *)to = *(const bool *)from;
}

static bool set_value(const struct source *source, const struct column *column, const char *value)
{
    char key[KEY_SIZE];

    write_key(column, key);
    if (!*value) {
        set_default(column, source->config);
        return true;
    }
    if (column->type == INTEGER)
        return set_integer(source, column, key, value);
    if (column->type == BOOLEAN)
        return set_boolean(source, column, key, value);
    return set_text(source, column, key, value);
}

static bool is_retired(const char *key)
{
    for (size_t i = 0; retired[i].key; i++)
        if (strcmp(retired[i].key, key) == 0) {
            log_warning(NULL, "config.retired", "%s: %s", key, retired[i].advice);
            return true;
        }
    return false;
}

/* Cuts white space off both ends. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t\r");
    length = strlen(text);
    while (length && strchr(" \t\r", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* Takes off quotes; NULL when they are opened and not closed. */
static char *unquote(char *value)
{
    size_t length = strlen(value);

    if (*value != '"' && *value != '\'')
        return value;
    if (length < 2 || value[length - 1] != *value)
        return NULL;
    value[length - 1] = '\0';
    return value + 1;
}

static bool read_line(struct source *source, char *line)
{
    char *key = trim(line), *equals = strchr(key, '='), *value;
    const struct column *column;

    if (!*key || *key == '#')
        return true;
    if (!equals)
        return complain(source, "this is not KEY=value");
    *equals = '\0';
    key = trim(key);
    column = find_key(key);
    if (!column)
        return is_retired(key) || complain(source, "%.60s is not a known key", key);
    if (columns_has(source->seen, (size_t)(column - settings)))
        return complain(source, "%s stands there twice", key);
    source->seen = columns_with(source->seen, (size_t)(column - settings));
    value = unquote(trim(equals + 1));
    return value ? set_value(source, column, value)
                 : complain(source, "the quotes of %s are not closed", key);
}

bool config_read(struct work *work, struct config *config, const char *name, const char *text)
{
    struct source source = {.work = work, .config = config, .name = name};
    char *line = arena_text(&work->arena, text);
    bool ok = true;

    while (line) {
        char *end = strchr(line, '\n');

        if (end)
            *end = '\0';
        source.line++;
        ok &= read_line(&source, line);
        line = end ? end + 1 : NULL;
    }
    return ok;
}

static bool read_environment(struct work *work, struct config *config)
{
    struct source source = {.work = work, .config = config, .name = "environment"};
    char key[KEY_SIZE];
    bool ok = true;

    for (size_t i = 0; i < COUNT(settings); i++) {
        const char *value;

        write_key(&settings[i], key);
        value = getenv(key);
        if (value)
            ok &= set_value(&source, &settings[i], value);
    }
    return ok;
}

/* "trunkline.conf" in the directory of the program that runs; NULL when that is not known. */
static const char *beside_program(struct arena *arena)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program);

    while (length > 0 && program[length - 1] != '/')
        length--;
    return length > 0 ? arena_format(arena, "%.*strunkline.conf", (int)length, program) : NULL;
}

/* The first file there is; none at all will do, but one that is named must be there. */
static bool read_files(struct work *work, struct config *config)
{
    const char *named = getenv("TRUNKLINE_CONF");
    const char *paths[] = {named, NULL, NULL};

    if (!named || !*named) {
        paths[0] = beside_program(&work->arena);
        paths[1] = "/etc/trunkline/trunkline.conf";
    }
    for (const char **path = paths; path < paths + COUNT(paths); path++) {
        struct source source = {.work = work, .name = *path};
        const char *text = *path ? secrets_read_file(work, *path) : NULL;

        if (text)
            return config_read(work, config, *path, text);
        if (*path && (errno != ENOENT || *path == named))
            return complain(&source, "%s", strerror(errno));
    }
    return true;
}

static void name_node(struct work *work, struct config *config)
{
    char host[64 + 1] = "";

    if (config->node_name)
        return;
    gethostname(host, sizeof host - 1);
    config->node_name =
        config_check_of(offsetof(struct config, node_name))->fits(host) ? host : "node";
    config->node_name = arena_text(&work->arena, config->node_name);
}

const struct config *config_load(void)
{
    static struct config config;
    static struct work work = {.id = "configuration"};
    bool ok;

    work_end(&work);
    config = config_defaults;
    ok = read_files(&work, &config);
    ok &= read_environment(&work, &config);
    if (!ok)
        return NULL;
    name_node(&work, &config);
    if (secrets_fill(&work, &config))
        return &config;
    fprintf(stderr, "trunkline: %s\n", work.error.message);
    return NULL;
}

/* "# From 1 to 100." or what else a value must be. */
static void print_rule(FILE *out, const struct column *column)
{
    const struct config_check *check = config_check_of(column->offset);

    if (column->type == INTEGER)
        fprintf(out, "# A number from %lld to %lld.\n", (long long)column->least,
                (long long)column->most);
    else if (column->type == BOOLEAN)
        fprintf(out, "# yes or no.\n");
    else if (check)
        fprintf(out, "# Must be %s; at most %zu bytes.\n", check->wanted, column->max);
    else
        fprintf(out, "# A text of at most %zu bytes.\n", column->max);
}

static void print_default(FILE *out, const struct column *column)
{
    const void *cell = cell_of(column, &config_defaults);
    char key[KEY_SIZE];

    write_key(column, key);
    if (column->type == INTEGER)
        fprintf(out, "#%s=%lld\n", key, (long long)*(const int64_t *)cell);
    else if (column->type == BOOLEAN)
        fprintf(out, "#%s=%s\n", key, *(const bool *)cell ? "yes" : "no");
    else
        fprintf(out, "#%s=%s\n", key, *(char *const *)cell ? *(char *const *)cell : "");
}

void config_print_example(FILE *out)
{
    fprintf(out, "# Configuration of Trunkline: KEY=value, one to a line, quotes allowed.\n"
                 "# Found by TRUNKLINE_CONF, or beside the program, or in /etc/trunkline/.\n"
                 "# Variables of the environment with the same names override it.\n"
                 "# What stands behind each # is the default.\n");
    for (size_t i = 0; i < COUNT(settings); i++) {
        fprintf(out, "\n# %s\n", settings[i].about);
        if (settings[i].secret)
            fprintf(out, "# Secret: it appears in no log.\n");
        print_rule(out, &settings[i]);
        print_default(out, &settings[i]);
    }
}
