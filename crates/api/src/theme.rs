//! An aggregator's colours as a stylesheet, readable whatever colour was chosen.

/// Colours made of an aggregator's main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    brand: Rgb,
    on_brand: Rgb,
    brand_ink: Rgb,
}

type Rgb = [u8; 3];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/// What small text needs (WCAG 2.2, 1.4.3), and a little more.
const ENOUGH: f64 = 4.6;
/// The darkest ground that the brand's colour stands on as text: the panel behind the maker.
const GROUND: Rgb = [0xf6, 0xf5, 0xf1];

impl Theme {
    /// The theme of a colour such as `#0b5d51`.
    pub fn of(colour: &str) -> Self {
        let channel =
            |at| colour.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
        let brand = [channel(1), channel(3), channel(5)];
        let on_brand = if contrast(brand, WHITE) >= contrast(brand, BLACK) { WHITE } else { BLACK };
        let mut brand_ink = brand;
        while contrast(brand_ink, GROUND) < ENOUGH {
            brand_ink = brand_ink.map(|c| c - c.div_ceil(16));
        }
        Self { brand, on_brand, brand_ink }
    }

    /// The stylesheet.
    pub fn css(&self) -> String {
        let hex = |[r, g, b]: Rgb| format!("#{r:02x}{g:02x}{b:02x}");
        format!(
            ":root {{ --brand: {}; --on-brand: {}; --brand-ink: {}; }}\n",
            hex(self.brand),
            hex(self.on_brand),
            hex(self.brand_ink)
        )
    }
}

/// The contrast of two colours, 1 to 21 (WCAG 2.2).
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_gives_readable_text() {
        for step in 0..=(16 * 16 * 16 - 1_u32) {
            let [r, g, b] = [step / 256 * 17, step / 16 % 16 * 17, step % 16 * 17];
            let theme = Theme::of(&format!("#{r:02x}{g:02x}{b:02x}"));
            assert!(contrast(theme.brand, theme.on_brand) >= 4.5, "{theme:?}");
            assert!(contrast(theme.brand_ink, GROUND) >= ENOUGH, "{theme:?}");
        }
    }

    #[test]
    fn a_dark_colour_stays_as_it_is() {
        assert_eq!(
            Theme::of("#0b5d51").css(),
            ":root { --brand: #0b5d51; --on-brand: #ffffff; --brand-ink: #0b5d51; }\n"
        );
    }
}
