DROP TABLE product_media, media;
DROP TABLE stock_movements;
DROP TABLE product_variants;
DROP TABLE product_translations;
DROP TABLE products;
