//! One binary, one file per context.

mod catalogue;
mod document;
mod input;
mod invitation;
mod isolation;
mod login;
mod matrix;
mod member;
mod merchant;
mod migration;
mod session;
mod token;
mod workspace;
