//! Where the words that were looked for stand in a text: HTML with nothing in it but `<mark>`, so that a client may show
//! it as it is.

use kapal_domain::locale::Locale;

use crate::query::Marks;
use crate::words::{Word, stem, words};

/// Characters of a longer text that are shown around the first mark.
const WINDOW: usize = 160;

impl Marks {
    fn has(&self, word: &Word) -> bool {
        let is_looked_for = |locale| self.stems.contains(&stem(&word.folded, locale));
        is_looked_for(Locale::Id)
            || is_looked_for(Locale::En)
            || self.prefix.as_deref().is_some_and(|prefix| word.folded.starts_with(prefix))
    }

    /// The whole text with its marks; None where nothing is marked.
    #[must_use]
    pub fn mark(&self, text: &str) -> Option<String> {
        let marked: Vec<_> = words(text).filter(|word| self.has(word)).collect();
        if marked.is_empty() {
            return None;
        }
        let mut html = String::with_capacity(text.len() + marked.len() * 13);
        let mut done = 0;
        for word in marked {
            escape(&mut html, &text[done..word.at.start]);
            html.push_str("<mark>");
            escape(&mut html, &text[word.at.clone()]);
            html.push_str("</mark>");
            done = word.at.end;
        }
        escape(&mut html, &text[done..]);
        Some(html)
    }

    /// The part of a text around its first mark; None where nothing is marked.
    #[must_use]
    pub fn excerpt(&self, text: &str) -> Option<String> {
        let first = words(text).find(|word| self.has(word))?;
        let before = text[..first.at.start].char_indices().rev().take(WINDOW / 4).last();
        let start = before.map_or(first.at.start, |(at, _)| at);
        // From the beginning of a word on.
        let start = match start {
            0 => 0,
            _ => {
                words(&text[start..first.at.end]).nth(1).map_or(first.at.start, |word| start + word.at.start)
            }
        };
        let end = text[start..].char_indices().nth(WINDOW).map_or(text.len(), |(at, _)| start + at);
        let end = match text[..end].rfind(char::is_whitespace) {
            Some(at) if end < text.len() && at >= first.at.end => at,
            _ => end,
        };
        let marked = self.mark(&text[start..end])?;
        let (left, right) = (if start > 0 { "… " } else { "" }, if end < text.len() { " …" } else { "" });
        Some(format!("{left}{marked}{right}"))
    }
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(words: &[&str]) -> Marks {
        Marks { stems: words.iter().map(|word| (*word).to_owned()).collect(), prefix: None }
    }

    #[test]
    fn nothing_but_marks_is_html() {
        let marks = marks(&["kopi", "keripik"]);
        assert_eq!(marks.mark("Teh & gula"), None);
        assert_eq!(
            marks.mark("<b>Kopi</b> \"Gayo\"").as_deref(),
            Some("&lt;b&gt;<mark>Kopi</mark>&lt;/b&gt; &quot;Gayo&quot;")
        );
        assert_eq!(
            marks.mark("Kripik dan kopinya").as_deref(),
            Some("<mark>Kripik</mark> dan <mark>kopinya</mark>")
        );
    }

    #[test]
    fn an_excerpt_lies_around_the_first_mark_and_ends_between_words() {
        let text = format!(
            "{} Kopi enak. {}",
            "Panjang sekali ceritanya. ".repeat(20),
            "Masih panjang. ".repeat(40)
        );
        let excerpt = marks(&["kopi"]).excerpt(&text).expect("a mark");
        assert!(excerpt.starts_with("… ") && excerpt.ends_with(" …"), "{excerpt}");
        assert!(excerpt.contains("<mark>Kopi</mark>") && excerpt.chars().count() < 200, "{excerpt}");
        assert_eq!(marks(&["kopi"]).excerpt("Kopi").as_deref(), Some("<mark>Kopi</mark>"));
        assert_eq!(marks(&["kopi"]).excerpt(&"é".repeat(900)), None);
    }
}
