//! A certificate of completion: A4, landscape, in Indonesian with English beneath, to be checked by its code.

use chrono::NaiveDate;
use kapal_domain::day::{in_words, period_in_words};
use kapal_domain::locale::Locale;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::page::{Colour, Letters, Page, Style};

/// What a certificate says.
#[derive(Debug, Clone, Copy)]
pub struct Certificate<'a> {
    /// Its number.
    pub number: &'a str,
    /// By which anybody checks it.
    pub code: &'a str,
    /// The page that checks it.
    pub verify_url: &'a str,
    /// Who issues it.
    pub aggregator: &'a str,
    /// To whom.
    pub merchant: &'a str,
    /// For what, in Indonesian.
    pub programme_id: &'a str,
    /// The same in English; may be empty.
    pub programme_en: &'a str,
    /// First day of the programme.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Hours of what was attended.
    pub hours: i32,
    /// Day of issue.
    pub issued_on: NaiveDate,
}

const WIDTH: f32 = 841.89;
const HEIGHT: f32 = 595.28;
/// Where the words begin and end.
const LEFT: f32 = 152.0;
const RIGHT: f32 = 786.0;
/// The woven band at the left edge.
const BAND: f32 = 96.0;

const TEAL: Colour = [11.0 / 255.0, 93.0 / 255.0, 81.0 / 255.0];
const GOLD: Colour = [0.831, 0.631, 0.247];
const IVORY: Colour = [0.985, 0.975, 0.945];
const INK: Colour = [0.114, 0.137, 0.153];
const SOFT: Colour = [0.36, 0.40, 0.43];

const TITLE: Style = Style { letters: Letters::Serif, size: 52.0, colour: TEAL, tracking: 0.0 };
const NAME: Style = Style { letters: Letters::Serif, size: 36.0, colour: INK, tracking: 0.0 };
const SUBJECT: Style = Style { letters: Letters::Serif, size: 21.0, colour: INK, tracking: 0.0 };
const ISSUER: Style = Style { letters: Letters::Sans, size: 12.0, colour: TEAL, tracking: 0.8 };
const TEXT: Style = Style { letters: Letters::Sans, size: 11.0, colour: INK, tracking: 0.0 };
const HINT: Style = Style { letters: Letters::Sans, size: 10.0, colour: SOFT, tracking: 0.0 };
const LABEL: Style = Style { letters: Letters::Sans, size: 8.0, colour: SOFT, tracking: 0.2 };
const CODE: Style = Style { letters: Letters::Sans, size: 13.0, colour: INK, tracking: 1.0 };

/// The certificate as a PDF.
#[must_use]
pub fn render(certificate: &Certificate<'_>) -> Vec<u8> {
    let mut page = Page::new(WIDTH, HEIGHT);
    weave(&mut page);
    let mut pen = Pen { page, y: 536.0 };
    pen.fitted(ISSUER, certificate.aggregator, 0.0);
    pen.line(TITLE, "Sertifikat", 58.0);
    pen.line(TEXT, "Certificate of completion", 25.0);
    pen.line(HINT, "diberikan kepada · awarded to", 42.0);
    pen.fitted(NAME, certificate.merchant, 44.0);
    pen.rule(16.0);
    pen.line(HINT, "yang telah menyelesaikan program · for completing the programme", 26.0);
    pen.fitted(SUBJECT, certificate.programme_id, 30.0);
    if !certificate.programme_en.is_empty() && certificate.programme_en != certificate.programme_id {
        pen.fitted(HINT, certificate.programme_en, 19.0);
    }
    let Certificate { starts_on, ends_on, hours, .. } = *certificate;
    pen.line(
        TEXT,
        &format!("{}, {hours} jam pelajaran", period_in_words(starts_on, ends_on, Locale::Id)),
        30.0,
    );
    let unit = if hours == 1 { "hour" } else { "hours" };
    pen.line(
        HINT,
        &format!("{}, {hours} {unit} of training", period_in_words(starts_on, ends_on, Locale::En)),
        16.0,
    );
    let mut page = pen.page;
    foot(&mut page, certificate);
    let title = format!("Sertifikat {} · {}", certificate.number, certificate.merchant);
    page.finish(&title, certificate.aggregator, certificate.code)
}

/// Sets lines from the top down.
struct Pen {
    page: Page,
    y: f32,
}

impl Pen {
    /// A line, so far below the one before it.
    fn line(&mut self, style: Style, text: &str, below: f32) {
        self.y -= below;
        self.page.text(LEFT, self.y, style, text);
    }

    /// A text of any length, in one or two lines.
    fn fitted(&mut self, style: Style, text: &str, below: f32) {
        let (style, lines) = self.page.fit(text, style, RIGHT - LEFT - 20.0);
        for (at, line) in lines.iter().enumerate() {
            self.line(style, line, if at == 0 { below } else { style.size * 1.25 });
        }
    }

    fn rule(&mut self, below: f32) {
        self.y -= below;
        self.page.rectangle([LEFT, self.y, RIGHT - LEFT, 0.8], GOLD);
    }
}

