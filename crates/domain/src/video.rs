//! The address of a short video on a network that plays it.

use crate::code::Code;

/// The longest address that is read.
const MAX_LENGTH: usize = 500;

/// One video on YouTube, TikTok, Instagram or Facebook, by its canonical address: without what a sharing app adds to
/// follow people around, and the same for each of the ways that a network writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VideoLink(String);

impl VideoLink {
    /// Takes an https address as it is copied from a browser or an app.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Code::Required);
        }
        if text.len() > MAX_LENGTH {
            return Err(Code::TooLong);
        }
        let address = Address::read(text).ok_or(Code::InvalidVideo)?;
        let host = address.host.as_str();
        let url = match host.strip_prefix("www.").or_else(|| host.strip_prefix("m.")).unwrap_or(host) {
            "youtube.com" | "youtu.be" => youtube(&address),
            "tiktok.com" | "vm.tiktok.com" | "vt.tiktok.com" => tiktok(&address),
            "instagram.com" => instagram(&address),
            "facebook.com" | "web.facebook.com" | "fb.watch" => facebook(&address),
            _ => None,
        };
        url.map(Self).ok_or(Code::InvalidVideo)
    }

    /// The canonical address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn youtube(address: &Address<'_>) -> Option<String> {
    let id = match address.path.as_slice() {
        [id] if address.host.ends_with("youtu.be") => id,
        ["watch"] => address.parameter("v")?,
        ["shorts" | "embed" | "live", id] => id,
        _ => return None,
    };
    (id.len() == 11 && is_code(id)).then(|| format!("https://www.youtube.com/watch?v={id}"))
}

fn tiktok(address: &Address<'_>) -> Option<String> {
    match address.path.as_slice() {
        [code] | [code, ""] if address.host.starts_with('v') && is_code(code) => {
            Some(format!("https://vm.tiktok.com/{code}"))
        }
        ["t", code] if is_code(code) => Some(format!("https://vm.tiktok.com/{code}")),
        [account, "video", id] if is_number(id) => {
            let name = account.strip_prefix('@')?;
            let is_name = (2..=24).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
            is_name.then(|| format!("https://www.tiktok.com/@{}/video/{id}", name.to_ascii_lowercase()))
        }
        _ => None,
    }
}

fn instagram(address: &Address<'_>) -> Option<String> {
    let (kind, code) = match address.path.as_slice() {
        [kind, code] | [_, kind, code] => (*kind, *code),
        _ => return None,
    };
    let kind = match kind {
        "reel" | "reels" | "tv" => "reel",
        "p" => "p",
        _ => return None,
    };
    is_code(code).then(|| format!("https://www.instagram.com/{kind}/{code}/"))
}

fn facebook(address: &Address<'_>) -> Option<String> {
    let watch = |id: &str| is_number(id).then(|| format!("https://www.facebook.com/watch?v={id}"));
    match address.path.as_slice() {
        [code] if address.host == "fb.watch" && is_code(code) => Some(format!("https://fb.watch/{code}/")),
        ["watch"] => watch(address.parameter("v")?),
        [_, "videos", id] | [_, "videos", _, id] => watch(id),
        ["reel", id] if is_number(id) => Some(format!("https://www.facebook.com/reel/{id}")),
        ["share", kind @ ("v" | "r"), code] if is_code(code) => {
            Some(format!("https://www.facebook.com/share/{kind}/{code}/"))
        }
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    (5..=25).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_code(text: &str) -> bool {
    (5..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The parts of an https address.
struct Address<'a> {
    host: String,
    path: Vec<&'a str>,
    query: &'a str,
}

impl<'a> Address<'a> {
    fn read(text: &'a str) -> Option<Self> {
        const SCHEME: &str = "https://";
        let start = text.get(..SCHEME.len())?;
        let rest = start.eq_ignore_ascii_case(SCHEME).then(|| &text[SCHEME.len()..])?;
        let (host, rest) = rest.split_once('/')?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/').split('/').collect();
        Some(Self { host: host.to_ascii_lowercase(), path, query })
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_way_of_writing_a_video_is_one_address() {
        for (text, url) in [
            ("https://youtu.be/dQw4w9WgXcQ?si=abc", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
            (
                " HTTPS://M.YouTube.com/watch?app=x&v=dQw4w9WgXcQ#t=3 ",
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            ),
            ("https://www.youtube.com/shorts/dQw4w9WgXcQ/", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
            (
                "https://www.tiktok.com/@Tenun.Ina/video/7300000000000000001?lang=id",
                "https://www.tiktok.com/@tenun.ina/video/7300000000000000001",
            ),
            ("https://vt.tiktok.com/ZSabc12/", "https://vm.tiktok.com/ZSabc12"),
            (
                "https://www.instagram.com/reels/Cabc_12-x/?igsh=1",
                "https://www.instagram.com/reel/Cabc_12-x/",
            ),
            ("https://instagram.com/tenun.ina/reel/Cabc_12-x", "https://www.instagram.com/reel/Cabc_12-x/"),
            ("https://instagram.com/p/Cabc_12-x", "https://www.instagram.com/p/Cabc_12-x/"),
            ("https://web.facebook.com/watch/?v=1234567890", "https://www.facebook.com/watch?v=1234567890"),
            (
                "https://m.facebook.com/tenunina/videos/1234567890/",
                "https://www.facebook.com/watch?v=1234567890",
            ),
            ("https://fb.watch/aB3_xyz/", "https://fb.watch/aB3_xyz/"),
            ("https://www.facebook.com/share/v/AbCdEf123/", "https://www.facebook.com/share/v/AbCdEf123/"),
        ] {
            let link = VideoLink::parse(text).expect(text);
            assert_eq!(link.as_str(), url);
            assert_eq!(VideoLink::parse(url), Ok(link), "{url}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "http://youtu.be/dQw4w9WgXcQ",
            "youtu.be/dQw4w9WgXcQ",
            "https://youtu.be",
            "https://youtu.be/",
            "https://youtu.be/short",
            "https://www.youtube.com/@tenunina",
            "https://www.youtube.com/watch?list=PL12345",
            "https://youtube.com.evil.id/watch?v=dQw4w9WgXcQ",
            "https://youtube.com@evil.id/watch?v=dQw4w9WgXcQ",
            "https://youtube.com:8443/watch?v=dQw4w9WgXcQ",
            "https://vimeo.com/12345678",
            "https://www.tiktok.com/@tenunina",
            "https://www.instagram.com/tenunina/",
            "https://www.facebook.com/tenunina",
            "javascript:alert(1)//youtu.be/dQw4w9WgXcQ",
            "https://youtu.be/dQw4w9WgXc\"",
            "https://youtu.be/dQw4w9\u{202E}XcQ",
        ] {
            assert_eq!(VideoLink::parse(text), Err(Code::InvalidVideo), "{text}");
        }
        assert_eq!(VideoLink::parse(" "), Err(Code::Required));
        assert_eq!(VideoLink::parse(&format!("https://youtu.be/{}", "a".repeat(500))), Err(Code::TooLong));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(https://)?(youtu.be|m.tiktok.com|fb.watch|.{0,9})[/?&=vé@#.]{0,9}.{0,40}") {
            let _ = VideoLink::parse(&text);
        }
    }
}
