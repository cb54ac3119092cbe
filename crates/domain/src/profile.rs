//! What a merchant tells about the business: its form, its line, its people, where it is, and who agreed to its story
//! being shown.

use crate::code::Code;
use crate::faults::Faults;
use crate::text::{Prose, choices, compact_number};

/// Where letters and visitors find the business; for staff alone.
pub type Address = Prose<5, 500>;

choices! {
    /// The legal form of a business, by its Indonesian name.
    pub enum BusinessForm {
        /// One person without a company.
        Perorangan = "perorangan",
        /// Limited partnership (commanditaire vennootschap).
        Cv = "cv",
        /// Partnership under a firm.
        Firma = "firma",
        /// Limited company.
        Pt = "pt",
        /// Limited company of one person (UU 6/2023).
        PtPerorangan = "pt_perorangan",
        /// Cooperative.
        Koperasi = "koperasi",
        /// Foundation.
        Yayasan = "yayasan",
        /// Enterprise owned by a village.
        Bumdes = "bumdes",
        /// Group of makers without a legal form.
        Kelompok = "kelompok",
    }
}

choices! {
    /// An edition of the classification of business lines.
    pub enum KbliVersion {
        /// Peraturan BPS 2/2020.
        V2020 = "2020",
        /// Peraturan BPS 7/2025.
        V2025 = "2025",
    }
}

/// A line of business (klasifikasi baku lapangan usaha Indonesia). The same code means another thing in another
/// edition, so the two stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kbli {
    version: KbliVersion,
    code: String,
}

impl Kbli {
    /// Wants an edition and five digits; notes what is wrong with either.
    pub fn parse(version: &str, code: &str, faults: &mut Faults) -> Option<Self> {
        let version = faults.take("/version", KbliVersion::parse(version));
        let code = compact_number(code);
        let is_code = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit());
        let code = faults.take("/code", if is_code { Ok(code) } else { Err(Code::InvalidKbli) });
        Some(Self { version: version?, code: code? })
    }

    /// The edition.
    pub const fn version(&self) -> KbliVersion {
        self.version
    }

    /// The five digits.
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// How many people work there; what is not known is None.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Workers {
    /// All of them, the owner too.
    pub total: Option<i32>,
    /// Women.
    pub women: Option<i32>,
    /// Below 35 years.
    pub youth: Option<i32>,
    /// With a disability.
    pub disability: Option<i32>,
}

impl Workers {
    /// No business of this size is an UMKM.
    pub const MOST: i32 = 100_000;

    /// Every figure is possible, and none is above the total.
    pub fn check(&self, faults: &mut Faults) {
        let figures = [
            ("/total", self.total),
            ("/women", self.women),
            ("/youth", self.youth),
            ("/disability", self.disability),
        ];
        for (pointer, count) in figures.into_iter().filter_map(|(p, count)| count.map(|c| (p, c))) {
            if !(0..=Self::MOST).contains(&count) {
                faults.add(pointer, Code::OutOfRange);
            } else if self.total.is_some_and(|total| count > total) {
                faults.add_detail(pointer, Code::OutOfRange, "More than all workers together.");
            }
        }
    }
}

/// A place within Indonesia's bounds, to about a tenth of a metre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    latitude: f64,
    longitude: f64,
}

impl Coordinates {
    /// From degrees; notes what lies outside.
    pub fn parse(latitude: f64, longitude: f64, faults: &mut Faults) -> Option<Self> {
        // From Ndana to the north of Weh, from there to the border of Papua.
        let within = |value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                Ok((value * 1e6).round() / 1e6)
            } else {
                Err(Code::OutsideIndonesia)
            }
        };
        let latitude = faults.take("/latitude", within(latitude, -11.2, 6.3));
        let longitude = faults.take("/longitude", within(longitude, 94.7, 141.1));
        Some(Self { latitude: latitude?, longitude: longitude? })
    }

    /// Degrees north.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }
}

/// A year in which a business can have begun, or which its figures can be of.
pub fn past_year(year: i32, this_year: i32) -> Result<i32, Code> {
    if (1800..=this_year).contains(&year) { Ok(year) } else { Err(Code::OutOfRange) }
}

choices! {
    /// How a consent was given.
    pub enum ConsentChannel {
        /// In an app.
        App = "app",
        /// Signed on paper.
        Paper = "paper",
        /// In a chat.
        Whatsapp = "whatsapp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pointers(faults: Faults) -> Vec<String> {
        faults.into_vec().into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_line_of_business_has_an_edition_and_five_digits() {
        let mut faults = Faults::default();
        let kbli = Kbli::parse("2025", " 10.710 ", &mut faults).expect("a line");
        assert_eq!((kbli.version(), kbli.code()), (KbliVersion::V2025, "10710"));
        for (version, code, wrong) in [
            ("2015", "10710", vec!["/version"]),
            ("2020", "1071", vec!["/code"]),
            ("", "1071a", vec!["/version", "/code"]),
            ("2020", "１０７１０", vec!["/code"]),
        ] {
            let mut faults = Faults::default();
            assert_eq!(Kbli::parse(version, code, &mut faults), None);
            assert_eq!(pointers(faults), wrong, "{version} {code}");
        }
    }

    #[test]
    fn no_group_of_workers_is_above_the_total() {
        let checked = |workers: Workers| {
            let mut faults = Faults::default();
            workers.check(&mut faults);
            pointers(faults)
        };
        let none: [&str; 0] = [];
        assert_eq!(checked(Workers::default()), none);
        assert_eq!(checked(Workers { women: Some(3), ..Workers::default() }), none);
        assert_eq!(checked(Workers { total: Some(3), women: Some(3), ..Workers::default() }), none);
        let wrong = Workers { total: Some(3), women: Some(4), youth: Some(-1), disability: Some(5) };
        assert_eq!(checked(wrong), ["/women", "/youth", "/disability"]);
        assert_eq!(checked(Workers { total: Some(100_001), ..Workers::default() }), ["/total"]);
    }

    #[test]
    fn a_place_is_within_indonesia() {
        for (latitude, longitude, wrong) in [
            (5.8925, 95.3186, vec![]),
            (-8.4991, 140.4050, vec![]),
            (-10.9, 122.9, vec![]),
            (52.5, 13.4, vec!["/latitude", "/longitude"]),
            (-6.2, -106.8, vec!["/longitude"]),
            (f64::NAN, 106.8, vec!["/latitude"]),
        ] {
            let mut faults = Faults::default();
            let _ = Coordinates::parse(latitude, longitude, &mut faults);
            assert_eq!(pointers(faults), wrong, "{latitude} {longitude}");
        }
    }

    #[test]
    fn no_business_began_in_the_future() {
        assert_eq!(past_year(2026, 2026), Ok(2026));
        assert_eq!(past_year(2027, 2026), Err(Code::OutOfRange));
        assert_eq!(past_year(1799, 2026), Err(Code::OutOfRange));
    }

    proptest! {
        #[test]
        fn a_place_that_was_taken_is_taken_again(latitude in -12.0..7.0_f64, longitude in 94.0..142.0_f64) {
            let parse = |a, b| Coordinates::parse(a, b, &mut Faults::default());
            if let Some(place) = parse(latitude, longitude) {
                prop_assert_eq!(parse(place.latitude(), place.longitude()), Some(place));
            }
        }
    }
}
