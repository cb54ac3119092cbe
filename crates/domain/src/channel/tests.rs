use proptest::prelude::*;

use super::*;

fn handle(kind: ChannelKind, text: &str) -> Result<String, Code> {
    Handle::parse(kind, text).map(|handle| handle.value)
}

#[test]
fn a_name_an_at_and_a_pasted_address_are_the_same() {
    for (kind, expected, texts) in [
        (
            ChannelKind::Instagram,
            "ibu.sri_id",
            vec![
                "ibu.sri_id",
                "@Ibu.Sri_ID",
                " instagram.com/ibu.sri_id ",
                "https://www.instagram.com/ibu.sri_id/?igsh=x&hl=id#a",
                "HTTP://Instagram.com/@ibu.sri_id//",
            ],
        ),
        (
            ChannelKind::Facebook,
            "keripik.tempe",
            vec![
                "keripik.tempe",
                "Keripik.Tempe",
                "https://m.facebook.com/keripik.tempe?ref=share",
                "fb.com/keripik.tempe",
            ],
        ),
        (
            ChannelKind::Facebook,
            "100064861234567",
            vec!["100064861234567", "https://www.facebook.com/profile.php?ref=x&id=100064861234567"],
        ),
        (ChannelKind::Tiktok, "ibu.sri", vec!["@ibu.sri", "https://www.tiktok.com/@ibu.sri?_t=8x"]),
        (ChannelKind::Shopee, "ibusri", vec!["ibusri", "https://shopee.co.id/IbuSri"]),
        (ChannelKind::Tokopedia, "ibu-sri", vec!["ibu-sri", "https://www.tokopedia.com/ibu-sri?source=x"]),
        (
            ChannelKind::Whatsapp,
            "+6281234567890",
            vec![
                "0812-3456-7890",
                "https://wa.me/6281234567890?text=Halo",
                "wa.me/+6281234567890",
                "https://api.whatsapp.com/send?phone=6281234567890&text=x",
                "https://api.whatsapp.com/send/?phone=%2B6281234567890",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(handle(kind, text), Ok(expected.into()), "{kind} {text}");
        }
    }
    assert_eq!(handle(ChannelKind::Whatsapp, "https://wa.me/6591234567"), Ok("+6591234567".into()));
}

#[test]
fn each_network_has_its_own_rule() {
    for (kind, bad) in [
        (ChannelKind::Instagram, ".sri"),
        (ChannelKind::Instagram, "sri."),
        (ChannelKind::Instagram, "ibu..sri"),
        (ChannelKind::Instagram, "ibu-sri"),
        (ChannelKind::Instagram, "ibu sri"),
        (ChannelKind::Instagram, "abcdefghijabcdefghijabcdefghij1"),
        (ChannelKind::Instagram, "@@sri"),
        (ChannelKind::Instagram, "@"),
        (ChannelKind::Facebook, "a.b.c.d"),
        (ChannelKind::Facebook, "keripik_tempe"),
        (ChannelKind::Facebook, "keripik.com"),
        (ChannelKind::Facebook, "profile.php"),
        (ChannelKind::Tiktok, "a"),
        (ChannelKind::Tiktok, "sri."),
        (ChannelKind::Tiktok, "abcdefghijabcdefghijabcde"),
        (ChannelKind::Shopee, "ibu sri"),
        (ChannelKind::Shopee, ".."),
        (ChannelKind::Tokopedia, "ïbu"),
    ] {
        assert_eq!(handle(kind, bad), Err(Code::InvalidHandle), "{kind} {bad}");
    }
    for &kind in ChannelKind::ALL {
        assert_eq!(handle(kind, "  "), Err(Code::Required));
    }
}

#[test]
fn an_address_of_another_host_or_of_no_account_is_refused() {
    for (kind, bad) in [
        (ChannelKind::Instagram, "https://evil.example/ibusri"),
        (ChannelKind::Instagram, "https://instagram.com.evil.example/ibusri"),
        (ChannelKind::Instagram, "https://instagram.com@evil.example/ibusri"),
        (ChannelKind::Instagram, "https://instagram.com:8443/ibusri"),
        (ChannelKind::Instagram, "https://instagram.com/p/C1x2y3/"),
        (ChannelKind::Instagram, "https://instagram.com/"),
        (ChannelKind::Instagram, "https://instagram.com"),
        (ChannelKind::Instagram, "instagram.com"),
        (ChannelKind::Instagram, "https://www.facebook.com/ibusri"),
        (ChannelKind::Instagram, "javascript://instagram.com/ibusri"),
        (ChannelKind::Facebook, "https://www.facebook.com/profile.php"),
        (ChannelKind::Facebook, "https://www.facebook.com/groups/keripik"),
        (ChannelKind::Tiktok, "https://vt.tiktok.com/ZS8abc/"),
    ] {
        assert_eq!(handle(kind, bad), Err(Code::InvalidHandle), "{kind} {bad}");
    }
    for bad in [
        "https://wa.me/",
        "https://wa.me/message/ABC",
        "https://evil.example/6281234567890",
        "https://api.whatsapp.com/send?text=x",
    ] {
        assert!(handle(ChannelKind::Whatsapp, bad).is_err(), "{bad}");
    }
}

#[test]
fn a_web_site_is_https_with_a_plain_host() {
    for (text, value) in [
        ("https://ibusri.id", "https://ibusri.id"),
        ("HTTPS://IbuSri.ID/Toko?x=1#y", "https://ibusri.id/Toko?x=1#y"),
    ] {
        assert_eq!(handle(ChannelKind::Website, text), Ok(value.into()));
    }
    for bad in [
        "ibusri.id",
        "http://ibusri.id",
        "https://",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://a@b.id/",
        "https://b.id:8443/",
        "javascript:alert(1)",
        "https://b.id/<script>",
        "https://b.id/a b",
        "https://b.id/\"x",
        "https://bé.id",
        "ht\u{E9}ps://x",
    ] {
        assert_eq!(handle(ChannelKind::Website, bad), Err(Code::InvalidHandle), "{bad}");
    }
    assert_eq!(
        handle(ChannelKind::Website, &format!("https://b.id/{}", "a".repeat(250))),
        Err(Code::TooLong)
    );
}

#[test]
fn facebook_does_not_count_dots() {
    let key = |text| Handle::parse(ChannelKind::Facebook, text).map(|handle| handle.key());
    assert_eq!(key("keripik.tempe"), key("Keri.pikTempe"));
    assert_ne!(
        Handle::parse(ChannelKind::Instagram, "a.b").map(|h| h.key()),
        Handle::parse(ChannelKind::Instagram, "ab").map(|h| h.key())
    );
}

#[test]
fn an_unusual_marketplace_name_is_a_warning() {
    let unusual = |kind, text| Handle::parse(kind, text).map(|handle| handle.is_unusual());
    assert_eq!(unusual(ChannelKind::Shopee, "ibu.sri_1"), Ok(false));
    assert_eq!(unusual(ChannelKind::Shopee, "ibu-sri"), Ok(true));
    assert_eq!(unusual(ChannelKind::Shopee, "ab"), Ok(true));
    assert_eq!(unusual(ChannelKind::Tokopedia, "ibu-sri"), Ok(false));
    assert_eq!(unusual(ChannelKind::Tokopedia, "ibu.sri"), Ok(true));
    assert_eq!(unusual(ChannelKind::Instagram, "a"), Ok(false));
}

fn any_kind() -> impl Strategy<Value = ChannelKind> {
    proptest::sample::select(ChannelKind::ALL)
}

proptest! {
    #[test]
    fn every_accepted_handle_and_its_address_parse_to_itself(
        kind in any_kind(),
        text in prop_oneof!["@?[A-Za-z0-9._-]{1,32}", "0[0-9-]{8,15}", "[a-z]{2,9}\\.com/[@a-z0-9._/?=-]{1,20}", "https://[a-z.]{1,9}/\\PC{0,9}", "\\PC{0,30}"],
    ) {
        if let Ok(handle) = Handle::parse(kind, &text) {
            prop_assert_eq!(Handle::parse(kind, handle.as_str()), Ok(handle.clone()));
            prop_assert_eq!(Handle::parse(kind, &handle.url()), Ok(handle.clone()));
            prop_assert!(handle.url().starts_with("https://"));
            prop_assert!(handle.url().bytes().all(|b| b.is_ascii_graphic() && !b"\"<>".contains(&b)));
        }
    }
}
