ALTER TABLE invitations DROP CONSTRAINT invitations_merchant_fkey;
DROP INDEX invitations_merchant;
DROP TABLE channels;
DROP TABLE merchants;
DROP TABLE merchant_access;
