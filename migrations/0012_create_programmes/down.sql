DROP TABLE published_certificates;
DROP TABLE certificates;
DROP TABLE certificate_series;
DROP TABLE attendances;
DROP TABLE enrolments;
DROP TABLE programme_topics;
DROP TABLE programmes;
