#include "domain/mail_senders.h"

#include "core/config.h"
#include "core/mailbox.h"

bool mail_sender_of(struct work *work, const struct tenant *tenant, struct mail_sender *sender)
{
    const struct config *config = work->config;
    const char *own = tenant_setting(work, tenant, "email_from");
    char address[ADDRESS_SIZE];

    if (!own || !*own)
        return fail_field(work, "email_from", "The tenant's settings have no email_from");
    if (!mailbox_read(own, address))
        return fail_field(work, "email_from", "email_from of the tenant's settings is no address");
    if (mailbox_is_of(address, config->mail_domains))
        *sender = (struct mail_sender){own, NULL};
    else if (config->mail_from)
        *sender = (struct mail_sender){config->mail_from, own};
    else
        return fail_field(work, "email_from", "Mail may not be sent from the domain of email_from");
    return true;
}
