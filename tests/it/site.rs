//! Pages for people besides the product's own: homes, merchants, collections, lists, and sheets to print.

use std::collections::BTreeSet;

use kapal_tests::{Aggregator, Reply, World, photo, text, unique};
use serde_json::{Value, json};

use crate::page::{all_between, assert_harmless, open_graph, unescaped};

/// A storefront with a mutiara in a slot and in a collection.
struct Case {
    aggregator: Aggregator,
    product: Value,
    merchant: Value,
    collection: Value,
}

impl Case {
    async fn new() -> Self {
        let aggregator = World::new().await.aggregator().await;
        let product = aggregator.mutiara().await;
        let id = text(&product["id"]);
        let _ = aggregator.slot(&[&id]).await;
        let collection = aggregator.collection(&[&id]).await;
        let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
        let merchant = aggregator.owner.get(&merchant).await.json(200);
        Self { aggregator, product, merchant, collection }
    }

    fn home(&self) -> String {
        format!("/id/{}", self.aggregator.slug)
    }

    fn merchant(&self) -> String {
        format!("{}/m/{}", self.home(), text(&self.merchant["slug"]))
    }

    fn collection(&self) -> String {
        format!("{}/c/{}", self.home(), text(&self.collection["slug"]))
    }

    fn product(&self) -> String {
        format!("{}/p/{}", self.home(), text(&self.product["slug"]))
    }

    async fn get(&self, path: &str) -> Reply {
        self.aggregator.world.visitor.get(path).await.expect(200)
    }

    /// All pages that have previews.
    fn pages(&self) -> [String; 5] {
        let category = format!("{}?products=all", self.home());
        [self.home(), self.merchant(), self.collection(), category, "/id".to_owned()]
    }
}

