//! One binary, one file per context.

mod audit;
mod catalogue;
mod cursor;
mod document;
mod etag;
mod idempotency;
mod input;
mod invitation;
mod isolation;
mod lead;
mod login;
mod main_job;
mod matrix;
mod media;
mod member;
mod merchant;
mod migration;
mod nomination;
mod product;
mod session;
mod storefront;
mod token;
mod workspace;
