//! The part of `kapal` that the tests and the benchmark start servers with: the private PostgreSQL.

pub mod postgres;
