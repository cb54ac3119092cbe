//! Who works for an aggregator.
