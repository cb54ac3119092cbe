-- Evidence of one merchant: a PDF or a picture that proves a document, a visit, an assessment. Private: the bytes lie
-- sealed in the object store, apart from public pictures. Whoever refers to a file does it by
-- (aggregator_id, merchant_id, id), so that a file of another merchant can't be named.
CREATE TABLE files (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    media_type    text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg')),
    -- Of what is kept, in the clear: pictures are made anew when they arrive.
    bytes         bigint NOT NULL CHECK (bytes > 0),
    sha256        bytea NOT NULL CHECK (octet_length(sha256) = 32),
    -- NULL: not by a person.
    created_by    uuid,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    UNIQUE (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id)
);
CREATE INDEX files_created ON files (aggregator_id, created_at DESC, id DESC);
SELECT app.protect('files',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('files');
