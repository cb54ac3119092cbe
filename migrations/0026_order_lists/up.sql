-- Several facets of the list of merchants at once, where few merchants have them all: found by one index, then ordered.
-- Where many have them, a walk along the order finds a page sooner.
CREATE INDEX merchants_facets ON merchants (aggregator_id, status, scale, level, region_code COLLATE "C");
-- Whether a merchant has a word is answered by the index alone.
DROP INDEX merchant_words_merchant;
CREATE INDEX merchant_words_merchant ON merchant_words (aggregator_id, merchant_id, word);

-- Each order of the other lists.
CREATE INDEX assessments_created ON assessments (aggregator_id, created_at DESC, id DESC);
CREATE INDEX privacy_requests_all_due ON privacy_requests (aggregator_id, due_at, id);
CREATE INDEX privacy_requests_created ON privacy_requests (aggregator_id, created_at, id);
CREATE INDEX memberships_created ON memberships (aggregator_id, created_at DESC, user_id DESC);
CREATE INDEX memberships_name ON memberships (aggregator_id, (lower(name) COLLATE "C"), user_id);
CREATE INDEX heroes_name ON heroes (aggregator_id, (lower(display_name) COLLATE "C"), user_id);
CREATE INDEX programmes_name ON programmes (aggregator_id, (lower(name_id) COLLATE "C"), id);
CREATE INDEX programmes_starts ON programmes (aggregator_id, starts_on, id);
