/*
 * core/version.h - what this release is called, in one place.
 */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#define TRUNKLINE_VERSION "0.1.0"

#endif
