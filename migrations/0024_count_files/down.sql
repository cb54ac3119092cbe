DROP FUNCTION app.bytes_of_files;
