//! One page: texts and shapes in points from its lower left corner, then the finished document.

use kapal_fonts::{SANS, SERIF};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::font::{Font, pack};

/// A colour: red, green and blue from 0 to 1.
pub(crate) type Colour = [f32; 3];

/// Which of the page's fonts.
#[derive(Clone, Copy)]
pub(crate) enum Letters {
    Sans,
    Serif,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub letters: Letters,
    pub size: f32,
    pub colour: Colour,
    /// Room between the letters, beyond what they have.
    pub tracking: f32,
}

pub(crate) struct Page {
    width: f32,
    height: f32,
    content: Content,
    sans: Font,
    serif: Font,
}

impl Page {
    pub(crate) fn new(width: f32, height: f32) -> Self {
        Self { width, height, content: Content::new(), sans: Font::new(SANS), serif: Font::new(SERIF) }
    }

    fn font(&self, letters: Letters) -> &Font {
        match letters {
            Letters::Sans => &self.sans,
            Letters::Serif => &self.serif,
        }
    }

    /// Sets a text with its base line's left end at a point.
    pub(crate) fn text(&mut self, x: f32, y: f32, style: Style, text: &str) {
        let (name, font) = match style.letters {
            Letters::Sans => (Name(b"Sans"), &mut self.sans),
            Letters::Serif => (Name(b"Serif"), &mut self.serif),
        };
        let bytes = font.encode(text);
        let [red, green, blue] = style.colour;
        self.content
            .begin_text()
            .set_fill_rgb(red, green, blue)
            .set_font(name, style.size)
            .set_char_spacing(style.tracking)
            .next_line(x, y)
            .show(Str(&bytes))
            .end_text();
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&mut self, [x, y, width, height]: [f32; 4], [red, green, blue]: Colour) {
        self.content.set_fill_rgb(red, green, blue).rect(x, y, width, height).fill_nonzero();
    }

    /// A filled square that stands on its corner, by its middle and half its diagonal.
    pub(crate) fn diamond(&mut self, x: f32, y: f32, half: f32, [red, green, blue]: Colour) {
        self.content
            .set_fill_rgb(red, green, blue)
            .move_to(x - half, y)
            .line_to(x, y + half)
            .line_to(x + half, y)
            .line_to(x, y - half)
            .close_path()
            .fill_nonzero();
    }

    /// The text in lines that are no wider than `width`, and their size: one line, somewhat smaller if need be, else two,
    /// as small as they must.
    pub(crate) fn fit(&self, text: &str, style: Style, width: f32) -> (Style, Vec<String>) {
        let font = self.font(style.letters);
        let at = |part: f32| Style { size: style.size * part, ..style };
        for part in [1.0, 0.9, 0.8] {
            if font.width(text, style.size * part) <= width {
                return (at(part), vec![text.to_owned()]);
            }
        }
        let mut part = 0.8;
        loop {
            let lines = wrap(font, text, style.size * part, width);
            if lines.len() <= 2 {
                return (at(part), lines);
            }
            part *= 0.95;
        }
    }

    /// The document of this page.
    pub(crate) fn finish(self, title: &str, author: &str, keyword: &str) -> Vec<u8> {
        let [catalog, pages, page, content, info] = [1, 2, 3, 4, 5].map(Ref::new);
        let (sans, serif) = (6, 11);
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages).lang(TextStr("id")).viewer_preferences().display_doc_title(true);
        pdf.pages(pages).kids([page]).count(1);
        let mut written = pdf.page(page);
        written.parent(pages).media_box(Rect::new(0.0, 0.0, self.width, self.height)).contents(content);
        written.resources().fonts().pair(Name(b"Sans"), Ref::new(sans)).pair(Name(b"Serif"), Ref::new(serif));
        written.finish();
        let packed = pack(&self.content.finish());
        pdf.stream(content, &packed).filter(Filter::FlateDecode);
        pdf.document_info(info)
            .title(TextStr(title))
            .author(TextStr(author))
            .keywords(TextStr(keyword))
            .creator(TextStr("Kapal Induk"));
        self.sans.write(&mut pdf, sans);
        self.serif.write(&mut pdf, serif);
        pdf.finish()
    }
}

/// Lines of whole words; a word that is wider than a line is broken.
fn wrap(font: &Font, text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut push = |word: &str, space: &str| {
        let line = lines.last_mut().filter(|line| font.width(&format!("{line}{space}{word}"), size) <= width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push_str(space);
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    };
    for word in text.split_whitespace() {
        if font.width(word, size) <= width {
            push(word, " ");
        } else {
            for (at, letter) in word.chars().enumerate() {
                push(letter.encode_utf8(&mut [0; 4]), if at == 0 { " " } else { "" });
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits() {
        let page = Page::new(100.0, 100.0);
        let style = Style { letters: Letters::Serif, size: 34.0, colour: [0.0; 3], tracking: 0.0 };
        for text in ["Tenun", &"W".repeat(150), &"Usaha Tenun ".repeat(12), ""] {
            let (style, lines) = page.fit(text, style, 300.0);
            assert!(lines.len() <= 2);
            for line in &lines {
                assert!(page.serif.width(line, style.size) <= 300.0, "{line}");
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }
}
