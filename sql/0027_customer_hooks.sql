-- URLs of customers' that hide behind ours, and how a webhook endpoint wants to be asked.

-- The same URL in the same call is the same row: the id is a hash of what it holds.
CREATE TABLE IF NOT EXISTS customer_hooks (
    tenant_id  INT UNSIGNED        NOT NULL,
    call_id    BINARY(16)          NOT NULL,
    id         BINARY(16)          NOT NULL,
    kind       ENUM('twiml', 'status', 'recording', 'amd', 'stream', 'conference', 'other')
               NOT NULL,
    -- Absent where the answer is the document below, or where only we want to be told.
    url        VARCHAR(1000)       NULL,
    method     ENUM('GET', 'POST') NOT NULL,
    -- Of a status: which of them the customer wants to hear of.
    events     VARCHAR(120)        CHARACTER SET ascii COLLATE ascii_bin NULL,
    document   TEXT                NULL,
    created_at DATETIME(3)         NOT NULL,
    PRIMARY KEY (tenant_id, call_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Twilio's customers may want their callbacks by GET; absent: POST.
ALTER TABLE webhook_endpoints
    ADD COLUMN IF NOT EXISTS method ENUM('POST', 'GET') NULL;
