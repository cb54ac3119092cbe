DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['scores', 'slot_products', 'collection_products', 'nominations'] LOOP
        EXECUTE format('DROP POLICY restriction_delete ON %I', name);
        EXECUTE format('DROP POLICY restriction ON %I', name);
    END LOOP;
END $$;
