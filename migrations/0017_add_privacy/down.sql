DROP INDEX merchants_region_code, merchants_updated, merchants_sort_name;
ALTER TABLE merchants DROP COLUMN sort_name;
CREATE INDEX merchants_name ON merchants (aggregator_id, lower(name), id);
DROP TABLE merchant_words;
REVOKE SELECT, DELETE ON merchant_access FROM kapal_identity;
DROP POLICY identity ON merchant_access;
CREATE POLICY identity ON merchant_access FOR INSERT TO kapal_identity WITH CHECK (true);
REVOKE DELETE ON memberships FROM kapal_identity;
ALTER TABLE users DROP COLUMN erased_at;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'restriction' LOOP
        EXECUTE format('DROP POLICY restriction ON %I', name);
        EXECUTE format('DROP POLICY restriction_delete ON %I', name);
    END LOOP;
END $$;
DROP TABLE restrictions;
ALTER TABLE merchants DROP CONSTRAINT merchants_phone_check;
ALTER TABLE merchants DROP COLUMN erased_at, DROP COLUMN restricted_at;
ALTER TABLE merchants ADD CONSTRAINT merchants_phone_check CHECK (phone ~ '^\+[1-9]\d{6,14}$');
DROP TABLE privacy_requests;
DROP TABLE consents;
DROP TABLE audit_heads;
REVOKE SELECT ON audit_entries FROM kapal_identity;
DROP POLICY identity_reads ON audit_entries;
DROP INDEX audit_entries_at, audit_entries_subject, audit_entries_subject_type, audit_entries_actor, audit_entries_action, audit_entries_request;
ALTER TABLE audit_entries DROP COLUMN at, DROP COLUMN request_id;
CREATE INDEX audit_entries_subject ON audit_entries (aggregator_id, subject_id, seq);
