/*
 * fcgi/site/health.h - what the answers about health look like.
 */
#ifndef FCGI_SITE_HEALTH_H
#define FCGI_SITE_HEALTH_H

#include "fcgi/view.h"

extern const struct view liveness_view, readiness_view, health_view, state_view;

#endif
