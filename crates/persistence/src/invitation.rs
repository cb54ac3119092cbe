//! Invitations to join an aggregator. The token names the aggregator, so that a look-up knows its tenant, and is stored
//! hashed; it is shown once, in the letter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, InvitationId, MerchantId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::user::Email;
use kapal_schema::invitations;
use serde_json::json;
use uuid::Uuid;

use crate::mail::Letter;
use crate::tx::Tx;
use crate::{Change, Result, Subject, Vault, random, sha256};

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
        Letter::Invitation { aggregator: self.aggregator_name, role: self.role, link: &link }
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
