-- Reading the audit chain. `at` and `request_id` are made from the hashed text, as the columns beside them are.
ALTER TABLE audit_entries
    ADD COLUMN at         timestamptz NOT NULL GENERATED ALWAYS AS (app.instant((entry::jsonb) ->> 'at')) STORED,
    ADD COLUMN request_id text NOT NULL GENERATED ALWAYS AS ((entry::jsonb) ->> 'request_id') STORED;
DROP INDEX audit_entries_subject;
CREATE INDEX audit_entries_at ON audit_entries (aggregator_id, at, seq);
CREATE INDEX audit_entries_subject ON audit_entries (aggregator_id, subject_id, at, seq);
CREATE INDEX audit_entries_subject_type ON audit_entries (aggregator_id, subject_type, at, seq);
CREATE INDEX audit_entries_actor ON audit_entries (aggregator_id, actor_id, at, seq);
CREATE INDEX audit_entries_action ON audit_entries (aggregator_id, action, at, seq);
CREATE INDEX audit_entries_request ON audit_entries (aggregator_id, request_id);
-- A person's own export holds what was done to the account; of other subjects kapal_identity reads nothing.
CREATE POLICY identity_reads ON audit_entries FOR SELECT TO kapal_identity USING (subject_type = 'user');
GRANT SELECT ON audit_entries TO kapal_identity;

-- The end of each chain, signed from time to time and written to the server's log too: who cuts the chain and its head
-- off at the same place can't make these fit.
CREATE TABLE audit_heads (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    seq           bigint NOT NULL,
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    signed_at     timestamptz NOT NULL,
    -- Which signing key, and its Ed25519 signature.
    key_id        text NOT NULL,
    signature     bytea NOT NULL CHECK (octet_length(signature) = 64),
    PRIMARY KEY (aggregator_id, seq)
);
SELECT app.protect('audit_heads');
SELECT app.append_only('audit_heads');
REVOKE INSERT ON audit_heads FROM kapal_app;
SELECT app.distribute('audit_heads');

-- Consent, as law wants it shown: who agreed to what, in which words, by which way. It only grows: taking back is a
-- record of its own.
CREATE TABLE consents (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    -- NULL: given; else the record that this one takes back.
    withdraws     uuid,
    purpose       text NOT NULL CHECK (purpose IN ('storefront_profile', 'photos', 'whatsapp_contact', 'marketing', 'surveys', 'partner_sharing', 'credit_referral')),
    lawful_basis  text NOT NULL CHECK (lawful_basis IN ('consent', 'contract', 'legal_duty', 'vital_interest', 'public_task', 'legitimate_interest')),
    -- Which text was shown: its name and SHA-256.
    text_version  text NOT NULL CHECK (char_length(text_version) BETWEEN 1 AND 40),
    text_hash     bytea NOT NULL CHECK (octet_length(text_hash) = 32),
    locale        text NOT NULL CHECK (locale IN ('id', 'en')),
    channel       text NOT NULL CHECK (channel IN ('app', 'paper', 'whatsapp')),
    taken_by      uuid NOT NULL,
    -- The signed paper or a picture of the chat.
    evidence_file_id uuid,
    -- When the person said so, and when it was recorded.
    given_at      timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL CHECK (recorded_at >= given_at),
    PRIMARY KEY (aggregator_id, id),
    -- So that what is withdrawn is this merchant's, and once.
    UNIQUE (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id, withdraws) REFERENCES consents (aggregator_id, merchant_id, id),
    CONSTRAINT consents_evidence_fkey FOREIGN KEY (aggregator_id, merchant_id, evidence_file_id) REFERENCES files (aggregator_id, merchant_id, id)
);
CREATE UNIQUE INDEX consents_withdrawn_key ON consents (aggregator_id, withdraws);
CREATE INDEX consents_merchant ON consents (aggregator_id, merchant_id, recorded_at DESC, id DESC);
CREATE INDEX consents_evidence ON consents (aggregator_id, merchant_id, evidence_file_id);
CREATE INDEX consents_withdraws ON consents (aggregator_id, merchant_id, withdraws);
SELECT app.protect('consents',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.append_only('consents');
SELECT app.distribute('consents');

-- What people ask for by right (UU 27/2022, articles 5 to 13 and 30 to 45), with the 72 hours of each.
CREATE TABLE privacy_requests (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('access', 'rectification', 'erasure', 'restriction', 'objection', 'withdrawal')),
    subject_type  text NOT NULL CHECK (subject_type IN ('merchant', 'member', 'lead')),
    -- The merchant, the member's account or the buyer's contact that it is about. No foreign key on a member: he may
    -- have left.
    merchant_id   uuid CHECK ((subject_type = 'merchant') = (merchant_id IS NOT NULL)),
    user_id       uuid CHECK ((subject_type = 'member') = (user_id IS NOT NULL)),
    lead_id       uuid CHECK ((subject_type = 'lead') = (lead_id IS NOT NULL)),
    -- In the asker's words; emptied with the subject's other data.
    note          text NOT NULL DEFAULT '' CHECK (char_length(note) <= 2000),
    status        text NOT NULL CHECK (status IN ('open', 'fulfilled', 'refused')),
    -- What was done, or why not.
    answer        text NOT NULL DEFAULT '' CHECK (char_length(answer) <= 2000),
    filed_by      uuid NOT NULL,
    handled_by    uuid,
    received_at   timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    handled_at    timestamptz,
    -- When the clock next wants attention: 24 hours before it is due, then when it is; NULL when nothing is left to say.
    next_alarm_at timestamptz,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    FOREIGN KEY (aggregator_id, lead_id) REFERENCES leads (aggregator_id, id),
    CHECK ((status = 'open') = (handled_at IS NULL)),
    CHECK ((status = 'open') = (handled_by IS NULL)),
    CHECK (status = 'open' OR next_alarm_at IS NULL)
);
-- The same right is not asked for twice at the same time.
CREATE UNIQUE INDEX privacy_requests_open_key ON privacy_requests (aggregator_id, kind, subject_type, coalesce(merchant_id, user_id, lead_id))
    WHERE status = 'open';
