//! A merchant's accounts on social networks and marketplaces, and its web site.

use crate::code::Code;
use crate::phone::Phone;
use crate::text::{choices, is_host_name};

choices! {
    /// Where a merchant can be found or reached.
    pub enum ChannelKind {
        /// WhatsApp, by phone number.
        Whatsapp = "whatsapp",
        /// Instagram.
        Instagram = "instagram",
        /// A Facebook page.
        Facebook = "facebook",
        /// TikTok.
        Tiktok = "tiktok",
        /// A Shopee shop.
        Shopee = "shopee",
        /// A Tokopedia shop.
        Tokopedia = "tokopedia",
        /// The merchant's own web site.
        Website = "website",
    }
}

impl ChannelKind {
    /// The hosts whose addresses may be pasted in place of the account's name.
    const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Whatsapp => &["wa.me", "www.wa.me", "api.whatsapp.com"],
            Self::Instagram => &["instagram.com", "www.instagram.com", "m.instagram.com"],
            Self::Facebook => &[
                "facebook.com",
                "www.facebook.com",
                "m.facebook.com",
                "web.facebook.com",
                "id-id.facebook.com", //
                "fb.com",
                "www.fb.com",
            ],
            Self::Tiktok => &["tiktok.com", "www.tiktok.com", "m.tiktok.com"],
            Self::Shopee => &["shopee.co.id", "www.shopee.co.id"],
            Self::Tokopedia => &["tokopedia.com", "www.tokopedia.com", "m.tokopedia.com"],
            Self::Website => &[],
        }
    }
}

/// An account of one kind: a lower-case name without `@`; for WhatsApp a phone number in E.164 form; for a web site an
/// https address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    kind: ChannelKind,
    value: String,
}

impl Handle {
    /// Takes a name with or without `@`, or the address of the account's page.
    pub fn parse(kind: ChannelKind, text: &str) -> Result<Self, Code> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Code::Required);
        }
        let value = match kind {
            ChannelKind::Website => website(text)?,
            ChannelKind::Whatsapp => whatsapp(text)?,
            _ => account(kind, text)?,
        };
        Ok(Self { kind, value })
    }

    /// The kind of channel.
    pub const fn kind(&self) -> ChannelKind {
        self.kind
    }

    /// The account's name, number or address.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The address of the account's page.
    pub fn url(&self) -> String {
        let value = &self.value;
        match self.kind {
            ChannelKind::Whatsapp => format!("https://wa.me/{}", value.trim_start_matches('+')),
            ChannelKind::Instagram => format!("https://www.instagram.com/{value}"),
            ChannelKind::Facebook => format!("https://www.facebook.com/{value}"),
            ChannelKind::Tiktok => format!("https://www.tiktok.com/@{value}"),
            ChannelKind::Shopee => format!("https://shopee.co.id/{value}"),
            ChannelKind::Tokopedia => format!("https://www.tokopedia.com/{value}"),
            ChannelKind::Website => value.clone(),
        }
    }

    /// Two names with the same key are one account: Facebook does not count dots.
    pub fn key(&self) -> String {
        match self.kind {
            ChannelKind::Facebook => self.value.replace('.', ""),
            _ => self.value.clone(),
        }
    }

    /// Whether the name is outside what the marketplace is said to allow. Those rules are not published, so this is
    /// a warning and no refusal.
    pub fn is_unusual(&self) -> bool {
        let (extra, length): (&[u8], _) = match self.kind {
            ChannelKind::Shopee => (b"._", 3..=30),
            ChannelKind::Tokopedia => (b"-", 3..=24),
            _ => return false,
        };
        !(length.contains(&self.value.len()) && has_only(&self.value, extra))
    }
}

/// The name on a network or marketplace.
fn account(kind: ChannelKind, text: &str) -> Result<String, Code> {
    let name = match Address::read(text) {
        None => text,
        Some(address) if !address.is_on(kind) => return Err(Code::InvalidHandle),
        // A page without a name has a number.
        Some(address) if kind == ChannelKind::Facebook && address.path == "profile.php" => {
            address.parameter("id").ok_or(Code::InvalidHandle)?
        }
        Some(address) => address.path,
    };
    let name = name.strip_prefix('@').unwrap_or(name).to_ascii_lowercase();
    if is_allowed(kind, &name) { Ok(name) } else { Err(Code::InvalidHandle) }
}

fn is_allowed(kind: ChannelKind, name: &str) -> bool {
    // `instagram.com` has the shape of a name, and is the network itself.
    if kind.hosts().contains(&name) {
        return false;
    }
    match kind {
        ChannelKind::Instagram => {
            (1..=30).contains(&name.len())
                && has_only(name, b"._")
                && name.split('.').all(|part| !part.is_empty())
        }
        ChannelKind::Facebook => {
            let counted = name.len() - name.matches('.').count();
            let is_file = [".com", ".net", ".php"].iter().any(|end| name.ends_with(end));
            counted >= 5 && name.len() <= 50 && has_only(name, b".") && !is_file
        }
        ChannelKind::Tiktok => {
            (2..=24).contains(&name.len()) && has_only(name, b"._") && !name.ends_with('.')
        }
        _ => name.len() <= 60 && has_only(name, b"._-") && name.bytes().any(|b| b.is_ascii_alphanumeric()),
    }
}

/// Whether a name has only lower-case letters, digits and these.
fn has_only(name: &str, extra: &[u8]) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || extra.contains(&b))
}

fn whatsapp(text: &str) -> Result<String, Code> {
    let number = match Address::read(text) {
        Some(address) if address.is_on(ChannelKind::Whatsapp) => {
            let number = if address.path == "send" {
                address.parameter("phone").unwrap_or_default()
            } else {
                address.path
            };
            // Addresses have the number without its plus; an escaped one may stand in a parameter.
            let digits = number.strip_prefix("%2B").or(number.strip_prefix('+')).unwrap_or(number);
            Phone::parse(&format!("+{digits}"))?
        }
        // A number may have a slash too.
        _ => Phone::parse(text)?,
    };
    Ok(number.as_str().to_owned())
}

/// An https address with a plain host: no user, no port, no IP address. Scheme and host in lower case.
fn website(text: &str) -> Result<String, Code> {
    if text.len() > 255 {
        return Err(Code::TooLong);
    }
    let rest = strip_scheme(text, "https://").ok_or(Code::InvalidHandle)?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    let is_path = path.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
    if is_host_name(&host) && is_path {
        Ok(format!("https://{host}{path}"))
    } else {
        Err(Code::InvalidHandle)
    }
}

/// The parts of a pasted address.
struct Address<'a> {
    host: String,
    path: &'a str,
    query: &'a str,
}

impl<'a> Address<'a> {
    /// None when the text has no slash: no account's name has one.
    fn read(text: &'a str) -> Option<Self> {
        let rest = strip_scheme(text, "https://").or_else(|| strip_scheme(text, "http://")).unwrap_or(text);
        let (host, rest) = rest.split_once('/')?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self { host: host.to_ascii_lowercase(), path: path.trim_end_matches('/'), query })
    }

    fn is_on(&self, kind: ChannelKind) -> bool {
        kind.hosts().contains(&self.host.as_str())
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let start = text.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

#[cfg(test)]
mod tests;
