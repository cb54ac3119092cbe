ALTER TABLE aggregators DROP COLUMN reviewers_told_at;
DROP INDEX change_requests_untold;
ALTER TABLE change_requests DROP COLUMN untold;
