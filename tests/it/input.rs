//! Bad input, at every operation of the document: each gets its documented problem, never a 500.

use kapal_tests::{Aggregator, Call, Client, Document, Operation, World};
use serde_json::{Value, json};

/// What only the server sets, wherever it stands.
const SET_BY_THE_SERVER: &[&str] = &[
    "id",
    "aggregator_id",
    "status",
    "version",
    "created_at",
    "updated_at",
    "verified_at",
    "is_mutiara",
    "rating",
];

struct Everybody {
    world: World,
    aggregator: Aggregator,
    document: Document,
}

impl Everybody {
    async fn new() -> Self {
        let world = World::new().await;
        let aggregator = world.aggregator().await;
        let document = Document::of(&world.visitor).await;
        Self { world, aggregator, document }
    }

    /// Somebody who may do it.
    fn actor(&self, operation: &Operation) -> &Client {
        match operation.scopes() {
            None => &self.world.visitor,
            Some(scopes) if scopes == ["operator"] => &self.world.operator,
            Some(_) => &self.aggregator.owner,
        }
    }

    /// The operation on things that are not there.
    fn call(&self, operation: &Operation, query: &str) -> Call {
        let path = operation.at(|name| match name {
            "aggregator" => self.aggregator.slug.clone(),
            "kind" => "whatsapp".into(),
            "locale" => "id".into(),
            "slug_or_id" => "tiada".into(),
            _ => uuid::Uuid::now_v7().to_string(),
        });
        self.actor(operation).call(&operation.method, &format!("{path}{query}")).header("If-Match", "\"1\"")
    }

    fn with_json(&self) -> Vec<(Operation, Value)> {
        let operations = self.document.operations().into_iter();
        operations.filter_map(|o| o.example().map(|example| (o, example))).collect()
    }
}

