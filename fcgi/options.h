/*
 * fcgi/options.h - the program's command line, and the commands that answer and end.
 */
#ifndef FCGI_OPTIONS_H
#define FCGI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

struct options {
    size_t workers; /* of each pool; 0: as configured, or one where a web server spawns us */
    const char *listen_api, *listen_callbacks; /* given here, or configured */
    const struct config *config;
};

/*
 * Reads the command line and the configuration and checks the tables of routes.  True when the
 * program is to end with "status": after --openapi DIR, --print-config-example, --migrate, --check
 * or --help, and when something is wrong.
 */
bool options_read(int argc, char **argv, struct options *options, int *status);

#endif
