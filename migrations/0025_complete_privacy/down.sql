REVOKE UPDATE (reason) ON stock_movements FROM kapal_app;
DROP INDEX bank_accounts_unhashed, bank_accounts_number;
ALTER TABLE bank_accounts DROP COLUMN number_hash;
ALTER TABLE merchants DROP COLUMN objected_at;
ALTER TABLE privacy_requests DROP COLUMN changed;
DROP TABLE user_consents;
