/*
 * tests/unit/walks.h - random walks that can be taken again: each has a seed, which stands in the
 * messages of whoever walks.
 */
#ifndef TESTS_UNIT_WALKS_H
#define TESTS_UNIT_WALKS_H

#include <stdbool.h>

/* Begins the walk of that seed. */
void walk_begin(unsigned seed);

/* 0 to most - 1; and true once in so many times. */
int walk_draw(int most);
bool walk_once_in(int times);

#endif
