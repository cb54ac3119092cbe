//! What every page for people has round it: what previews and search engines read, the storefront's colours, its name and
//! the way to the other language.

use kapal_domain::locale::Locale;

use super::address::Subject;
use super::words::Words;
use crate::media::PreviewView;

/// The most characters that previews show of a title and of a description.
const MAX_TITLE: usize = 65;
const MAX_SUMMARY: usize = 100;

/// What sets a page apart.
pub(crate) struct About<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    /// What of the query says which page it is; empty, or beginning with `?`.
    pub query: &'a str,
    /// The type that Open Graph knows it by.
    pub kind: &'static str,
    /// Its title; shortened.
    pub title: &'a str,
    /// What it says in a sentence; shortened.
    pub summary: &'a str,
    /// The name of its storefront.
    pub store: &'a str,
    /// Whether all in it is invented.
    pub demonstration: bool,
    /// What previews of its link show.
    pub picture: SharedPicture,
}

/// The picture of a page's link.
pub(crate) struct SharedPicture {
    /// Where it is, and its size.
    pub view: PreviewView,
    /// What it shows.
    pub alt: String,
}

/// The same, as the template has it.
pub(crate) struct Shell {
    pub locale: Locale,
    pub words: &'static Words,
    pub kind: &'static str,
    pub title: String,
    pub summary: String,
    pub url: String,
    pub store: String,
    pub home: String,
    pub is_home: bool,
    pub theme: Option<String>,
    pub other: Locale,
    pub other_path: String,
    pub alternates: [(&'static str, String); 3],
    pub picture: SharedPicture,
    pub demonstration: bool,
    pub json_ld: Vec<String>,
}

impl Shell {
    /// The shell of a page in one language.
    pub fn new(about: About<'_>, locale: Locale, public_url: &str, json_ld: Vec<String>) -> Self {
        let other = match locale {
            Locale::Id => Locale::En,
            Locale::En => Locale::Id,
        };
        let path = |locale| format!("{}{}", about.subject.path(locale), about.query);
        let url = |locale| format!("{public_url}{}", path(locale));
        let home = about.subject.home();
        Self {
            locale,
            words: Words::of(locale),
            kind: about.kind,
            title: shorten(about.title, MAX_TITLE),
            summary: shorten(&about.summary.split_whitespace().collect::<Vec<_>>().join(" "), MAX_SUMMARY),
            url: url(locale),
            store: about.store.to_owned(),
            home: home.path(locale),
            is_home: matches!(about.subject, Subject::Nation | Subject::Home(_)) && about.query.is_empty(),
            theme: match home {
                Subject::Home(aggregator) => Some(format!("/{locale}/{aggregator}/theme.css")),
                _ => None,
            },
            other,
            other_path: path(other),
            alternates: [
                (Locale::Id.as_str(), url(Locale::Id)),
                (Locale::En.as_str(), url(Locale::En)),
                ("x-default", url(Locale::Id)),
            ],
            picture: about.picture,
            demonstration: about.demonstration,
            json_ld,
        }
    }
}

/// The text, or as many whole words of it as fit, with an ellipsis.
fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let end = text.char_indices().nth(max - 1).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let head = head.rsplit_once(' ').map_or(head, |(words, _)| words);
    format!("{}…", head.trim_end_matches([',', '.', ' ', '·']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_after_a_whole_word() {
        assert_eq!(shorten("Kopi Toraja", 65), "Kopi Toraja");
        let long = "kopi ".repeat(40);
        let short = shorten(&long, MAX_SUMMARY);
        assert!(short.chars().count() <= MAX_SUMMARY && short.ends_with("kopi…"), "{short}");
        assert_eq!(shorten(&"a".repeat(80), 10), format!("{}…", "a".repeat(9)));
    }
}
