-- Evidence of an erased merchant: its bytes open for nobody, and are deleted once the erasure is committed.
ALTER TABLE files
    ADD COLUMN erased_at        timestamptz,
    ADD COLUMN bytes_deleted_at timestamptz CHECK (bytes_deleted_at IS NULL OR erased_at IS NOT NULL);
CREATE INDEX files_bytes_left ON files (erased_at) WHERE erased_at IS NOT NULL AND bytes_deleted_at IS NULL;

-- Who erases the account takes the hero's profile along in every aggregator, with the key of what is sealed about him.
CREATE POLICY identity ON heroes TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON heroes TO kapal_identity;
CREATE POLICY identity ON hero_areas TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON hero_areas TO kapal_identity;
CREATE POLICY identity ON hero_assignments TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (status, ends_on, next_turn_at, ended_at, updated_at) ON hero_assignments TO kapal_identity;
CREATE POLICY identity ON former_merchant_members FOR SELECT TO kapal_identity USING (true);
GRANT SELECT ON former_merchant_members TO kapal_identity;
-- It destroys keys and never reads one.
CREATE POLICY identity ON subject_keys TO kapal_identity USING (true) WITH CHECK (wrapped IS NULL);
GRANT SELECT (aggregator_id, subject_id), UPDATE (wrapped, destroyed_at) ON subject_keys TO kapal_identity;

-- The lists over all merchants, each order by an index. What has no day comes after all that have one.
CREATE INDEX legal_documents_created ON legal_documents (aggregator_id, created_at DESC, id DESC);
CREATE INDEX legal_documents_expires ON legal_documents (aggregator_id, (coalesce(expires_on, '9999-12-31')), id);
CREATE INDEX action_items_created ON action_items (aggregator_id, created_at DESC, id DESC);
DROP INDEX action_items_due;
CREATE INDEX action_items_due ON action_items (aggregator_id, (coalesce(due_on, '9999-12-31')), id);
CREATE INDEX enrolments_created ON enrolments (aggregator_id, created_at DESC, id DESC);
