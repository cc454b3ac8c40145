/*
 * fcgi/site/site.h - what belongs to no API: health, documents, the state of the parts.
 */
#ifndef FCGI_SITE_SITE_H
#define FCGI_SITE_SITE_H

#include "fcgi/dialect.h"

/* Mounted last: its prefix is "/", so that it answers what nobody else does. */
extern const struct dialect site, probes, healthz;

/* Handlers. */
bool site_live(struct request *req);
bool site_ready(struct request *req);
bool site_healthz(struct request *req);
bool site_status(struct request *req);
bool site_metrics(struct request *req);
bool site_document(struct request *req);
bool site_documents(struct request *req);

#endif
