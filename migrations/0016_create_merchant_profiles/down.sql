ALTER TABLE published_merchants DROP COLUMN story_en, DROP COLUMN logo;
DROP TABLE bank_accounts, merchant_scales, merchant_profiles;
