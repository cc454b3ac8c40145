#include "remote/trust.h"

#include <stdlib.h>

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include "core/column.h" /* COUNT */
#include "core/log.h"

void trust_set(void *curl)
{
    const char *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");

    if (file && *file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, file);
    if (folder && *folder)
        curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
}

const char *trust_remedy(long verdict)
{
    static const struct {
        long verdict;
        const char *remedy;
    } remedies[] = {
        {X509_V_ERR_HOSTNAME_MISMATCH,
         "the certificate is not for this host: correct the host in the URL of the configuration"},
        {X509_V_ERR_CERT_HAS_EXPIRED, "look at this machine's clock, or renew the certificate"},
        {X509_V_ERR_CERT_NOT_YET_VALID, "look at this machine's clock"},
    };

    for (size_t i = 0; i < COUNT(remedies); i++)
        if (remedies[i].verdict == verdict)
            return remedies[i].remedy;
    return "install its authority with update-ca-certificates, or name the authority's file by "
           "SSL_CERT_FILE in this program's environment; then start it anew";
}

/* The host of a URL, which may hold secrets elsewhere; to be freed by curl_free(). */
static char *host_of(CURL *curl)
{
    CURLU *url = curl_url();
    char *host = NULL, *whole = NULL;

    curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &whole);
    if (url && whole && curl_url_set(url, CURLUPART_URL, whole, 0) == CURLUE_OK)
        curl_url_get(url, CURLUPART_HOST, &host, 0);
    curl_url_cleanup(url);
    return host;
}

/* libcurl compares the name itself, and OpenSSL has then found nothing wrong. */
void trust_note(const struct work *work, void *curl, int rc)
{
    long verdict = X509_V_OK;
    char *host;

    if (rc != CURLE_PEER_FAILED_VERIFICATION)
        return;
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED)
        verdict = X509_V_ERR_HOSTNAME_MISMATCH;
    host = host_of(curl);
    log_warning(work, "http.untrusted", "host=%s problem=\"%s\" remedy=\"%s\"", host ? host : "-",
                X509_verify_cert_error_string(verdict), trust_remedy(verdict));
    curl_free(host);
}
