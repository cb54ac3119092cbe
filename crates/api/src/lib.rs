//! The REST API: extractors that carry the permission, handlers of a few lines, views, problems, and the OpenAPI
//! document made from the same attributes as the routes. This crate does not see the database driver.

// What every request passes, and what handlers are made of.
mod access;
mod answer;
mod csv;
mod documents;
mod envelope;
mod gate;
mod http;
mod json;
mod limits;
mod openapi;
mod page;
mod password;
mod path;
mod problem;
mod query;
mod state;
mod texts;
mod theme;
mod token;
mod views;

// The things, one file per noun.
mod account;
mod action_item;
mod aggregator;
mod audit;
mod auth;
mod bank_account;
mod category;
mod category_attribute;
mod category_gate;
mod change_request;
mod channel;
mod collection;
mod collection_rule;
mod consent;
mod enrolment;
mod export;
mod fairness;
mod featured;
mod file;
mod health;
mod hero;
mod indicator;
mod invitation;
mod lead;
mod legality;
mod level;
mod media;
mod member;
mod merchant;
mod nomination;
mod onboarding;
mod own_consent;
mod pii;
mod platform;
mod privacy_request;
mod product;
mod product_page;
mod programme;
mod progress;
mod region;
mod rubric;
mod search;
mod slot;
mod storefront;
mod sync;
mod variant;
mod verify_page;
mod visit;

pub use access::{Account, Anyone, Operator, Staff};
pub use envelope::envelope;
pub use http::serve;
pub use limits::Limits;
pub use openapi::{documents, errors_page};
pub use password::judge_password;
pub use problem::Problem;
pub use state::{App, PIXELS_MIB};
pub use token::Tokens;

use utoipa_actix_web::service_config::ServiceConfig;

/// Every route of the service. What is registered here is in the OpenAPI document, since both come from one attribute.
pub fn routes(config: &mut ServiceConfig) {
    // First: routes are tried in this order, and most requests are for storefronts.
    storefront::routes(config);
    account::routes(config);
    action_item::routes(config);
    aggregator::routes(config);
    audit::routes(config);
    auth::routes(config);
    bank_account::routes(config);
    category::routes(config);
    change_request::routes(config);
    channel::routes(config);
    collection::routes(config);
    collection_rule::routes(config);
    consent::routes(config);
    category_attribute::routes(config);
    category_gate::routes(config);
    enrolment::routes(config);
    export::routes(config);
    featured::routes(config);
    file::routes(config);
    health::routes(config);
    hero::routes(config);
    fairness::routes(config);
    indicator::routes(config);
    invitation::routes(config);
    lead::routes(config);
    legality::routes(config);
    level::routes(config);
    media::routes(config);
    member::routes(config);
    pii::routes(config);
    merchant::routes(config);
    nomination::routes(config);
    onboarding::routes(config);
    own_consent::routes(config);
    platform::routes(config);
    privacy_request::routes(config);
    product::routes(config);
    programme::routes(config);
    progress::routes(config);
    region::routes(config);
    rubric::routes(config);
    search::routes(config);
    slot::routes(config);
    sync::routes(config);
    variant::routes(config);
    visit::routes(config);
}
