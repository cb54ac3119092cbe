//! A product for search engines (schema.org), with its offer.

use kapal_persistence::ProductPage;
use serde_json::json;

use crate::Problem;
use crate::site::in_script;
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
