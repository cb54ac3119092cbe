//! What the public reads.
