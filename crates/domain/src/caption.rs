//! Texts to share a page with, within what each network takes.

use crate::locale::Locale;
use crate::text::choices;

choices! {
    /// Where a caption is posted.
    pub enum Network {
        /// A chat.
        Whatsapp = "whatsapp",
        /// A post of Instagram.
        Instagram = "instagram",
        /// A post of a Facebook page.
        Facebook = "facebook",
    }
}

impl Network {
    /// The longest caption, in UTF-16 units: no network counts less than a character for one.
    #[must_use]
    pub const fn longest(self) -> usize {
        match self {
            Self::Whatsapp => 1_000,
            Self::Instagram => 2_200,
            // The network takes far more; nobody reads it.
            Self::Facebook => 5_000,
        }
    }

    /// The most hashtags. A chat has none.
    #[must_use]
    pub const fn most_tags(self) -> usize {
        match self {
            Self::Whatsapp => 0,
            Self::Instagram => 30,
            Self::Facebook => 10,
        }
    }
}

/// What a caption tells.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What it is about.
    pub name: &'a str,
    /// Its price, as people read it; empty where it has none.
    pub price: &'a str,
    /// Who makes it, and where.
    pub origin: &'a str,
    /// More of it; as much stands there as there is room for.
    pub description: &'a str,
    /// The address of its page.
    pub link: &'a str,
    /// Hashtags, the most telling first.
    pub tags: &'a [String],
}

/// The caption of a network in one language.
#[must_use]
pub fn caption(network: Network, locale: Locale, told: &Told<'_>) -> String {
    let call = match (network, locale) {
        (Network::Instagram, Locale::Id) => "Lihat dan pesan (salin tautan ini):",
        (Network::Instagram, Locale::En) => "See and order (copy this link):",
        (_, Locale::Id) => "Lihat dan pesan:",
        (_, Locale::En) => "See and order:",
    };
    let head = match (network, told.price) {
        (Network::Whatsapp, "") => format!("*{}*", bold(told.name)),
        (Network::Whatsapp, price) => format!("*{}*\n{price}", bold(told.name)),
        (_, "") => told.name.to_owned(),
        (_, price) => format!("{} · {price}", told.name),
    };
    let tags = told.tags.iter().take(network.most_tags()).map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut parts = vec![format!("{head}\n{}", told.origin), format!("{call}\n{}", told.link)];
    if !tags.is_empty() {
        parts.push(tags);
    }
    let taken: usize = parts.iter().map(|part| units(part) + 2).sum();
    let description = fitting(told.description.trim(), network.longest().saturating_sub(taken + 2));
    if !description.is_empty() {
        parts.insert(1, description);
    }
    parts.join("\n\n")
}

/// A star would end the bold letters of a chat.
fn bold(name: &str) -> String {
    name.replace(['*', '\n'], " ").trim().to_owned()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, or its whole words that fit, with an ellipsis.
fn fitting(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let mut head = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.len_utf16();
        if taken > most {
            break;
        }
        head.push(c);
    }
    match head.rsplit_once(char::is_whitespace) {
        Some((words, _)) => format!("{}…", words.trim_end_matches(|c: char| !c.is_alphanumeric())),
        None => String::new(),
    }
}

/// Hashtags of names such as a region's or a category's, each once; last those that all of ours have.
pub fn hashtags<'a>(names: impl IntoIterator<Item = &'a str>, locale: Locale) -> Vec<String> {
    let common = match locale {
        Locale::Id => ["UMKM Indonesia", "Produk Lokal"],
        Locale::En => ["Made in Indonesia", "Support Local"],
    };
    let mut tags: Vec<String> = Vec::new();
    for name in names.into_iter().chain(common) {
        let tag = hashtag(name);
        let known = |other: &String| other.to_lowercase() == tag.to_lowercase();
        if tag.chars().count() > 1 && !tags.iter().any(known) {
            tags.push(tag);
        }
    }
    tags
}

/// `Kabupaten Toraja Utara` as `#TorajaUtara`; `#` alone of what has no letter.
fn hashtag(name: &str) -> String {
    let name =
        ["Kabupaten ", "Kota ", "Provinsi "].iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name);
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut tag = String::from("#");
    for word in words {
        let mut letters = word.chars();
        tag.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        tag.extend(letters);
    }
    if tag.chars().any(char::is_alphabetic) { tag.chars().take(60).collect() } else { "#".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_made_of_names() {
        let names = ["Kabupaten Toraja Utara", "Sulawesi Selatan", "Kopi & teh", "kopi & Teh", "--", "1945"];
        let tags = hashtags(names, Locale::Id);
        assert_eq!(tags, ["#TorajaUtara", "#SulawesiSelatan", "#KopiTeh", "#UMKMIndonesia", "#ProdukLokal"]);
    }

    #[test]
    fn a_caption_tells_all_where_there_is_room() {
        let tags = hashtags(["Kopi"], Locale::Id);
        let told = Told {
            name: "Kopi *Arabika*",
            price: "Rp75.000",
            origin: "Mama Ina, Toraja Utara",
            description: "Sangrai sedang.",
            link: "https://kapal.example/id/a/p/kopi",
            tags: &tags,
        };
        assert_eq!(
            caption(Network::Whatsapp, Locale::Id, &told),
            "*Kopi  Arabika*\nRp75.000\nMama Ina, Toraja Utara\n\nSangrai sedang.\n\n\
             Lihat dan pesan:\nhttps://kapal.example/id/a/p/kopi"
        );
        let posted = caption(Network::Instagram, Locale::En, &told);
        assert!(posted.ends_with("#Kopi #UMKMIndonesia #ProdukLokal"), "{posted}");
    }

    proptest! {
        #[test]
        fn whatever_is_told_fits_its_network(
            name in "\\PC{1,150}",
            origin in "\\PC{0,250}",
            description in "\\PC{0,5000}",
            places in proptest::collection::vec("\\PC{0,80}", 0..60),
        ) {
            let tags = hashtags(places.iter().map(String::as_str), Locale::Id);
            for tag in &tags {
                prop_assert!(tag.starts_with('#') && !tag[1..].contains(['#', ' ']), "{}", tag);
            }
            let link = "https://kapal.example/id/aggregator/p/product";
            let told = Told { name: &name, price: "Rp75.000", origin: &origin, description: &description, link, tags: &tags };
            for network in Network::ALL {
                for locale in Locale::ALL {
                    let text = caption(*network, *locale, &told);
                    prop_assert!(text.encode_utf16().count() <= network.longest(), "{}", text);
                    prop_assert!(text.contains(link));
                }
            }
        }
    }
}
