//! The OpenAPI document: served, committed and complete.

use std::collections::BTreeSet;
use std::path::Path;

use kapal_tests::{Client, Cluster, Document};
use serde_json::Value;

fn visitor() -> Client {
    Client::new(&Cluster::get().server)
}

#[tokio::test]
async fn the_committed_documents_are_those_that_are_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi");
    for name in ["kapal.json", "staff.json", "storefront.json", "partner.json"] {
        let served = visitor().get(&format!("/openapi/{name}")).await.expect(200);
        let committed = std::fs::read(folder.join(name)).unwrap_or_default();
        assert!(served.body == committed, "openapi/{name} differs from what is served: make openapi");
    }
    let whole = visitor().get("/openapi.json").await.expect(200);
    assert_eq!(whole.text(), visitor().get("/openapi/kapal.json").await.expect(200).text());
    assert_eq!(whole.json["openapi"].as_str().map(|v| &v[..3]), Some("3.1"));
}

#[tokio::test]
async fn every_operation_is_described() {
    let document = Document::of(&visitor()).await;
    let tags: BTreeSet<_> =
        document.0["tags"].as_array().expect("tags").iter().map(|t| t["name"].clone().to_string()).collect();
    let mut ids = BTreeSet::new();
    for operation in document.operations() {
        let value = &operation.value;
        for key in ["summary", "description"] {
            assert!(value[key].as_str().is_some_and(|text| text.len() > 3), "{operation} has no {key}");
        }
        assert_ne!(value["summary"], value["description"], "{operation}");
        let id = &operation.id;
        let is_camel =
            id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(is_camel, "{operation}: operationId {id}");
        assert!(ids.insert(id.clone()), "{operation}: {id} is taken");
        let own = value["tags"].as_array().expect("tags");
        assert!(own.len() == 1 && tags.contains(&own[0].to_string()), "{operation}: tags {own:?}");
        assert!(value["security"].is_array(), "{operation} says nothing about security");
    }
}

#[tokio::test]
async fn every_body_has_an_example_and_every_failure_its_problem() {
    let document = Document::of(&visitor()).await;
    for operation in document.operations() {
        let value = &operation.value;
        for (kind, content) in
            value.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten()
        {
            assert!(content.get("example").is_some(), "{operation}: no example of {kind}");
        }
        let responses = value["responses"].as_object().expect("responses");
        assert!(
            responses.keys().any(|status| status.starts_with('2') || status.starts_with('3')),
            "{operation}"
        );
        for (status, response) in responses {
            let content = response.get("content").and_then(Value::as_object).into_iter().flatten();
            for (kind, content) in content.filter(|(kind, _)| kind.contains("json")) {
                assert!(content.get("example").is_some(), "{operation} {status}: no example of {kind}");
            }
            if status.starts_with(['4', '5']) {
                let shared = format!("#/components/responses/Problem{status}");
                assert_eq!(response["$ref"], shared, "{operation}");
                assert!(document.0.pointer(&shared[1..]).is_some(), "{operation}: {shared} is missing");
            }
        }
        let mut needed = vec!["500", "503"];
        if operation.scopes().is_some() {
            needed.extend(["401", "403"]);
        }
        if !operation.parameters().is_empty() {
            needed.push("404");
        }
        if operation.example().is_some() {
            needed.extend(["400", "413", "415", "422"]);
        }
        for status in needed {
            assert!(responses.contains_key(status), "{operation} does not tell of {status}");
        }
    }
}

#[tokio::test]
async fn every_text_list_and_number_is_bounded() {
    fn walk(at: &str, schema: &Value) {
        let Some(object) = schema.as_object() else {
            for (n, item) in schema.as_array().into_iter().flatten().enumerate() {
                walk(&format!("{at}/{n}"), item);
            }
            return;
        };
        let is = |kind: &str| {
            schema["type"] == kind || schema["type"].as_array().is_some_and(|k| k.iter().any(|k| k == kind))
        };
        let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        assert!(
            !is("string") || has(&["maxLength", "pattern", "format", "enum", "const"]),
            "{at} has no length"
        );
        assert!(!is("array") || has(&["maxItems"]), "{at} has no maxItems");
        assert!(!is("integer") || (has(&["minimum"]) && has(&["maximum"])), "{at} has no bounds");
        for (key, value) in object
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "example" | "examples" | "enum" | "default"))
        {
            walk(&format!("{at}/{key}"), value);
        }
    }
    let document = Document::of(&visitor()).await;
    walk("", &document.0["components"]["schemas"]);
    for operation in document.operations() {
        walk(&operation.to_string(), &operation.value["parameters"]);
        walk(&operation.to_string(), &operation.value["requestBody"]);
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk(whole: &Value, value: &Value) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(whole.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
        }
        match value {
            Value::Object(object) => object.values().for_each(|value| walk(whole, value)),
            Value::Array(items) => items.iter().for_each(|value| walk(whole, value)),
            _ => {}
        }
    }
    for name in ["kapal.json", "staff.json", "storefront.json", "partner.json"] {
        let document = visitor().get(&format!("/openapi/{name}")).await.json(200);
        walk(&document, &document);
    }
}

#[tokio::test]
async fn every_code_has_a_page_in_both_languages() {
    let document = Document::of(&visitor()).await;
    let codes = document.0.pointer("/components/schemas/Problem/properties/code/enum").expect("codes");
    for code in codes.as_array().expect("a list") {
        let path = format!("/errors/{}", code.as_str().expect("a text"));
        let [id, en] = ["id", "en"].map(|language| visitor().get(&path).header("Accept-Language", language));
        let (id, en) = (id.await.expect(200), en.await.expect(200));
        assert!(id.text().contains("lang=\"id\"") && en.text().contains("lang=\"en\""), "{path}");
        assert_eq!(id.header("content-language"), "id", "{path}");
    }
    visitor().get("/errors/no_such_code").await.problem(404, "not_found");
}

#[tokio::test]
async fn the_reference_page_works_without_any_outside_host() {
    let page = visitor().get("/docs/").await.expect(200);
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.text().contains(attribute), "{page}");
    }
    assert_eq!(visitor().get("/docs").await.header("location"), "/docs/");
}

/// Both come from the same attribute; what is registered beside it is on this list.
#[tokio::test]
async fn the_routes_of_the_source_are_those_of_the_document() {
    const BESIDE: &[&str] = &[
        "/openapi",
        "/errors",
        "/.well-known",
        "/docs",
        "/assets",
        "/{locale",
        "/go",
        "/metrics",
        "/verify",
        "/robots.txt",
    ];
    let document = Document::of(&visitor()).await;
    let documented: BTreeSet<String> = document.operations().iter().map(ToString::to_string).collect();
    let mut written = BTreeSet::new();
    crate::workspace::visit(&crate::workspace::root().join("crates/api/src"), &mut |_, text| {
        for line in text.lines().map(str::trim) {
            let found = line.strip_prefix("#[").and_then(|line| line.split_once("(\""));
            let Some((method, rest)) = found else { continue };
            if matches!(method, "get" | "post" | "put" | "patch" | "delete") {
                let path = rest.split('"').next().unwrap_or_default();
                if !BESIDE.iter().any(|beside| path.starts_with(beside)) && path != "/" {
                    written.insert(format!("{} {path}", method.to_uppercase()));
                }
            }
        }
    });
    assert_eq!(written, documented);
}
