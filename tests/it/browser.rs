//! Pages for people in a browser: `make check` runs these, since they need one.

use kapal_tests::{Aggregator, Browser, World, text, tool};
use serde_json::{Value, json};

const PHONE: u32 = 360;
const DESK: u32 = 1280;

/// A storefront with a mutiara in a slot and in a collection, and its pages with their names.
async fn pages() -> (Aggregator, Vec<(&'static str, String)>) {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.mutiara().await;
    let id = text(&product["id"]);
    let _ = aggregator.slot(&[&id]).await;
    let collection = aggregator.collection(&[&id]).await;
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let merchant = aggregator.owner.get(&merchant).await.json(200);
    let home = format!("/id/{}", aggregator.slug);
    let product = format!("{home}/p/{}", text(&product["slug"]));
    let pages = vec![
        ("home", home.clone()),
        ("list", format!("{home}?products=all")),
        ("merchant", format!("{home}/m/{}", text(&merchant["slug"]))),
        ("collection", format!("{home}/c/{}", text(&collection["slug"]))),
        ("sheet", format!("{product}/print")),
        ("product", product),
        ("nation", "/en".to_owned()),
    ];
    (aggregator, pages)
}

#[tokio::test]
async fn pages_are_quiet_accessible_and_fit_every_screen() {
    let (aggregator, pages) = pages().await;
    let axe = tool("axe.min.js");
    let axe = std::fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{}: {error}", axe.display()));
    let shots = tool("axe.min.js").with_file_name("pages");
    std::fs::create_dir_all(&shots).expect("a folder for the pictures");
    let mut browser = Browser::start();
    for (name, path) in &pages {
        for width in [PHONE, DESK] {
            let wrong = browser.open(&format!("{}{path}", aggregator.world.visitor.address()), width);
            assert!(wrong.is_empty(), "{path} at {width}: {wrong:#?}");
            let wide = browser.run("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(u64::from(width)), "{path} at {width} is {wide} wide");
            let _ = browser.run(&format!("{axe}; true"));
            let scan = "axe.run({ resultTypes: ['violations'] }).then(r => r.violations.filter(v => \
                        ['serious', 'critical'].includes(v.impact)).map(v => [v.id, v.nodes.map(n => n.html)]))";
            assert_eq!(browser.run(scan), json!([]), "{path} at {width}");
            std::fs::write(shots.join(format!("{name}-{width}.png")), browser.picture()).expect("a picture");
        }
    }
}

#[tokio::test]
async fn all_of_a_page_is_reached_by_the_keyboard_and_shows_where_one_is() {
    let (aggregator, pages) = pages().await;
    let mut browser = Browser::start();
    for (_, path) in &pages {
        let _ = browser.open(&format!("{}{path}", aggregator.world.visitor.address()), DESK);
        let all =
            browser.run("document.querySelectorAll('a[href], button').length").as_u64().expect("a number");
        let mut reached = 0;
        for _ in 0..all {
            for kind in ["keyDown", "keyUp"] {
                let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
                let _ = browser.ask("Input.dispatchKeyEvent", key);
            }
            let shown = "(e => e !== document.body && getComputedStyle(e).outlineStyle !== 'none')(document.activeElement)";
            reached += u64::from(browser.run(shown) == Value::Bool(true));
        }
        assert_eq!(reached, all, "{path}");
    }
}

#[tokio::test]
async fn the_contact_button_leads_to_the_makers_whatsapp() {
    let (aggregator, pages) = pages().await;
    let (_, product) = pages.iter().find(|(name, _)| *name == "product").expect("a product's page");
    let mut browser = Browser::start();
    let _ = browser.open(&format!("{}{product}", aggregator.world.visitor.address()), PHONE);
    let _ = browser.ask("Fetch.enable", json!({ "patterns": [{ "urlPattern": "https://wa.me/*" }] }));
    let click = "document.querySelector('.contact button, a.contact, .contact a').click()";
    let _ = browser.run(click);
    let asked = browser.until("Fetch.requestPaused");
    let url = asked["request"]["url"].as_str().expect("an address");
    assert!(url.starts_with("https://wa.me/6281234567890?text=Halo"), "{url}");
}
