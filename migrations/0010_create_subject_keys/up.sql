-- A key for each subject of personal data: a merchant or a person. It is wrapped by a data key of the tenant, whose id
-- its first four bytes name. To destroy it is to erase what it sealed, in the tables, the log and every backup that is
-- younger; the row stays, so that no second key is made for who was erased. Not narrowed: a key opens nothing for whom
-- the sealed row does not show.
CREATE TABLE subject_keys (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    subject_id    uuid NOT NULL,
    wrapped       bytea,
    created_at    timestamptz NOT NULL,
    destroyed_at  timestamptz,
    PRIMARY KEY (aggregator_id, subject_id),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
SELECT app.protect('subject_keys');
REVOKE DELETE ON subject_keys FROM kapal_app, kapal_ops;
SELECT app.distribute('subject_keys');
