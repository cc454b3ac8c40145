/* twilio/accounts.h - the account resource. */
#ifndef SIM_TWILIO_ACCOUNTS_H
#define SIM_TWILIO_ACCOUNTS_H

#include "twilio/rest.h"

void account_fetch(struct rest *rest);
void account_update(struct rest *rest);
void accounts_list(struct rest *rest);

#endif
