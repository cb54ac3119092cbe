//! Regions of Indonesia by their official codes (Kemendagri).

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::code::Code;
use crate::locale::Locale;
use crate::text::choices;

choices! {
    /// How far down a region is.
    pub enum RegionLevel {
        /// Provinsi, `PP`.
        Province = "province",
        /// Kabupaten or kota, `PP.KK`.
        Regency = "regency",
        /// Kecamatan, `PP.KK.CC`.
        District = "district",
        /// Desa or kelurahan, `PP.KK.CC.VVVV`.
        Village = "village",
    }
}

choices! {
    /// A group of islands, by a code's first digit: the unit of regional fairness above the province.
    pub enum IslandGroup {
        /// Sumatra and the islands around it, 1 and 2.
        Sumatra = "sumatra",
        /// Java, 3.
        Java = "java",
        /// Bali and Nusa Tenggara, 5.
        BaliNusaTenggara = "bali_nusa_tenggara",
        /// Kalimantan, 6.
        Kalimantan = "kalimantan",
        /// Sulawesi, 7.
        Sulawesi = "sulawesi",
        /// Maluku, 8.
        Maluku = "maluku",
        /// Papua, 9.
        Papua = "papua",
    }
}

impl IslandGroup {
    /// The group's name.
    pub const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Sumatra, Locale::Id) => "Sumatera",
            (Self::Sumatra, Locale::En) => "Sumatra",
            (Self::Java, Locale::Id) => "Jawa",
            (Self::Java, Locale::En) => "Java",
            (Self::BaliNusaTenggara, Locale::Id) => "Bali dan Nusa Tenggara",
            (Self::BaliNusaTenggara, Locale::En) => "Bali and Nusa Tenggara",
            (Self::Kalimantan, _) => "Kalimantan",
            (Self::Sulawesi, _) => "Sulawesi",
            (Self::Maluku, _) => "Maluku",
            (Self::Papua, _) => "Papua",
        }
    }
}

/// A code such as `21.71` (Kota Batam), of the right shape; whether the region exists, the regions' table tells. BPS
/// codes look alike and are others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionCode(String);

impl RegionCode {
    /// Takes `PP`, `PP.KK`, `PP.KK.CC` or `PP.KK.CC.VVVV`.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Code::Required);
        }
        let is_part = |(at, part): (usize, &str)| {
            let length = if at == 3 { 4 } else { 2 };
            at <= 3 && part.len() == length && part.bytes().all(|b| b.is_ascii_digit())
        };
        let has_island = matches!(text.as_bytes()[0], b'1'..=b'3' | b'5'..=b'9');
        if has_island && text.split('.').enumerate().all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Code::InvalidRegion)
        }
    }

    /// The code with its dots.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which level the code is of.
    pub fn level(&self) -> RegionLevel {
        match self.0.len() {
            2 => RegionLevel::Province,
            5 => RegionLevel::Regency,
            8 => RegionLevel::District,
            _ => RegionLevel::Village,
        }
    }

    /// The region that this one is part of; a province has none.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The province, which may be the region itself.
    pub fn province(&self) -> Self {
        Self(self.0[..2].to_owned())
    }

    /// Whether this region is the other, or lies in it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The group of islands.
    pub fn island_group(&self) -> IslandGroup {
        match self.0.as_bytes()[0] {
            b'1' | b'2' => IslandGroup::Sumatra,
            b'3' => IslandGroup::Java,
            b'5' => IslandGroup::BaliNusaTenggara,
            b'6' => IslandGroup::Kalimantan,
            b'7' => IslandGroup::Sulawesi,
            b'8' => IslandGroup::Maluku,
            _ => IslandGroup::Papua,
        }
    }

    /// The time zone: WIB, WITA or WIT. Kalimantan alone is divided: its west and middle (61, 62) have WIB.
    pub fn time_zone(&self) -> Tz {
        match (self.island_group(), &self.0[..2]) {
            (IslandGroup::Sumatra | IslandGroup::Java, _) | (IslandGroup::Kalimantan, "61" | "62") => {
                Tz::Asia__Jakarta
            }
            (IslandGroup::BaliNusaTenggara | IslandGroup::Kalimantan | IslandGroup::Sulawesi, _) => {
                Tz::Asia__Makassar
            }
            (IslandGroup::Maluku | IslandGroup::Papua, _) => Tz::Asia__Jayapura,
        }
    }
}

