//! Merchants' PINs: set by the merchant or its manager, checked when a phone sends a visit. Wrong ones are counted per
//! merchant, so that nobody who visits it tries them through.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::visit::{Confirmation, Pin};
use kapal_schema::merchant_pins;
use uuid::Uuid;

use super::{Batch, PhoneChange, VisitChange};
use crate::{Change, Result, Secret, Subject, TenantTx};

/// Different PINs of one merchant that a batch may try: it may have changed since the first visit.
const TRIES: usize = 3;

/// What a PIN proved to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Right,
    Wrong,
    /// Too many were tried: it was not looked at.
    Locked,
}

/// The PINs of a batch, each checked once.
#[derive(Default)]
pub(super) struct Checked(BTreeMap<(Uuid, Pin), Check>);

impl Checked {
    pub fn check(&self, merchant: Uuid, pin: &Pin) -> Check {
        self.0.get(&(merchant, pin.clone())).copied().unwrap_or(Check::Wrong)
    }
}

impl TenantTx<'_> {
    /// Sets the PIN with which a merchant confirms visits; the same once more changes nothing.
    pub async fn set_merchant_pin(&mut self, merchant: MerchantId, pin: &Pin) -> Result<()> {
        let row = self.lock_merchant(merchant).await?;
        let hash = pin_hash(&self.db.vault.lookups, self.tenant(), row.id, pin);
        let before = merchant_pins::table
            .find((self.tenant(), row.id))
            .select(merchant_pins::hash)
            .first::<Vec<u8>>(&mut **self)
            .await
            .optional()?;
        if before.is_some_and(|before| is_equal(&before, &hash)) {
            return Ok(());
        }
        let values = (
            merchant_pins::hash.eq(hash),
            merchant_pins::set_by.eq(self.actor().id().unwrap_or_default()),
            merchant_pins::set_at.eq(Utc::now()),
        );
        diesel::insert_into(merchant_pins::table)
            .values((
                merchant_pins::aggregator_id.eq(self.tenant()),
                merchant_pins::merchant_id.eq(row.id),
                values.clone(),
            ))
            .on_conflict((merchant_pins::aggregator_id, merchant_pins::merchant_id))
            .do_update()
            .set(values)
            .execute(&mut **self)
            .await?;
        self.record(Change::new(EventKind::MerchantPinSet, Subject("merchant", row.id)));
        Ok(())
    }

    /// Checks the PINs that the changes of a batch depend on: all of them are counted by one statement before the first
    /// is looked at, and those of merchants whose PIN was right are forgiven by another.
    pub(super) async fn check_pins(&mut self, batch: &Batch, changes: &[PhoneChange]) -> Result<Checked> {
        let mut tries: BTreeMap<Uuid, Vec<&Pin>> = BTreeMap::new();
        for change in changes {
            let PhoneChange::Visit(VisitChange { id, record, confirmation, base }) = change else { continue };
            let Some(Confirmation::Pin(pin)) = confirmation else { continue };
            // What came before and is confirmed needs no PIN again.
            let known = batch.visits.get(&id.uuid());
            let is_confirmed = known.is_some_and(|known| known.confirmed.contains(&(base + 1)));
            let pins = tries.entry(record.merchant.uuid()).or_default();
            if !is_confirmed && !pins.contains(&pin) {
                pins.push(pin);
            }
        }
        let lookups = &self.db.vault.lookups;
        let tenant = self.tenant();
        let stored =
            |merchant: &Uuid| batch.merchants.get(merchant).and_then(|known| known.pin_hash.as_deref());
        tries.retain(|merchant, pins| {
            !pins.is_empty() && stored(merchant).is_some() && !batch.set_pin(*merchant)
        });
        if tries.is_empty() {
            return Ok(Checked::default());
        }
        let key = |merchant: &Uuid| {
            lookups.mac(&[b"merchant_pins/tries", tenant.as_bytes(), merchant.as_bytes()]).to_vec()
        };
        let count = |pins: &Vec<&Pin>| i32::try_from(pins.len().min(TRIES)).unwrap_or(i32::MAX);
        let counts = tries.iter().map(|(merchant, pins)| (key(merchant), count(pins))).collect();
        let counted: BTreeSet<_> = self.db.count_pins(counts).await?.into_iter().collect();
        let mut checked = Checked::default();
        let mut right = Vec::new();
        for (merchant, pins) in &tries {
            let (key, stored) = (key(merchant), stored(merchant).unwrap_or_default());
            for (at, pin) in pins.iter().enumerate() {
                let check = match counted.contains(&key) && at < TRIES {
                    false => Check::Locked,
                    true if is_equal(stored, &pin_hash(lookups, tenant, *merchant, pin)) => Check::Right,
                    true => Check::Wrong,
                };
                checked.0.insert((*merchant, (*pin).clone()), check);
                if check == Check::Right {
                    right.push(key.clone());
                }
            }
        }
        if !right.is_empty() {
            self.db.forgive_pins(right).await?;
        }
        Ok(checked)
    }
}

/// A keyed hash: of a million PINs each would be found from a plain one, however slow.
fn pin_hash(lookups: &Secret, tenant: Uuid, merchant: Uuid, pin: &Pin) -> Vec<u8> {
    let parts: [&[u8]; 4] =
        [b"merchant_pins/hash", tenant.as_bytes(), merchant.as_bytes(), pin.expose().as_bytes()];
    lookups.mac(&parts).to_vec()
}

fn is_equal(one: &[u8], other: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(one, other).into()
}
