-- Text messages, mail, knowledge, feedback, and registration with the carriers.

-- Messages between one number of ours and one contact.
CREATE TABLE IF NOT EXISTS sms_conversations (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    our_number      VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    contact_number  VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    agent_id        BINARY(16)   NULL,
    status          ENUM('open', 'closed', 'opted_out') NOT NULL DEFAULT 'open',
    message_count   INT UNSIGNED NOT NULL DEFAULT 0,
    unread_count    INT UNSIGNED NOT NULL DEFAULT 0,
    last_message    VARCHAR(320) NULL,
    last_message_at DATETIME(3)  NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_pair (tenant_id, our_number, contact_number),
    KEY ix_recent (tenant_id, last_message_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Text messages in and out.
CREATE TABLE IF NOT EXISTS sms_messages (
    tenant_id       INT UNSIGNED     NOT NULL,
    id              BINARY(16)       NOT NULL,
    conversation_id BINARY(16)       NOT NULL,
    message_sid     CHAR(34)         CHARACTER SET ascii COLLATE ascii_bin NULL,
    direction       ENUM('inbound', 'outbound') NOT NULL,
    status          ENUM('queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed',
                         'received') NOT NULL,
    -- 10 queued, 20 sending, 30 sent, 40 delivered, undelivered or failed.
    status_rank     TINYINT UNSIGNED NOT NULL,
    from_number     VARCHAR(20)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    to_number       VARCHAR(20)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    body            TEXT             NULL,
    media           JSON             NOT NULL DEFAULT '[]',
    segments        TINYINT UNSIGNED NULL,
    error_code      VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    error_message   VARCHAR(255)     NULL,
    cost_micros     BIGINT           NULL,
    agent_id        BINARY(16)       NULL,
    call_id         BINARY(16)       NULL,
    origin          ENUM('api', 'tool', 'workflow', 'system', 'carrier') NOT NULL,
    metadata        JSON             NOT NULL DEFAULT '{}',
    sent_at         DATETIME(3)      NULL,
    delivered_at    DATETIME(3)      NULL,
    created_at      DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED     NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_sid (message_sid),
    KEY ix_conversation (tenant_id, conversation_id, id),
    KEY ix_status (tenant_id, status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Addresses that must not be called or written to. Asked before everything that goes out.
CREATE TABLE IF NOT EXISTS suppressions (
    tenant_id   INT UNSIGNED NOT NULL,
    id          BINARY(16)   NOT NULL,
    channel     ENUM('sms', 'voice', 'email', 'all') NOT NULL,
    address     VARCHAR(254) NOT NULL,
    -- Empty when it holds for all our numbers.
    our_address VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    source      ENUM('keyword', 'api', 'call', 'carrier', 'import') NOT NULL,
    -- The word the contact sent.
    keyword     VARCHAR(24)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Null while in force.
    lifted_at   DATETIME(3)  NULL,
    created_at  DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at  DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev         INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_address (tenant_id, channel, address, our_address),
    KEY ix_list (tenant_id, lifted_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Domains a tenant sends from. A domain belongs to one tenant.
CREATE TABLE IF NOT EXISTS email_domains (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    -- Renamed on deletion.
    domain          VARCHAR(253) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status          ENUM('pending', 'verifying', 'verified', 'failed') NOT NULL DEFAULT 'pending',
    region          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    provider_ref    VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    dns_records     JSON         NOT NULL,
    last_checked_at DATETIME(3)  NULL,
    verified_at     DATETIME(3)  NULL,
    deleted_at      DATETIME(3)  NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_domain (domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Mail conversations.
CREATE TABLE IF NOT EXISTS email_threads (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    subject         VARCHAR(998) NULL,
    status          ENUM('open', 'waiting', 'closed', 'spam') NOT NULL DEFAULT 'open',
    agent_id        BINARY(16)   NULL,
    participants    JSON         NOT NULL,
    message_count   INT UNSIGNED NOT NULL DEFAULT 0,
    last_message_at DATETIME(3)  NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_recent (tenant_id, last_message_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Mails in and out.
CREATE TABLE IF NOT EXISTS email_messages (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    thread_id       BINARY(16)   NOT NULL,
    direction       ENUM('inbound', 'outbound') NOT NULL,
    status          ENUM('queued', 'sent', 'delivered', 'bounced', 'complained', 'failed',
                         'received') NOT NULL,
    from_addr       VARCHAR(320) NOT NULL,
    to_addrs        JSON         NOT NULL,
    cc_addrs        JSON         NOT NULL DEFAULT '[]',
    bcc_addrs       JSON         NOT NULL DEFAULT '[]',
    subject         VARCHAR(998) NULL,
    text_body       MEDIUMTEXT   NULL,
    html_body       MEDIUMTEXT   NULL,
    message_id      VARCHAR(512) NULL,
    -- SHA-256 of message_id, which is too long for an index.
    message_id_hash BINARY(32)   NULL,
    in_reply_to     VARCHAR(512) NULL,
    provider_ref    VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_id        BINARY(16)   NULL,
    attachments     JSON         NOT NULL DEFAULT '[]',
    error           VARCHAR(500) NULL,
    metadata        JSON         NOT NULL DEFAULT '{}',
    sent_at         DATETIME(3)  NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_thread (tenant_id, thread_id, id),
    UNIQUE KEY uq_message (tenant_id, message_id_hash),
    KEY ix_provider (provider_ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Visits to web sites that fill the knowledge of a tenant.
CREATE TABLE IF NOT EXISTS kb_crawls (
    tenant_id      INT UNSIGNED  NOT NULL,
    id             BINARY(16)    NOT NULL,
    agent_id       BINARY(16)    NULL,
    url            VARCHAR(2000) NOT NULL,
    options        JSON          NOT NULL DEFAULT '{}',
    status         ENUM('queued', 'running', 'completed', 'failed', 'canceled') NOT NULL,
    pages_found    INT UNSIGNED  NOT NULL DEFAULT 0,
    pages_indexed  INT UNSIGNED  NOT NULL DEFAULT 0,
    chunks_created INT UNSIGNED  NOT NULL DEFAULT 0,
    -- Pages still to be visited.
    frontier       JSON          NULL,
    lease_owner    VARCHAR(48)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until    DATETIME(3)   NULL,
    error          VARCHAR(500)  NULL,
    started_at     DATETIME(3)   NULL,
    completed_at   DATETIME(3)   NULL,
    created_at     DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at     DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev            INT UNSIGNED  NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_due (status, lease_until),
    KEY ix_agent (tenant_id, agent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Pages and texts an agent may know.
CREATE TABLE IF NOT EXISTS kb_documents (
    tenant_id    INT UNSIGNED  NOT NULL,
    id           BINARY(16)    NOT NULL,
    crawl_id     BINARY(16)    NULL,
    agent_id     BINARY(16)    NULL,
    url          VARCHAR(2000) NULL,
    url_hash     BINARY(32)    NOT NULL,
    title        VARCHAR(500)  NULL,
    -- Unchanged pages are not cut into pieces again.
    content_hash BINARY(32)    NOT NULL,
    fetched_at   DATETIME(3)   NOT NULL,
    created_at   DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at   DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev          INT UNSIGNED  NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_url (tenant_id, crawl_id, url_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Searchable pieces of documents. A piece without agent is seen by all agents of the tenant.
CREATE TABLE IF NOT EXISTS kb_chunks (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    document_id     BINARY(16)   NOT NULL,
    crawl_id        BINARY(16)   NULL,
    agent_id        BINARY(16)   NULL,
    position        INT UNSIGNED NOT NULL,
    -- The word tnt<tenant_id>, a part of the full-text index so that a search costs what the tenant
    -- has: MATCH (content, tenant_term) AGAINST (? IN BOOLEAN MODE) with +tnt42 +word*. It must be
    -- the first word, since the index reads the following ones only where the first was found. Same
    -- character set as content, as one index demands.
    tenant_term     VARCHAR(16)  NOT NULL,
    content         TEXT         NOT NULL,
    token_count     INT UNSIGNED NULL,
    -- Normalized vector, int8 or float32.
    embedding       BLOB         NULL,
    embedding_model VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    created_at      DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_document (tenant_id, document_id, position),
    KEY ix_agent (tenant_id, agent_id),
    KEY ix_crawl (tenant_id, crawl_id),
    FULLTEXT KEY ft_content (content, tenant_term)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a tenant tells the operator.
CREATE TABLE IF NOT EXISTS feedback (
    tenant_id   INT UNSIGNED NOT NULL,
    id          BINARY(16)   NOT NULL,
    type        ENUM('bug', 'feature', 'general') NOT NULL,
    subject     VARCHAR(200) NOT NULL,
    description TEXT         NOT NULL,
    priority    ENUM('low', 'medium', 'high') NOT NULL DEFAULT 'medium',
    status      ENUM('open', 'in_review', 'answered', 'resolved', 'closed') NOT NULL DEFAULT 'open',
    context     JSON         NOT NULL DEFAULT '{}',
    responses   JSON         NOT NULL DEFAULT '[]',
    created_at  DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at  DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev         INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_type (tenant_id, type, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Registration of a business for text messages. A failed brand may be followed by a new one.
CREATE TABLE IF NOT EXISTS a2p_brands (
    tenant_id       INT UNSIGNED    NOT NULL,
    id              BINARY(16)      NOT NULL,
    brand_type      ENUM('sole_proprietor', 'standard') NOT NULL,
    status          ENUM('draft', 'pending', 'in_review', 'otp_required', 'approved', 'failed',
                         'suspended') NOT NULL,
    substatus       VARCHAR(80)     NULL,
    legal_name      VARCHAR(255)    NOT NULL,
    profile         JSON            NOT NULL,
    -- Sealed.
    tax_id          VARBINARY(2048) NULL,
    score           SMALLINT        NULL,
    twilio_sid      CHAR(34)        CHARACTER SET ascii COLLATE ascii_bin NULL,
    failure_reasons JSON            NOT NULL DEFAULT '[]',
    submitted_at    DATETIME(3)     NULL,
    approved_at     DATETIME(3)     NULL,
    last_checked_at DATETIME(3)     NULL,
    -- Lets a tenant have one brand that has not failed.
    live            TINYINT         AS (IF(status IN ('failed'), NULL, 1)) VIRTUAL,
    created_at      DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED    NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_live (tenant_id, live),
    KEY ix_poll (status, last_checked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Registered uses of text messages below a brand.
CREATE TABLE IF NOT EXISTS a2p_campaigns (
    tenant_id             INT UNSIGNED NOT NULL,
    id                    BINARY(16)   NOT NULL,
    brand_id              BINARY(16)   NOT NULL,
    status                ENUM('draft', 'pending', 'in_review', 'approved', 'failed',
                               'suspended') NOT NULL,
    substatus             VARCHAR(80)  NULL,
    use_case              VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    profile               JSON         NOT NULL,
    messaging_service_sid CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    twilio_sid            CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    failure_reasons       JSON         NOT NULL DEFAULT '[]',
    submitted_at          DATETIME(3)  NULL,
    approved_at           DATETIME(3)  NULL,
    last_checked_at       DATETIME(3)  NULL,
    created_at            DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at            DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                   INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_brand (tenant_id, brand_id),
    KEY ix_poll (status, last_checked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Which numbers send for a registered campaign.
CREATE TABLE IF NOT EXISTS a2p_campaign_numbers (
    tenant_id       INT UNSIGNED NOT NULL,
    campaign_id     BINARY(16)   NOT NULL,
    phone_number_id BINARY(16)   NOT NULL,
    status          ENUM('pending', 'linked') NOT NULL,
    linked_at       DATETIME(3)  NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, phone_number_id),
    KEY ix_campaign (tenant_id, campaign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- People who asked for access on the landing page.
CREATE TABLE IF NOT EXISTS access_requests (
    id                       BINARY(16)   NOT NULL,
    company_name             VARCHAR(190) NOT NULL,
    contact_name             VARCHAR(190) NOT NULL,
    work_email               VARCHAR(254) NOT NULL,
    use_case                 TEXT         NOT NULL,
    role                     VARCHAR(120) NULL,
    phone                    VARCHAR(40)  NULL,
    website                  VARCHAR(300) NULL,
    expected_monthly_minutes VARCHAR(60)  NULL,
    timeline                 VARCHAR(60)  NULL,
    status                   ENUM('open', 'approved', 'rejected', 'spam') NOT NULL DEFAULT 'open',
    source                   VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin
                             NOT NULL DEFAULT 'voice_landing_page',
    remote_addr              INET6        NULL,
    user_agent               VARCHAR(255) NULL,
    metadata                 JSON         NOT NULL DEFAULT '{}',
    reviewed_at              DATETIME(3)  NULL,
    created_at               DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at               DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                      INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    KEY ix_status (status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
