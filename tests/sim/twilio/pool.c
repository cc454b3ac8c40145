/* twilio/pool.c - areas, and the numbers in them. */
#include "twilio/pool.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct area {
    const char *country, *code, *locality, *region, *postal_code, *latitude, *longitude;
} areas[] = {
    {"US", "212", "New York",      "NY", "10001", "40.7128", "-74.0060"},
    {"US", "415", "San Francisco", "CA", "94103", "37.7749", "-122.4194"},
    {"US", "310", "Los Angeles",   "CA", "90210", "34.0901", "-118.4065"},
    {"US", "312", "Chicago",       "IL", "60601", "41.8781", "-87.6298"},
    {"US", "206", "Seattle",       "WA", "98101", "47.6062", "-122.3321"},
    {"US", "617", "Boston",        "MA", "02108", "42.3601", "-71.0589"},
    {"US", "512", "Austin",        "TX", "78701", "30.2672", "-97.7431"},
    {"US", "713", "Houston",       "TX", "77002", "29.7604", "-95.3698"},
    {"US", "305", "Miami",         "FL", "33101", "25.7617", "-80.1918"},
    {"US", "303", "Denver",        "CO", "80202", "39.7392", "-104.9903"},
    {"US", "602", "Phoenix",       "AZ", "85003", "33.4484", "-112.0740"},
    {"US", "503", "Portland",      "OR", "97201", "45.5152", "-122.6784"},
    {"US", "404", "Atlanta",       "GA", "30303", "33.7490", "-84.3880"},
    {"US", "215", "Philadelphia",  "PA", "19102", "39.9526", "-75.1652"},
    {"US", "702", "Las Vegas",     "NV", "89101", "36.1699", "-115.1398"},
    {"US", "510", "Oakland",       "CA", "94601", "37.8044", "-122.2712"},
    {"CA", "416", "Toronto",       "ON", NULL,    "43.6532", "-79.3832"},
    {"CA", "604", "Vancouver",     "BC", NULL,    "49.2827", "-123.1207"},
    {"CA", "514", "Montreal",      "QC", NULL,    "45.5017", "-73.5673"},
};

/* Other countries have one area each; the prefix is followed by four digits. */
static const struct abroad {
    const char *country, *prefix, *locality;
} abroad[] = {
    {"GB", "+44207946", "London"}, {"IE", "+3531555", "Dublin"}, {"DE", "+493023125", "Berlin"},
    {"FR", "+33199000", "Paris"},  {"NL", "+3120555", "Amsterdam"}, {"AU", "+6125550", "Sydney"},
    {"ES", "+34915550", "Madrid"}, {"IT", "+39065550", "Rome"},
};

static const char *const toll_free_codes[] = {"800", "888", "877", "866", "855", "844", "833"};
/* clang-format on */

enum {
    AREAS = sizeof areas / sizeof areas[0],
    ABROAD = sizeof abroad / sizeof abroad[0],
    TOLL_FREE = sizeof toll_free_codes / sizeof toll_free_codes[0],
    STRIDE = 7919 /* has no divisor in common with ten thousand: every number comes once */
};

static bool in_plan(const char *country)
{
    return !strcmp(country, "US") || !strcmp(country, "CA");
}

bool pool_has_country(const char *country)
{
    for (int i = 0; i < ABROAD; i++)
        if (!strcmp(abroad[i].country, country))
            return true;
    return in_plan(country);
}

/* ---- patterns ---- */

static char keypad(char letter)
{
    static const char digits[] = "22233344455566677778889999";

    return isalpha((unsigned char)letter) ? digits[tolower((unsigned char)letter) - 'a'] : letter;
}

static bool fits_at(const char *number, const char *pattern)
{
    for (; *pattern; pattern++, number++)
        if (!*number || (*pattern != '*' && keypad(*pattern) != *number))
            return false;
    return true;
}

