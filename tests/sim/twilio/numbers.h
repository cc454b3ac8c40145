/*
 * twilio/numbers.h - numbers for sale and numbers bought.
 *
 * What is for sale never changes: of every area code ten thousand numbers "AAA 555 xxxx" in an
 * order of their own, without those that are bought.  Area code 999 has none.
 */
#ifndef SIM_TWILIO_NUMBERS_H
#define SIM_TWILIO_NUMBERS_H

#include "twilio/rest.h"

void numbers_search_local(struct rest *rest);
void numbers_search_toll_free(struct rest *rest);
void numbers_list(struct rest *rest);
void numbers_buy(struct rest *rest);
void numbers_fetch(struct rest *rest);
void numbers_update(struct rest *rest);
void numbers_release(struct rest *rest);

/* The resource of a bought number, whose ever it is; NULL when nobody has it. */
struct json_object *number_find(const char *phone_number);

/* The account that has it. */
const struct account *number_account(struct json_object *number);

/* The control port's way to have a number: parameters as for buying.  NULL when it is taken. */
struct json_object *number_give(const struct account *account, const struct form *params);

/* Keeps what is bought in a file, and begins with what it holds. */
void numbers_keep(const char *path);

/* All that is bought, as an array. */
struct json_object *numbers_all(void);

#endif
