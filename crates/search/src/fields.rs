//! What a product is in the index. Texts are analysed here and joined by blanks, so that the index itself only splits.

use chrono::{DateTime, Utc};
use kapal_domain::ids::{AggregatorId, MerchantId, ProductId};
use kapal_domain::locale::Locale;
use tantivy::TantivyDocument;
use tantivy::Term;
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use uuid::Uuid;

use crate::signals::Signals;
use crate::words::{folded, is_stop_word, stem, words};

/// The meaning of the fields and of the words in them: an index of another number is built anew.
pub const EDITION: u32 = 1;

/// A published product, in all its languages.
#[derive(Debug, Clone)]
pub struct Product {
    /// Whose it is.
    pub aggregator: AggregatorId,
    /// Its id.
    pub id: ProductId,
    /// Its texts.
    pub texts: Vec<Text>,
    /// Who makes it.
    pub merchant: MerchantId,
    /// The merchant's slug.
    pub merchant_slug: String,
    /// The merchant's name.
    pub merchant_name: String,
    /// Where the merchant is: a regency or a district.
    pub region_code: String,
    /// Its name.
    pub region_name: String,
    /// The province.
    pub province_code: String,
    /// Its name.
    pub province_name: String,
    /// Slugs of its category and of those above it, the topmost first.
    pub category_path: Vec<String>,
    /// The lowest price of its variants, in minor units.
    pub price: u64,
    /// Whether any variant is in stock.
    pub available: bool,
    /// Whether it is mutiara.
    pub is_mutiara: bool,
    /// Stars of the curation.
    pub stars: u8,
    /// Kinds of its certificates.
    pub certificates: Vec<String>,
    /// The merchant's class of naik kelas.
    pub level: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A product's words in one language.
#[derive(Debug, Clone)]
pub struct Text {
    /// The language.
    pub locale: Locale,
    /// The product's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The name of its category.
    pub category: String,
}

/// How often a word counts that stands in a place: as if it stood there so often.
const IN_NAME: usize = 4;
const IN_MERCHANT: usize = 2;
const IN_CATEGORY: usize = 2;
const IN_REGION: usize = 2;
const IN_DESCRIPTION: usize = 1;

/// What may be completed to a whole name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A merchant.
    Merchant,
    /// A regency or a district.
    Region,
    /// A province.
    Province,
    /// A category.
    Category,
}

impl Named {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Category, Self::Merchant, Self::Region, Self::Province];

    /// The first letter of its entries.
    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Merchant => 'm',
            Self::Region => 'r',
            Self::Province => 'p',
            Self::Category => 'c',
        }
    }
}

/// Parts an entry: what is typed, the name in full, and what it is addressed by.
pub(crate) const PART: char = '\u{1}';

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The product's id: what is deleted by.
    pub product: Field,
    /// The two halves of the product's id.
    pub id_high: Field,
    pub id_low: Field,
    pub aggregator: Field,
    pub merchant: Field,
    /// Stems of all words, each as often as its place counts.
    pub stems: Field,
    /// Words of the names as they are written: a match there counts more.
    pub name: Field,
    /// All words as they are written: for completion and spelling.
    pub written: Field,
    /// What filters ask for; see [`tag`].
    pub tags: Field,
    /// Names that may be completed; see [`entries`].
    pub entries: Field,
    pub category: Field,
    pub province: Field,
    pub certificate: Field,
    pub price: Field,
    pub signals: Field,
}

/// What filters ask for, as one word each.
pub(crate) mod tag {
    pub const MUTIARA: &str = "mutiara";

    pub fn category(slug: &str) -> String {
        format!("category:{slug}")
    }

    pub fn region(code: &str) -> String {
        format!("region:{code}")
    }

    pub fn merchant(slug: &str) -> String {
        format!("merchant:{slug}")
    }

    pub fn certificate(kind: &str) -> String {
        format!("certificate:{kind}")
    }

    pub fn level(level: &str) -> String {
        format!("level:{level}")
    }

    pub fn stars(at_least: u8) -> String {
        format!("stars:{at_least}")
    }
}

