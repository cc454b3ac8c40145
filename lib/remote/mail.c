#include "remote/mail.h"

#include "core/config.h"
#include "remote/resend.h"
#include "remote/smtp.h"

static bool is_set(const char *setting)
{
    return setting && *setting;
}

bool mail_is_configured(struct work *work)
{
    return is_set(work->config->smtp_url) || is_set(work->config->resend_api_key);
}

bool mail_send(struct work *work, const struct mail *mail, const char **id)
{
    *id = NULL;
    if (is_set(work->config->smtp_url))
        return smtp_send(work, mail, id);
    if (is_set(work->config->resend_api_key))
        return resend_send(work, mail, id);
    return fail(work, WRONG_STATE, "No mail provider is configured");
}
