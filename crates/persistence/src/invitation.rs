//! Invitations to join an aggregator. The token names the aggregator, so that a look-up knows its tenant, and is stored
//! hashed; it is shown once, in the letter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, InvitationId, MerchantId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::user::Email;
use kapal_domain::{Code, Refusal};
use kapal_schema::{aggregators, invitations, memberships, merchant_access, users};
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::identity::stored;
use crate::mail::Letter;
use crate::membership::may_touch;
use crate::tx::Tx;
use crate::{
    Actor, Change, Cursor, Db, IdentityTx, Membership, MyMembership, NewUser, Page, Result, Subject,
    TenantTx, Vault, random, sha256,
};

/// How long an invitation can be accepted.
const VALID_FOR: TimeDelta = TimeDelta::days(7);

/// An invitation as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invitations, check_for_backend(diesel::pg::Pg))]
pub struct InvitationRow {
    /// Whose.
    pub aggregator_id: Uuid,
    /// Id.
    pub id: Uuid,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: String,
    /// The merchant of a merchant's account.
    pub merchant_id: Option<Uuid>,
    /// Who invites; None for the platform.
    pub invited_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationStatus {
    /// It can be accepted.
    Open,
    /// It was.
    Accepted,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

impl InvitationStatus {
    /// As the API shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl InvitationRow {
    /// What became of it by now.
    #[must_use]
    pub fn status(&self) -> InvitationStatus {
        match (self.accepted_at, self.revoked_at) {
            (Some(_), _) => InvitationStatus::Accepted,
            (None, Some(_)) => InvitationStatus::Revoked,
            (None, None) if self.expires_at <= Utc::now() => InvitationStatus::Expired,
            (None, None) => InvitationStatus::Open,
        }
    }

    fn expect_open(&self) -> Result<()> {
        match self.status() {
            InvitationStatus::Open => Ok(()),
            other => Err(Refusal::because(Code::InvitationUsed, format!("It is {}.", other.as_str())).into()),
        }
    }

    fn role(&self) -> Result<Role> {
        stored(Role::parse(&self.role))
    }
}

/// Somebody to be invited.
#[derive(Debug)]
pub struct InvitationDraft<'a> {
    /// To which aggregator.
    pub aggregator: AggregatorId,
    /// Its name, for the letter.
    pub aggregator_name: &'a str,
    /// Whom.
    pub email: &'a Email,
    /// As what.
    pub role: Role,
    /// The merchant of a merchant's account, and of no other.
    pub merchant: Option<MerchantId>,
    /// Who invites; None for the platform.
    pub invited_by: Option<UserId>,
    /// The letter's language.
    pub locale: Locale,
    /// Where the service is reached, for the letter's link.
    pub public_url: &'a str,
}

/// An invitation and its token, which nobody can read again.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The invitation.
    pub row: InvitationRow,
    /// What its letter carries.
    pub token: String,
}

impl InvitationDraft<'_> {
    /// Writes the invitation and its letter. The caller records the change in the aggregator's log.
    pub(crate) async fn write(&self, tx: &mut Tx, vault: &Vault) -> Result<(Invited, Change)> {
        let token = InvitationToken::new(self.aggregator);
        let now = Utc::now();
        let row = diesel::insert_into(invitations::table)
            .values((
                invitations::aggregator_id.eq(self.aggregator.uuid()),
                invitations::id.eq(InvitationId::new().uuid()),
                invitations::email.eq(self.email.as_str()),
                invitations::role.eq(self.role.as_str()),
                invitations::merchant_id.eq(self.merchant.map(MerchantId::uuid)),
                invitations::token_hash.eq(token.hash().as_slice()),
                invitations::invited_by.eq(self.invited_by.map(UserId::uuid)),
                invitations::created_at.eq(now),
                invitations::expires_at.eq(now + VALID_FOR),
            ))
            .returning(InvitationRow::as_returning())
            .get_result::<InvitationRow>(&mut *tx)
            .await?;
        let token = token.encode();
        let link = format!("{}/v1/invitations/{token}", self.public_url);
        Letter::Invitation { aggregator: self.aggregator_name, role: self.role, link: &link, token: &token }
            .seal(vault, self.aggregator, self.locale)?
            .post(tx, self.email)
            .await?;
        let change = Change::new(EventKind::InvitationCreated, Subject("invitation", row.id))
            .data(json!({ "role": row.role, "merchant_id": row.merchant_id }))
            .from_to(
                serde_json::Value::Null,
                json!({ "role": row.role, "merchant_id": row.merchant_id, "expires_at": row.expires_at }),
            );
        Ok((Invited { row, token }, change))
    }
}

/// The secret of an invitation: the aggregator's id and 256 random bits.
pub(crate) struct InvitationToken {
    pub aggregator: AggregatorId,
    secret: [u8; 32],
}

