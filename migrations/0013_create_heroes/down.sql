DROP INDEX merchants_nib;
DROP TABLE requested_changes;
DROP TABLE former_merchant_members;
DROP TABLE hero_areas;
DROP POLICY tenant ON heroes;
DROP TABLE hero_assignments;
DROP TABLE heroes;
