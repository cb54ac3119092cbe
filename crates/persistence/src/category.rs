//! Categories: global reference data.
