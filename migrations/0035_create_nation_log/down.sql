DROP TABLE nation_places;
DROP TABLE nation_stretches;
