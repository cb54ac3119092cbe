//! Nominations and scores.