impl InvitationToken {
    fn new(aggregator: AggregatorId) -> Self {
        Self { aggregator, secret: random() }
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.aggregator.uuid().as_bytes()[..], &self.secret].concat())
    }

    /// A token that somebody sent; what is none names no invitation.
    pub(crate) fn decode(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Code::NotFound)?;
        let (aggregator, secret) = bytes.split_first_chunk::<16>().ok_or(Code::NotFound)?;
        let secret = secret.try_into().map_err(|_| Code::NotFound)?;
        Ok(Self { aggregator: Uuid::from_bytes(*aggregator).into(), secret })
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(&self.secret)
    }
}

/// An invitation as the holder of its token sees it.
#[derive(Debug, Clone)]
pub struct InvitationSeen {
    /// The invitation.
    pub row: InvitationRow,
    /// Slug of the aggregator.
    pub slug: String,
    /// Its name.
    pub aggregator_name: String,
    /// Name of who invites; None for the platform.
    pub inviter: Option<String>,
    /// Whether the invited address has an account.
    pub has_account: bool,
}

/// Who accepts an invitation.
#[derive(Debug, Clone)]
pub enum Joiner {
    /// Somebody whose account is proven.
    Known(UserId),
    /// Somebody who gets an account.
    New(NewUser),
}

impl Db {
    /// The invitation that a token is for.
    pub async fn invitation_by_token(&self, token: &str) -> Result<InvitationSeen> {
        let token = InvitationToken::decode(token)?;
        let mut connection = lend(&self.identity).await?;
        let row = invitations::table
            .filter(invitations::aggregator_id.eq(token.aggregator.uuid()))
            .filter(invitations::token_hash.eq(token.hash().to_vec()))
            .select(InvitationRow::as_select())
            .first::<InvitationRow>(&mut connection)
            .await?;
        let (slug, aggregator_name) = aggregators::table
            .find(row.aggregator_id)
            .select((aggregators::slug, aggregators::name))
            .first::<(String, String)>(&mut connection)
            .await?;
        let people = users::table
            .filter(users::email.eq(&row.email).or(users::id.eq(row.invited_by.unwrap_or_default())))
            .select((users::id, users::email, users::name))
            .load::<(Uuid, String, String)>(&mut connection)
            .await?;
        Ok(InvitationSeen {
            has_account: people.iter().any(|(_, email, _)| *email == row.email),
            inviter: people.into_iter().find(|(id, ..)| Some(*id) == row.invited_by).map(|(.., name)| name),
            row,
            slug,
            aggregator_name,
        })
    }
}

