//! What other programs fetch: product feeds by the rules of those who read them, sitemaps, news, robots.txt.

use std::collections::{BTreeMap, BTreeSet};

use kapal_tests::{Aggregator, Client, Reply, World, eventually, photo, text};
use serde_json::{Value, json};

type Fields = BTreeMap<String, Vec<String>>;

/// Fetches a feed, whose parts may come in pieces.
async fn fetched(client: &Client, path: &str) -> String {
    client.get(path).await.expect(200).text()
}

/// The entries of an XML document by the name of their element, each with its fields; prefixes as `g:`.
fn entries(xml: &str, element: &str) -> Vec<Fields> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error} in {xml}"));
    let name = |node: &roxmltree::Node<'_, '_>| {
        let local = node.tag_name().name();
        match node.tag_name().namespace() {
            Some("http://base.google.com/ns/1.0") => format!("g:{local}"),
            _ => local.to_owned(),
        }
    };
    let found = document.descendants().filter(|node| node.has_tag_name(element) || name(node) == element);
    found
        .map(|entry| {
            let mut fields = Fields::new();
            for field in entry.children().filter(roxmltree::Node::is_element) {
                fields.entry(name(&field)).or_default().push(field.text().unwrap_or_default().to_owned());
            }
            fields
        })
        .collect()
}

fn one<'a>(fields: &'a Fields, name: &str) -> &'a str {
    match fields.get(name).map(Vec::as_slice) {
        Some([value]) => value,
        other => panic!("{name} stands {:?} times in {fields:?}", other.map(<[_]>::len)),
    }
}

fn is_price(text: &str, decimals: usize) -> bool {
    let Some((amount, currency)) = text.split_once(' ') else { return false };
    let (whole, rest) = amount.split_once('.').unwrap_or((amount, ""));
    currency == "IDR"
        && rest.len() == decimals
        && !whole.starts_with('0')
        && whole.bytes().chain(rest.bytes()).all(|b| b.is_ascii_digit())
}

fn is_plain(text: &str) -> bool {
    !text.contains("</")
        && !text.contains("<b>")
        && !text.contains("&amp;")
        && !text.contains(char::is_control)
}

fn shouts(text: &str) -> bool {
    let letters: Vec<_> = text.chars().filter(|c| c.is_alphabetic()).collect();
    letters.len() > 3 && !letters.iter().any(|c| c.is_lowercase())
}

fn is_gtin(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits.iter().rev().enumerate().map(|(at, d)| d * if at % 2 == 1 { 3 } else { 1 }).sum();
    digits.len() == text.len() && matches!(digits.len(), 8 | 12 | 13 | 14) && sum.is_multiple_of(10)
}

/// Every rule of Google Merchant Center that an entry of ours can break.
pub fn check_google(xml: &str) -> Vec<Fields> {
    let items = entries(xml, "item");
    let mut ids = BTreeSet::new();
    for item in &items {
        let id = one(item, "g:id");
        assert!(id.len() <= 50 && id.is_ascii() && ids.insert(id.to_owned()), "id {id}");
        let (title, description) = (one(item, "g:title"), one(item, "g:description"));
        assert!((1..=150).contains(&title.chars().count()) && is_plain(title) && !shouts(title), "{title}");
        assert!((1..=5_000).contains(&description.chars().count()) && is_plain(description), "{description}");
        assert!(
            url::Url::parse(one(item, "g:link")).is_ok()
                && url::Url::parse(one(item, "g:image_link")).is_ok()
        );
        assert!(item.get("g:additional_image_link").is_none_or(|more| more.len() <= 10));
        assert!(["in_stock", "out_of_stock"].contains(&one(item, "g:availability")), "{item:?}");
        assert_eq!(one(item, "g:condition"), "new");
        assert!(is_price(one(item, "g:price"), 2), "{item:?}");
        if item.contains_key("g:sale_price") {
            let amount = |name| one(item, name).split(' ').next().and_then(|a| a.parse::<f64>().ok());
            assert!(is_price(one(item, "g:sale_price"), 2) && amount("g:sale_price") < amount("g:price"));
        }
        assert!((1..=70).contains(&one(item, "g:brand").chars().count()));
        assert!(item.get("g:gtin").is_none_or(|gtin| is_gtin(&gtin[0])), "{item:?}");
        let has_number = item.contains_key("g:gtin") || item.contains_key("g:mpn");
        assert_eq!(!has_number, item.contains_key("g:identifier_exists"), "{item:?}");
        for (name, labels) in item.iter().filter(|(name, _)| name.contains("custom_label")) {
            assert!((1..=100).contains(&labels[0].chars().count()), "{name}");
        }
    }
    items
}

