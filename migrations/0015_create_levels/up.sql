-- Naik kelas: what a class demands, in versions. An assessment keeps to the version that it was made by; a new version
-- is a new set of rows, and the highest one counts. The platform's, the same for all aggregators.
CREATE TABLE level_criteria (
    version    integer NOT NULL CHECK (version > 0),
    key        text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    level      text NOT NULL CHECK (level IN ('modern', 'digital', 'online', 'global')),
    position   integer NOT NULL,
    title_id   text NOT NULL CHECK (char_length(title_id) BETWEEN 1 AND 300),
    title_en   text NOT NULL CHECK (char_length(title_en) BETWEEN 1 AND 300),
    -- `declared` by people with evidence; every other is computed from what the system holds.
    rule       text NOT NULL CHECK (rule IN ('declared', 'nib', 'price_list', 'channel', 'leads_won', 'export_readiness')),
    -- How much of it: {"at_least", "days"}, {"kinds"}; {} where the rule has nothing to set.
    parameters jsonb NOT NULL,
    source     text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 300),
    PRIMARY KEY (version, key)
);
GRANT SELECT ON level_criteria TO kapal_app, kapal_ops;

INSERT INTO level_criteria (version, key, level, position, title_id, title_en, rule, parameters, source) VALUES
    (1, 'nib', 'modern', 1, 'NIB tercatat', 'A business identity number (NIB) is on file',
     'nib', '{}', 'Kelas BUMN Go Modern; kriteria operasional platform, 2026'),
    (1, 'price_list', 'modern', 2, 'Daftar harga: paling sedikit satu produk terbit dengan harga', 'A price list: at least one published product with a price',
     'price_list', '{"at_least": 1}', 'Kelas BUMN Go Modern; kriteria operasional platform, 2026'),
    (1, 'bookkeeping', 'modern', 3, 'Pembukuan: pemasukan dan pengeluaran dicatat', 'Bookkeeping: income and expenses are written down',
     'declared', '{}', 'Kelas BUMN Go Modern; kriteria operasional platform, 2026'),
    (1, 'standard', 'modern', 4, 'Resep atau standar produksi yang tetap', 'A fixed recipe or standard of production',
     'declared', '{}', 'Kelas BUMN Go Modern; kriteria operasional platform, 2026'),
    (1, 'channel', 'digital', 5, 'WhatsApp atau akun media sosial aktif', 'WhatsApp or a social media account is active',
     'channel', '{"kinds": ["whatsapp", "instagram", "facebook", "tiktok"]}', 'Kelas BUMN Go Digital; kriteria operasional platform, 2026'),
    (1, 'cashless', 'digital', 6, 'Menerima pembayaran nontunai', 'Takes payments without cash',
     'declared', '{}', 'Kelas BUMN Go Digital; kriteria operasional platform, 2026'),
    (1, 'online_orders', 'online', 7, 'Paling sedikit 5 pesanan daring dalam 90 hari', 'At least 5 online orders within 90 days',
     'leads_won', '{"at_least": 5, "days": 90}', 'Kelas BUMN Go Online; kriteria operasional platform, 2026'),
    (1, 'export', 'global', 8, 'Kesiapan ekspor tingkat 3 atau ekspor dalam 12 bulan', 'Export readiness of level 3, or an export within 12 months',
     'export_readiness', '{"at_least": 3, "days": 365}', 'Kelas BUMN Go Global; kriteria operasional platform, 2026');

ALTER TABLE merchants ADD COLUMN level text CHECK (level IN ('modern', 'digital', 'online', 'global'));

-- What somebody found of a merchant, by one version of the criteria; a second person confirms it.
CREATE TABLE assessments (
    aggregator_id    uuid NOT NULL REFERENCES aggregators (id),
    id               uuid NOT NULL,
    merchant_id      uuid NOT NULL,
    criteria_version integer NOT NULL,
    status           text NOT NULL CHECK (status IN ('proposed', 'confirmed', 'rejected')),
    -- The class that its findings make; NULL: not even the first.
    level            text CHECK (level IN ('modern', 'digital', 'online', 'global')),
    note             text NOT NULL CHECK (char_length(note) <= 2000),
    assessed_by      uuid NOT NULL,
    decided_by       uuid CHECK (decided_by <> assessed_by),
    decided_at       timestamptz,
    -- Why it was rejected.
    reason           text CHECK (char_length(reason) BETWEEN 1 AND 2000),
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    UNIQUE (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    CHECK ((status = 'proposed') = (decided_by IS NULL) AND (status = 'proposed') = (decided_at IS NULL)),
    CHECK ((status = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX assessments_merchant ON assessments (aggregator_id, merchant_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX assessments_open_key ON assessments (aggregator_id, merchant_id) WHERE status = 'proposed';
SELECT app.protect('assessments',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('assessments');

-- One finding for each criterion of the version.
CREATE TABLE assessment_findings (
    aggregator_id    uuid NOT NULL REFERENCES aggregators (id),
    assessment_id    uuid NOT NULL,
    key              text NOT NULL,
    merchant_id      uuid NOT NULL,
    criteria_version integer NOT NULL,
    outcome          text NOT NULL CHECK (outcome IN ('met', 'unmet', 'not_available')),
    -- What was counted, where the rule counts.
    figure           integer,
    note             text NOT NULL CHECK (char_length(note) <= 2000),
    PRIMARY KEY (aggregator_id, assessment_id, key),
    UNIQUE (aggregator_id, merchant_id, assessment_id, key),
    FOREIGN KEY (aggregator_id, merchant_id, assessment_id) REFERENCES assessments (aggregator_id, merchant_id, id),
    FOREIGN KEY (criteria_version, key) REFERENCES level_criteria (version, key)
);
SELECT app.protect('assessment_findings',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('assessment_findings');

CREATE TABLE assessment_evidence (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    assessment_id uuid NOT NULL,
    key           text NOT NULL,
    file_id       uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    PRIMARY KEY (aggregator_id, assessment_id, key, file_id),
    FOREIGN KEY (aggregator_id, merchant_id, assessment_id, key)
        REFERENCES assessment_findings (aggregator_id, merchant_id, assessment_id, key),
    CONSTRAINT assessment_evidence_file_fkey FOREIGN KEY (aggregator_id, merchant_id, file_id)
        REFERENCES files (aggregator_id, merchant_id, id)
);
CREATE INDEX assessment_evidence_finding ON assessment_evidence (aggregator_id, merchant_id, assessment_id, key);
CREATE INDEX assessment_evidence_file ON assessment_evidence (aggregator_id, merchant_id, file_id);
SELECT app.protect('assessment_evidence',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('assessment_evidence');

-- Each change of a merchant's class, falls included, with the assessment that it stands on.
CREATE TABLE level_changes (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    assessment_id uuid NOT NULL,
    from_level    text CHECK (from_level IN ('modern', 'digital', 'online', 'global')),
    to_level      text CHECK (to_level IN ('modern', 'digital', 'online', 'global')),
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id, assessment_id) REFERENCES assessments (aggregator_id, merchant_id, id),
    CHECK (from_level IS DISTINCT FROM to_level)
);
CREATE INDEX level_changes_merchant ON level_changes (aggregator_id, merchant_id, changed_at DESC, id DESC);
CREATE INDEX level_changes_assessment ON level_changes (aggregator_id, merchant_id, assessment_id);
SELECT app.protect('level_changes',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('level_changes');
