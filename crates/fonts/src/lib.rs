//! The letters of what the platform prints and draws: Noto, under the SIL Open Font Licence (`files/OFL.txt`).

/// A font that is built in: its name and its file.
pub type Font = (&'static str, &'static [u8]);

/// The letters of everything that is read closely.
pub const SANS: Font = ("NotoSans-Regular", include_bytes!("../files/NotoSans-Regular.ttf"));
/// The letters of what is looked at first.
pub const SERIF: Font = ("NotoSerifDisplay-Regular", include_bytes!("../files/NotoSerifDisplay-Regular.ttf"));

/// The text without the marks that only join or part letters.
pub fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'))
}
