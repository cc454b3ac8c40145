/*
 * tests/unit/folder.h - a directory of the test's own.
 */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

enum { FOLDER_SIZE = 64 };

/* Makes one: "/tmp/trunkline-" and six letters that no other has. */
void folder_make(char path[FOLDER_SIZE]);

/* Removes it with all that is in it. */
void folder_remove(const char *path);

#endif
