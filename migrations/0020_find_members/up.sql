-- Members are found by the address that an invitation went to.
CREATE INDEX memberships_email ON memberships (aggregator_id, email);
