//! What pages say themselves, in each language.

use kapal_domain::locale::Locale;

/// What the pages have in common, and what lists say.
pub(crate) struct Words {
    pub skip: &'static str,
    pub demonstration: &'static str,
    pub language: &'static str,
    pub other_language: &'static str,
    pub crumbs: &'static str,
    pub footer: &'static str,
    pub missing: &'static str,
    pub missing_hint: &'static str,
    pub nation: &'static str,
    pub mutiara: &'static str,
    pub sold_out: &'static str,
    pub categories: &'static str,
    pub collections: &'static str,
    pub makers: &'static str,
    pub newest: &'static str,
    pub all_products: &'static str,
    pub storefronts: &'static str,
    pub products_of: &'static str,
    pub no_products: &'static str,
    pub more: &'static str,
    pub pages: &'static str,
    pub channels: &'static str,
    pub print: &'static str,
    pub print_hint: &'static str,
    pub back: &'static str,
    pub scan: &'static str,
    pub qr: &'static str,
}

impl Words {
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Id => &Self {
                skip: "Langsung ke isi",
                demonstration: "Data demonstrasi: toko, produk, dan nomor di halaman ini rekaan.",
                language: "Bahasa",
                other_language: "English",
                crumbs: "Letak halaman",
                footer: "bagian dari Kapal Induk, etalase usaha kecil Indonesia",
                missing: "Halaman ini tidak ada",
                missing_hint: "Mungkin produknya sudah tidak dijual, atau alamatnya salah ketik. Tanyakan tautan terbaru kepada yang membagikannya, atau lihat yang lain:",
                nation: "Etalase nasional",
                mutiara: "Mutiara",
                sold_out: "Stok habis",
                categories: "Kategori",
                collections: "Koleksi",
                makers: "Para pembuat",
                newest: "Produk terbaru",
                all_products: "Semua produk",
                storefronts: "Etalase",
                products_of: "Produk dari",
                no_products: "Belum ada produk di sini.",
                more: "Produk berikutnya",
                pages: "Halaman",
                channels: "Temukan juga di",
                print: "Lembar QR untuk dicetak",
                print_hint: "Cetak halaman ini dari menu peramban Anda.",
                back: "Kembali.",
                scan: "Pindai untuk melihat dan memesan",
                qr: "Kode QR",
            },
            Locale::En => &Self {
                skip: "To the content",
                demonstration: "Demonstration data: shops, products and numbers on this page are invented.",
                language: "Language",
                other_language: "Bahasa Indonesia",
                crumbs: "Where this page is",
                footer: "part of Kapal Induk, the storefront of Indonesia's small merchants",
                missing: "There is no such page",
                missing_hint: "It may no longer be sold, or the address has a typing error. Ask whoever shared it for the present link, or look at something else:",
                nation: "National storefront",
                mutiara: "Mutiara",
                sold_out: "Sold out",
                categories: "Categories",
                collections: "Collections",
                makers: "The makers",
                newest: "Newest products",
                all_products: "All products",
                storefronts: "Storefronts",
                products_of: "Products of",
                no_products: "There are no products here yet.",
                more: "More products",
                pages: "Pages",
                channels: "Also found on",
                print: "QR sheet to print",
                print_hint: "Print this page from the menu of your browser.",
                back: "Back.",
                scan: "Scan to see and order",
                qr: "QR code",
            },
        }
    }
}

/// What a place on a home is called.
pub(super) fn place(place: &str, locale: Locale) -> &'static str {
    match (place, locale) {
        ("national", Locale::Id) => "Mutiara Nusantara",
        ("national", Locale::En) => "Pearls of the archipelago",
        ("home_hero", Locale::Id) => "Mutiara pilihan",
        ("home_hero", Locale::En) => "Chosen pearls",
        (_, Locale::Id) => "Produk unggulan",
        (_, Locale::En) => "Featured products",
    }
}