#[tokio::test]
async fn what_the_server_sets_cannot_be_sent() {
    let all = Everybody::new().await;
    for (operation, example) in all.with_json() {
        let taken = kapal_tests::properties(&all.document.body_schema(&operation).expect("a schema"));
        let mut names = all.document.answered_properties(&operation);
        names.extend(SET_BY_THE_SERVER.iter().map(|name| (*name).to_owned()));
        names.retain(|name| !taken.contains(name));
        names.sort();
        names.dedup();
        let mut body = example.as_object().cloned().unwrap_or_default();
        body.extend(names.iter().map(|name| (name.clone(), json!("x"))));
        let problem = all.call(&operation, "").json(&json!(body)).await.problem(422, "validation_failed");
        for name in names {
            let pointer = format!("/{name}");
            let faults = problem["errors"].as_array().expect("errors");
            let fault = faults.iter().find(|fault| fault["pointer"] == pointer);
            let code = fault.map(|fault| fault["code"].as_str().unwrap_or_default());
            assert!(
                matches!(code, Some("unknown_field" | "read_only_field")),
                "{operation} says nothing of {pointer}: {problem}"
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_query_parameter_is_refused() {
    let all = Everybody::new().await;
    let mut taken = Vec::new();
    for operation in all.document.operations() {
        // Carriers add what they like to the address of a feed.
        let is_feed = operation.path.contains("/feeds/") || operation.path.ends_with("/sitemap.xml");
        if !operation.path.starts_with("/v1/") || is_feed {
            continue;
        }
        let call = all.call(&operation, "?tiada_parameter=1");
        let call = match operation.example() {
            Some(body) => call.json(&body),
            None if operation.takes_file() => call.file("foto.jpg", kapal_tests::photo(200, 200)),
            None => call,
        };
        let reply = call.await;
        if (reply.status, reply.code()) != (400, "unknown_parameter") {
            taken.push(reply.to_string());
        }
    }
    assert!(taken.is_empty(), "{} operations:\n{}", taken.len(), taken.join("\n"));
}

/// The body once for each object in it, with that object's values as an array, and where it stands.
fn with_arrays_for_objects(body: &Value) -> Vec<(String, Value)> {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.push(at.to_owned());
                fields.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, value)| pointers(value, &format!("{at}/{n}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    pointers(body, "", &mut found);
    let swapped = found.into_iter().map(|pointer| {
        let mut body = body.clone();
        if let Some(place) = body.pointer_mut(&pointer)
            && let Value::Object(fields) = place.take()
        {
            *place = fields.into_iter().map(|(_, value)| value).collect();
        }
        (pointer, body)
    });
    swapped.collect()
}

/// Which change of a sync a pointer into its `data` is about, and the pointer within that change.
fn in_a_change(pointer: &str) -> Option<(usize, String)> {
    let (at, inner) = pointer.strip_prefix("/changes/")?.split_once("/data")?;
    Some((at.parse().ok()?, format!("/data{inner}")))
}

#[tokio::test]
async fn an_array_of_its_fields_is_no_object_at_any_depth() {
    let all = Everybody::new().await;
    for (operation, example) in all.with_json() {
        for (pointer, body) in with_arrays_for_objects(&example) {
            let reply = all.call(&operation, "").json(&body).await;
            // In a sync each change is refused for itself.
            let (problem, pointer) = match in_a_change(&pointer).filter(|_| operation.id == "sync") {
                Some((at, inner)) => (reply.json(200)["results"][at]["problem"].clone(), inner),
                None => (reply.problem(422, "validation_failed"), pointer),
            };
            let fault = &problem["errors"][0];
            assert_eq!(
                (&fault["pointer"], &fault["code"]),
                (&json!(pointer), &json!("wrong_type")),
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let all = Everybody::new().await;
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let deeper = format!("{{\"name\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 7] = [
        b"{",
        b"{]",
        b"nope",
        b"{\"name\": \xff\xfe}",
        b"{\"name\": \"\xc3\x28\"}",
        deep.as_bytes(),
        deeper.as_bytes(),
    ];
    for (operation, _) in all.with_json() {
        for body in bodies {
            all.call(&operation, "").body("application/json", body).await.problem(400, "malformed_json");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            all.call(&operation, "").body(kind, "{\"name\": 1}").await.problem(415, "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let all = Everybody::new().await;
    for (operation, _) in all.with_json() {
        for body in [json!([]), json!("text"), json!(1), json!(true), json!(null)] {
            let reply = all.call(&operation, "").json(&body).await;
            assert!(matches!(reply.status, 400 | 422), "{reply}");
            reply.is_problem();
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let all = Everybody::new().await;
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat(10_000_000));
    for (operation, _) in all.with_json() {
        // A server that refuses before it has read everything may close the connection under the sender.
        if let Some(reply) = all.call(&operation, "").body("application/json", large.clone()).try_send().await
        {
            reply.problem(413, "payload_too_large");
        }
    }
    let _ = all.world.visitor.get("/healthz").await.expect(200);
}

/// Every field in turn gets what it can't be.
#[tokio::test]
async fn a_field_of_another_type_or_with_forbidden_characters_is_named() {
    let all = Everybody::new().await;
    let odd = [
        json!({ "x": { "y": 1 } }),
        json!([[1]]),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}x"),
        json!("\u{feff}"),
        json!("x".repeat(100_000)),
        json!(""),
        json!("\u{1}\u{7f}"),
        json!("😀".repeat(300)),
        json!("' OR 1=1 --"),
        json!("{{7*7}}"),
        json!("../../etc/passwd"),
    ];
    for (operation, example) in all.with_json() {
        let schema = all.document.body_schema(&operation).expect("a schema");
        for name in kapal_tests::properties(&schema) {
            for value in &odd {
                let mut body = example.clone();
                body[&name] = value.clone();
                let reply = all.call(&operation, "").json(&body).await;
                assert!(reply.status < 500, "{operation} {name}: {reply}");
                if reply.status >= 400 {
                    reply.is_problem();
                }
                let is_wrong = value.is_object() || value.as_str().is_some_and(|text| text.contains('\0'));
                let is_free = schema["properties"][&name]["type"] == "object"
                    || schema["properties"][&name].get("$ref").is_some();
                // A password that can be none is a wrong password.
                let is_secret = name.contains("password") && reply.status == 401;
                if is_wrong && !is_free && !is_secret && operation.scopes().is_some() {
                    assert_eq!(reply.status, 422, "{operation} {name}: {reply}");
                }
            }
        }
    }
}

/// Whether a path with parameters takes whatever is at another path.
fn covers(general: &str, path: &str) -> bool {
    let (general, path): (Vec<_>, Vec<_>) = (general.split('/').collect(), path.split('/').collect());
    general.len() == path.len() && general.iter().zip(&path).all(|(g, p)| g.starts_with('{') || g == p)
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_405_with_those_that_it_knows() {
    let all = Everybody::new().await;
    let operations = all.document.operations();
    for operation in &operations {
        let known: Vec<_> =
            operations.iter().filter(|o| o.path == operation.path).map(|o| o.method.as_str()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if known.contains(&method) || (method == "GET" && known.contains(&"HEAD")) {
                continue;
            }
            // What is named by itself may also be read as an id by the path beside it, as `accept` of change requests.
            if operations.iter().any(|o| o.method == method && covers(&o.path, &operation.path)) {
                continue;
            }
            let path = operation.at(|name| match name {
                "locale" => "id".into(),
                "kind" => "whatsapp".into(),
                _ => uuid::Uuid::now_v7().to_string(),
            });
            let reply = all.world.visitor.call(method, &path).await;
            let allowed: Vec<_> = reply.header("allow").split(", ").map(str::to_owned).collect();
            reply.clone().problem(405, "method_not_allowed");
            for method in &known {
                assert!(allowed.iter().any(|allowed| allowed == method), "{reply} allows {allowed:?}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_problems_too() {
    let visitor = Everybody::new().await.world.visitor;
    for path in [
        "/v1",
        "/v1/",
        "/v1/tiada",
        "/v2/regions",
        "/v1/regions/",
        "/..%2f..%2fetc/passwd",
        "/v1/%00",
        "/%ff",
    ] {
        let reply = visitor.get(path).await;
        assert!(matches!(reply.status, 400 | 404), "{reply}");
        reply.is_problem();
    }
}

#[tokio::test]
async fn every_answer_bears_the_safety_headers_and_a_request_id() {
    let all = Everybody::new().await;
    for operation in all.document.operations() {
        let reply = all.call(&operation, "").header("X-Request-Id", "uji-123").await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{reply}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{reply}");
        assert_eq!(reply.header("x-request-id"), "uji-123", "{reply}");
        assert_eq!(reply.header("server"), "", "{reply}");
        assert!(!reply.header("cache-control").is_empty(), "{reply}");
        if operation.scopes().is_some() {
            assert_eq!(reply.header("cache-control"), "private, no-store", "{reply}");
            assert!(
                !reply.header("ratelimit").is_empty() && !reply.header("ratelimit-policy").is_empty(),
                "{reply}"
            );
        }
    }
    let odd = all.world.visitor.get("/healthz").header("X-Request-Id", "a b\"c").await;
    assert_ne!(odd.header("x-request-id"), "a b\"c");
    assert_eq!(odd.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn a_nul_in_a_path_names_nothing() {
    let world = World::new().await;
    for path in ["/v1/storefronts/a%00b", "/v1/storefronts/x/products/%00", "/v1/aggregators/a%00/merchants"]
    {
        world.operator.get(path).await.problem(404, "not_found");
    }
}