impl RegionCode {
    /// The day that it is there at a moment.
    pub fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.time_zone()).date_naive()
    }

    /// The moment at which a day begins there. Indonesia has no summer time: every day has one midnight.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let start = day.and_time(NaiveTime::MIN);
        self.time_zone()
            .from_local_datetime(&start)
            .earliest()
            .map_or_else(|| start.and_utc(), |at| at.to_utc())
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> RegionCode {
        RegionCode::parse(text).expect("a region code")
    }

    #[test]
    fn a_code_has_two_digits_a_level_and_four_for_a_village() {
        for (text, level) in [
            ("21", RegionLevel::Province),
            ("21.71", RegionLevel::Regency),
            ("21.71.05", RegionLevel::District),
            ("21.71.05.1003", RegionLevel::Village),
        ] {
            assert_eq!(RegionCode::parse(text).map(|code| code.level()), Ok(level));
        }
        for bad in [
            "2",
            "211",
            "2171",
            "21.",
            "21.7",
            "21.711",
            "21.71.5",
            "21.71.05.10",
            "21.71.05.1003.01",
            "21-71",
            ".21",
            "41",
            "01",
            "ab",
            "２１",
            "21 .71",
        ] {
            assert_eq!(RegionCode::parse(bad), Err(Code::InvalidRegion), "{bad}");
        }
        assert_eq!(RegionCode::parse(" "), Err(Code::Required));
    }

    #[test]
    fn parents_follow_from_the_code() {
        let village = code("21.71.05.1003");
        assert_eq!(village.parent(), Some(code("21.71.05")));
        assert_eq!(village.province(), code("21"));
        assert_eq!(code("21").parent(), None);
        assert!(village.is_within(&code("21.71")));
        assert!(village.is_within(&village));
        assert!(!code("21").is_within(&village));
        assert!(!code("21.71").is_within(&code("21.72")));
    }

    #[test]
    fn every_province_has_its_island_group() {
        let provinces = |group: IslandGroup| match group {
            IslandGroup::Sumatra => vec![11, 12, 13, 14, 15, 16, 17, 18, 19, 21],
            IslandGroup::Java => vec![31, 32, 33, 34, 35, 36],
            IslandGroup::BaliNusaTenggara => vec![51, 52, 53],
            IslandGroup::Kalimantan => vec![61, 62, 63, 64, 65],
            IslandGroup::Sulawesi => vec![71, 72, 73, 74, 75, 76],
            IslandGroup::Maluku => vec![81, 82],
            IslandGroup::Papua => vec![91, 92, 93, 94, 95, 96],
        };
        assert_eq!(IslandGroup::ALL.iter().map(|group| provinces(*group).len()).sum::<usize>(), 38);
        for &group in IslandGroup::ALL {
            for province in provinces(group) {
                assert_eq!(code(&province.to_string()).island_group(), group, "{province}");
            }
        }
        assert_eq!(IslandGroup::Java.name(Locale::Id), "Jawa");
    }

    #[test]
    fn a_time_zone_follows_from_the_province() {
        for (zone, provinces) in [
            ("Asia/Jakarta", vec![11, 19, 21, 31, 36, 61, 62]),
            ("Asia/Makassar", vec![51, 52, 53, 63, 64, 65, 71, 76]),
            ("Asia/Jayapura", vec![81, 82, 91, 96]),
        ] {
            for province in provinces {
                assert_eq!(code(&format!("{province}.01")).time_zone().name(), zone, "{province}");
            }
        }
    }

    proptest! {
        #[test]
        fn going_up_always_ends_at_the_province(text in "[1235-9][0-9](\\.[0-9]{2}){0,2}") {
            let start = code(&text);
            let mut top = start.clone();
            while let Some(parent) = top.parent() {
                prop_assert!(parent.level() < top.level());
                prop_assert!(start.is_within(&parent));
                top = parent;
            }
            prop_assert_eq!(top, start.province());
        }
    }
}
