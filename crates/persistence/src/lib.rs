//! The database, and the only ways to it: handles that are each one transaction and one PostgreSQL role. A handle
//! carries its tenant and actor, so that a query without them can't be written outside this crate.

// The ways to the database.
mod data_key;
mod db;
mod error;
mod heads;
mod idempotency;
mod identity;
mod keys;
mod log;
mod migrate;
mod objects;
mod operator;
mod page;
mod sql;
mod statement;
mod stored;
mod subject_key;
mod tenant;
mod transaction;
mod tx;

// The things, one file per noun.
mod account_data;
mod action_item;
mod agenda;
mod aggregator;
mod audit;
mod bank_account;
mod category;
mod category_attribute;
mod certificate;
mod channel;
mod collection;
mod collection_rule;
mod concerned;
mod consent;
mod enrolment;
mod featured;
mod file;
mod gate;
mod held;
mod hero;
mod indicator;
mod invitation;
mod lead;
mod legality;
mod level;
mod mail;
mod media;
mod membership;
mod merchant;
mod merchant_list;
mod nation_log;
mod nomination;
mod objection;
mod onboarding;
mod own_consent;
mod password;
mod personal_facts;
mod pii;
mod privacy_request;
mod product;
mod profile;
mod programme;
mod progress;
mod projection;
mod region;
mod restriction;
mod rotation;
mod rubric;
mod scale;
mod search;
mod session;
mod signing_key;
mod slot;
mod storefront;
mod sync;
mod throttle;
mod turn;
mod user;
mod visit;

pub use db::{Db, Urls};
pub use error::{Error, Result};
pub use heads::Heads;
pub use idempotency::{Answer, Claim, KeyClaim};
pub use identity::{Access, IdentityTx, Membership};
pub use keys::{Secret, Vault, hex, random, sha256};
pub use log::{Change, Subject};
pub use migrate::{create_database, migrate, pending, revert, role_password};
pub use objects::{BucketSettings, Objects, PictureFile};
pub use operator::OperatorTx;
pub use page::{Cursor, CursorValue, Page};
pub use tenant::{Actor, Scope, TenantTx};
pub use transaction::Transaction;
pub use tx::{Restricted, Tx};

pub use account_data::ABOUT_USERS;
pub use action_item::*;
pub use agenda::*;
pub use aggregator::*;
pub use audit::*;
pub use bank_account::*;
pub use category::*;
pub use category_attribute::*;
pub use certificate::*;
pub use channel::*;
pub use collection::*;
pub use consent::*;
pub use enrolment::*;
pub use featured::*;
pub use file::*;
pub use gate::*;
pub use held::{HELD, HOLDING_NOTHING, Held};
pub use hero::*;
pub use indicator::*;
pub use invitation::*;
pub use lead::*;
pub use legality::*;
pub use level::*;
pub use mail::*;
pub use media::*;
pub use membership::*;
pub use merchant::*;
pub use merchant_list::MerchantFilter;
pub use nomination::*;
pub use onboarding::*;
pub use password::*;
pub use pii::*;
pub use privacy_request::*;
pub use product::*;
pub use profile::*;
pub use programme::*;
pub use progress::*;
pub use region::{RegionFilter, RegionRow};
pub use rotation::*;
pub use rubric::RubricVersion;
pub use scale::*;
pub use search::*;
pub use session::*;
pub use signing_key::SigningKey;
pub use slot::*;
pub use storefront::*;
pub use sync::{ActionItemChange, ChangeOutcome, PhoneChange, VisitChange};
pub use throttle::*;
pub use user::*;
pub use visit::*;

/// More words than these make no search narrower in practice, and each costs a look at every row.
pub(crate) const MAX_WORDS: usize = 12;

/// The number that a slug gets which is taken: 2, 3, 4, then ones that nobody else tries at the same time.
pub(crate) fn suffix(attempt: u32) -> u32 {
    if attempt <= 4 { attempt } else { 1_000 + u32::from_be_bytes(random()) % 1_000_000 }
}
