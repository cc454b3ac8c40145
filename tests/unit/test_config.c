#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/column.h"
#include "core/config.h"
#include "core/log.h"
#include "folder.h"

static struct work work;
static struct config config;
static char directory[FOLDER_SIZE];

static const char *in_directory(const char *name)
{
    return arena_format(&work.arena, "%s/%s", directory, name);
}

/* No test sees the configuration of the machine it runs on. */
static void setup(void)
{
    char key[64];

    for (size_t i = 0; i < config_entity.ncolumns; i++) {
        snprintf(key, sizeof key, "%s", config_entity.columns[i].name);
        for (char *c = key; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        unsetenv(key);
    }
    config = config_defaults;
    folder_make(directory);
    setenv("SPOOL_DIR", in_directory("deep/spool"), 1);
    cr_assert_not_null(freopen("/dev/null", "w", stderr));
}

static void end(void)
{
    folder_remove(directory);
    work_end(&work);
}

TestSuite(config, .init = setup, .fini = end);

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* The whole of a file in the test's directory. */
static const char *read_file(const char *name)
{
    static char text[1 << 16];
    FILE *file = fopen(in_directory(name), "r");
    size_t length;

    cr_assert_not_null(file, "%s", name);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static void name_file(const char *text)
{
    write_file(in_directory("named.conf"), text);
    setenv("TRUNKLINE_CONF", in_directory("named.conf"), 1);
}

Test(config, is_read_from_lines_of_keys_and_values)
{
    cr_assert(config_read(&work, &config, "test",
                          "# a comment\n\n  \t\nWORKERS=7\r\n  NODE_NAME = \"a.b-c\"  \n"
                          "OPENAI_API_KEY='a \"#\" b'\nLEGACY_QUERY_AUTH_ENABLED=yes\n"
                          "ADMIN_PASSWORD=a=b#c"));
    cr_expect_eq(config.workers, 7);
    cr_expect_str_eq(config.node_name, "a.b-c");
    cr_expect_str_eq(config.openai_api_key, "a \"#\" b");
    cr_expect(config.legacy_query_auth_enabled);
    cr_expect_str_eq(config.admin_password, "a=b#c");
    cr_expect_eq(config.node_capacity, 500);
}

struct bad_case {
    char line[128], message[128];
};

ParameterizedTestParameters(config, is_refused_with_the_place_of_the_fault)
{
    static struct bad_case cases[] = {
        /* clang-format off */
        {"\nWORKER=7",                 "test, line 2: WORKER is not a known key"},
        {"workers=7",                  "test, line 1: workers is not a known key"},
        {"=7",                         "test, line 1:  is not a known key"},
        {"WORKERS 7",                  "test, line 1: this is not KEY=value"},
        {"WORKERS=0",                  "test, line 1: WORKERS must be a number from 1 to 256"},
        {"WORKERS=257",                "test, line 1: WORKERS must be a number from 1 to 256"},
        {"WORKERS=7 # many",           "test, line 1: WORKERS must be a number from 1 to 256"},
        {"WORKERS=99999999999999999999", "test, line 1: WORKERS must be a number from 1 to 256"},
        {"WORKERS=7\nWORKERS=7",       "test, line 2: WORKERS stands there twice"},
        {"NODE_NAME=\"a",              "test, line 1: the quotes of NODE_NAME are not closed"},
        {"NODE_NAME='",                "test, line 1: the quotes of NODE_NAME are not closed"},
        {"NODE_NAME=a/b",              "test, line 1: NODE_NAME must be letters, digits, points and dashes"},
        {"NODE_NAME=..",               "test, line 1: NODE_NAME must be letters, digits, points and dashes"},
        {"LEGACY_QUERY_AUTH_ENABLED=2", "test, line 1: LEGACY_QUERY_AUTH_ENABLED must be yes or no"},
        {"PUBLIC_BASE_URL=example.com", "test, line 1: PUBLIC_BASE_URL must be an address that begins with https:// or http://"},
        {"PUBLIC_BASE_URL=ftp://a",    "test, line 1: PUBLIC_BASE_URL must be an address that begins with https:// or http://"},
        {"PUBLIC_BASE_URL=http://",    "test, line 1: PUBLIC_BASE_URL must be an address that begins with https:// or http://"},
        {"PUBLIC_BASE_URL=http://a b", "test, line 1: PUBLIC_BASE_URL must be an address that begins with https:// or http://"},
        {"OPENAI_REALTIME_URL=https://a", "test, line 1: OPENAI_REALTIME_URL must be an address that begins with wss:// or ws://"},
        {"DATABASE_URL=postgres://a/b", "test, line 1: DATABASE_URL must be an address that begins with mysql://"},
        {"LISTEN_STREAM=8081",         "test, line 1: LISTEN_STREAM must be host:port or unix:/path"},
        {"LISTEN_STREAM=a:0",          "test, line 1: LISTEN_STREAM must be host:port or unix:/path"},
        {"LISTEN_STREAM=a:65536",      "test, line 1: LISTEN_STREAM must be host:port or unix:/path"},
        {"LISTEN_STREAM=unix:a",       "test, line 1: LISTEN_STREAM must be host:port or unix:/path"},
        {"SECRETS_KEY=short",          "test, line 1: SECRETS_KEY must be 16 characters or more"},
        {"ADMIN_PASSWORD_SHA256=abc",  "test, line 1: ADMIN_PASSWORD_SHA256 must be 64 hex digits"},
        {"TRUSTED_PROXIES=10.0.0.0/33", "test, line 1: TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated by commas"},
        {"TRUSTED_PROXIES=10.0.0.1,",  "test, line 1: TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated by commas"},
        {"TRUSTED_PROXIES=proxy",      "test, line 1: TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated by commas"},
        {"CORS_ORIGINS=https://a/b",   "test, line 1: CORS_ORIGINS must be * or origins such as https://example.com, separated by commas"},
        {"ALLOW_PRIVATE_URLS=maybe",   "test, line 1: ALLOW_PRIVATE_URLS must be no, yes, or origins allowed by name, separated by commas"},
        {"RECORDING_STORE=recordings", "test, line 1: RECORDING_STORE must be the word database or a directory's full path"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_case, cases, COUNT(cases));
}

ParameterizedTest(struct bad_case *given, config, is_refused_with_the_place_of_the_fault)
{
    cr_expect_not(config_read(&work, &config, "test", given->line), "%s", given->line);
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.message, given->message);
}

struct good_case {
    char line[128];
};

ParameterizedTestParameters(config, takes_every_form_that_is_allowed)
{
    static struct good_case cases[] = {
        {"LISTEN_API=unix:/run/api.sock"},
        {"LISTEN_API=[::1]:9000"},
        {"LISTEN_API=:9000"},
        {"TRUSTED_PROXIES=10.0.0.0/8, ::1, fd00::/8,192.0.2.1"},
        {"CORS_ORIGINS=*"},
        {"CORS_ORIGINS=https://a.example, http://localhost:3000"},
        {"ALLOW_PRIVATE_URLS=yes"},
        {"ALLOW_PRIVATE_URLS=http://127.0.0.1:9000"},
        {"RECORDING_STORE=/srv/recordings"},
        {"SMTP_URL=smtps://ann:secret@mail.example:465"},
        {"DATABASE_URL=mysql://a:b@localhost/c?socket=/run/mysqld/mysqld.sock"},
        {"LEGACY_QUERY_AUTH_ENABLED=TRUE"},
    };

    return cr_make_param_array(struct good_case, cases, COUNT(cases));
}

ParameterizedTest(struct good_case *given, config, takes_every_form_that_is_allowed)
{
    cr_expect(config_read(&work, &config, "test", given->line), "%s", work.error.message);
}

Test(config, faults_never_tell_a_value)
{
    cr_expect_not(config_read(&work, &config, "test", "SECRETS_KEY=hunter2"));
    cr_expect_null(strstr(work.error.message, "hunter2"));
}

Test(config, addresses_end_without_a_slash)
{
    cr_assert(config_read(&work, &config, "test", "PUBLIC_BASE_URL=https://a.example/tel//"));
    cr_expect_str_eq(config.public_base_url, "https://a.example/tel");
}

Test(config, empty_value_means_the_default)
{
    config.workers = 99;
    config.openai_api_key = "before";
    config.openai_base_url = "before";
    cr_assert(
        config_read(&work, &config, "test", "WORKERS=\nOPENAI_API_KEY=\"\"\nOPENAI_BASE_URL=\n"));
    cr_expect_eq(config.workers, config_defaults.workers);
    cr_expect_null(config.openai_api_key);
    cr_expect_str_eq(config.openai_base_url, config_defaults.openai_base_url);
}

Test(config, every_default_passes_its_own_rules_and_every_key_is_explained)
{
    for (size_t i = 0; i < config_entity.ncolumns; i++) {
        const struct column *column = &config_entity.columns[i];
        const char *text;

        cr_expect_not_null(column->about, "%s", column->name);
        cr_expect(column->type != INTEGER || column->most, "%s has no bounds", column->name);
        if (column->type != TEXT)
            continue;
        cr_expect(column->max, "%s has no bounds", column->name);
        text = *(const char *const *)cell_of(column, &config_defaults);
        cr_expect(column->nullable != !!text, "%s", column->name);
    }
    cr_expect_null(entity_fault(&config_entity));
}

/* Printed, uncommented and read again: the example is a configuration, and the default one. */
Test(config, example_is_what_the_program_has_when_nothing_is_set)
{
    struct config read = {0};
    char text[1 << 16];
    FILE *file = fopen(in_directory("example"), "w+");
    size_t length;

    cr_assert_not_null(file);
    config_print_example(file);
    rewind(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    for (char *c = text; (c = strstr(c, "\n#")); c++)
        if (isupper((unsigned char)c[2]))
            c[1] = ' ';
    cr_assert(config_read(&work, &read, "example", text), "%s", work.error.message);
    cr_expect_eq(read.workers, config_defaults.workers);
    cr_expect_str_eq(read.database_url, config_defaults.database_url);
}

Test(config, environment_overrides_the_file)
{
    const struct config *loaded;

    name_file("WORKERS=7\nNODE_NAME=file\n");
    setenv("NODE_NAME", "environment", 1);
    loaded = config_load();
    cr_assert_not_null(loaded);
    cr_expect_eq(loaded->workers, 7);
    cr_expect_str_eq(loaded->node_name, "environment");
}

Test(config, bad_file_and_bad_environment_stop_the_program)
{
    name_file("WORKERS=7\n");
    setenv("NODE_CAPACITY", "none", 1);
    cr_expect_null(config_load());
    unsetenv("NODE_CAPACITY");
    cr_expect_not_null(config_load());
    name_file("WORKERS=none\n");
    cr_expect_null(config_load());
}

Test(config, file_that_is_named_must_be_there)
{
    setenv("TRUNKLINE_CONF", in_directory("absent.conf"), 1);
    cr_expect_null(config_load());
}

Test(config, node_has_a_name_without_being_given_one)
{
    name_file("");
    cr_expect_not_null(config_load());
    cr_expect_neq(config_load()->node_name[0], '\0');
}

Test(config, secrets_are_generated_once_and_kept_for_the_owner_alone)
{
    const struct config *loaded;
    struct stat status;
    char first[4][64];

    name_file("");
    loaded = config_load();
    cr_assert_not_null(loaded);
    snprintf(first[0], 64, "%s", loaded->secrets_key);
    snprintf(first[1], 64, "%s", loaded->key_pepper);
    snprintf(first[2], 64, "%s", loaded->control_secret);
    snprintf(first[3], 64, "%s", loaded->stream_auth_secret);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(strlen(first[i]), 48);
    cr_expect_str_neq(first[0], first[1]);
    loaded = config_load();
    cr_expect_str_eq(loaded->secrets_key, first[0]);
    cr_expect_str_eq(loaded->key_pepper, first[1]);
    cr_expect_str_eq(loaded->control_secret, first[2]);
    cr_expect_str_eq(loaded->stream_auth_secret, first[3]);
    cr_assert_eq(stat(in_directory("deep/spool/secrets.conf"), &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(stat(in_directory("deep/spool"), &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0700);
}

Test(config, secret_of_the_operator_comes_before_a_generated_one)
{
    name_file("");
    cr_assert_not_null(config_load());
    setenv("SECRETS_KEY", "the operator's own key", 1);
    cr_expect_str_eq(config_load()->secrets_key, "the operator's own key");
    cr_expect_eq(strlen(config_load()->key_pepper), 48);
}

Test(config, nothing_is_written_when_the_operator_gives_every_secret)
{
    name_file("SECRETS_KEY=0123456789abcdef\nKEY_PEPPER=0123456789abcdef\n"
              "CONTROL_SECRET=0123456789abcdef\nSTREAM_AUTH_SECRET=0123456789abcdef\n");
    cr_assert_not_null(config_load());
    cr_expect_neq(access(in_directory("deep"), F_OK), 0);
}

Test(config, secret_that_an_older_release_did_not_have_is_added)
{
    name_file("");
    cr_assert_eq(mkdir(in_directory("deep"), 0700), 0);
    cr_assert_eq(mkdir(in_directory("deep/spool"), 0700), 0);
    write_file(in_directory("deep/spool/secrets.conf"), "SECRETS_KEY=kept since long ago\n");
    cr_assert_not_null(config_load());
    cr_expect_str_eq(config_load()->secrets_key, "kept since long ago");
    cr_expect_eq(strlen(config_load()->key_pepper), 48);
}

Test(config, broken_secrets_stop_the_program_and_are_not_replaced)
{
    name_file("");
    cr_assert_eq(mkdir(in_directory("deep"), 0700), 0);
    cr_assert_eq(mkdir(in_directory("deep/spool"), 0700), 0);
    write_file(in_directory("deep/spool/secrets.conf"), "SECRETS_KEY\n");
    cr_expect_null(config_load());
    cr_expect_str_eq(read_file("deep/spool/secrets.conf"), "SECRETS_KEY\n");
}

Test(config, spool_that_cannot_be_made_stops_the_program)
{
    name_file("");
    write_file(in_directory("file"), "");
    setenv("SPOOL_DIR", in_directory("file/spool"), 1);
    cr_expect_null(config_load());
}

enum { STARTERS = 8 };

/* Each process writes down the secret it got, and all of them are one. */
Test(config, processes_that_start_at_once_agree_on_their_secrets)
{
    int ends[2];
    char keys[STARTERS][48];

    name_file("");
    cr_assert_eq(pipe(ends), 0);
    for (int i = 0; i < STARTERS; i++)
        if (fork() == 0) {
            const struct config *loaded = config_load();

            _exit(!loaded || write(ends[1], loaded->secrets_key, 48) != 48);
        }
    for (int i = 0; i < STARTERS; i++) {
        int status;

        cr_assert_gt(wait(&status), 0);
        cr_assert_eq(status, 0);
        cr_assert_eq(read(ends[0], keys[i], 48), 48);
        cr_expect_arr_eq(keys[i], keys[0], 48);
    }
}
