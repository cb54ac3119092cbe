//! A font of a document: measures texts, and remembers which of its letters were used.

use std::collections::BTreeMap;

use kapal_fonts::visible;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

pub(crate) struct Font {
    name: &'static str,
    file: &'static [u8],
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// What the glyphs stand for, by their numbers in the document: for search and for reading aloud.
    letters: BTreeMap<u16, char>,
}

impl Font {
    pub(crate) fn new((name, file): (&'static str, &'static [u8])) -> Self {
        let face = Face::parse(file, 0).unwrap_or_else(|error| unreachable!("{name} is built in: {error}"));
        Self { name, file, face, glyphs: GlyphRemapper::new(), letters: BTreeMap::new() }
    }

    /// How wide a text is at a size, in points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let advances = visible(text).map(|c| self.advance(self.glyph(c)));
        advances.sum::<f32>() * size / 1000.0
    }

    /// The text as the document holds it: two bytes for each glyph.
    pub(crate) fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        for c in visible(text) {
            let glyph = self.glyphs.remap(self.glyph(c).0);
            self.letters.insert(glyph, c);
            bytes.extend(glyph.to_be_bytes());
        }
        bytes
    }

    /// The glyph of a letter; the empty box where there is none.
    fn glyph(&self, c: char) -> GlyphId {
        self.face.glyph_index(c).unwrap_or(GlyphId(0))
    }

    /// In thousandths of the size, as PDF counts.
    fn advance(&self, glyph: GlyphId) -> f32 {
        self.scaled(self.face.glyph_hor_advance(glyph).unwrap_or_default().into())
    }

    fn scaled(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.face.units_per_em())
    }

    /// Writes the font with its used letters as five objects, `first` and those after it.
    pub(crate) fn write(&self, pdf: &mut Pdf, first: i32) {
        let [font, cid, descriptor, file, unicode] = [0, 1, 2, 3, 4].map(|at| Ref::new(first + at));
        // A subset is marked by six letters before its name.
        let name = format!("KAPALI+{}", self.name);
        let name = Name(name.as_bytes());
        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(unicode);
        let mut cid_font = pdf.cid_font(cid);
        cid_font
            .subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let widths = self.glyphs.remapped_gids().map(|glyph| self.advance(GlyphId(glyph)));
        cid_font.widths().consecutive(0, widths);
        cid_font.finish();
        let bounds = self.face.global_bounding_box();
        let corner = |x: i16, y: i16| (self.scaled(x.into()), self.scaled(y.into()));
        let ((left, bottom), (right, top)) =
            (corner(bounds.x_min, bounds.y_min), corner(bounds.x_max, bounds.y_max));
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(self.scaled(self.face.ascender().into()))
            .descent(self.scaled(self.face.descender().into()))
            .cap_height(self.scaled(self.face.capital_height().unwrap_or_default().into()))
            .stem_v(80.0)
            .font_file2(file);
        // Both fonts are ours and whole, so that taking letters out of them can't fail; the whole one would do as well.
        let subset = subsetter::subset(self.file, 0, &self.glyphs).unwrap_or_else(|_| self.file.to_vec());
        let packed = pack(&subset);
        pdf.stream(file, &packed).filter(Filter::FlateDecode);
        let mut cmap = UnicodeCmap::<u16>::new(Name(b"Unicode"), IDENTITY);
        for (glyph, c) in &self.letters {
            cmap.pair(*glyph, *c);
        }
        let packed = pack(&cmap.finish());
        pdf.stream(unicode, &packed).filter(Filter::FlateDecode);
    }
}

/// Deflated as `FlateDecode` reads it.
pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 8)
}

#[cfg(test)]
mod tests {
    use kapal_fonts::{SANS, SERIF};

    use super::*;

    #[test]
    fn indonesian_names_have_all_their_letters() {
        for font in [SANS, SERIF] {
            let font = Font::new(font);
            for c in "ÀÉÈËéèêëîïôûñçÇšžāēīōūȷ ʼ’‘“”–—…·&/ Ø ß Ω Я № ½".chars().filter(|c| !c.is_whitespace())
            {
                assert_ne!(font.glyph(c).0, 0, "{} has no {c}", font.name);
            }
            assert_eq!(font.glyph('漢').0, 0);
        }
    }

    #[test]
    fn a_wider_text_is_wider() {
        let font = Font::new(SANS);
        assert!(font.width("Wayan", 10.0) > font.width("Waya", 10.0));
        assert_eq!(font.width("Wa\u{200B}yan", 10.0), font.width("Wayan", 10.0));
        assert!((font.width("Wayan", 20.0) - 2.0 * font.width("Wayan", 10.0)).abs() < 0.001);
    }
}