CREATE INDEX privacy_requests_due ON privacy_requests (aggregator_id, status, due_at, id);
CREATE INDEX privacy_requests_merchant ON privacy_requests (aggregator_id, merchant_id);
CREATE INDEX privacy_requests_lead ON privacy_requests (aggregator_id, lead_id);
CREATE INDEX privacy_requests_alarm ON privacy_requests (next_alarm_at) WHERE next_alarm_at IS NOT NULL;
SELECT app.protect('privacy_requests',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('privacy_requests');

-- Merchants whose processing is restricted: what the policies of `app.hide_restricted` ask.
CREATE TABLE restrictions (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    since         timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id)
);
SELECT app.protect('restrictions');
SELECT app.distribute('restrictions');

ALTER TABLE merchants
    -- Since when its processing is restricted; written together with `restrictions`.
    ADD COLUMN restricted_at timestamptz,
    -- When its personal data was erased.
    ADD COLUMN erased_at     timestamptz;
-- An erased merchant has no phone any more.
ALTER TABLE merchants DROP CONSTRAINT merchants_phone_check;
ALTER TABLE merchants ADD CONSTRAINT merchants_phone_check
    CHECK (phone ~ '^\+[1-9]\d{6,14}$' OR (erased_at IS NOT NULL AND phone = ''));

-- Every table of a merchant's but those that the published projection or the queue itself needs.
SELECT app.hide_restricted('merchants', 'id');
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'merchant_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('merchant_access', 'invitations', 'privacy_requests', 'restrictions', 'published_products', 'search_documents')
    LOOP
        PERFORM app.hide_restricted(name);
    END LOOP;
END $$;

-- Erasing one's own account: logins and memberships go, the row stays without anything that names its owner.
ALTER TABLE users ADD COLUMN erased_at timestamptz;
GRANT DELETE ON memberships TO kapal_identity;
DROP POLICY identity ON merchant_access;
CREATE POLICY identity ON merchant_access TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON merchant_access TO kapal_identity;


-- Staff search. A word of a merchant's names is found by its start, with comparisons that row security lets an index
-- answer: those of full text it does not.
CREATE TABLE merchant_words (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    word          text COLLATE "C" NOT NULL CHECK (char_length(word) BETWEEN 1 AND 60),
    PRIMARY KEY (aggregator_id, word, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX merchant_words_merchant ON merchant_words (aggregator_id, merchant_id);
SELECT app.protect('merchant_words',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.hide_restricted('merchant_words');
SELECT app.distribute('merchant_words');

-- Each order of the list has its index; a name's is a column, since a function in a cursor's condition would keep row
-- security from using it.
ALTER TABLE merchants ADD COLUMN sort_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
DROP INDEX merchants_name;
CREATE INDEX merchants_sort_name ON merchants (aggregator_id, sort_name, id);
CREATE INDEX merchants_updated ON merchants (aggregator_id, updated_at, id);
CREATE INDEX merchants_region_code ON merchants (aggregator_id, region_code COLLATE "C");
