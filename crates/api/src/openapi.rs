//! The OpenAPI 3.1 document: made from the handlers' attributes, then completed with what follows from rules and would
//! only be repeated at each handler: path parameters, headers, error answers, examples, operation ids.

use std::collections::BTreeMap;

use kapal_domain::Code;
use kapal_domain::locale::Locale;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

/// What stands before the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kapal Induk",
        description = "Aggregator marketplace for Indonesian small merchants: onboarding, curation of featured products (mutiara), storefronts and WhatsApp contact. Times are UTC; money is a decimal text with its currency; lists are keyset pages; every failure is a problem (RFC 9457) with a code that `/errors/{code}` explains."
    ),
    components(schemas(crate::problem::ProblemView))
)]
struct Base;

/// Tags in the order of the documents, and what they hold.
const TAGS: &[(&str, &str)] = &[
    ("storefront", "Public: what a shop shows, for apps and pages. No login."),
    ("regions", "Reference data: the regions of Indonesia."),
    ("categories", "Reference data: what products are."),
    ("auth", "Login, tokens, passwords."),
    ("account", "One's own account, sessions and invitations."),
    ("platform", "The platform operator."),
    ("aggregator", "An aggregator and its settings."),
    ("members", "Who works for an aggregator."),
    ("merchants", "Small merchants (UMKM, the sekoci)."),
    ("channels", "Where a merchant is reached."),
    ("products", "Products, variants, pictures, translations."),
    ("curation", "From nomination to mutiara; collections and featured slots."),
    ("leads", "Contacts of buyers."),
    ("operations", "Health and version."),
    ("documents", "Keys and documents."),
];

/// The finished documents by file name, as they are served and committed.
#[must_use]
pub fn documents() -> BTreeMap<&'static str, String> {
    let (_, api) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(crate::routes)
        .split_for_parts();
    let mut whole = serde_json::to_value(&api).unwrap_or_default();
    finish(&mut whole);
    let staff = part(&whole, |path| !path.starts_with("/v1/storefront"));
    let storefront = part(&whole, |path| {
        ["/v1/storefront", "/v1/regions", "/v1/categories"].iter().any(|p| path.starts_with(p))
    });
    let partner =
        part(&whole, |path| path.starts_with("/v1/aggregators") || path.starts_with("/.well-known"));
    [("kapal.json", whole), ("staff.json", staff), ("storefront.json", storefront), ("partner.json", partner)]
        .map(|(name, document)| (name, format!("{document:#}\n")))
        .into()
}

fn finish(document: &mut Value) {
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["info"]["license"] =
        json!({ "name": "AGPL-3.0-or-later", "url": "https://www.gnu.org/licenses/agpl-3.0.html" });
    document["servers"] = json!([{ "url": "/", "description": "This server." }]);
    document["tags"] =
        TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect();
    document["components"]["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "An access token from `/v1/auth/login`. The scopes that an operation lists are the permissions that the role must have; `operator` means a platform operator, none means any account.",
    }});
    bound(document.pointer_mut("/components/schemas"));
    let schemas = document["components"]["schemas"].clone();
    document["components"]["responses"] = responses();
    if let Some(schema) = document.pointer_mut("/components/schemas/Problem/properties/code") {
        schema["enum"] = Code::ALL.iter().map(|code| json!(code.as_str())).collect();
    }
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(path, method, operation, &schemas);
        }
    }
}

