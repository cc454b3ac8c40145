/*
 * browser/browser.h - Chromium, driven over WebDriver.  One browser at a time.
 */
#ifndef TESTS_BROWSER_BROWSER_H
#define TESTS_BROWSER_BROWSER_H

#include <stdbool.h>

/* For a suite's .init and .fini. */
void start_browser(void);
void stop_browser(void);

void visit(const char *url);

/* Runs a script in the page. */
void run_script(const char *script);

/* The value of an expression in the page, as text; and whether it is that. */
const char *see(const char *expression);
bool sees(const char *expression, const char *value);

#endif
