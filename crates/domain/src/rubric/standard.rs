//! The rubric that every aggregator starts with.

use super::{ANCHOR_POINTS, Anchor, Criterion, CriterionKey, Marks, ReviewGate, Rubric, RubricText};
use crate::locale::Bilingual;

type Texts = (&'static str, &'static str);

/// Key, weight, name, and what 1, 3 and 5 points mean; each text in Indonesian and English.
const CRITERIA: [(&str, u8, Texts, [Texts; 3]); 6] = [
    (
        "kualitas",
        25,
        ("Kualitas", "Quality"),
        [
            ("Mutu berubah-ubah dari satu produksi ke produksi lain", "Uneven from batch to batch"),
            ("Mutu seragam menurut pengamatan", "Consistent by sight"),
            ("Mutu diukur dan diuji, keluhan di bawah 1%", "Measured and tested, complaints below 1%"),
        ],
    ),
    (
        "kemasan",
        15,
        ("Kemasan", "Packaging"),
        [
            ("Kemasan polos", "Plain"),
            ("Kemasan bermerek dan tidak bocor", "Branded and leak-proof"),
            ("Kemasan pelindung, label lengkap, layak ekspor", "Barrier pack, full label, export grade"),
        ],
    ),
    (
        "legalitas",
        20,
        ("Legalitas", "Legality"),
        [
            ("Hanya NIB", "NIB only"),
            ("Semua izin yang wajib", "All mandatory permits"),
            (
                "Semua yang wajib, ditambah yang sukarela (SNI, merek, HACCP)",
                "All mandatory ones and voluntary ones (SNI, trademark, HACCP)",
            ),
        ],
    ),
    (
        "kapasitas",
        15,
        ("Kapasitas dan kontinuitas", "Capacity and continuity"),
        [
            ("Dibuat bila ada pesanan", "Made on order"),
            ("Produksi tetap setiap bulan", "Steady every month"),
            ("Produksi dapat berlipat dua dalam 30 hari", "Can double within 30 days"),
        ],
    ),
    (
        "cerita",
        10,
        ("Cerita dan kekhasan daerah", "Story and regional character"),
        [
            ("Tidak ada", "None"),
            ("Asal-usul diketahui", "Known origin"),
            (
                "Pembuat dan tempat tercatat, bahan lokal 80% atau lebih",
                "Documented maker and place, local material 80% or more",
            ),
        ],
    ),
    (
        "pasar",
        15,
        ("Pasar dan harga", "Market and price"),
        [
            ("Harga menurut perkiraan", "Price is a guess"),
            ("Harga dihitung dari biaya dengan margin", "Price is costed, with a margin"),
            ("Ada pembeli berulang di 2 provinsi atau lebih", "Repeat buyers in 2 provinces or more"),
        ],
    ),
];

impl Rubric {
    /// The rubric that every aggregator starts with: mutiara at 75, two reviewers, a third when they differ by more
    /// than 15, every gate.
    pub fn default_rubric() -> Self {
        let line = |text| RubricText::parse(text).expect("the standard rubric's texts fit");
        let both = |(id, en)| Bilingual { id: line(id), en: line(en) };
        let criteria = CRITERIA.map(|(key, weight, name, anchors)| Criterion {
            key: CriterionKey::parse(key).expect("the standard rubric's keys are sound"),
            weight,
            name: both(name),
            anchors: ANCHOR_POINTS
                .into_iter()
                .zip(anchors)
                .map(|(points, meaning)| Anchor { points, meaning: both(meaning) })
                .collect(),
        });
        let marks = Marks {
            mutiara_at: 75,
            max_difference: 15,
            reviewers: 2,
            gates: ReviewGate::ALL.to_vec(),
            min_photos: 1,
        };
        Self::new(criteria.into(), marks).expect("the standard rubric is sound")
    }
}
