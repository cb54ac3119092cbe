//! Channels: where a merchant is reached.