/// Every rule of Meta's catalogue that a line of ours can break.
pub fn check_meta(text: &str) -> Vec<Fields> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().expect("a header").clone();
    let mut ids = BTreeSet::new();
    let rows = reader.records().map(|record| {
        let record = record.expect("a line");
        let mut row = Fields::new();
        for (column, cell) in columns.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{column}: {cell}");
            row.entry(column.to_owned()).or_default().push(cell.to_owned());
        }
        let id = one(&row, "id");
        assert!(id.len() <= 100 && ids.insert(id.to_owned()), "id {id}");
        let (title, description) = (one(&row, "title"), one(&row, "description"));
        assert!((1..=200).contains(&title.chars().count()) && is_plain(title) && !shouts(title), "{title}");
        assert!(
            (1..=9_999).contains(&description.chars().count())
                && is_plain(description)
                && !shouts(description)
        );
        assert!(["in stock", "out of stock"].contains(&one(&row, "availability")), "{row:?}");
        assert_eq!(one(&row, "condition"), "new");
        assert!(is_price(one(&row, "price"), 0), "{row:?}");
        assert!(row.get("sale_price").is_none_or(|price| is_price(&price[0], 0)), "{row:?}");
        assert!(
            url::Url::parse(one(&row, "link")).is_ok() && url::Url::parse(one(&row, "image_link")).is_ok()
        );
        if let Some(more) = row.get("additional_image_link") {
            assert!(more[0].split(',').count() <= 20 && more[0].len() <= 2_000);
        }
        assert!((1..=100).contains(&one(&row, "brand").chars().count()));
        row
    });
    rows.collect()
}

/// A published product with these changes to the usual body, and a square photo of so many pixels.
async fn product(aggregator: &Aggregator, merchant: &Value, pixels: u32, changes: Value) -> Value {
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    let upload =
        aggregator.owner.call("POST", &aggregator.path("media")).file("foto.jpg", photo(pixels, pixels));
    body["media"] = json!([upload.await.json(201)["id"]]);
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let made = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    aggregator.publish(&text(&made["id"])).await
}

fn named(name: &str, description: &str) -> Value {
    json!({ "id": { "name": name, "description": description } })
}

fn by_id<'a>(entries: &'a [Fields], field: &str, product: &Value) -> Option<&'a Fields> {
    entries.iter().find(|entry| one(entry, field) == text(&product["id"]))
}

fn price(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "IDR" })
}

