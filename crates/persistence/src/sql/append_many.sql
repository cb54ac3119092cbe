-- Several changes of one tenant, whose head this transaction has locked: numbers and hashes were made in Rust.
WITH head AS (
    UPDATE tenant_heads SET event_seq = $2, public_seq = $3, audit_seq = $4, audit_hash = $5 WHERE aggregator_id = $1
),
event AS (
    INSERT INTO events (aggregator_id, seq, occurred_at, id, kind, subject_type, subject_id, data)
    SELECT $1, e.* FROM unnest($6, $7, $8, $9, $10, $11, $12) AS e
)
INSERT INTO audit_entries (aggregator_id, seq, entry, hash)
SELECT $1, a.* FROM unnest($13, $14, $15) AS a