fn json_lds(html: &str) -> Vec<Value> {
    let found = all_between(html, "<script type=\"application/ld+json\">", "</script>").into_iter();
    found.map(|data| serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[tokio::test]
async fn the_root_leads_to_the_nation_in_the_asked_language() {
    let visitor = World::new().await.visitor;
    for (asked, path) in [("id,en;q=0.5", "/id"), ("en-GB", "/en"), ("fr", "/id")] {
        let root = visitor.get("/").header("Accept-Language", asked).await.expect(302);
        assert_eq!((root.header("location"), root.header("vary")), (path, "Accept-Language"));
        let _ = visitor.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_home_shows_what_runs_and_every_link_of_the_pages_leads_somewhere() {
    let case = Case::new().await;
    let html = case.get(&case.home()).await.text();
    for path in [case.product(), case.merchant(), case.collection()] {
        assert!(html.contains(&format!("href=\"{path}\"")), "{path} is not in {html}");
    }
    let mut seen = BTreeSet::new();
    let mut waiting = case.pages().to_vec();
    waiting.push(case.product());
    while let Some(path) = waiting.pop() {
        // The national pages link to what other tests make and take away meanwhile.
        let own = path.starts_with(&case.home()) || path.starts_with(&case.home().replace("/id/", "/en/"));
        if !(own || path.starts_with("/assets/") || path == "/id" || path == "/en")
            || !seen.insert(path.clone())
        {
            continue;
        }
        let page = case.get(&path).await;
        if page.header("content-type").starts_with("text/html") {
            let html = page.text();
            waiting.extend(
                all_between(&html, "href=\"/", "\"").into_iter().map(|rest| format!("/{}", unescaped(rest))),
            );
        }
    }
    assert!(seen.len() > 14, "{seen:?}");
}

#[tokio::test]
async fn each_page_has_one_preview_of_its_own_and_titles_that_fit() {
    let case = Case::new().await;
    for path in case.pages() {
        let html = case.get(&path).await.text();
        let tags = open_graph(&html);
        let one = |name: &str| {
            let found: Vec<_> = tags.iter().filter(|(known, _)| known == name).collect();
            assert_eq!(found.len(), 1, "{name} of {path}: {tags:?}");
            found[0].1.clone()
        };
        assert!(one("og:title").chars().count() <= 65 && one("og:description").chars().count() <= 100);
        assert!(!one("og:description").is_empty() && !one("og:site_name").is_empty());
        assert_eq!((one("og:locale"), one("og:image:width")), ("id_ID".into(), "1200".into()));
        assert!(one("og:url").ends_with(&path), "{path}");
        let image = one("og:image");
        let file = image.find("/id").map(|at| &image[at..]).expect("a path");
        if path == "/id" {
            // What the nation shows changes with what other tests do.
            continue;
        }
        for _ in ["drawn", "kept"] {
            let picture = case.get(file).await;
            assert_eq!(picture.header("content-type"), "image/jpeg");
            assert!(picture.header("cache-control").contains("immutable"));
            assert!(picture.body.len() <= 300 * 1024);
            let size = image::load_from_memory(&picture.body).expect("a picture");
            assert_eq!((size.width(), size.height()), (1200, 630));
        }
    }
    let unknown = format!("{}/card/{}.jpg", case.home(), "0".repeat(64));
    case.aggregator.world.visitor.get(&unknown).await.problem(404, "not_found");
}

#[tokio::test]
async fn each_language_of_a_page_names_the_other() {
    let case = Case::new().await;
    for path in case.pages() {
        for language in ["id", "en"] {
            let path = path.replacen("/id", &format!("/{language}"), 1);
            let page = case.get(&path).await;
            assert_eq!(page.header("content-language"), language);
            let html = page.text();
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
            let canonical = all_between(&html, "<link rel=\"canonical\" href=\"", "\">");
            assert!(canonical.len() == 1 && unescaped(canonical[0]).ends_with(&path), "{canonical:?}");
            let alternates = all_between(&html, "<link rel=\"alternate\" hreflang=\"", "\">");
            let languages: Vec<_> = alternates.iter().filter_map(|a| a.split('"').next()).collect();
            assert_eq!(languages, ["id", "en", "x-default"]);
        }
    }
}

#[tokio::test]
async fn search_engines_get_what_each_page_is_and_where_it_stands() {
    let case = Case::new().await;
    let kinds = ["OnlineStore", "Organization", "CollectionPage", "CollectionPage", "WebSite"];
    for (path, kind) in case.pages().iter().zip(kinds) {
        let data = json_lds(&case.get(path).await.text());
        assert_eq!(
            (&data[0]["@type"], &data[1]["@type"]),
            (&json!(kind), &json!("BreadcrumbList")),
            "{path}"
        );
        let steps = data[1]["itemListElement"].as_array().expect("steps");
        assert!(steps.iter().all(|step| step["item"].is_string() && step["name"].is_string()), "{steps:?}");
        assert_eq!(steps.last().map(|step| &step["item"]), Some(&data[0]["url"]));
    }
    let merchant = &json_lds(&case.get(&case.merchant()).await.text())[0];
    assert_eq!(
        (&merchant["name"], &merchant["address"]["addressCountry"]),
        (&case.merchant["name"], &json!("ID"))
    );
    let collection = &json_lds(&case.get(&case.collection()).await.text())[0];
    let first = text(&collection["mainEntity"]["itemListElement"][0]["url"]);
    assert!(first.ends_with(&case.product()), "{first}");
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let case = Case::new().await;
    for path in &case.pages()[..4] {
        let page = case.get(path).await;
        assert!(page.header("cache-control").contains("stale-while-revalidate"));
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        let again =
            case.aggregator.world.visitor.get(path).header("If-None-Match", page.header("etag")).await;
        assert!(again.expect(304).body.is_empty());
    }
    let before = case.get(&case.home()).await;
    let product = case.aggregator.product().await;
    let after =
        case.aggregator.world.visitor.get(&case.home()).header("If-None-Match", before.header("etag"));
    assert!(after.await.expect(200).text().contains(&text(&product["slug"])));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_helps() {
    let case = Case::new().await;
    let visitor = &case.aggregator.world.visitor;
    let home = case.home();
    let below = [
        "/m/tidak-ada",
        "/c/tidak-ada",
        "/p/tidak-ada/print",
        "/m/tidak-ada/print",
        "?category=tidak-ada",
        "/x/y/z",
    ];
    for rest in below {
        let page = visitor.get(&format!("{home}{rest}")).await.expect(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "private, no-store");
        let html = page.text();
        assert!(
            html.contains(&format!("<a href=\"{home}\">")) && html.contains("<a href=\"/id\">"),
            "{html}"
        );
    }
    let page = visitor.get("/en/tidak-ada").await.expect(404).text();
    assert!(page.contains("There is no such page") && page.contains("<a href=\"/en\">"), "{page}");
    // A language that is not ours is no page at all.
    visitor.get(&format!("/fr/{}", case.aggregator.slug)).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_suspended_aggregator_has_no_pages() {
    let case = Case::new().await;
    let path = format!("/v1/platform/aggregators/{}/suspend", case.aggregator.id);
    let _ = case.aggregator.world.operator.post(&path, json!({ "reason": "Uji" })).await.expect(200);
    for path in &case.pages()[..4] {
        let _ = case.aggregator.world.visitor.get(path).await.expect(404);
    }
}

#[tokio::test]
async fn many_products_are_shown_by_pages_below_50_kb() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let body = aggregator.product_body(&text(&merchant["id"])).await;
    let mut slugs = BTreeSet::new();
    for _ in 0..26 {
        let mut body = body.clone();
        let name = format!("Keripik \"Tempe\" & Sambal <Pedas> {} {}", "panjang ".repeat(11), unique());
        body["translations"] = json!({ "id": { "name": name, "description": "Renyah. ".repeat(600) } });
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        slugs.insert(text(&aggregator.publish(&text(&product["id"])).await["slug"]));
    }
    let visitor = &aggregator.world.visitor;
    let home = format!("/id/{}", aggregator.slug);
    for list in [format!("{home}/m/{}", text(&merchant["slug"])), format!("{home}?products=all")] {
        let mut shown = BTreeSet::new();
        let mut path = Some(list.clone());
        let mut sizes = Vec::new();
        while let Some(at) = path {
            let page = visitor.get(&at).await.expect(200);
            assert!(page.body.len() < 50_000, "{} bytes", page.body.len());
            let html = page.text();
            let found = all_between(&html, "<li class=\"tile\"><a href=\"", "\"");
            sizes.push(found.len());
            shown.extend(found.into_iter().filter_map(|path| path.rsplit('/').next()).map(str::to_owned));
            let link =
                html.split_once("\" rel=\"next\"").and_then(|(before, _)| before.rsplit_once("<a href=\""));
            path = link.map(|(_, next)| unescaped(next));
        }
        assert_eq!((sizes, &shown), (vec![24, 2], &slugs), "{list}");
        let separator = if list.contains('?') { '&' } else { '?' };
        let spoilt =
            visitor.get(&format!("{list}{separator}cursor=spoilt&fbclid=x")).await.expect(200).text();
        assert_eq!(all_between(&spoilt, "<li class=\"tile\">", "<").len(), 24);
    }
    for home in [home.as_str(), "/id"] {
        let page = visitor.get(home).await.expect(200);
        assert!(page.body.len() < 50_000, "{home}: {} bytes", page.body.len());
    }
}

#[tokio::test]
async fn whatever_is_stored_is_text_on_every_page() {
    let payload = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>' style='x";
    let aggregator = World::new().await.aggregator_named("<b>Koperasi</b> \"&'").await;
    let merchant = aggregator.active_merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let renamed = json!({ "name": payload, "story": payload });
    let merchant = aggregator.owner.patch(&path, renamed).of(&merchant["version"]).await.json(200);
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    body["translations"] = json!({ "id": { "name": payload, "description": payload } });
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let product = aggregator.publish(&text(&product["id"])).await;
    let body = json!({ "title": { "id": payload }, "description": { "id": payload } });
    let made = aggregator.owner.post(&aggregator.path("collections"), body).await.json(201);
    let products = aggregator.path(&format!("collections/{}/products", text(&made["id"])));
    let ids = json!({ "product_ids": [product["id"]] });
    let _ = aggregator.owner.put(&products, ids).of(&made["version"]).await.expect(200);
    let home = format!("/id/{}", aggregator.slug);
    let (merchant, collection) = (text(&merchant["slug"]), text(&made["slug"]));
    for rest in ["".to_owned(), "?products=all".into(), format!("/m/{merchant}"), format!("/c/{collection}")]
    {
        let html = aggregator.world.visitor.get(&format!("{home}{rest}")).await.expect(200).text();
        assert_harmless(&html, 2);
        assert!(unescaped(&html).contains(payload), "{rest}: {html}");
        let _ = json_lds(&html);
    }
    for rest in [
        format!("/p/{}/print", text(&product["slug"])),
        format!("/m/{merchant}/print"),
        format!("/c/{collection}/print"),
    ] {
        let html = aggregator.world.visitor.get(&format!("{home}{rest}")).await.expect(200).text();
        assert_harmless(&html, 0);
    }
}

#[tokio::test]
async fn the_code_on_a_sheet_leads_to_the_page() {
    let case = Case::new().await;
    for path in [case.product(), case.merchant(), case.collection()] {
        let html = case.get(&format!("{path}/print")).await.text();
        assert!(html.contains("noindex"), "{html}");
        let side: usize = all_between(&html, "viewBox=\"0 0 ", " ")[0].parse().expect("a number");
        let outline = all_between(&html, "z\"/><path d=\"", "\"")[0];
        let mut dark = vec![false; side * side];
        for bar in outline.split('M').skip(1) {
            let (corner, rest) = bar.split_once('h').expect("a bar");
            let (x, y) = corner.split_once(' ').expect("a corner");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let length: usize = rest.split('v').next().and_then(|n| n.parse().ok()).expect("a length");
            dark[y * side + x..][..length].fill(true);
        }
        // Each square as eight pixels.
        let pixel = |x: usize, y: usize| if dark[y / 8 * side + x / 8] { 0 } else { 255 };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side * 8, side * 8, pixel);
        let (_, link) = picture.detect_grids()[0].decode().expect("a QR code");
        assert!(link.ends_with(&path), "{link}");
    }
}

#[tokio::test]
async fn a_picture_on_a_page_comes_in_the_width_that_is_shown() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    let upload = aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", photo(1_300, 900));
    body["media"] = json!([upload.await.json(201)["id"]]);
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let _ = aggregator.publish(&text(&product["id"])).await;
    let html = aggregator.world.visitor.get(&format!("/id/{}", aggregator.slug)).await.expect(200).text();
    let sources = all_between(&html, "srcset=\"", "\"");
    let files: Vec<_> = sources[0].split(", ").filter_map(|file| file.split(' ').next()).collect();
    assert!(files[0].ends_with("/320.webp") && files[1].ends_with("/640.webp"), "{files:?}");
    for file in files {
        let picture = aggregator.world.visitor.get(file).await.expect(200);
        assert_eq!(picture.header("content-type"), "image/webp");
    }
}
