//! Programs that read what is meant for people: they are answered, and never counted.

/// What well-kept programs that walk the web or draw previews call themselves by, in small letters. In-app browsers of
/// networks are people: they say `Instagram` or `FBAN`.
const CRAWLERS: [&str; 17] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "externalhit",
    "externalagent",
    "facebookcatalog",
    "facebookexternal",
    "whatsapp/",
    "mediapartners",
    "feedfetcher",
    "apis-google",
    "lighthouse",
    "pinterest/",
    "embedly",
    "archiver",
];

/// Libraries that programs are written with. Shop apps are too: what an app sends is no robot's for that.
const LIBRARIES: [&str; 10] =
    ["curl/", "wget/", "python", "java/", "go-http", "okhttp", "axios", "node-fetch", "libwww", "dart:io"];

/// Whether a `User-Agent` is one of a known crawler.
pub fn is_crawler(user_agent: Option<&str>) -> bool {
    says(user_agent, &CRAWLERS)
}

/// Whether a `User-Agent` is no person's browser: a known program's, or none at all, since browsers always send one.
pub fn is_robot(user_agent: Option<&str>) -> bool {
    user_agent.is_none_or(|name| name.trim().is_empty())
        || is_crawler(user_agent)
        || says(user_agent, &LIBRARIES)
}

fn says(user_agent: Option<&str>, names: &[&str]) -> bool {
    let said = user_agent.unwrap_or_default().to_ascii_lowercase();
    names.iter().any(|name| said.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        for robot in [
            "",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "meta-externalagent/1.1",
            "WhatsApp/2.23.20.0 A",
            "TelegramBot (like TwitterBot)",
            "Slackbot-LinkExpanding 1.0",
            "Mozilla/5.0 (compatible; bingbot/2.0)",
            "curl/8.5.0",
            "python-requests/2.32",
        ] {
            assert!(is_robot(Some(robot)), "{robot}");
        }
        assert!(is_robot(None) && !is_crawler(None) && !is_crawler(Some("okhttp/4.12.0")));
        for person in [
            "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 350.0.0",
            "Mozilla/5.0 (Linux; Android 13; wv) AppleWebKit/537.36 [FB_IAB/FB4A;FBAV/480.0.0;]",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36",
        ] {
            assert!(!is_robot(Some(person)), "{person}");
        }
    }
}
