//! Pictures, as far as they are more than bytes.

use crate::text::{Line, choices};

/// What a picture shows, for who can't see it, in one language; may be empty for an ornament.
pub type AltText = Line<0, 250>;

choices! {
    /// A width in pixels that pictures are kept in. A smaller original is not enlarged.
    pub enum MediaWidth {
        /// For lists on a phone.
        Small = "320",
        /// For a phone's whole width.
        Medium = "640",
        /// For large screens and link previews.
        Large = "1280",
    }
}

choices! {
    /// What a picture's files are kept as.
    pub enum PictureFormat {
        /// What everything can show.
        Jpeg = "jpg",
        /// What is smaller, and nearly everything can show.
        Webp = "webp",
    }
}

impl PictureFormat {
    /// What a file is called in a header.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// The most pictures that one aggregator keeps.
pub const QUOTA: i64 = 100_000;

impl MediaWidth {
    /// The width in pixels.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Small => 320,
            Self::Medium => 640,
            Self::Large => 1280,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn a_width_is_named_by_its_pixels() {
        for &width in MediaWidth::ALL {
            assert_eq!(width.as_str(), width.pixels().to_string());
        }
        assert_eq!(MediaWidth::parse("641"), Err(Code::InvalidChoice));
    }
}
