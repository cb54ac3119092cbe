//! Invitations to join an aggregator.
