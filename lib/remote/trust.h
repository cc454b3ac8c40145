/*
 * remote/trust.h - which servers are believed to be who they say, and what to do when one is not.
 *
 * A server's certificate must be signed by an authority of the system's store, and name the host
 * that was asked for.  An operator's own authority belongs into that store
 * (update-ca-certificates), or its file is named by SSL_CERT_FILE, or its folder by SSL_CERT_DIR,
 * in the environment of the programs: OpenSSL, and with it libwebsockets, heeds those two by
 * itself, and trust_set() makes libcurl do the same.
 */
#ifndef REMOTE_TRUST_H
#define REMOTE_TRUST_H

#include "core/work.h"

/* Tells a libcurl handle whom to trust. */
void trust_set(void *curl);

/* What an operator does about a verdict of OpenSSL's (X509_V_ERR_…) on a certificate. */
const char *trust_remedy(long verdict);

/*
 * Says it in the log when a libcurl handle's transfer ended with "rc" because of the server's
 * certificate; else nothing happens. "work" may be NULL.
 */
void trust_note(const struct work *work, void *curl, int rc);

#endif
