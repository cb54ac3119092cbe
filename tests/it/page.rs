//! A product's page for people: what link previews read, what a browser may run, and the way to WhatsApp.

use kapal_tests::{Aggregator, Reply, World, photo, text};
use serde_json::{Value, json};

/// A product with its page.
struct Case {
    aggregator: Aggregator,
    product: Value,
    path: String,
}

impl Case {
    async fn new() -> Self {
        let aggregator = World::new().await.aggregator().await;
        let product = aggregator.product().await;
        Self::of(aggregator, product)
    }

    fn of(aggregator: Aggregator, product: Value) -> Self {
        let path = format!("/id/{}/p/{}", aggregator.slug, text(&product["slug"]));
        Self { aggregator, product, path }
    }

    async fn page(&self) -> Reply {
        self.aggregator.world.visitor.get(&self.path).await.expect(200)
    }

    /// The product as the API shows it.
    async fn shown(&self) -> Value {
        let path = self.aggregator.shop(&format!("/products/{}", text(&self.product["slug"])));
        self.aggregator.world.visitor.get(&path).await.json(200)
    }
}

/// What the escapes of our pages mean.
pub(crate) fn unescaped(html: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(html.to_owned(), |html, (escape, character)| html.replace(escape, character))
}

/// Each `before..after` between the two.
pub(crate) fn all_between<'a>(html: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    html.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

pub(crate) fn open_graph(html: &str) -> Vec<(String, String)> {
    let tags = all_between(html, "<meta property=\"", "\">");
    tags.iter()
        .map(|tag| tag.split_once("\" content=\"").unwrap_or((tag, "")))
        .map(|(name, content)| (name.to_owned(), unescaped(content)))
        .collect()
}

fn json_ld(html: &str) -> Value {
    json_lds(html).swap_remove(0)
}

