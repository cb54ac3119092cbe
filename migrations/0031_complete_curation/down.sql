DROP FUNCTION app.gates_end;
DROP FUNCTION app.is_tied;
DROP TABLE nomination_supports, score_history, nomination_rounds;
DROP INDEX nominations_rubric, nominations_valid, nominations_status, nominations_turn;
ALTER TABLE nominations
    DROP CONSTRAINT nominations_revoked,
    DROP CONSTRAINT nominations_end,
    DROP CONSTRAINT nominations_appeal,
    DROP CONSTRAINT nominations_rubric_fkey,
    DROP COLUMN end_reason,
    DROP COLUMN ended_by,
    DROP COLUMN ended_at,
    DROP COLUMN next_turn_at,
    DROP COLUMN reminded_days,
    DROP COLUMN supports,
    DROP COLUMN appealed_at,
    DROP COLUMN appealed_by,
    DROP COLUMN appeal_reason,
    DROP COLUMN round,
    DROP COLUMN rubric_id,
    DROP COLUMN source;
DROP TABLE rubrics;
