//! Channels: where buyers reach a merchant.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::channel::{ChannelKind, Handle};
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::{Code, Refusal};
use kapal_schema::channels;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Change, Result, Subject, TenantTx};

/// A channel as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = channels, check_for_backend(diesel::pg::Pg))]
pub struct ChannelRow {
    /// Which network.
    pub kind: String,
    /// Phone in E.164, account name, or address.
    pub handle: String,
    /// Whether buyers are sent there.
    pub active: bool,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When somebody last looked whether it is in use.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// What a PUT did.
#[derive(Debug)]
pub enum Outcome<T> {
    /// The thing is new.
    Made(T),
    /// The thing was there: replaced, or equal already.
    Kept(T),
}

impl TenantTx<'_> {
    /// One channel of a merchant.
    pub async fn channel(&mut self, merchant: MerchantId, kind: ChannelKind) -> Result<ChannelRow> {
        let row = channels::table
            .find((self.tenant(), merchant.uuid(), kind.as_str()))
            .select(ChannelRow::as_select())
            .first::<ChannelRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Sets a channel. The same again changes nothing.
    pub async fn set_channel(
        &mut self,
        merchant: MerchantId,
        handle: &Handle,
        active: bool,
    ) -> Result<Outcome<ChannelRow>> {
        let owner = self.lock_merchant(merchant).await?;
        if owner.status == MerchantStatus::Archived.as_str() {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not edited.").into());
        }
        let key = (self.tenant(), merchant.uuid(), handle.kind().as_str());
        let before = channels::table
            .find(key)
            .select(ChannelRow::as_select())
            .first::<ChannelRow>(&mut **self)
            .await
            .optional()?;
        if let Some(row) = &before
            && row.handle == handle.as_str()
            && row.active == active
        {
            return Ok(Outcome::Kept(row.clone()));
        }
        let now = Utc::now();
        // What was said of one account says nothing of another.
        let moved = before.as_ref().is_some_and(|row| row.handle != handle.as_str());
        let row = diesel::insert_into(channels::table)
            .values((
                channels::aggregator_id.eq(key.0),
                channels::merchant_id.eq(key.1),
                channels::kind.eq(key.2),
                channels::handle.eq(handle.as_str()),
                channels::active.eq(active),
                channels::created_at.eq(now),
                channels::updated_at.eq(now),
            ))
            .on_conflict((channels::aggregator_id, channels::merchant_id, channels::kind))
            .do_update()
            .set((
                channels::handle.eq(handle.as_str()),
                channels::active.eq(active),
                channels::updated_at.eq(now),
                moved.then_some((
                    channels::confirmed_at.eq(None::<DateTime<Utc>>),
                    channels::confirmed_by.eq(None::<Uuid>),
                )),
            ))
            .returning(ChannelRow::as_returning())
            .get_result::<ChannelRow>(&mut **self)
            .await?;
        let was = before.as_ref().map_or(Value::Null, facts);
        let was = self.sealed_facts(merchant.uuid(), was).await?;
        let is = self.sealed_facts(merchant.uuid(), facts(&row)).await?;
        self.record(
            Change::new(EventKind::ChannelSet, Subject("merchant", merchant.uuid()))
                .data(json!({ "kind": row.kind }))
                .from_to(was, is),
        );
        self.answer_requests(&owner, &[format!("/channels/{}", row.kind)]).await?;
        self.project_merchant(merchant).await?;
        Ok(if before.is_some() { Outcome::Kept(row) } else { Outcome::Made(row) })
    }

    /// Notes that somebody has looked and found a channel in use. It is the same channel as before.
    pub async fn confirm_channel(&mut self, merchant: MerchantId, kind: ChannelKind) -> Result<ChannelRow> {
        let owner = self.lock_merchant(merchant).await?;
        if owner.status == MerchantStatus::Archived.as_str() {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not edited.").into());
        }
        let before = self.channel(merchant, kind).await?;
        if !before.active {
            return Err(Refusal::because(Code::WrongState, "Buyers are not sent there.").into());
        }
        let Some(by) = self.actor().id() else { return Err(Code::Forbidden.into()) };
        let row = diesel::update(channels::table.find((self.tenant(), merchant.uuid(), kind.as_str())))
            .set((channels::confirmed_at.eq(Utc::now()), channels::confirmed_by.eq(by)))
            .returning(ChannelRow::as_returning())
            .get_result::<ChannelRow>(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::ChannelConfirmed, Subject("merchant", merchant.uuid()))
                .data(json!({ "kind": row.kind }))
                .from_to(
                    json!({ "kind": row.kind, "confirmed_at": before.confirmed_at }),
                    json!({ "kind": row.kind, "confirmed_at": row.confirmed_at }),
                ),
        );
        Ok(row)
    }

    /// Removes a channel.
    pub async fn delete_channel(&mut self, merchant: MerchantId, kind: ChannelKind) -> Result<()> {
        let owner = self.lock_merchant(merchant).await?;
        let row = diesel::delete(channels::table.find((self.tenant(), merchant.uuid(), kind.as_str())))
            .returning(ChannelRow::as_returning())
            .get_result::<ChannelRow>(&mut **self)
            .await?;
        let was = self.sealed_facts(merchant.uuid(), facts(&row)).await?;
        self.record(
            Change::new(EventKind::ChannelRemoved, Subject("merchant", merchant.uuid()))
                .data(json!({ "kind": row.kind }))
                .from_to(was, Value::Null),
        );
        self.answer_requests(&owner, &[format!("/channels/{}", row.kind)]).await?;
        self.project_merchant(merchant).await
    }
}

fn facts(row: &ChannelRow) -> Value {
    json!({ "kind": row.kind, "handle": row.handle, "active": row.active })
}
