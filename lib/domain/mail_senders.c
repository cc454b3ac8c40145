#include "domain/mail_senders.h"

#include "core/config.h"
#include "core/log.h"
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
        *sender = (struct mail_sender){mailbox_write(&work->arena, own), NULL};
    else if (config->mail_from)
        *sender = (struct mail_sender){mailbox_write(&work->arena, config->mail_from),
                                       mailbox_write(&work->arena, own)};
    else
        return fail_field(work, "email_from",
                          "Mail may not be sent from the domain of email_from: the operator of "
                          "this server opens it with MAIL_DOMAINS, or sets MAIL_FROM");
    return true;
}

void mail_senders_check(const struct config *config)
{
    bool sends = config->resend_api_key || config->smtp_url;

    if (sends && !config->mail_from && !config->mail_domains)
        log_warning(NULL, "mail.no_sender",
                    "tenants' mail is refused until MAIL_FROM or MAIL_DOMAINS is set%s", "");
}
