ALTER TABLE change_requests
    -- Who is still to be told by mail of its last step.
    ADD COLUMN untold text CHECK (untold IN ('reviewers', 'editors'));
CREATE INDEX change_requests_untold ON change_requests (aggregator_id, untold) WHERE untold IS NOT NULL;

ALTER TABLE aggregators
    -- When its reviewers were last told of edits that wait: they hear of them once an hour at most.
    ADD COLUMN reviewers_told_at timestamptz;