/// The product, and where it stands.
fn json_lds(html: &str) -> Vec<Value> {
    let found = all_between(html, "<script type=\"application/ld+json\">", "</script>");
    assert_eq!(found.len(), 2, "{html}");
    let parsed = found.into_iter().map(serde_json::from_str);
    parsed.map(|data| data.unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[tokio::test]
async fn link_previews_get_exactly_their_tags() {
    let case = Case::new().await;
    let shown = case.shown().await;
    let page = case.page().await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("content-language"), "id");
    let html = page.text();
    let title = format!("{} · {}", text(&shown["name"]), text(&shown["merchant"]["name"]));
    let expected = [
        ("og:title", title.clone()),
        ("og:type", "product".into()),
        ("og:url", text(&shown["url"])),
        ("og:description", text(&shown["description"])),
        ("og:locale", "id_ID".into()),
        ("og:site_name", "Koperasi Uji".into()),
        ("og:image", text(&shown["preview"]["url"])),
        ("og:image:type", "image/jpeg".into()),
        ("og:image:width", "1200".into()),
        ("og:image:height", "630".into()),
        ("og:image:alt", format!("{}, Rp75.000, {}", text(&shown["name"]), text(&shown["merchant"]["name"]))),
    ];
    assert_eq!(open_graph(&html), expected.map(|(name, content)| (name.to_owned(), content)));
    assert_eq!(all_between(&html, "<title>", "</title>"), [title]);
}

#[tokio::test]
async fn search_engines_get_the_product_with_its_price() {
    let case = Case::new().await;
    let shown = case.shown().await;
    let data = json_ld(&case.page().await.text());
    assert_eq!((&data["@context"], &data["@type"]), (&json!("https://schema.org"), &json!("Product")));
    assert_eq!((&data["name"], &data["description"]), (&shown["name"], &shown["description"]));
    assert_eq!(data["image"][0], shown["images"][0]["url"]);
    assert_eq!(
        (&data["offers"]["price"], &data["offers"]["priceCurrency"]),
        (&json!("75000"), &json!("IDR"))
    );
    assert_eq!(data["offers"]["availability"], "https://schema.org/InStock");
    assert_eq!((&data["brand"]["name"], &data["sku"]), (&shown["merchant"]["name"], &json!("KOPI-250")));
}

#[tokio::test]
async fn each_language_has_its_address_and_names_the_other() {
    let case = Case::new().await;
    let shown = case.shown().await;
    let (indonesian, english) = (text(&shown["url"]), text(&shown["url"]).replace("/id/", "/en/"));
    let path = case.path.replace("/id/", "/en/");
    let other = case.aggregator.world.visitor.get(&path).header("Accept-Language", "id").await.expect(200);
    assert_eq!(other.header("content-language"), "en");
    for (html, language, address) in
        [(case.page().await.text(), "id", &indonesian), (other.text(), "en", &english)]
    {
        assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
        assert_eq!(all_between(&html, "<link rel=\"canonical\" href=\"", "\">"), [address]);
        let alternates = all_between(&html, "<link rel=\"alternate\" hreflang=\"", "\">");
        assert_eq!(
            alternates,
            [
                format!("id\" href=\"{indonesian}"),
                format!("en\" href=\"{english}"),
                format!("x-default\" href=\"{indonesian}"),
            ]
        );
        let name = text(&case.product["translations"][language]["name"]);
        assert!(html.contains(&format!("{name}</h1>")), "{html}");
    }
}

#[tokio::test]
async fn nothing_on_a_page_runs_and_the_policy_says_so() {
    let case = Case::new().await;
    let page = case.page().await;
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' https://wa.me",
    ] {
        assert!(policy.split("; ").any(|known| known.starts_with(rule)), "{rule} is not in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_harmless(&page.text(), 2);
}

/// No script but JSON-LD's data, no inline style, no handler, nothing from elsewhere.
#[track_caller]
pub(crate) fn assert_harmless(html: &str, json_lds: usize) {
    let tags = all_between(html, "<", ">");
    let scripts: Vec<_> = tags.iter().filter(|tag| tag.to_lowercase().starts_with("script")).collect();
    assert_eq!(scripts, vec![&"script type=\"application/ld+json\""; json_lds], "{html}");
    let known = [
        "html", "head", "meta", "title", "link", "script", "body", "a", "p", "header", "div", "nav", "main",
        "ol", "li", "figure", "img", "ul", "h1", "h2", "span", "table", "caption", "tbody", "tr", "th", "td",
        "form", "button", "s", "svg", "path", "section", "footer", "picture", "source", "!doctype",
    ];
    for tag in &tags {
        let mut words = tag.trim_start_matches('/').split_whitespace();
        let name = words.next().unwrap_or_default().trim_end_matches('/');
        assert!(known.contains(&name), "<{tag}> in {html}");
        // Attributes begin after a closing quote or a space outside of quotes.
        let outside: String = tag.split('"').step_by(2).collect();
        for attribute in outside.split_whitespace().skip(1).filter_map(|part| part.split('=').next()) {
            assert!(!attribute.starts_with("on") && attribute != "style", "<{tag}> in {html}");
        }
    }
}

#[tokio::test]
async fn whatever_is_stored_is_text_on_a_page() {
    let corpus = [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title><svg onload=alert(1)>",
        "</h1><style>*{display:none}</style>",
        "<!--<script>",
        "]]><iframe src=javascript:alert(1)>",
        "&lt;script&gt; &amp;amp;",
        "{{7*7}} ${7*7} {% raw %}",
        "javascript:alert(1)//<a href=x>",
        "\\u003cscript\\u003e \\\" \\",
    ];
    let aggregator = World::new().await.aggregator_named("<b>Koperasi</b> \"&'").await;
    for payload in corpus {
        let merchant = aggregator.active_merchant().await;
        let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
        let renamed = json!({ "name": payload, "story": payload });
        let _ = aggregator.owner.patch(&path, renamed).of(&merchant["version"]).await.expect(200);
        let mut body = aggregator.product_body(&text(&merchant["id"])).await;
        body["translations"] = json!({ "id": { "name": payload, "description": payload } });
        body["variants"][0]["name"] = json!(payload);
        let mut second = body["variants"][0].clone();
        second["sku"] = json!("B");
        body["variants"].as_array_mut().expect("variants").push(second);
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let product = aggregator.publish(&text(&product["id"])).await;
        let case = Case::of(aggregator.clone(), product);
        let html = case.page().await.text();
        assert_harmless(&html, 2);
        let data = json_ld(&html);
        assert_eq!(data["name"], case.product["translations"]["id"]["name"]);
        assert_eq!(data["brand"]["name"], case.shown().await["merchant"]["name"]);
        let heading = all_between(&html, "<h1 lang=\"id\">", "</h1>");
        assert_eq!(heading.iter().map(|h| unescaped(h)).collect::<Vec<_>>(), [payload], "{html}");
    }
}

#[tokio::test]
async fn a_full_page_is_below_50_kb() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    body["translations"]["id"]["description"] = json!("Kopi dari lereng gunung. ".repeat(200).trim());
    let mut media = Vec::new();
    for _ in 0..6 {
        let upload =
            aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", photo(1_300, 900));
        media.push(upload.await.json(201)["id"].clone());
    }
    body["media"] = json!(media);
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let product = aggregator.publish(&text(&product["id"])).await;
    let page = Case::of(aggregator, product).page().await;
    assert!(page.body.len() < 50_000, "{} bytes", page.body.len());
}

#[tokio::test]
async fn what_networks_append_to_links_is_ignored() {
    let case = Case::new().await;
    let path = format!("{}?fbclid=IwAR0x&utm_source=whatsapp&x=%00", case.path);
    let page = case.aggregator.world.visitor.get(&path).await.expect(200);
    assert_eq!(page.text(), case.page().await.text());
}

#[tokio::test]
async fn a_missing_product_is_a_page_too() {
    let case = Case::new().await;
    let visitor = &case.aggregator.world.visitor;
    for (path, words) in [
        (format!("/id/{}/p/tidak-ada", case.aggregator.slug), "Halaman ini tidak ada"),
        (format!("/en/{}/p/tidak-ada", case.aggregator.slug), "There is no such page"),
        ("/id/tidak-ada/p/tidak-ada".to_owned(), "Halaman ini tidak ada"),
    ] {
        let page = visitor.get(&path).await.expect(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "private, no-store");
        assert!(page.text().contains(words) && page.text().contains("noindex"), "{page}");
    }
}

#[tokio::test]
async fn the_button_is_a_plain_link_that_is_counted() {
    let case = Case::new().await;
    let html = case.page().await.text();
    let links = all_between(&html, "<div class=\"contact\"><a href=\"", "\" rel=\"nofollow\">");
    let [link] = links[..] else { panic!("{html}") };
    assert!(link.starts_with("/go/") && link.ends_with("?lang=id"), "{link}");
    assert!(!html.contains("<form"), "{html}");
}

#[tokio::test]
async fn without_whatsapp_there_is_no_button() {
    let case = Case::new().await;
    let merchant = text(&case.product["merchant_id"]);
    let channel = case.aggregator.path(&format!("merchants/{merchant}/channels/whatsapp"));
    let _ = case.aggregator.owner.delete(&channel).await.expect(204);
    let html = case.page().await.text();
    assert!(!html.contains("/go/") && html.contains("belum memiliki WhatsApp"), "{html}");
}

#[tokio::test]
async fn an_aggregators_colours_are_a_stylesheet_of_its_own() {
    let case = Case::new().await;
    let aggregator = &case.aggregator;
    let path = format!("/id/{}/theme.css", aggregator.slug);
    assert!(case.page().await.text().contains(&format!("<link rel=\"stylesheet\" href=\"{path}\">")));
    let before = aggregator.world.visitor.get(&path).await.expect(200);
    assert_eq!(before.header("content-type"), "text/css; charset=utf-8");
    let settings = aggregator.path("settings");
    let now = aggregator.owner.get(&settings).await.expect(200);
    let mut body = now.json.clone();
    body["primary_colour"] = json!("#7A1F1F");
    let _ = aggregator.owner.put(&settings, body).header("If-Match", now.header("etag")).await.expect(200);
    let after = aggregator.world.visitor.get(&path).header("If-None-Match", before.header("etag")).await;
    let after = after.expect(200);
    assert!(after.text().contains("--brand: #7a1f1f"), "{after}");
    aggregator.world.visitor.get("/id/tidak-ada/theme.css").await.problem(404, "not_found");
}
