/*
 * openai/schema.h - names and schemas of functions, as the service takes them.
 */
#ifndef SIM_OPENAI_SCHEMA_H
#define SIM_OPENAI_SCHEMA_H

#include <json-c/json.h>
#include <stdbool.h>

/* 1 to 64 letters, digits, _ and -. */
bool schema_is_name(const char *name);

/* What is wrong with the schema of a function's parameters, or NULL. */
const char *schema_fault(struct json_object *schema);

#endif
