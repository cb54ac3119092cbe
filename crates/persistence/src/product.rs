//! Products with their variants, translations and pictures.
