//! What search engines read of a page (schema.org).

use serde_json::{Value, json};

/// Where a page stands: names from the top to itself, each with its address.
pub(crate) fn crumbs<'a>(steps: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let items: Vec<_> = (1..)
        .zip(steps)
        .map(|(position, (name, url))| {
            json!({ "@type": "ListItem", "position": position, "name": name, "item": url })
        })
        .collect();
    in_script(&json!({
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": items,
    }))
}

/// What a page lists, in its order.
pub(super) fn list<'a>(urls: impl IntoIterator<Item = &'a str>) -> Value {
    let items: Vec<_> = (1..)
        .zip(urls)
        .map(|(position, url)| json!({ "@type": "ListItem", "position": position, "url": url }))
        .collect();
    json!({ "@type": "ItemList", "numberOfItems": items.len(), "itemListElement": items })
}

/// No `<` is left, so that no text can end the element.
pub(crate) fn in_script(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}