#[tokio::test]
async fn feeds_keep_every_rule_of_those_who_read_them() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let variants = json!([{ "sku": "KT-01", "price": price("60000"), "compare_at_price": price("75000"), "stock": 0, "barcode": "8990000000013" }]);
    let loud =
        named("KERIPIK TEMPE PEDAS", "=1+1 <b>Renyah</b> &amp; gurih,\n\"enak\"; 100% kedelai & cabai");
    let loud =
        product(&aggregator, &merchant, 800, json!({ "translations": loud, "variants": variants })).await;
    let long = named(&format!("Kopi {}", "sangat enak ".repeat(11).trim()), "<br/>");
    let several = json!([
        { "sku": "B", "name": "500 g", "price": price("120000"), "stock": 2 },
        { "sku": "A", "name": "250 g", "price": price("65000"), "stock": 2 },
    ]);
    let several =
        product(&aggregator, &merchant, 600, json!({ "translations": long, "variants": several })).await;
    let small = product(&aggregator, &merchant, 300, json!({})).await;
    let tiny = product(&aggregator, &merchant, 100, json!({})).await;
    let visitor = &aggregator.world.visitor;

    let google = check_google(&fetched(visitor, &aggregator.shop("/feeds/google.xml")).await);
    let found: Vec<_> =
        [&loud, &several, &small, &tiny].map(|product| by_id(&google, "g:id", product).is_some()).to_vec();
    assert_eq!(found, [true, true, true, false], "Google refuses small pictures");
    let item = by_id(&google, "g:id", &loud).expect("the loud one");
    assert_eq!(one(item, "g:title"), "Keripik Tempe Pedas");
    assert_eq!(one(item, "g:description"), "1+1 Renyah gurih, \"enak\"; 100% kedelai & cabai");
    assert_eq!((one(item, "g:price"), one(item, "g:sale_price")), ("75000.00 IDR", "60000.00 IDR"));
    assert_eq!((one(item, "g:gtin"), one(item, "g:availability")), ("8990000000013", "out_of_stock"));
    assert_eq!(one(item, "g:brand"), text(&merchant["name"]));
    let item = by_id(&google, "g:id", &several).expect("the one with variants");
    assert_eq!((one(item, "g:price"), one(item, "g:identifier_exists")), ("65000.00 IDR", "no"));
    assert_eq!(
        one(item, "g:description"),
        one(item, "g:title"),
        "what has no description is told by its title"
    );

    let meta = check_meta(&fetched(visitor, &aggregator.shop("/feeds/meta.csv")).await);
    assert_eq!(meta.len(), 2, "Meta refuses pictures below 500 pixels");
    let row = by_id(&meta, "id", &loud).expect("the loud one");
    assert_eq!((one(row, "price"), one(row, "sale_price")), ("75000 IDR", "60000 IDR"));
    assert_eq!(one(row, "mpn"), "KT-01");
    let link = url::Url::parse(one(row, "link")).expect("an address");
    let _ = visitor.get(link.path()).await.expect(200);
}

#[tokio::test]
async fn a_feed_speaks_the_language_that_its_address_asks_for_and_passes_over_what_carriers_add() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let visitor = &aggregator.world.visitor;
    let english = &product["translations"]["en"]["name"];
    for path in ["/feeds/google.xml?locale=en&fbclid=x", "/feeds/products.ndjson?utm_source=a&locale=en"] {
        let feed = fetched(visitor, &aggregator.shop(path)).await;
        assert!(feed.contains(&text(english)), "{path}: {feed}");
        assert!(
            feed.contains(&format!("/en/{}/p/", aggregator.slug)),
            "{path}: links lead to the same language"
        );
    }
    let asked =
        visitor.get(&aggregator.shop("/feeds/mutiara.xml")).header("Accept-Language", "en").await.expect(200);
    assert_eq!(asked.header("content-language"), "en");
    visitor.get(&aggregator.shop("/feeds/meta.csv?locale=xx")).await.problem(400, "invalid_parameter");
    visitor.get(&aggregator.shop("/sitemap.xml?part=shops")).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn each_line_of_the_catalogue_is_the_product_as_lists_show_it() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, mut ids) = (aggregator.active_merchant().await, BTreeSet::new());
    for _ in 0..3 {
        ids.insert(text(&product(&aggregator, &merchant, 200, json!({})).await["id"]));
    }
    let visitor = &aggregator.world.visitor;
    let list = visitor.get(&aggregator.shop("/products")).await.json(200);
    let feed = fetched(visitor, &aggregator.shop("/feeds/products.ndjson")).await;
    let lines: Vec<Value> = feed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.iter().map(|line| text(&line["id"])).collect::<BTreeSet<_>>(), ids);
    for listed in list["data"].as_array().expect("products") {
        assert!(lines.contains(listed), "{listed}");
    }
    let national = fetched(visitor, "/v1/storefront/feeds/products.ndjson").await;
    assert!(ids.iter().all(|id| national.contains(id)), "the nation has them too");
}

#[tokio::test]
async fn a_feed_is_not_sent_again_while_nothing_changed_and_has_what_changed_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let visitor = &aggregator.world.visitor;
    for path in [
        "/feeds/google.xml",
        "/feeds/meta.csv",
        "/feeds/products.ndjson",
        "/sitemap.xml",
        "/feeds/mutiara.xml",
    ] {
        let path = aggregator.shop(path);
        let first: Reply = eventually("a tag", async || {
            let reply = visitor.get(&path).await.expect(200);
            (!reply.header("etag").is_empty()).then_some(reply)
        })
        .await;
        let tag = first.header("etag").to_owned();
        eventually("a 304", async || {
            (visitor.get(&path).header("If-None-Match", &tag).await.status == 304).then_some(())
        })
        .await;
    }
    let id = text(&product["id"]);
    let unpublish = aggregator.path(&format!("products/{id}/unpublish"));
    let _ = aggregator.owner.post(&unpublish, json!({ "reason": "Stok habis." })).await.expect(200);
    for path in ["/feeds/products.ndjson", "/sitemap.xml"] {
        let feed = fetched(visitor, &aggregator.shop(path)).await;
        assert!(!feed.contains(&id) && !feed.contains(&text(&product["slug"])), "{path}: {feed}");
    }
}

