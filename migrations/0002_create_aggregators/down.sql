DROP TABLE data_keys;
DROP TABLE idempotency_keys;
DROP TABLE audit_entries;
DROP TABLE events;
DROP TABLE tenant_heads;
DROP TABLE aggregators;
