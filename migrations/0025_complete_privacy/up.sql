-- What the owner of an account agreed to, as `consents` has it of merchants: it only grows, and outlives the account as
-- the proof that law wants (UU 27/2022, article 24). The platform is its controller.
CREATE TABLE user_consents (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    -- NULL: given; else the record that this one takes back.
    withdraws    uuid CONSTRAINT user_consents_withdrawn_key UNIQUE,
    purpose      text NOT NULL CHECK (purpose IN ('storefront_profile', 'photos', 'whatsapp_contact', 'marketing', 'surveys', 'partner_sharing', 'credit_referral')),
    lawful_basis text NOT NULL CHECK (lawful_basis IN ('consent', 'contract', 'legal_duty', 'vital_interest', 'public_task', 'legitimate_interest')),
    text_version text NOT NULL CHECK (char_length(text_version) BETWEEN 1 AND 40),
    text_hash    bytea NOT NULL CHECK (octet_length(text_hash) = 32),
    locale       text NOT NULL CHECK (locale IN ('id', 'en')),
    channel      text NOT NULL CHECK (channel IN ('app', 'paper', 'whatsapp')),
    given_at     timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL CHECK (recorded_at >= given_at),
    -- So that what is withdrawn is the same person's.
    UNIQUE (user_id, id),
    FOREIGN KEY (user_id, withdraws) REFERENCES user_consents (user_id, id)
);
CREATE INDEX user_consents_user ON user_consents (user_id, recorded_at DESC, id DESC);
CREATE INDEX user_consents_withdraws ON user_consents (user_id, withdraws);
GRANT SELECT, INSERT ON user_consents TO kapal_identity;

-- Which fields were corrected for a request of rectification, as JSON pointers.
ALTER TABLE privacy_requests ADD COLUMN changed text[] NOT NULL DEFAULT '{}' CHECK (cardinality(changed) <= 50);

-- Since when a merchant objects to being judged by figures (article 10): nobody scores or assesses it anew.
ALTER TABLE merchants ADD COLUMN objected_at timestamptz;

-- The keyed hash by which an account is found. NULL until the worker has made those of accounts that were there before.
ALTER TABLE bank_accounts ADD COLUMN number_hash bytea CHECK (octet_length(number_hash) = 32);
CREATE INDEX bank_accounts_number ON bank_accounts (aggregator_id, number_hash);
CREATE INDEX bank_accounts_unhashed ON bank_accounts (aggregator_id, merchant_id) WHERE number_hash IS NULL;

-- Why a stock was changed is written by people, and goes with the merchant that it tells about; nothing else changes.
GRANT UPDATE (reason) ON stock_movements TO kapal_app;
