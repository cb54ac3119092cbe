DROP TABLE level_changes;
DROP TABLE assessment_evidence;
DROP TABLE assessment_findings;
DROP TABLE assessments;
ALTER TABLE merchants DROP COLUMN level;
DROP TABLE level_criteria;
