/*
 * core/config_check.h - what the texts of the configuration must look like.
 */
#ifndef CORE_CONFIG_CHECK_H
#define CORE_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct config_check {
    size_t offset; /* of the member of struct config */
    bool (*fits)(const char *value);
    const char *wanted; /* ends the sentence "KEY must be" */
    bool is_url;        /* one address, kept without slashes at its end */
};

/* The check for the member at that offset; NULL when any text will do. */
const struct config_check *config_check_of(size_t offset);

#endif
