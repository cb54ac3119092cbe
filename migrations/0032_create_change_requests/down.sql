DROP TABLE change_request_steps;
DROP TABLE change_requests;