/// The band at the left edge: diamonds, as they are woven in the archipelago.
fn weave(page: &mut Page) {
    const CELL: f32 = 24.0;
    page.rectangle([0.0, 0.0, WIDTH, HEIGHT], IVORY);
    page.rectangle([0.0, 0.0, BAND, HEIGHT], TEAL);
    for row in 0..25_u8 {
        let y = f32::from(row) * CELL + CELL / 2.0;
        for column in 0..4_u8 {
            let x = f32::from(column) * CELL + CELL / 2.0;
            page.diamond(x, y, 10.5, if (row + column) % 2 == 0 { GOLD } else { IVORY });
            page.diamond(x, y, 7.0, TEAL);
            page.diamond(x, y, 3.5, if (row + column) % 2 == 0 { IVORY } else { GOLD });
        }
        for column in 1..4_u8 {
            page.diamond(f32::from(column) * CELL, y + CELL / 2.0, 1.6, GOLD);
        }
    }
    page.rectangle([BAND, 0.0, 3.0, HEIGHT], GOLD);
    page.rectangle([BAND + 6.0, 0.0, 0.8, HEIGHT], GOLD);
}

/// Number and day at the left, how to check it at the right.
fn foot(page: &mut Page, certificate: &Certificate<'_>) {
    const MIDDLE: f32 = 410.0;
    const QR: f32 = 84.0;
    let small = |page: &mut Page, x: f32, y: f32, style: Style, text: &str, width: f32| {
        let (style, lines) = page.fit(text, style, width);
        for (line, down) in lines.iter().zip([0.0, style.size * 1.2]) {
            page.text(x, y - down, style, line);
        }
    };
    page.text(LEFT, 128.0, LABEL, "Nomor · Number");
    small(page, LEFT, 113.0, TEXT, certificate.number, MIDDLE - LEFT - 24.0);
    page.text(LEFT, 80.0, LABEL, "Tanggal terbit · Date of issue");
    page.text(LEFT, 65.0, TEXT, &in_words(certificate.issued_on, Locale::Id));
    page.text(MIDDLE, 128.0, LABEL, "Kode · Code");
    page.text(MIDDLE, 111.0, CODE, certificate.code);
    page.text(MIDDLE, 80.0, LABEL, "Periksa keaslian di · Check that it is genuine at");
    let address = certificate.verify_url.split_once("://").map_or(certificate.verify_url, |(_, rest)| rest);
    small(page, MIDDLE, 65.0, Style { size: 9.0, ..TEXT }, address, RIGHT - QR - MIDDLE - 36.0);
    // An address of a usual length always fits; where it does not, the printed one serves.
    if let Ok(code) = QrCode::encode_text(certificate.verify_url, QrCodeEcc::Medium) {
        draw_qr(page, &code, [RIGHT - QR - 10.0, 62.0], QR);
    }
}

fn draw_qr(page: &mut Page, code: &QrCode, [left, bottom]: [f32; 2], side: f32) {
    let module = side / code.size() as f32;
    // The quiet zone, four modules wide, without which it is not read.
    let quiet = module * 4.0;
    page.rectangle([left - quiet, bottom - quiet, side + quiet * 2.0, side + quiet * 2.0], [1.0; 3]);
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            // A run of dark modules is one rectangle: no hair lines between them.
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
            if run > 0 {
                let from = left + x as f32 * module;
                let up = bottom + side - (y + 1) as f32 * module;
                page.rectangle([from, up, run as f32 * module, module], INK);
            }
            x += run.max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Certificate<'static> {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a day");
        Certificate {
            number: "EKRAF-SULAWESI/2026/00012",
            code: "7K3M-ZQ9A-04RW-XD1C",
            verify_url: "https://kapal.example/verify/7K3M-ZQ9A-04RW-XD1C",
            aggregator: "Ekraf Sulawesi",
            merchant: "Tenun Ni Luh Ayu Saraswati",
            programme_id: "Pembukuan dan Penjualan Daring untuk Penenun",
            programme_en: "Bookkeeping and Selling Online for Weavers",
            starts_on: day(2026, 12, 1),
            ends_on: day(2027, 2, 26),
            hours: 24,
            issued_on: day(2027, 2, 26),
        }
    }

    #[test]
    fn the_same_words_give_the_same_bytes() {
        let pdf = render(&sample());
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"), "no PDF");
        assert_eq!(pdf, render(&sample()));
        assert_ne!(pdf, render(&Certificate { hours: 25, ..sample() }));
        assert!(pdf.len() < 60_000, "{} bytes", pdf.len());
        assert!(String::from_utf8_lossy(&pdf).contains(sample().code), "the code stands in its description");
    }

    #[test]
    fn any_text_makes_a_document() {
        let long = "W".repeat(150);
        for text in [long.as_str(), "漢字 ᬦᬶ 😀", "", "Kéʼe & <b>", "(\\) %"] {
            let pdf = render(&Certificate {
                merchant: text,
                programme_id: text,
                programme_en: text,
                aggregator: text,
                ..sample()
            });
            assert!(pdf.ends_with(b"%%EOF"));
        }
    }
}
