//! The public storefronts: `/v1/storefronts/{aggregator}` of one aggregator, `/v1/storefront` of the nation. Both have
//! one shape; the handlers of a pair differ in nothing but their path and their words.

mod changes;
mod collection;
mod contact;
mod detail;
mod facets;
mod feed;
mod home;
mod merchant;
mod nomination;
mod product;
mod search;
mod shop;
mod store;
mod suggest;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use contact::{UtmView, whatsapp};
pub(crate) use detail::{AttributeCard, CertificateCard, RelatedCard};
pub(crate) use feed::robots;
pub(crate) use shop::{conditional, tag};
pub(crate) use store::whose;
pub(crate) use views::{ChannelCard, ImageView, ProductCard, cards, image_views, page_url};

pub(crate) fn routes(config: &mut ServiceConfig) {
    // The most asked first: routes are tried in this order.
    product::routes(config);
    suggest::routes(config);
    home::routes(config);
    store::routes(config);
    merchant::routes(config);
    collection::routes(config);
    changes::routes(config);
    contact::routes(config);
    feed::routes(config);
    nomination::routes(config);
}