static bool contains(const char *number, const char *pattern)
{
    if (*pattern == '+')
        return fits_at(number + 1, pattern + 1);
    for (const char *at = number + 1; *at; at++)
        if (fits_at(at, pattern))
            return true;
    return false;
}

/* ---- areas ---- */

typedef bool (*visitor)(void *user, const struct pool_number *number);

/* Every number behind a prefix, in an order that differs between prefixes. */
static bool each_behind(const char *prefix, const struct pool_search *search,
                        struct pool_number *found, visitor visit, void *user)
{
    int first = 0;

    for (const char *at = prefix; *at; at++)
        first = (first * 31 + *at) % POOL_PER_AREA;
    for (int i = 0; i < POOL_PER_AREA; i++) {
        snprintf(found->number, sizeof found->number, "%s%04d", prefix,
                 (first + i * STRIDE) % POOL_PER_AREA);
        if ((!search->contains || contains(found->number, search->contains)) && !visit(user, found))
            return false;
    }
    return true;
}

static bool each_in_area(const char *code, const struct area *area,
                         const struct pool_search *search, visitor visit, void *user)
{
    struct pool_number found = {.number = ""};
    char prefix[NUMBER_SIZE];

    if (area)
        found = (struct pool_number){.locality = area->locality,
                                     .region = area->region,
                                     .postal_code = area->postal_code,
                                     .latitude = area->latitude,
                                     .longitude = area->longitude};
    snprintf(prefix, sizeof prefix, "+1%.3s555", code);
    return each_behind(prefix, search, &found, visit, user);
}

static bool area_exists(const char *code)
{
    return strlen(code) == 3 && strspn(code, "0123456789") == 3 && code[0] >= '2' &&
           strcmp(code, "999");
}

static bool area_wanted(const struct area *area, const struct pool_search *search)
{
    return !strcmp(area->country, search->country) &&
           (!search->region || !strcasecmp(search->region, area->region)) &&
           (!search->locality || !strcasecmp(search->locality, area->locality));
}

static const struct area *area_of(const char *code)
{
    for (int i = 0; i < AREAS; i++)
        if (!strcmp(areas[i].code, code))
            return &areas[i];
    return NULL;
}

/* The area code that a pattern of a whole number begins with. */
static bool code_in_pattern(const char *pattern, char code[4])
{
    size_t length;

    if (!pattern)
        return false;
    pattern += *pattern == '+';
    length = strlen(pattern);
    if (length == 11 && *pattern == '1')
        pattern++;
    else if (length != 10)
        return false;
    snprintf(code, 4, "%s", pattern);
    return strspn(code, "0123456789") == 3;
}

static void each_in_plan(const struct pool_search *search, visitor visit, void *user)
{
    char code[4];

    if (search->toll_free) {
        for (int i = 0; i < TOLL_FREE; i++)
            if ((!search->area_code || !strcmp(search->area_code, toll_free_codes[i])) &&
                !each_in_area(toll_free_codes[i], NULL, search, visit, user))
                return;
    } else if (search->area_code) {
        if (area_exists(search->area_code))
            each_in_area(search->area_code, area_of(search->area_code), search, visit, user);
    } else if (code_in_pattern(search->contains, code)) {
        if (area_exists(code))
            each_in_area(code, area_of(code), search, visit, user);
    } else {
        for (int i = 0; i < AREAS; i++)
            if (area_wanted(&areas[i], search) &&
                !each_in_area(areas[i].code, &areas[i], search, visit, user))
                return;
    }
}

void pool_each(const struct pool_search *search, visitor visit, void *user)
{
    if (in_plan(search->country)) {
        each_in_plan(search, visit, user);
        return;
    }
    for (int i = 0; i < ABROAD; i++) {
        struct pool_number found = {.locality = abroad[i].locality};

        if (!strcmp(abroad[i].country, search->country))
            each_behind(abroad[i].prefix, search, &found, visit, user);
    }
}
