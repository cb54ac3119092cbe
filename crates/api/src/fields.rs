//! `fields=`: of what a storefront answers, only these. The names that there are come from the document.

use std::collections::BTreeSet;

use kapal_persistence::Answer;
use serde_json::Value;

/// Where the fields of an answer stand: those of the things that it lists, else its own.
const LISTS: [&str; 2] = ["data", "changes"];

/// The fields that an operation's answer can be narrowed to; None where it can't.
pub(crate) fn fields_of(
    path: &str,
    method: &str,
    operation: &Value,
    schemas: &Value,
) -> Option<BTreeSet<String>> {
    if method != "get" || !path.starts_with("/v1/storefront") {
        return None;
    }
    let whole = operation.pointer("/responses/200/content/application~1json/schema")?;
    let things = LISTS.iter().find_map(|list| Some((*list, property(whole, list, schemas)?)));
    let things = things.and_then(|(list, schema)| Some((list, schema.get("items")?)));
    let mut names = BTreeSet::new();
    match things {
        // What is told of a thing that changed.
        Some(("changes", change)) => collect(property(change, "data", schemas)?, schemas, &mut names),
        Some((_, thing)) => collect(thing, schemas, &mut names),
        None => collect(whole, schemas, &mut names),
    }
    Some(names)
}

/// The schemas that one stands for: what it refers to, its parts, its alternatives.
fn meant<'a>(schema: &'a Value, schemas: &'a Value) -> Vec<&'a Value> {
    let named = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    named.map(|name| &schemas[name]).into_iter().chain(parts).collect()
}

fn property<'a>(schema: &'a Value, name: &str, schemas: &'a Value) -> Option<&'a Value> {
    let own = schema["properties"].get(name);
    own.or_else(|| meant(schema, schemas).into_iter().find_map(|part| property(part, name, schemas)))
}

fn collect(schema: &Value, schemas: &Value, names: &mut BTreeSet<String>) {
    names.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    meant(schema, schemas).into_iter().for_each(|part| collect(part, schemas, names));
}

/// The answer with these fields alone.
pub(crate) fn narrowed(answer: Answer, fields: &[String]) -> Answer {
    let Ok(mut whole) = serde_json::from_str::<Value>(&answer.body) else { return answer };
    let list = LISTS.into_iter().find(|list| whole[*list].is_array());
    match list.and_then(|list| Some((list, whole.get_mut(list)?.as_array_mut()?))) {
        Some(("changes", changes)) => {
            changes
                .iter_mut()
                .filter_map(|change| change.get_mut("data"))
                .for_each(|thing| keep(thing, fields));
        }
        Some((_, things)) => things.iter_mut().for_each(|thing| keep(thing, fields)),
        None => keep(&mut whole, fields),
    }
    Answer { body: whole.to_string(), ..answer }
}

fn keep(thing: &mut Value, fields: &[String]) {
    if let Some(thing) = thing.as_object_mut() {
        thing.retain(|name, _| fields.iter().any(|field| field == name));
    }
}
