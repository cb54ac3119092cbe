//! Pages for people: made on the server, without scripts, for phones of any age, for link previews and for printing. The
//! product's own page is `product_page.rs`; it stands in the same shell.

mod address;
mod card;
mod collection;
mod home;
mod json_ld;
mod listing;
mod merchant;
mod poster;
mod sheet;
mod shelf;
mod shell;
mod tile;
mod visit;
mod words;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};

use kapal_domain::Code;
use kapal_pictures::TooLong;

use crate::answer::Answered;
use crate::{Problem, envelope};

pub(crate) use address::Subject;
pub(crate) use json_ld::{crumbs, in_script};
pub(crate) use poster::{FORMS, Shared};
pub(crate) use sheet::{Sheet, SheetHtml};
pub(crate) use shell::{About, SharedPicture, Shell};
pub(crate) use visit::{Visit, missing};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(root);
    card::routes(config);
    home::routes(config);
    merchant::routes(config);
    collection::routes(config);
    sheet::routes(config);
    poster::routes(config);
}

/// Links of ours are far shorter than a QR code holds.
pub(crate) fn too_long(error: TooLong) -> Problem {
    tracing::error!(%error, "a page's link makes no QR code");
    Code::Internal.into()
}

/// Whatever else is asked for among the pages: registered last.
pub(crate) fn rest(config: &mut web::ServiceConfig) {
    config.service(nothing_here);
}

#[get("/")]
async fn root(request: HttpRequest) -> HttpResponse {
    let locale = envelope::locale(&request);
    HttpResponse::Found()
        .insert_header((header::LOCATION, format!("/{locale}")))
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::VARY, "Accept-Language"))
        .finish()
}

#[get("/{locale:id|en}/{aggregator}/{rest:.*}")]
async fn nothing_here(visit: Visit) -> Answered {
    visit.missing().await
}