/// What follows from an operation's path, method, body and security.
fn complete(path: &str, method: &str, operation: &mut Value, schemas: &Value) {
    let id = operation["operationId"].as_str().map(lower_camel);
    operation["operationId"] = json!(id);
    let is_public = operation.get("security").is_none();
    if is_public {
        operation["security"] = json!([]);
    }
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        if !parameters.iter().any(|p| p["in"] == "path" && p["name"] == name) {
            parameters.push(path_parameter(name));
        }
    }
    let has_body = operation.get("requestBody").is_some();
    let takes_key = matches!(method, "post" | "patch") && !path.starts_with("/v1/auth/");
    if takes_key {
        parameters.push(header(
            "Idempotency-Key",
            "A key of your choice, 1 to 255 visible characters: the same request with the same key has its effect once, and the same answer, for 24 hours.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            false,
        ));
    }
    let changes = is_change(method, operation);
    if changes {
        parameters.push(header(
            "If-Match",
            "The `ETag` of what the change was made from; `\"0\"` is never right.",
            json!({ "type": "string", "maxLength": 20 }),
            method != "put",
        ));
    }
    if method == "get" && operation.pointer("/responses/200").is_some() {
        parameters.push(header(
            "If-None-Match",
            "An `ETag` that you have: 304 when it is still the present one.",
            json!({ "type": "string", "maxLength": 200 }),
            false,
        ));
        operation["responses"]["304"] = json!({ "description": "You have the present state." });
    }
    for parameter in &mut parameters {
        bound(Some(&mut parameter["schema"]));
        if parameter["schema"].get("example").is_none() && parameter.get("example").is_none() {
            let example = example_of(&parameter["schema"], schemas, 0);
            parameter["example"] = example;
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    let mut statuses = vec![400, 500, 503];
    if !is_public {
        statuses.extend([401, 403]);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if method != "get" || !is_public {
        statuses.push(429);
    }
    if has_body {
        statuses.extend([413, 415, 422]);
    }
    if method != "get" {
        statuses.push(409);
    }
    if takes_key {
        statuses.push(422);
    }
    if changes {
        statuses.extend([412, 428]);
    }
    if path.ends_with("/media") {
        statuses.push(507);
    }
    for status in statuses {
        operation["responses"][status.to_string()] =
            json!({ "$ref": format!("#/components/responses/Problem{status}") });
    }
    sort(&mut operation["responses"]);
    add_examples(operation.pointer_mut("/requestBody/content"), schemas);
    for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        add_examples(response.pointer_mut("/content"), schemas);
    }
}

/// Whether the operation replaces or removes a thing that has a version; said by the extension that the handler's
/// attribute sets where it is not so.
fn is_change(method: &str, operation: &mut Value) -> bool {
    let unversioned = operation.as_object_mut().and_then(|o| o.shift_remove("x-unversioned")).is_some();
    matches!(method, "patch" | "delete" | "put") && !unversioned
}

fn path_parameter(name: &str) -> Value {
    let (schema, description, example) = match name {
        "aggregator" => (
            json!({ "type": "string", "maxLength": 80 }),
            "An aggregator's slug or id.",
            json!("ekraf-sulawesi"),
        ),
        _ if name.ends_with("_id") && name != "slug_or_id" => {
            let thing = name.trim_end_matches("_id").replace('_', " ");
            return json!({ "name": name, "in": "path", "required": true, "description": format!("Id of the {thing}."),
                "schema": { "type": "string", "format": "uuid" }, "example": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11" });
        }
        "slug_or_id" => {
            (json!({ "type": "string", "maxLength": 80 }), "Its slug or id.", json!("kopi-arabika-toraja"))
        }
        "locale" => (json!({ "type": "string", "enum": ["id", "en"] }), "The language.", json!("id")),
        _ => (json!({ "type": "string", "maxLength": 200 }), "Names it.", json!("whatsapp")),
    };
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example })
}

fn header(name: &str, description: &str, schema: Value, required: bool) -> Value {
    let example = match name {
        "Idempotency-Key" => "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11",
        _ => "\"3\"",
    };
    json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema, "example": example })
}

/// The shared answer of each error status, with the codes that it can have.
fn responses() -> Value {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        by_status.entry(code.status()).or_default().push(*code);
    }
    let mut responses = Map::new();
    for (status, codes) in by_status {
        let first = if status == 422 { Code::ValidationFailed } else { codes[0] };
        let names: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
        let retry = json!({ "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 0, "maximum": 3600 } } });
        let errors = if status == 422 {
            json!([{ "pointer": "/phone", "code": "invalid_phone", "detail": Code::InvalidPhone.title(Locale::En) }])
        } else {
            json!([])
        };
        let mut response = json!({
            "description": format!("{} Codes: {}.", first.title(Locale::En), names.join(", ")),
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": {
                    "type": format!("/errors/{first}"), "title": first.title(Locale::En), "status": status,
                    "detail": first.remedy(Locale::En), "instance": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11",
                    "code": first.as_str(), "errors": errors,
                },
            }},
        });
        if matches!(status, 429 | 503) {
            response["headers"] = retry;
        }
        responses.insert(format!("Problem{status}"), response);
    }
    Value::Object(responses)
}

