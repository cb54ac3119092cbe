//! What the bytes of a file say about it, before any decoder sees them.
//!
//! The decoders are lenient where a marketplace should not be: a JPEG cut off in transfer decodes with a
//! grey lower half, and a WebP may hold a frame far larger than its canvas. These walks over the
//! containers' outer structure allocate nothing and find both.

use crate::upload::Refusal;

/// The kinds of file that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Jpeg,
    Png,
    WebP,
}

impl Container {
    /// Recognizes a file by its first bytes. Names and declared content types are never asked.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    /// Refuses a file that is cut off or that holds a moving picture.
    pub(crate) fn check(self, bytes: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Jpeg => check_jpeg(bytes),
            Self::Png => check_png(bytes),
            Self::WebP => check_webp(bytes),
        }
    }
}

/// Follows the segments to the end-of-image marker. What comes after it (cameras append whole films
/// there) is not looked at.
fn check_jpeg(bytes: &[u8]) -> Result<(), Refusal> {
    const END_OF_IMAGE: u8 = 0xD9;
    const START_OF_SCAN: u8 = 0xDA;
    let mut at = 2;
    loop {
        while *bytes.get(at).ok_or(Refusal::Damaged)? != 0xFF {
            at += 1;
        }
        while *bytes.get(at).ok_or(Refusal::Damaged)? == 0xFF {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        match marker {
            END_OF_IMAGE => return Ok(()),
            // A stuffed zero, a restart and a start of image stand alone.
            0x00 | 0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = bytes.get(at..at + 2).ok_or(Refusal::Damaged)?;
                at += usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == START_OF_SCAN {
                    at += entropy_length(bytes.get(at..).ok_or(Refusal::Damaged)?);
                }
            }
        }
    }
}

/// The length of the compressed data at the start of `bytes`: up to a marker that ends it.
fn entropy_length(bytes: &[u8]) -> usize {
    bytes
        .windows(2)
        .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF))
        .unwrap_or(bytes.len())
}

/// Follows the chunks to `IEND`. An animated PNG has `acTL` before its data.
fn check_png(bytes: &[u8]) -> Result<(), Refusal> {
    let mut rest = &bytes[8..];
    loop {
        let (head, tail) = rest.split_first_chunk::<8>().ok_or(Refusal::Damaged)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        // A checksum of four bytes follows the data.
        rest = tail.get(length.saturating_add(4)..).ok_or(Refusal::Damaged)?;
        match &head[4..] {
            b"acTL" => return Err(Refusal::Animated),
            b"IEND" => return Ok(()),
            _ => {}
        }
    }
}

/// Follows the chunks to the end that the header announces, and reads the size of a lossy frame, which
/// the decoder would believe before comparing it with the canvas.
fn check_webp(bytes: &[u8]) -> Result<(), Refusal> {
    let announced = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
    let mut rest = bytes.get(12..announced.saturating_add(8)).ok_or(Refusal::Damaged)?;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let chunk = tail.get(..length).ok_or(Refusal::Damaged)?;
        match &head[..4] {
            b"ANIM" | b"ANMF" => return Err(Refusal::Animated),
            b"VP8 " => {
                let size = chunk.get(6..10).ok_or(Refusal::Damaged)?;
                let side = |at| u32::from(u16::from_le_bytes([size[at], size[at + 1]]) & 0x3FFF);
                crate::upload::check_size(side(0), side(2))?;
            }
            _ => {}
        }
        // Chunks are padded to an even length; the last pad is often forgotten.
        rest = tail.get(length + length % 2..).unwrap_or_default();
    }
    Ok(())
}
