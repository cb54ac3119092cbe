//! QR codes: as the outline of their dark squares for pages, and drawn on pictures.

use qrcodegen::QrCodeEcc;

use crate::canvas::{Canvas, Paint, Rgb};
use crate::path::Path;

/// The quiet margin round a code that readers need, in squares.
const MARGIN: usize = 4;

/// A text as a QR code, of which a sixth may be spoilt.
#[derive(Clone)]
pub struct QrCode(qrcodegen::QrCode);

/// A text is longer than a QR code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

impl std::fmt::Debug for QrCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QrCode({} squares wide)", self.0.size())
    }
}

impl QrCode {
    /// The code of a text.
    ///
    /// # Errors
    ///
    /// [`TooLong`] above about 2,300 bytes.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        qrcodegen::QrCode::encode_text(text, QrCodeEcc::Medium).map(Self).map_err(|_| TooLong)
    }

    /// How many squares it is wide and high, with the quiet margin.
    #[must_use]
    pub fn side(&self) -> usize {
        self.squares() + 2 * MARGIN
    }

    /// The dark squares as the `d` of an SVG path, each a unit wide: a row's neighbours are one rectangle.
    #[must_use]
    pub fn outline(&self) -> String {
        let rectangles = self.bars().map(|(x, y, length)| format!("M{x} {y}h{length}v1h-{length}z"));
        rectangles.collect()
    }

    /// How wide it is drawn where there is room for so many pixels: its squares are whole pixels, which readers and
    /// compression like.
    pub(crate) fn wide(&self, room: f32) -> f32 {
        self.unit(room) * self.side() as f32
    }

    fn unit(&self, room: f32) -> f32 {
        (room / self.side() as f32).floor().max(1.0)
    }

    /// Draws it on its light ground.
    pub(crate) fn draw(
        &self,
        canvas: &mut Canvas,
        (left, top): (f32, f32),
        room: f32,
        (dark, light): (Rgb, Rgb),
    ) {
        let (unit, wide) = (self.unit(room), self.wide(room));
        canvas.fill(&Path::rectangle(left, top, wide, wide), Paint::Solid(light));
        for (x, y, length) in self.bars() {
            let (x, y) = (left + x as f32 * unit, top + y as f32 * unit);
            canvas.fill(&Path::rectangle(x, y, length as f32 * unit, unit), Paint::Solid(dark));
        }
    }

    fn squares(&self) -> usize {
        usize::try_from(self.0.size()).unwrap_or_default()
    }

    /// Dark squares that stand side by side, as (x, y, how many), the margin counted.
    fn bars(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let size = self.0.size();
        (0..size).flat_map(move |y| {
            let mut bars: Vec<(usize, usize, usize)> = Vec::new();
            let row = usize::try_from(y).unwrap_or_default() + MARGIN;
            for (at, _) in (0..size).enumerate().filter(|(_, x)| self.0.get_module(*x, y)) {
                match bars.last_mut() {
                    Some((left, _, length)) if *left + *length == at + MARGIN => *length += 1,
                    _ => bars.push((at + MARGIN, row, 1)),
                }
            }
            bars
        })
    }
}
