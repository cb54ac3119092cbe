DROP INDEX memberships_email;
