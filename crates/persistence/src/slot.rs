//! Featured slots.
