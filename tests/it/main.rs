//! One binary, one file per context.

mod catalogue;
mod isolation;
mod migration;
mod workspace;
