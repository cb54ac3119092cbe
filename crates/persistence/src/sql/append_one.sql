-- One change: the head's lock, the next numbers and the hash, the event and the audit entry, in one statement.
WITH input AS (SELECT $1::uuid AS aggregator_id, $2::text AS entry, $3::boolean AS public),
head AS (
    UPDATE tenant_heads h
    SET event_seq = event_seq + 1,
        audit_seq = audit_seq + 1,
        public_seq = CASE WHEN input.public THEN event_seq + 1 ELSE public_seq END,
        audit_hash = sha256(audit_hash || int8send(audit_seq + 1) || convert_to(input.entry, 'UTF8'))
    FROM input
    WHERE h.aggregator_id = input.aggregator_id
    RETURNING h.aggregator_id, event_seq, public_seq, audit_seq, audit_hash, input.entry
),
event AS (
    INSERT INTO events (aggregator_id, seq, occurred_at, id, kind, subject_type, subject_id, data)
    SELECT aggregator_id, event_seq, $4, $5, $6, $7, $8, $9 FROM head
),
audit AS (
    INSERT INTO audit_entries (aggregator_id, seq, entry, hash)
    SELECT aggregator_id, audit_seq, entry, audit_hash FROM head
)
SELECT public_seq FROM head
