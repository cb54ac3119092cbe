//! Leads: contacts of buyers.