/// Gives every text a length, every list a size and every whole number bounds, where the type says none itself.
fn bound(schema: Option<&mut Value>) {
    let Some(schema) = schema else { return };
    match schema {
        Value::Object(object) => {
            let kinds: Vec<String> = match object.get("type") {
                Some(Value::String(kind)) => vec![kind.clone()],
                Some(Value::Array(kinds)) => {
                    kinds.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect()
                }
                _ => Vec::new(),
            };
            let is = |kind: &str| kinds.iter().any(|k| k == kind);
            let has =
                |object: &Map<String, Value>, keys: &[&str]| keys.iter().any(|k| object.contains_key(*k));
            if is("string") && !has(object, &["maxLength", "pattern", "format", "enum"]) {
                object.insert("maxLength".into(), json!(5000));
            }
            if is("array") && !has(object, &["maxItems"]) {
                object.insert("maxItems".into(), json!(1000));
            }
            if is("integer") {
                let (least, most) = if object.get("format").is_some_and(|f| f == "int64") {
                    (json!(i64::MIN), json!(i64::MAX))
                } else {
                    (json!(i32::MIN), json!(i32::MAX))
                };
                object.entry("minimum").or_insert(least);
                object.entry("maximum").or_insert(most);
            }
            for (_, inner) in object.iter_mut().filter(|(key, _)| *key != "example" && *key != "enum") {
                bound(Some(inner));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| bound(Some(item))),
        _ => {}
    }
}

fn add_examples(content: Option<&mut Value>, schemas: &Value) {
    for (_, media) in content.and_then(Value::as_object_mut).into_iter().flatten() {
        if media.get("example").is_none() && media.get("schema").is_some() {
            media["example"] = example_of(&media["schema"], schemas, 0);
        }
    }
}

/// An example put together from those of the parts.
fn example_of(schema: &Value, schemas: &Value, depth: usize) -> Value {
    if depth > 12 {
        return Value::Null;
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(example) = schema.pointer("/examples/0").or(schema.pointer("/enum/0")) {
        return example.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return example_of(&schemas[name], schemas, depth + 1);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let real = schema[key].as_array().and_then(|options| options.iter().find(|o| o["type"] != "null"));
        if let Some(option) = real {
            return example_of(option, schemas, depth + 1);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|k| *k != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match (kind.as_str(), schema["format"].as_str()) {
        (Some("object"), _) => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(properties.map(|(k, v)| (k.clone(), example_of(v, schemas, depth + 1))).collect())
        }
        (Some("array"), _) => json!([example_of(&schema["items"], schemas, depth + 1)]),
        (Some("string"), Some("uuid")) => json!("019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"),
        (Some("string"), Some("date-time")) => json!("2026-11-24T03:00:00Z"),
        (Some("string"), Some("binary")) => json!("(the file)"),
        (Some("string"), _) => json!("text"),
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        _ => Value::Null,
    }
}

fn sort(object: &mut Value) {
    if let Some(map) = object.as_object_mut() {
        map.sort_keys();
    }
}

fn lower_camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The document of some paths, with the schemas and tags that they use.
fn part(whole: &Value, belongs: impl Fn(&str) -> bool) -> Value {
    let mut document = whole.clone();
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.retain(|path, _| belongs(path));
    }
    let mut used: Vec<String> = Vec::new();
    let mut text = document["paths"].to_string();
    loop {
        let before = used.len();
        for kind in ["schemas", "responses"] {
            for (name, component) in whole["components"][kind].as_object().into_iter().flatten() {
                let key = format!("#/components/{kind}/{name}");
                if !used.contains(&key) && text.contains(&format!("\"{key}\"")) {
                    text.push_str(&component.to_string());
                    used.push(key);
                }
            }
        }
        if used.len() == before {
            break;
        }
    }
    for kind in ["schemas", "responses"] {
        if let Some(components) = document["components"][kind].as_object_mut() {
            components.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
        }
    }
    let paths = document["paths"].clone();
    let operations = || {
        paths.as_object().into_iter().flatten().flat_map(|(_, item)| item.as_object().into_iter().flatten())
    };
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.retain(|tag| {
            operations().any(|(_, op)| op["tags"].as_array().is_some_and(|t| t.contains(&tag["name"])))
        });
    }
    document
}