impl IdentityTx<'_> {
    /// Makes the joiner a member, once, with an account where there was none.
    pub async fn accept_invitation(&mut self, token: &str, joiner: &Joiner) -> Result<MyMembership> {
        let token = InvitationToken::decode(token)?;
        let invitation = invitations::table
            .filter(invitations::aggregator_id.eq(token.aggregator.uuid()))
            .filter(invitations::token_hash.eq(token.hash().to_vec()))
            .select(InvitationRow::as_select())
            .for_update()
            .first::<InvitationRow>(&mut **self)
            .await?;
        invitation.expect_open()?;
        let (slug, aggregator_name, status, demonstration) = aggregators::table
            .find(invitation.aggregator_id)
            .select((aggregators::slug, aggregators::name, aggregators::status, aggregators::demonstration))
            .first::<(String, String, String, bool)>(&mut **self)
            .await?;
        let membership = Membership {
            aggregator: token.aggregator,
            slug,
            status: stored(AggregatorStatus::parse(&status))?,
            role: invitation.role()?,
        };
        if !membership.status.takes_writes() {
            return Err(Refusal::because(Code::AggregatorSuspended, format!("It is {status}.")).into());
        }
        let (user, name) = match joiner {
            Joiner::Known(user) => {
                let (email, name) = users::table
                    .find(user.uuid())
                    .select((users::email, users::name))
                    .first::<(String, String)>(&mut **self)
                    .await?;
                if email != invitation.email {
                    let detail = "The invitation is for another address than that of this account.";
                    return Err(Refusal::because(Code::Forbidden, detail).into());
                }
                (user.uuid(), name)
            }
            Joiner::New(new) => {
                let row = self.insert_user(new, demonstration).await?;
                (row.id, row.name)
            }
        };
        self.set_actor(Actor::User(user.into()));
        self.join(&invitation, membership.role, user, &name).await?;
        diesel::update(invitations::table.find((invitation.aggregator_id, invitation.id)))
            .set(invitations::accepted_at.eq(Utc::now()))
            .execute(&mut **self)
            .await?;
        self.record_in(
            token.aggregator,
            Change::new(EventKind::InvitationAccepted, Subject("invitation", invitation.id)).data(json!({
                "user_id": user, "role": invitation.role, "merchant_id": invitation.merchant_id,
            })),
        );
        Ok(MyMembership { membership, aggregator_name })
    }

    async fn join(&mut self, invitation: &InvitationRow, role: Role, user: Uuid, name: &str) -> Result<()> {
        let now = Utc::now();
        let joined = diesel::insert_into(memberships::table)
            .values((
                memberships::aggregator_id.eq(invitation.aggregator_id),
                memberships::user_id.eq(user),
                memberships::role.eq(&invitation.role),
                memberships::email.eq(&invitation.email),
                memberships::name.eq(name),
                memberships::created_at.eq(now),
                memberships::updated_at.eq(now),
            ))
            .on_conflict((memberships::aggregator_id, memberships::user_id))
            .do_nothing()
            .execute(&mut **self)
            .await?;
        if joined == 0 {
            let present = memberships::table
                .find((invitation.aggregator_id, user))
                .select(memberships::role)
                .first::<String>(&mut **self)
                .await?;
            // A merchant's account may get a second merchant.
            if role != Role::Merchant || present != Role::Merchant.as_str() {
                return Err(Code::AlreadyMember.into());
            }
        }
        if let Some(merchant) = invitation.merchant_id {
            diesel::insert_into(merchant_access::table)
                .values((
                    merchant_access::aggregator_id.eq(invitation.aggregator_id),
                    merchant_access::user_id.eq(user),
                    merchant_access::merchant_id.eq(merchant),
                    merchant_access::kind.eq("member"),
                    merchant_access::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(&mut **self)
                .await?;
        }
        Ok(())
    }
}

/// What an aggregator's own staff say of an invitation.
#[derive(Debug)]
pub struct NewInvitation {
    /// Whom.
    pub email: Email,
    /// As what.
    pub role: Role,
    /// The merchant of a merchant's account, and of no other.
    pub merchant: Option<MerchantId>,
    /// The letter's language.
    pub locale: Locale,
}

impl TenantTx<'_> {
    /// Invites somebody to this aggregator. `public_url` is where the letter's link leads, `by` the role of who invites.
    pub async fn invite(&mut self, new: &NewInvitation, by: Role, public_url: &str) -> Result<Invited> {
        may_touch(by, new.role)?;
        let present = memberships::table
            .filter(memberships::aggregator_id.eq(self.tenant()))
            .filter(memberships::email.eq(new.email.as_str()))
            .select(memberships::role)
            .first::<String>(&mut **self)
            .await
            .optional()?;
        let second_merchant =
            new.role == Role::Merchant && present.as_deref() == Some(Role::Merchant.as_str());
        if present.is_some() && !second_merchant {
            return Err(Code::AlreadyMember.into());
        }
        let name = aggregators::table
            .find(self.tenant())
            .select(aggregators::name)
            .first::<String>(&mut **self)
            .await?;
        let draft = InvitationDraft {
            aggregator: self.aggregator(),
            aggregator_name: &name,
            email: &new.email,
            role: new.role,
            merchant: new.merchant,
            invited_by: self.actor().id().map(UserId::from),
            locale: new.locale,
            public_url,
        };
        let vault = &self.db.vault;
        let (invited, change) = draft.write(self, vault).await?;
        self.record(change);
        Ok(invited)
    }

    /// Invitations, the newest first.
    pub async fn invitations(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<InvitationRow>> {
        let mut query = invitations::table
            .filter(invitations::aggregator_id.eq(self.tenant()))
            .select(InvitationRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                invitations::created_at
                    .lt(time)
                    .or(invitations::created_at.eq(time).and(invitations::id.lt(id))),
            );
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((invitations::created_at.desc(), invitations::id.desc()))
            .limit(wanted)
            .load::<InvitationRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// Takes an open invitation back. `by` is the role of who does it.
    pub async fn revoke_invitation(&mut self, id: InvitationId, by: Role) -> Result<()> {
        let row = invitations::table
            .find((self.tenant(), id.uuid()))
            .select(InvitationRow::as_select())
            .for_update()
            .first::<InvitationRow>(&mut **self)
            .await?;
        may_touch(by, row.role()?)?;
        row.expect_open()?;
        diesel::update(invitations::table.find((self.tenant(), id.uuid())))
            .set(invitations::revoked_at.eq(Utc::now()))
            .execute(&mut **self)
            .await?;
        self.record(Change::new(EventKind::InvitationRevoked, Subject("invitation", row.id)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_carries_its_aggregator_and_is_stored_as_a_hash() {
        let token = InvitationToken::new(AggregatorId::PLATFORM);
        let text = token.encode();
        assert_eq!(text.len(), 64);
        let read = InvitationToken::decode(&text).expect("our own token");
        assert_eq!(read.aggregator, AggregatorId::PLATFORM);
        assert_eq!(read.hash(), token.hash());
        assert_ne!(InvitationToken::new(AggregatorId::PLATFORM).hash(), token.hash());
        for bad in ["", "x", &text[1..], &format!("{text}AAAA"), "..", "\u{0}"] {
            assert!(InvitationToken::decode(bad).is_err(), "{bad}");
        }
    }
}
