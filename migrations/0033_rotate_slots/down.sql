ALTER TABLE published_slots DROP COLUMN places, DROP COLUMN mode, DROP COLUMN line;
DROP TABLE slot_provinces, slot_exposures, slot_windows;
DROP INDEX featured_slots_place;
ALTER TABLE featured_slots
    DROP CONSTRAINT featured_slots_rules_check,
    DROP CONSTRAINT featured_slots_one_line_check,
    DROP COLUMN drawn,
    DROP COLUMN longest_wait,
    DROP COLUMN window_hours,
    DROP COLUMN places,
    DROP COLUMN line,
    DROP CONSTRAINT featured_slots_mode_check,
    ADD CONSTRAINT featured_slots_mode_check CHECK (mode IN ('fixed')) NOT VALID;
