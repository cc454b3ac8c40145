-- Calls and everything that is recorded about one while it runs.

-- One leg with a carrier. A translated or transferred call has a row for each leg.
CREATE TABLE IF NOT EXISTS calls (
    tenant_id            INT UNSIGNED     NOT NULL,
    id                   BINARY(16)       NOT NULL,
    call_sid             CHAR(34)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    carrier              ENUM('twilio', 'sim', 'none') NOT NULL,
    carrier_account_sid  CHAR(34)         CHARACTER SET ascii COLLATE ascii_bin NULL,
    origin               ENUM('carrier', 'twilio', 'thruai', 'stateset', 'phony', 'campaign',
                              'callback', 'workflow', 'transfer') NOT NULL,
    direction            ENUM('inbound', 'outbound') NOT NULL,
    channel              ENUM('pstn', 'sip', 'web') NOT NULL DEFAULT 'pstn',
    -- How the conversation reaches us.
    media_mode           ENUM('stream', 'relay', 'provider_sip', 'gather', 'bridge',
                              'none') NOT NULL DEFAULT 'stream',
    parent_call_id       BINARY(16)       NULL,
    room_id              BINARY(16)       NULL,
    leg_role             ENUM('primary', 'participant_a', 'participant_b', 'human',
                              'consult') NOT NULL DEFAULT 'primary',
    from_addr            VARCHAR(128)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    to_addr              VARCHAR(128)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    customer_phone       VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    caller_name          VARCHAR(120)     NULL,
    forwarded_from       VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Our number, whichever side of the call it is on.
    phone_number_id      BINARY(16)       NULL,
    agent_id             BINARY(16)       NULL,
    agent_version_id     BINARY(16)       NULL,
    agent_name           VARCHAR(190)     NULL,
    org_ref              VARCHAR(64)      NULL,
    campaign_id          BINARY(16)       NULL,
    contact_id           BINARY(16)       NULL,
    execution_id         BINARY(16)       NULL,
    callback_task_id     BINARY(16)       NULL,
    state                ENUM('created', 'queued', 'initiated', 'ringing', 'in_progress',
                              'completed', 'busy', 'no_answer', 'failed', 'canceled') NOT NULL,
    -- 10 created, 20 queued, 30 initiated, 40 ringing, 60 in_progress, 90 the end states. An update
    -- needs a higher rank, so late callbacks change nothing.
    state_rank           TINYINT UNSIGNED NOT NULL,
    -- Highest sequence number of the callbacks applied.
    carrier_seq          INT              NULL,
    answered_by          ENUM('human', 'machine_start', 'machine_end_beep', 'machine_end_silence',
                              'machine_end_other', 'fax', 'unknown') NULL,
    outcome              ENUM('answered', 'voicemail', 'no_answer', 'busy', 'failed') NULL,
    -- What the agent says came out of it.
    business_outcome     VARCHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    end_reason           ENUM('caller_hangup', 'agent_end', 'supervisor_end', 'api_end', 'transfer',
                              'max_duration', 'silence', 'balance', 'carrier_error', 'model_error',
                              'node_lost', 'no_route', 'refused', 'unknown') NULL,
    escalated            BOOLEAN          NOT NULL DEFAULT 0,
    escalation_reason    VARCHAR(500)     NULL,
    escalation_target    VARCHAR(200)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    scheduled_at         DATETIME(3)      NULL,
    started_at           DATETIME(3)      NOT NULL,
    answered_at          DATETIME(3)      NULL,
    ended_at             DATETIME(3)      NULL,
    -- From the answer to the end.
    duration_seconds     INT              NULL,
    carrier_price_micros BIGINT           NULL,
    cost_micros          BIGINT           NULL,
    cost_detail          JSON             NULL,
    currency             CHAR(3)          CHARACTER SET ascii NOT NULL DEFAULT 'USD',
    model                VARCHAR(80)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    voice                VARCHAR(80)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    system_prompt_key    VARCHAR(120)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    language             VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    summary              TEXT             NULL,
    sentiment            ENUM('positive', 'neutral', 'negative') NULL,
    resolution           VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    context              JSON             NOT NULL DEFAULT '{}',
    variables            JSON             NOT NULL DEFAULT '{}',
    metadata             JSON             NOT NULL DEFAULT '{}',
    -- URLs, callbacks and detection settings the creator asked for.
    carrier_params       JSON             NULL,
    consent_at           DATETIME(3)      NULL,
    turn_count           INT UNSIGNED     NOT NULL DEFAULT 0,
    tool_call_count      INT UNSIGNED     NOT NULL DEFAULT 0,
    recording_count      INT UNSIGNED     NOT NULL DEFAULT 0,
    error_code           VARCHAR(48)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    error_message        VARCHAR(500)     NULL,
    trace_id             VARCHAR(128)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Set exactly once, by whoever writes outcome, cost and webhooks.
    finalized_at         DATETIME(3)      NULL,
    -- Deleted in the Twilio dialect, visible in the others.
    hidden_at            DATETIME(3)      NULL,
    created_at           DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at           DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                  INT UNSIGNED     NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_sid (call_sid),
    KEY ix_started (tenant_id, started_at, id),
    KEY ix_state (tenant_id, state, started_at),
    KEY ix_agent (tenant_id, agent_id, started_at),
    KEY ix_number (tenant_id, phone_number_id, started_at),
    KEY ix_customer (tenant_id, customer_phone, started_at),
    KEY ix_campaign (tenant_id, campaign_id, state),
    KEY ix_parent (tenant_id, parent_call_id),
    KEY ix_room (tenant_id, room_id),
    KEY ix_sweep (state_rank, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Other names a call or session is known by outside.
CREATE TABLE IF NOT EXISTS call_aliases (
    alias      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind       ENUM('call_sid', 'stream_sid', 'relay_sid', 'provider_call', 'provisional') NOT NULL,
    tenant_id  INT UNSIGNED NOT NULL,
    -- Null while the call is not known yet.
    call_id    BINARY(16)   NULL,
    session_id BINARY(16)   NULL,
    created_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (alias),
    KEY ix_call (tenant_id, call_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Two or more legs that hear each other.
CREATE TABLE IF NOT EXISTS rooms (
    tenant_id      INT UNSIGNED      NOT NULL,
    id             BINARY(16)        NOT NULL,
    kind           ENUM('translation', 'conference') NOT NULL,
    state          ENUM('forming', 'waiting', 'live', 'ended', 'failed') NOT NULL,
    language_a     VARCHAR(16)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    language_b     VARCHAR(16)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- How loud the untranslated voice stays, 0 for silent.
    original_level TINYINT UNSIGNED  NOT NULL DEFAULT 0,
    node_id        SMALLINT UNSIGNED NULL,
    conference_sid CHAR(34)          CHARACTER SET ascii COLLATE ascii_bin NULL,
    started_at     DATETIME(3)       NULL,
    ended_at       DATETIME(3)       NULL,
    error          VARCHAR(500)      NULL,
    created_at     DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at     DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev            INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_node (node_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- A caller passed on, or to be passed on, to a human.
CREATE TABLE IF NOT EXISTS handoffs (
    tenant_id        INT UNSIGNED NOT NULL,
    id               BINARY(16)   NOT NULL,
    call_id          BINARY(16)   NOT NULL,
    mode             ENUM('cold', 'warm', 'bridge') NOT NULL,
    initiated_by     ENUM('ai', 'supervisor', 'api', 'fallback') NOT NULL,
    target           VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason           VARCHAR(500) NULL,
    -- What the human hears before the caller is connected.
    briefing         TEXT         NULL,
    state            ENUM('requested', 'dialing', 'ringing', 'briefing', 'bridged', 'declined',
                          'no_answer', 'failed', 'completed', 'canceled') NOT NULL,
    -- The leg of the human.
    human_call_id    BINARY(16)   NULL,
    conference_sid   CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    tr_task_id       BINARY(16)   NULL,
    callback_task_id BINARY(16)   NULL,
    operator         VARCHAR(120) NULL,
    requested_at     DATETIME(3)  NOT NULL,
    answered_at      DATETIME(3)  NULL,
    bridged_at       DATETIME(3)  NULL,
    ended_at         DATETIME(3)  NULL,
    created_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_call (tenant_id, call_id, id),
    KEY ix_open (state, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- One conversation over one media connection. Written before any media flows.
CREATE TABLE IF NOT EXISTS voice_sessions (
    tenant_id           INT UNSIGNED      NOT NULL,
    id                  BINARY(16)        NOT NULL,
    call_id             BINARY(16)        NULL,
    room_id             BINARY(16)        NULL,
    transport           ENUM('media_stream', 'relay', 'provider_sip', 'gather', 'web',
                             'imported') NOT NULL,
    -- A foreign id for imported sessions.
    stream_sid          VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    relay_sid           VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    state               ENUM('pending', 'connecting', 'active', 'draining', 'ended', 'lost',
                             'expired') NOT NULL,
    -- 10 pending, 20 connecting, 40 active, 60 draining, 80 lost, 90 ended or expired.
    state_rank          TINYINT UNSIGNED  NOT NULL,
    -- Set together with the state ended.
    result              ENUM('completed', 'transferred', 'failed') NULL,
    node_id             SMALLINT UNSIGNED NULL,
    -- Start of the daemon that holds the session, see media_nodes.
    node_epoch          BIGINT UNSIGNED   NULL,
    -- Of the one-time token in the TwiML.
    token_hash          BINARY(32)        NULL,
    token_expires_at    DATETIME(3)       NULL,
    -- The lost session this one continues.
    resume_of           BINARY(16)        NULL,
    resume_count        TINYINT UNSIGNED  NOT NULL DEFAULT 0,
    call_type           VARCHAR(24)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    customer_phone      VARCHAR(32)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_id            BINARY(16)        NULL,
    agent_version_id    BINARY(16)        NULL,
    agent_name          VARCHAR(190)      NULL,
    model               VARCHAR(80)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    voice               VARCHAR(80)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    greeting            TEXT              NULL,
    org_ref             VARCHAR(64)       NULL,
    language            VARCHAR(16)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    started_at          DATETIME(3)       NOT NULL,
    connected_at        DATETIME(3)       NULL,
    ended_at            DATETIME(3)       NULL,
    duration_ms         BIGINT            NULL,
    turn_count          INT UNSIGNED      NOT NULL DEFAULT 0,
    summary             TEXT              NULL,
    sentiment           VARCHAR(32)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    rating              TINYINT           NULL,
    tags                JSON              NOT NULL DEFAULT '[]',
    vad_events          JSON              NOT NULL DEFAULT '[]',
    imported_transcript JSON              NULL,
    imported_functions  JSON              NULL,
    metadata            JSON              NOT NULL DEFAULT '{}',
    -- Model sessions used. Their time limit is shorter than a call may be.
    model_segments      SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    -- Last record of the spool that was applied.
    spool_seq           BIGINT UNSIGNED   NOT NULL DEFAULT 0,
    created_at          DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at          DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                 INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_stream (tenant_id, stream_sid),
    UNIQUE KEY uq_token (token_hash),
    KEY ix_started (tenant_id, started_at, id),
    KEY ix_state (tenant_id, state, started_at),
    KEY ix_call (tenant_id, call_id, id),
    KEY ix_node (node_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Who said what. Written by the one daemon that owns the session, so replay changes nothing.
CREATE TABLE IF NOT EXISTS call_turns (
    tenant_id          INT UNSIGNED      NOT NULL,
    session_id         BINARY(16)        NOT NULL,
    seq                INT UNSIGNED      NOT NULL,
    call_id            BINARY(16)        NULL,
    role               ENUM('user', 'assistant', 'system', 'tool', 'operator') NOT NULL,
    -- Of an interrupted answer: what was heard, not what was generated.
    text               TEXT              NOT NULL,
    translation        TEXT              NULL,
    occurred_at        DATETIME(3)       NOT NULL,
    -- Offsets from the start of the session.
    start_ms           INT               NULL,
    end_ms             INT               NULL,
    interrupted        BOOLEAN           NOT NULL DEFAULT 0,
    -- How much of an interrupted answer was played.
    heard_ms           INT               NULL,
    confidence         FLOAT             NULL,
    language           VARCHAR(16)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Id of the item with the model.
    item_ref           VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    llm_first_token_ms INT               NULL,
    -- From the end of the speech of the caller to the first audio of the answer.
    e2e_first_audio_ms INT               NULL,
    -- Places that were blacked out.
    redactions         SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, session_id, seq),
    KEY ix_call (tenant_id, call_id, occurred_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- The whole text of a call, for search. Written when the call is finalized.
CREATE TABLE IF NOT EXISTS call_texts (
    tenant_id   INT UNSIGNED NOT NULL,
    call_id     BINARY(16)   NOT NULL,
    started_at  DATETIME(3)  NOT NULL,
    -- The word tnt<tenant_id>, a part of the full-text index so that a search costs what the tenant
    -- has: MATCH (body, tenant_term) AGAINST (? IN BOOLEAN MODE) with +tnt42 +word*. It must be the
    -- first word, since the index reads the following ones only where the first was found. Same
    -- character set as body, as one index demands.
    tenant_term VARCHAR(16)  NOT NULL,
    body        MEDIUMTEXT   NOT NULL,
    PRIMARY KEY (tenant_id, call_id),
    FULLTEXT KEY ft_body (body, tenant_term)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Everything that happened in a call, read by live sockets, timelines and replays.
CREATE TABLE IF NOT EXISTS call_events (
    tenant_id   INT UNSIGNED NOT NULL,
    id          BINARY(16)   NOT NULL,
    call_id     BINARY(16)   NULL,
    session_id  BINARY(16)   NULL,
    type        VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    level       ENUM('debug', 'info', 'warn', 'error') NOT NULL DEFAULT 'info',
    source      ENUM('carrier', 'media', 'model', 'tool', 'platform', 'webhook',
                     'supervisor') NOT NULL,
    payload     JSON         NOT NULL DEFAULT '{}',
    -- Microseconds, to keep the order of what one process saw.
    occurred_at DATETIME(6)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_call (tenant_id, call_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a carrier posted, stored raw before it is interpreted.
CREATE TABLE IF NOT EXISTS carrier_callbacks (
    id              BINARY(16)    NOT NULL,
    -- SHA-256 over the token the carrier marks retries with, else over kind, call and sequence
    -- number, else over the sorted parameters.
    dedupe          BINARY(32)    NOT NULL,
    kind            ENUM('voice', 'status', 'amd', 'stream', 'recording', 'action', 'sms',
                         'sms_status', 'relay', 'other') NOT NULL,
    -- Null while no tenant is found.
    tenant_id       INT UNSIGNED  NULL,
    call_sid        VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    sequence_number INT           NULL,
    params          JSON          NOT NULL,
    -- As the request reached us.
    url             VARCHAR(1000) NOT NULL,
    -- After a failed signature check: the URL that would have matched, to correct proxies by.
    matching_url    VARCHAR(1000) NULL,
    signature       ENUM('valid', 'invalid', 'absent', 'not_required') NOT NULL,
    received_at     DATETIME(3)   NOT NULL,
    -- late: overtaken by a newer one. orphan: no call known yet.
    applied         ENUM('new', 'applied', 'duplicate', 'late', 'orphan',
                         'rejected') NOT NULL DEFAULT 'new',
    applied_at      DATETIME(3)   NULL,
    response_ms     INT           NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uq_dedupe (dedupe),
    KEY ix_sid (call_sid, id),
    KEY ix_new (applied, received_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Recordings of calls.
CREATE TABLE IF NOT EXISTS recordings (
    tenant_id     INT UNSIGNED     NOT NULL,
    id            BINARY(16)       NOT NULL,
    call_id       BINARY(16)       NOT NULL,
    recording_sid CHAR(34)         CHARACTER SET ascii COLLATE ascii_bin NULL,
    source        ENUM('carrier', 'bridge') NOT NULL,
    status        ENUM('recording', 'processing', 'available', 'absent', 'failed',
                       'deleted') NOT NULL,
    channels      TINYINT UNSIGNED NOT NULL DEFAULT 1,
    duration_ms   INT              NULL,
    content_type  VARCHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    bytes         BIGINT UNSIGNED  NULL,
    -- Key inside the configured store, never an absolute path. Null when the bytes are in
    -- recording_chunks.
    location      VARCHAR(500)     NULL,
    sha256        BINARY(32)       NULL,
    encrypted     BOOLEAN          NOT NULL DEFAULT 0,
    started_at    DATETIME(3)      NULL,
    available_at  DATETIME(3)      NULL,
    purge_after   DATETIME(3)      NULL,
    error         VARCHAR(500)     NULL,
    created_at    DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at    DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev           INT UNSIGNED     NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_call (tenant_id, call_id, id),
    UNIQUE KEY uq_sid (recording_sid),
    KEY ix_purge (purge_after)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- The bytes of a recording that is kept in the database, so that any web host can serve it.
CREATE TABLE IF NOT EXISTS recording_chunks (
    tenant_id    INT UNSIGNED NOT NULL,
    recording_id BINARY(16)   NOT NULL,
    -- From 0, in the order of the bytes.
    seq          INT UNSIGNED NOT NULL,
    bytes        MEDIUMBLOB   NOT NULL,
    PRIMARY KEY (tenant_id, recording_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Response times of a call in milliseconds.
CREATE TABLE IF NOT EXISTS call_latency (
    tenant_id  INT UNSIGNED    NOT NULL,
    call_id    BINARY(16)      NOT NULL,
    started_at DATETIME(3)     NOT NULL,
    turn_count INT UNSIGNED    NOT NULL,
    model      VARCHAR(80)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    voice      VARCHAR(80)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- To the first token of the model.
    llm_avg    FLOAT           NULL,
    llm_p50    FLOAT           NULL,
    llm_p95    FLOAT           NULL,
    llm_p99    FLOAT           NULL,
    llm_max    FLOAT           NULL,
    -- From the end of the speech of the caller to the first audio of the answer.
    e2e_avg    FLOAT           NULL,
    e2e_p50    FLOAT           NULL,
    e2e_p95    FLOAT           NULL,
    e2e_p99    FLOAT           NULL,
    e2e_max    FLOAT           NULL,
    -- Logarithmic buckets of all turns, to add up over calls.
    histogram  VARBINARY(1024) NULL,
    PRIMARY KEY (tenant_id, call_id),
    KEY ix_time (tenant_id, started_at),
    KEY ix_slow (tenant_id, e2e_p95, started_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
