#include "fcgi/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/db.h"
#include "db/migrate.h"
#include "fcgi/dialect.h"
#include "fcgi/openapi.h"

static const char usage[] =
    "usage: trunkline.fcgi [--workers N] [--listen-api ADDRESS] [--listen-callbacks ADDRESS]\n"
    "       trunkline.fcgi --openapi DIRECTORY | --print-config-example | --migrate | --check\n"
    "\n"
    "An ADDRESS is unix:/path or host:port. Started by a web server, on descriptor 0, the program\n"
    "answers there. Everything else is configured: see --print-config-example.\n";

enum { WORKERS = 256, LISTEN_API, LISTEN_CALLBACKS, OPENAPI, EXAMPLE, MIGRATE, CHECK, HELP };

static const struct option known[] = {
    {"workers", required_argument, NULL, WORKERS},
    {"listen-api", required_argument, NULL, LISTEN_API},
    {"listen-callbacks", required_argument, NULL, LISTEN_CALLBACKS},
    {"openapi", required_argument, NULL, OPENAPI},
    {"print-config-example", no_argument, NULL, EXAMPLE},
    {"migrate", no_argument, NULL, MIGRATE},
    {"check", no_argument, NULL, CHECK},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

/* What the command line says. */
struct command {
    int what; /* 0: serve */
    const char *directory;
    const char *workers, *listen_api, *listen_callbacks;
};

static bool read_arguments(int argc, char **argv, struct command *command)
{
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0)
        switch (option) {
        case WORKERS:
            command->workers = optarg;
            break;
        case LISTEN_API:
            command->listen_api = optarg;
            break;
        case LISTEN_CALLBACKS:
            command->listen_callbacks = optarg;
            break;
        case '?':
            return false;
        default:
            command->what = option;
            command->directory = optarg;
        }
    return optind == argc;
}

static int migrate_now(const struct config *config)
{
    struct work work = {.id = "migrate", .config = config, .db = db_open(config->database_url)};
    unsigned applied;
    bool ok = work.db && migrate(&work, &applied);

    if (ok)
        printf("%u of %zu files applied\n", applied, migrations_count);
    else
        fprintf(stderr, "trunkline.fcgi: %s\n",
                work.db ? work.error.message : "DATABASE_URL cannot be read");
    db_close(work.db);
    work_end(&work);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_workers(const char *text, size_t *workers)
{
    char *end;
    long number;

    *workers = 0;
    if (!text)
        return true;
    number = strtol(text, &end, 10);
    if (!*text || *end || number < 1 || number > 256)
        return false;
    *workers = (size_t)number;
    return true;
}

static const char *given_or(const char *given, const char *configured)
{
    if (given && *given)
        return given;
    return configured && *configured ? configured : NULL;
}

/* Commands that need no configuration. */
static bool answer_at_once(const struct command *command, int *status)
{
    *status = EXIT_SUCCESS;
    if (command->what == HELP)
        fputs(usage, stdout);
    else if (command->what == EXAMPLE)
        config_print_example(stdout);
    else if (!routes_prepare() ||
             (command->what == OPENAPI && !openapi_write_files(command->directory)))
        *status = EXIT_FAILURE;
    else
        return command->what == OPENAPI;
    return true;
}

bool options_read(int argc, char **argv, struct options *options, int *status)
{
    struct command command = {0};

    *status = EXIT_FAILURE;
    if (!read_arguments(argc, argv, &command) ||
        !read_workers(command.workers, &options->workers)) {
        fputs(usage, stderr);
        return true;
    }
    if (answer_at_once(&command, status))
        return true;
    *status = EXIT_FAILURE;
    options->config = config_load();
    if (!options->config)
        return true;
    options->listen_api = given_or(command.listen_api, options->config->listen_api);
    options->listen_callbacks =
        given_or(command.listen_callbacks, options->config->listen_callbacks);
    if (command.what == CHECK)
        *status = puts("the routes and the configuration are good") < 0;
    else if (command.what == MIGRATE)
        *status = migrate_now(options->config);
    return command.what != 0;
}
