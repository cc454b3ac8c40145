/*
 * core/address.h - IP addresses and ranges of them, as texts.
 */
#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

#include <stdbool.h>

/* An address as 16 bytes, an IPv4 one in its mapped form, so that both kinds compare alike. */
bool address_read(const char *text, unsigned char address[16]);

/* Whether an address lies in a range: "10.0.0.0/8", "2001:db8::/32", or one address. */
bool address_in_range(const char *address, const char *range);

/* Whether a text is such a range. */
bool address_range_is_valid(const char *range);

/* Whether it lies in one of the ranges of a list, separated by commas or blanks. */
bool address_in_list(const char *address, const char *list);

#endif