impl Fields {
    pub fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let indexed = |tokenizer, option, norms| {
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(option)
                .set_fieldnorms(norms)
        };
        let text = |indexing| TextOptions::default().set_indexing_options(indexing);
        let exact = indexed("raw", IndexRecordOption::Basic, false);
        let bytes = BytesOptions::default().set_indexed();
        let number = NumericOptions::default().set_fast();
        let counted = TextOptions::default().set_fast("raw");
        let fields = Self {
            product: schema.add_bytes_field("product", bytes.clone()),
            id_high: schema.add_u64_field("id_high", number.clone()),
            id_low: schema.add_u64_field("id_low", number.clone()),
            aggregator: schema.add_text_field("aggregator", text(exact.clone()).set_fast("raw")),
            merchant: schema.add_bytes_field("merchant", bytes),
            stems: schema
                .add_text_field("stems", text(indexed("whitespace", IndexRecordOption::WithFreqs, true))),
            name: schema
                .add_text_field("name", text(indexed("whitespace", IndexRecordOption::WithFreqs, true))),
            written: schema
                .add_text_field("written", text(indexed("whitespace", IndexRecordOption::Basic, false))),
            tags: schema.add_text_field("tags", text(exact.clone())),
            entries: schema.add_text_field("entries", text(exact)),
            category: schema.add_text_field("category", counted.clone()),
            province: schema.add_text_field("province", counted.clone()),
            certificate: schema.add_text_field("certificate", counted),
            price: schema.add_u64_field("price", number.clone()),
            signals: schema.add_u64_field("signals", number),
        };
        (schema.build(), fields)
    }

    pub fn of_product(&self, id: ProductId) -> Term {
        Term::from_field_bytes(self.product, id.uuid().as_bytes())
    }

    pub fn of_merchant(&self, id: MerchantId) -> Term {
        Term::from_field_bytes(self.merchant, id.uuid().as_bytes())
    }

    pub fn of_aggregator(&self, id: AggregatorId) -> Term {
        Term::from_field_text(self.aggregator, &key(id))
    }

    pub fn document(&self, product: &Product) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let id = product.id.uuid();
        let (high, low) = id.as_u64_pair();
        document.add_bytes(self.product, id.as_bytes());
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        document.add_text(self.aggregator, key(product.aggregator));
        document.add_bytes(self.merchant, product.merchant.uuid().as_bytes());

        let mut bag = Bag::default();
        let mut names = String::new();
        for text in &product.texts {
            bag.add(&text.name, text.locale, IN_NAME);
            bag.add(&text.category, text.locale, IN_CATEGORY);
            bag.add(&text.description, text.locale, IN_DESCRIPTION);
            push(&mut names, folded(&text.name));
        }
        bag.add(&product.merchant_name, Locale::Id, IN_MERCHANT);
        bag.add(&product.region_name, Locale::Id, IN_REGION);
        bag.add(&product.province_name, Locale::Id, IN_REGION);
        // The categories above its own have no names here, but their slugs are made of them.
        for above in product.category_path.iter().rev().skip(1) {
            bag.add(above, Locale::Id, 1);
        }
        document.add_text(self.stems, &bag.stems);
        document.add_text(self.name, &names);
        document.add_text(self.written, &bag.written);

        for slug in &product.category_path {
            document.add_text(self.tags, tag::category(slug));
        }
        for (at, _) in product.region_code.match_indices('.').chain([(product.region_code.len(), "")]) {
            document.add_text(self.tags, tag::region(&product.region_code[..at]));
        }
        document.add_text(self.tags, tag::merchant(&product.merchant_slug));
        for kind in &product.certificates {
            document.add_text(self.tags, tag::certificate(kind));
            document.add_text(self.certificate, kind);
        }
        if let Some(level) = &product.level {
            document.add_text(self.tags, tag::level(level));
        }
        if product.is_mutiara {
            document.add_text(self.tags, tag::MUTIARA);
        }
        for stars in 1..=product.stars {
            document.add_text(self.tags, tag::stars(stars));
        }
        // One word for each product is counted quickest; the branches are added up afterwards.
        document.add_text(self.category, product.category_path.join(&PART.to_string()));
        document.add_text(self.province, &product.province_code);
        document.add_u64(self.price, product.price);
        document.add_u64(self.signals, Signals::of(product).packed());

        let mut enter = |named, name: &str, address: &str| {
            for entry in entries(named, name, address) {
                document.add_text(self.entries, entry);
            }
        };
        enter(Named::Merchant, &product.merchant_name, &product.merchant_slug);
        enter(Named::Region, &product.region_name, &product.region_code);
        enter(Named::Province, &product.province_name, &product.province_code);
        if let Some(slug) = product.category_path.last() {
            for text in &product.texts {
                enter(Named::Category, &text.category, slug);
            }
        }
        document
    }
}

/// An aggregator as a word of the index.
pub(crate) fn key(id: AggregatorId) -> String {
    id.uuid().simple().to_string()
}

/// The aggregator of such a word.
pub(crate) fn aggregator(key: &str) -> Option<AggregatorId> {
    Uuid::try_parse(key).ok().map(AggregatorId::from)
}

/// The entries under which a name is found from each of its words on.
fn entries(named: Named, name: &str, address: &str) -> impl Iterator<Item = String> {
    let words: Vec<_> = words(name).collect();
    let entry = |from: usize| {
        let typed = words[from..].iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" ");
        format!("{}{typed}{PART}{name}{PART}{address}", named.letter())
    };
    (0..words.len())
        .filter(|from| *from == 0 || !is_stop_word(&words[*from].folded))
        .map(entry)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The words of a document as they come together.
#[derive(Default)]
struct Bag {
    stems: String,
    written: String,
}

impl Bag {
    fn add(&mut self, text: &str, locale: Locale, times: usize) {
        for word in folded(text) {
            // In a name a stop word may be what the thing is called; elsewhere it only costs.
            if times == IN_DESCRIPTION && is_stop_word(&word) {
                continue;
            }
            let stem = stem(&word, locale);
            push(&mut self.stems, std::iter::repeat_n(stem, times));
            push(&mut self.written, [word]);
        }
    }
}

fn push(text: &mut String, words: impl IntoIterator<Item = String>) {
    for word in words {
        text.push_str(&word);
        text.push(' ');
    }
}
