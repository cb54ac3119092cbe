//! Consent, as law wants it shown. Records are never changed: taking back is a record of its own.

use chrono::{DateTime, Utc};
use diesel::ExpressionMethods;
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{ConsentId, FileId, MerchantId};
use kapal_domain::locale::Locale;
use kapal_domain::privacy::{ConsentChannel, LawfulBasis, Purpose, TextVersion};
use kapal_schema::consents;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::statement::Statement;
use crate::{Change, Cursor, MerchantRow, Page, Result, Subject, TenantTx};

/// Consent to be recorded.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// To what.
    pub purpose: Purpose,
    /// What makes the use lawful.
    pub lawful_basis: LawfulBasis,
    /// Which text was shown.
    pub text_version: TextVersion,
    /// Its SHA-256.
    pub text_hash: [u8; 32],
    /// In which language.
    pub locale: Locale,
    /// By which way.
    pub channel: ConsentChannel,
    /// When the person agreed.
    pub given_at: DateTime<Utc>,
    /// The signed paper or a picture of the chat.
    pub evidence: Option<FileId>,
}

/// Consent, and whether it stands.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ConsentRow {
    /// Id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// To what.
    #[diesel(sql_type = Text)]
    pub purpose: String,
    /// What makes the use lawful.
    #[diesel(sql_type = Text)]
    pub lawful_basis: String,
    /// Which text was shown.
    #[diesel(sql_type = Text)]
    pub text_version: String,
    /// Its SHA-256.
    #[diesel(sql_type = Binary)]
    pub text_hash: Vec<u8>,
    /// In which language.
    #[diesel(sql_type = Text)]
    pub locale: String,
    /// By which way.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Who recorded it.
    #[diesel(sql_type = SqlUuid)]
    pub taken_by: Uuid,
    /// The signed paper or a picture of the chat.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub evidence_file_id: Option<Uuid>,
    /// When the person agreed.
    #[diesel(sql_type = Timestamptz)]
    pub given_at: DateTime<Utc>,
    /// When it was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// When the person took it back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl TenantTx<'_> {
    /// Records a merchant's consent.
    pub async fn insert_consent(&mut self, merchant: MerchantId, new: &NewConsent) -> Result<ConsentRow> {
        self.expect_merchant(merchant).await?;
        let id = ConsentId::new();
        diesel::insert_into(consents::table)
            .values((
                consents::aggregator_id.eq(self.tenant()),
                consents::id.eq(id.uuid()),
                consents::merchant_id.eq(merchant.uuid()),
                consents::purpose.eq(new.purpose.as_str()),
                consents::lawful_basis.eq(new.lawful_basis.as_str()),
                consents::text_version.eq(new.text_version.as_str()),
                consents::text_hash.eq(new.text_hash.as_slice()),
                consents::locale.eq(new.locale.as_str()),
                consents::channel.eq(new.channel.as_str()),
                consents::taken_by.eq(self.user()),
                consents::evidence_file_id.eq(new.evidence.map(FileId::uuid)),
                consents::given_at.eq(new.given_at),
                consents::recorded_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        self.record(given(Subject("merchant", merchant.uuid()), id, new));
        self.consent(merchant, id).await
    }

    /// A merchant's consents, what was recorded last first.
    pub async fn consents(
        &mut self,
        merchant: MerchantId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ConsentRow>> {
        self.expect_merchant(merchant).await?;
        let mut statement = self.found_consents(merchant);
        if let Some(cursor) = after {
            statement = statement.beyond(" AND (c.recorded_at, c.id) < (", cursor.time_and_id()?);
        }
        statement = statement.page(" ORDER BY c.recorded_at DESC, c.id DESC", limit);
        let rows = statement.load::<ConsentRow>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.recorded_at, row.id)))
    }

    /// Takes a consent back, once: a record of its own. What rests on it, and on no other, ends at once.
    pub async fn withdraw_consent(
        &mut self,
        merchant: MerchantId,
        id: ConsentId,
        channel: ConsentChannel,
    ) -> Result<ConsentRow> {
        let owner = self.lock_merchant(merchant).await?;
        let given = self.consent(merchant, id).await?;
        self.write_withdrawal(merchant, &given, channel).await?;
        self.end_use(&owner, stored(Purpose::parse(&given.purpose))?).await?;
        self.consent(merchant, id).await
    }

    /// Takes all of a merchant's consents back that stand.
    async fn withdraw_all_consents(&mut self, merchant: MerchantId, channel: ConsentChannel) -> Result<()> {
        let standing = self.found_consents(merchant).sql(" AND w.id IS NULL ORDER BY c.id");
        for given in standing.load::<ConsentRow>(&mut **self).await? {
            self.write_withdrawal(merchant, &given, channel).await?;
        }
        Ok(())
    }

    /// Takes all of a merchant's consents back that stand, and off the storefront what rested on them.
    pub(crate) async fn withdraw_merchant(&mut self, merchant: MerchantId) -> Result<()> {
        let owner = self.lock_merchant(merchant).await?;
        self.withdraw_all_consents(merchant, ConsentChannel::App).await?;
        self.withdraw_shown(&owner, true, true).await
    }

    /// Ends the use of a locked merchant's data for a purpose that no consent stands for any more: its story, the
    /// picture of it. The other purposes are people's doings, and their records say from when on they must not.
    async fn end_use(&mut self, owner: &MerchantRow, purpose: Purpose) -> Result<()> {
        let (story, picture) = match purpose {
            Purpose::StorefrontProfile => (true, false),
            Purpose::Photos => (false, true),
            _ => return Ok(()),
        };
        let others = self.found_consents(owner.id()).sql(" AND w.id IS NULL AND c.purpose = ");
        let others = others.bind(purpose.as_str()).sql(" LIMIT 1");
        if others.load::<ConsentRow>(&mut **self).await?.is_empty() {
            self.withdraw_shown(owner, story, picture).await?;
        }
        Ok(())
    }

    async fn write_withdrawal(
        &mut self,
        merchant: MerchantId,
        given: &ConsentRow,
        channel: ConsentChannel,
    ) -> Result<()> {
        let now = Utc::now();
        diesel::insert_into(consents::table)
            .values((
                consents::aggregator_id.eq(self.tenant()),
                consents::id.eq(ConsentId::new().uuid()),
                consents::merchant_id.eq(merchant.uuid()),
                consents::withdraws.eq(given.id),
                consents::purpose.eq(&given.purpose),
                consents::lawful_basis.eq(&given.lawful_basis),
                consents::text_version.eq(&given.text_version),
                consents::text_hash.eq(&given.text_hash),
                consents::locale.eq(&given.locale),
                consents::channel.eq(channel.as_str()),
                consents::taken_by.eq(self.user()),
                consents::given_at.eq(now),
                consents::recorded_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.record(withdrawn(Subject("merchant", merchant.uuid()), given, channel));
        Ok(())
    }

    async fn consent(&mut self, merchant: MerchantId, id: ConsentId) -> Result<ConsentRow> {
        let statement = self.found_consents(merchant).sql(" AND c.id = ").bind(id.uuid());
        Ok(statement.get_result::<ConsentRow>(&mut **self).await?)
    }

    fn found_consents(&self, merchant: MerchantId) -> Statement {
        Statement::new(
            "SELECT c.id, c.purpose, c.lawful_basis, c.text_version, c.text_hash, c.locale, c.channel, c.taken_by, \
             c.evidence_file_id, c.given_at, c.recorded_at, w.given_at AS withdrawn_at \
             FROM consents c \
             LEFT JOIN consents w ON w.aggregator_id = c.aggregator_id AND w.withdraws = c.id \
             WHERE c.withdraws IS NULL AND c.aggregator_id = ",
        )
        .bind(self.tenant())
        .sql(" AND c.merchant_id = ")
        .bind(merchant.uuid())
    }

    /// The account that acts; nil where none does.
    pub(crate) fn user(&self) -> Uuid {
        self.actor().id().unwrap_or_default()
    }
}

/// That somebody agreed, as the log has it.
pub(crate) fn given(subject: Subject, id: ConsentId, new: &NewConsent) -> Change {
    let after = json!({
        "consent_id": id, "purpose": new.purpose.as_str(), "text_version": new.text_version.as_str(),
        "channel": new.channel.as_str(),
    });
    Change::new(EventKind::ConsentGiven, subject)
        .data(json!({ "purpose": new.purpose.as_str() }))
        .from_to(Value::Null, after)
}

/// That somebody took it back.
pub(crate) fn withdrawn(subject: Subject, given: &ConsentRow, channel: ConsentChannel) -> Change {
    let before = json!({ "consent_id": given.id, "purpose": given.purpose });
    Change::new(EventKind::ConsentWithdrawn, subject)
        .data(json!({ "purpose": given.purpose }))
        .from_to(before, json!({ "channel": channel.as_str() }))
}