#[tokio::test]
async fn a_storefront_that_is_not_there_has_no_feeds() {
    let visitor = World::new().await.visitor;
    for path in
        ["feeds/google.xml", "feeds/meta.csv", "feeds/products.ndjson", "feeds/mutiara.xml", "sitemap.xml"]
    {
        visitor.get(&format!("/v1/storefronts/tidak-ada/{path}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_sitemap_names_every_page_in_each_language_with_its_pictures() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let collection = aggregator.collection(&[&text(&product["id"])]).await;
    let visitor = &aggregator.world.visitor;
    let xml = fetched(visitor, &aggregator.shop("/sitemap.xml")).await;
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let mut pages = BTreeSet::new();
    for entry in
        document.descendants().filter(|node| node.has_tag_name("url") || node.tag_name().name() == "url")
    {
        let children: Vec<_> = entry.children().filter(roxmltree::Node::is_element).collect();
        let text_of =
            |name: &str| children.iter().find(|c| c.tag_name().name() == name).and_then(|c| c.text());
        let page = url::Url::parse(text_of("loc").expect("loc")).expect("an address").path().to_owned();
        let languages: Vec<_> = children.iter().filter_map(|child| child.attribute("hreflang")).collect();
        assert_eq!(languages, ["id", "en"], "{page}");
        let has_picture = children.iter().any(|child| child.tag_name().name() == "image");
        assert_eq!(has_picture, page.contains("/p/"), "{page}");
        assert!(pages.insert(page));
    }
    let merchant =
        aggregator.owner.get(&aggregator.path(&format!("merchants/{}", text(&product["merchant_id"]))));
    let merchant = merchant.await.json(200);
    let slug = &aggregator.slug;
    let mut expected = BTreeSet::new();
    for locale in ["id", "en"] {
        let rest = [
            String::new(),
            format!("/p/{}", text(&product["slug"])),
            format!("/m/{}", text(&merchant["slug"])),
            format!("/c/{}", text(&collection["slug"])),
        ];
        expected.extend(rest.map(|rest| format!("/{locale}/{slug}{rest}")));
    }
    assert_eq!(pages, expected);
    for part in ["home", "collections", "merchants", "products"] {
        let part = fetched(visitor, &aggregator.shop(&format!("/sitemap.xml?part={part}"))).await;
        assert_eq!(entries(&part, "url").len().max(2), 2, "{part}");
    }
    let robots = visitor.get("/robots.txt").await.expect(200).text();
    assert!(
        robots.contains(&aggregator.shop("/sitemap.xml")) && robots.contains("Disallow: /go/"),
        "{robots}"
    );
}

#[tokio::test]
async fn news_tell_of_mutiara_alone_the_newest_first() {
    let aggregator = World::new().await.aggregator().await;
    let (first, plain, second) =
        (aggregator.mutiara().await, aggregator.product().await, aggregator.mutiara().await);
    let xml = fetched(&aggregator.world.visitor, &aggregator.shop("/feeds/mutiara.xml")).await;
    let items = entries(&xml, "item");
    let titles: Vec<_> = items.iter().map(|item| one(item, "title").to_owned()).collect();
    let name = |product: &Value| text(&product["translations"]["id"]["name"]);
    assert_eq!(titles, [name(&second), name(&first)], "and not {}", name(&plain));
    let guids: BTreeSet<_> = items.iter().map(|item| one(item, "guid")).collect();
    assert_eq!(guids.len(), 2);
    for item in &items {
        assert!(chrono::DateTime::parse_from_rfc2822(one(item, "pubDate")).is_ok(), "{item:?}");
    }
}
