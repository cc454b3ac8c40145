/*
 * domain/recording_copies.h - recordings that the carrier made, brought home.
 */
#ifndef DOMAIN_RECORDING_COPIES_H
#define DOMAIN_RECORDING_COPIES_H

#include "domain/outbox.h"

/*
 * Does what an outbox row of topic "recording" orders: reads the recording from the carrier, with
 * the credentials of the account that made it and by its SID, stores it, and makes it available.
 * Doing it again changes nothing.  UPSTREAM when the carrier does not give it now; with "last" the
 * recording is then failed.  The work's tenant is the row's.
 */
bool recording_copy(struct work *work, const struct outbox_row *row, bool last);

#endif
