//! What a product's page says itself, in each language.

use kapal_domain::locale::Locale;
use kapal_domain::product::HalalStatus;

/// What the page itself says.
pub(super) struct Words {
    pub mutiara: &'static str,
    pub of_five_stars: &'static str,
    pub from: &'static str,
    pub in_stock: &'static str,
    pub sold_out: &'static str,
    pub choices: &'static str,
    pub video: &'static str,
    pub chat: &'static str,
    pub chat_hint: &'static str,
    pub no_whatsapp: &'static str,
    pub maker: &'static str,
    pub about: &'static str,
    pub facts: &'static str,
    pub certificates: &'static str,
    pub valid_until: &'static str,
    pub halal: &'static str,
    pub lead_time: &'static str,
    pub days: &'static str,
    pub minimum_order: &'static str,
    pub pieces: &'static str,
    pub related: &'static str,
    pub instead_of: &'static str,
}

impl Words {
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Id => &Self {
                mutiara: "Mutiara",
                of_five_stars: "dari 5 bintang",
                from: "mulai",
                in_stock: "Tersedia",
                sold_out: "Stok habis",
                choices: "Pilihan",
                video: "Tonton videonya",
                chat: "Chat penjual di WhatsApp",
                chat_hint: "Pesan sudah ditulis; Anda tinggal mengirim.",
                no_whatsapp: "Penjual ini belum memiliki WhatsApp di sini.",
                maker: "Dibuat oleh",
                about: "Tentang produk ini",
                facts: "Keterangan",
                certificates: "Izin dan sertifikat",
                valid_until: "berlaku sampai",
                halal: "Status halal",
                lead_time: "Waktu penyiapan",
                days: "hari",
                minimum_order: "Pesanan minimum",
                pieces: "buah",
                related: "Produk terkait",
                instead_of: "Harga pembanding",
            },
            Locale::En => &Self {
                mutiara: "Mutiara",
                of_five_stars: "of 5 stars",
                from: "from",
                in_stock: "In stock",
                sold_out: "Sold out",
                choices: "Choices",
                video: "Watch the video",
                chat: "Chat with the maker on WhatsApp",
                chat_hint: "The message is written for you; just send it.",
                no_whatsapp: "This maker has no WhatsApp here yet.",
                maker: "Made by",
                about: "About this product",
                facts: "Details",
                certificates: "Permits and certificates",
                valid_until: "valid until",
                halal: "Halal status",
                lead_time: "Lead time",
                days: "days",
                minimum_order: "Minimum order",
                pieces: "pieces",
                related: "Related products",
                instead_of: "Compare at",
            },
        }
    }
}

/// What a product says of being halal, in words; None where it is no food.
pub(super) fn halal(status: &str, locale: Locale) -> Option<&'static str> {
    Some(match (HalalStatus::parse(status).ok()?, locale) {
        (HalalStatus::Certified, Locale::Id) => "Bersertifikat halal",
        (HalalStatus::Certified, Locale::En) => "Halal certified",
        (HalalStatus::InProcess, Locale::Id) => "Sertifikasi halal dalam proses",
        (HalalStatus::InProcess, Locale::En) => "Halal certification in process",
        (HalalStatus::DeclaredNonHalal, Locale::Id) => "Tidak halal",
        (HalalStatus::DeclaredNonHalal, Locale::En) => "Not halal",
        (HalalStatus::NotApplicable, _) => return None,
    })
}
