DROP FUNCTION app.shut_gates;
DROP FUNCTION app.time_zone;
DROP TABLE gate_turns;
DROP TABLE category_gates;
DROP TABLE legal_documents;
