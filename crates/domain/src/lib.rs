//! The values, states and rules of Kapal Induk. No IO, no clock, no async: everything here is a function of its
//! arguments, so that a rule is read in one place and tested without a database.

pub mod action_item;
pub mod aggregator;
pub mod audit;
pub mod bank_account;
pub mod category;
pub mod certificate;
pub mod channel;
pub mod code;
pub mod collection;
mod crockford;
pub mod day;
pub mod event;
pub mod faults;
pub mod file;
pub mod gate;
pub mod hero;
pub mod ids;
pub mod lead;
pub mod legality;
pub mod level;
pub mod locale;
pub mod media;
pub mod merchant;
pub mod money;
pub mod nomination;
pub mod onboarding;
pub mod permission;
pub mod personal;
pub mod phone;
pub mod privacy;
pub mod product;
pub mod profile;
pub mod programme;
pub mod region;
pub mod rotation;
pub mod rubric;
pub mod slot;
pub mod slug;
pub mod sync;
pub mod text;
pub mod user;
pub mod video;
pub mod visit;

pub use code::{Code, Refusal};
pub use faults::{Fault, Faults};
