-- Edits of published products that wait for a reviewer: the product stays as it is until one is accepted. One is under
-- way per product at a time; a further edit amends it.
CREATE TABLE change_requests (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    product_id    uuid NOT NULL,
    status        text NOT NULL CHECK (status IN ('open', 'needs_changes', 'accepted', 'rejected', 'withdrawn')),
    -- The product's version that the last edit was made from.
    base_version  integer NOT NULL,
    -- What is to change, as a patch of the product with its pictures, video and certificates; {} once it is erased. The
    -- pictures that it names are kept while it is under way.
    edit          jsonb NOT NULL CHECK (jsonb_typeof(edit) = 'object'),
    -- What each edited field said when its edit was made, by JSON pointer; null where there was nothing.
    base          jsonb NOT NULL CHECK (jsonb_typeof(base) = 'object'),
    -- NULL: not by a person.
    created_by    uuid,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX change_requests_running_key ON change_requests (aggregator_id, product_id)
    WHERE status IN ('open', 'needs_changes');
CREATE INDEX change_requests_product ON change_requests (aggregator_id, product_id, created_at DESC, id DESC);
CREATE INDEX change_requests_created ON change_requests (aggregator_id, created_at DESC, id DESC);
CREATE INDEX change_requests_updated ON change_requests (aggregator_id, updated_at DESC, id DESC);
CREATE INDEX change_requests_status ON change_requests (aggregator_id, status, created_at DESC, id DESC);
SELECT app.protect('change_requests',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.hide_restricted_products('change_requests');
SELECT app.distribute('change_requests');

-- What became of each, step by step: every step is a version.
CREATE TABLE change_request_steps (
    aggregator_id     uuid NOT NULL REFERENCES aggregators (id),
    change_request_id uuid NOT NULL,
    version           integer NOT NULL,
    action            text NOT NULL CHECK (action IN ('open', 'amend', 'accept', 'reject', 'request_changes', 'withdraw')),
    -- JSON pointers of the fields that an edit names.
    fields            text[] NOT NULL DEFAULT '{}',
    -- What a reviewer said, in general and by field: [{"pointer", "reason"}].
    reason            text CHECK (char_length(reason) BETWEEN 1 AND 2000),
    reasons           jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    -- NULL: not by a person.
    actor_id          uuid,
    at                timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, change_request_id, version),
    FOREIGN KEY (aggregator_id, change_request_id) REFERENCES change_requests (aggregator_id, id) ON DELETE CASCADE
);
-- They are seen by whoever sees the request: the sub-select is itself under its policies.
SELECT app.protect('change_request_steps',
    'EXISTS (SELECT FROM change_requests c WHERE c.aggregator_id = (SELECT app.aggregator_id()) AND c.id = change_request_id)');
SELECT app.hide_restricted_by('change_request_steps',
    'EXISTS (SELECT FROM change_requests c WHERE c.aggregator_id = (SELECT app.aggregator_id()) AND c.id = change_request_id AND '
    || app.of_free_product('c.product_id') || ')');
SELECT app.distribute('change_request_steps');
