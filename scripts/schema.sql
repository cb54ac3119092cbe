-- Prints crates/schema/src/tables.rs from a migrated database: `make schema`. A test compares the two.
SELECT string_agg(declaration, E'\n' ORDER BY name)
FROM (
    SELECT c.relname AS name, format(
        E'diesel::table! {\n    use diesel::sql_types::*;\n    #[expect(missing_docs, reason = "the migration documents it")]\n    %s (%s) {\n%s    }\n}\n', c.relname,
        (SELECT string_agg(a.attname, ', ' ORDER BY array_position(i.indkey::smallint[], a.attnum))
           FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])
          WHERE i.indrelid = c.oid AND i.indisprimary),
        string_agg(format(E'        %s -> %s,\n', a.attname,
            CASE WHEN a.attnotnull THEN kind ELSE format('Nullable<%s>', kind) END), '' ORDER BY a.attnum))
        AS declaration
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL (SELECT CASE format_type(a.atttypid, NULL)
        WHEN 'uuid' THEN 'Uuid' WHEN 'text' THEN 'Text' WHEN 'integer' THEN 'Int4' WHEN 'smallint' THEN 'Int2'
        WHEN 'bigint' THEN 'Int8' WHEN 'boolean' THEN 'Bool' WHEN 'jsonb' THEN 'Jsonb' WHEN 'bytea' THEN 'Bytea'
        WHEN 'double precision' THEN 'Float8' WHEN 'timestamp with time zone' THEN 'Timestamptz'
        WHEN 'date' THEN 'Date'
        WHEN 'text[]' THEN 'Array<Text>' WHEN 'uuid[]' THEN 'Array<Uuid>' WHEN 'integer[]' THEN 'Array<Int4>'
        END AS kind) AS types
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname NOT LIKE '\_\_%' AND kind IS NOT NULL
    GROUP BY c.oid, c.relname
) AS tables;
