//! A product for search engines (schema.org), as two elements: the product with its offer, and where it stands.

use kapal_persistence::ProductPage;
use serde_json::{Value, json};

use crate::Problem;
use crate::storefront::ImageView;

/// The product. Without a price above zero there is no offer: search engines refuse one.
pub(super) fn product(page: &ProductPage, images: &[ImageView], url: &str) -> Result<String, Problem> {
    let product = &page.product;
    let price = product.price()?;
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": url,
        "name": product.name,
        "description": product.description,
        "image": images.iter().map(|image| image.url.as_str()).collect::<Vec<_>>(),
        "brand": { "@type": "Brand", "name": product.merchant_name },
        "category": product.category_name,
        "countryOfOrigin": page.details.origin_country.as_deref().unwrap_or("ID"),
    });
    if price.minor() > 0 {
        let stock = if product.available { "InStock" } else { "OutOfStock" };
        data["offers"] = json!({
            "@type": "Offer",
            "price": price.to_decimal(),
            "priceCurrency": product.currency,
            "availability": format!("https://schema.org/{stock}"),
            "url": url,
            "seller": { "@type": "Organization", "name": product.merchant_name },
        });
    }
    if let Some(sku) = page.variants.iter().find_map(|variant| variant.sku.as_deref()) {
        data["sku"] = json!(sku);
    }
    if let Some(gtin) = page.variants.iter().find_map(|variant| variant.barcode.as_deref()) {
        data["gtin"] = json!(gtin);
    }
    Ok(in_script(&data))
}

/// Where the product stands: from its aggregator by its categories to itself.
pub(super) fn breadcrumbs(page: &ProductPage, url: &str) -> String {
    let names =
        std::iter::once(&page.product.aggregator_name).chain(page.crumbs.iter().map(|crumb| &crumb.name));
    let mut items: Vec<_> = (1..)
        .zip(names)
        .map(|(position, name)| json!({ "@type": "ListItem", "position": position, "name": name }))
        .collect();
    let last =
        json!({ "@type": "ListItem", "position": items.len() + 1, "name": page.product.name, "item": url });
    items.push(last);
    in_script(&json!({
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": items,
    }))
}

/// No `<` is left, so that no text can end the element.
fn in_script(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}
