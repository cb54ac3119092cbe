-- People and their logins: global, seen by kapal_identity alone (and by the operator's role).
CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CONSTRAINT users_email_key UNIQUE,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    password_hash text NOT NULL,
    is_operator   boolean NOT NULL DEFAULT false,
    locale        text NOT NULL DEFAULT 'id' CHECK (locale IN ('id', 'en')),
    demonstration boolean NOT NULL DEFAULT false,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON users TO kapal_identity;
GRANT SELECT ON users TO kapal_ops;

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    user_agent   text NOT NULL,
    -- The network that it came from: enough to recognise, too little to follow somebody.
    address      text NOT NULL,
    generation   integer NOT NULL DEFAULT 0,
    rotated_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_reason text CHECK (ended_reason IN ('logout', 'password', 'reuse', 'removed'))
);
CREATE INDEX sessions_user ON sessions (user_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO kapal_identity;

-- Every token of a family, hashed, so that an old one that comes back is known.
CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    generation integer NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
GRANT SELECT, INSERT, DELETE ON refresh_tokens TO kapal_identity;

CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX password_resets_user ON password_resets (user_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets TO kapal_identity;

-- Failed logins by account and by address. Keys are keyed hashes: the table names nobody.
CREATE TABLE login_throttles (
    key           bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures      integer NOT NULL,
    blocked_until timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_throttles TO kapal_identity;

-- Ed25519 keys of access tokens; the private half is wrapped by a sub-key of the root secret.
CREATE TABLE signing_keys (
    id         text PRIMARY KEY,
    wrapped    bytea NOT NULL,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
GRANT SELECT, INSERT, UPDATE ON signing_keys TO kapal_identity;

CREATE TABLE memberships (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    user_id       uuid NOT NULL REFERENCES users (id),
    role          text NOT NULL CHECK (role IN ('owner', 'admin', 'curator', 'merchant_manager', 'analyst', 'local_hero', 'merchant')),
    -- As they stood when joining or last changed: a tenant reads its members' names here, never from users.
    email         text NOT NULL,
    name          text NOT NULL,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);
SELECT app.protect('memberships');
CREATE POLICY identity ON memberships TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON memberships TO kapal_identity;
SELECT app.distribute('memberships');

CREATE TABLE invitations (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    email         text NOT NULL,
    role          text NOT NULL CHECK (role IN ('owner', 'admin', 'curator', 'merchant_manager', 'analyst', 'local_hero', 'merchant')),
    merchant_id   uuid CHECK ((role = 'merchant') = (merchant_id IS NOT NULL)),
    token_hash    bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    invited_by    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    accepted_at   timestamptz,
    revoked_at    timestamptz,
    PRIMARY KEY (aggregator_id, id)
);
CREATE UNIQUE INDEX invitations_token_key ON invitations (aggregator_id, token_hash);
SELECT app.protect('invitations');
CREATE POLICY identity ON invitations TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON invitations TO kapal_identity;
SELECT app.distribute('invitations');

-- Mail to send. Text is sealed: it carries invitation and reset links.
CREATE TABLE mail_outbox (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    recipient     text NOT NULL,
    kind          text NOT NULL,
    sealed        bytea NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    last_error    text,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    PRIMARY KEY (aggregator_id, id)
);
CREATE INDEX mail_outbox_due ON mail_outbox (next_try_at) WHERE next_try_at IS NOT NULL;
SELECT app.protect('mail_outbox');
REVOKE SELECT, UPDATE, DELETE ON mail_outbox FROM kapal_app;
CREATE POLICY identity ON mail_outbox FOR INSERT TO kapal_identity WITH CHECK (true);
GRANT INSERT ON mail_outbox TO kapal_identity;
SELECT app.distribute('mail_outbox');

-- The kept answers of requests about one's own account stand under the platform.
CREATE POLICY identity ON idempotency_keys TO kapal_identity
    USING (aggregator_id = '00000000-0000-7000-8000-000000000001')
    WITH CHECK (aggregator_id = '00000000-0000-7000-8000-000000000001');
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO kapal_identity;
