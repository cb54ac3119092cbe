//! Aggregators: the tenants.
