//! Consent of the owner of an account, as [`crate::consent`] has it of merchants. It goes with no account: the proof
//! that law wants outlives it, and names nobody then.

use chrono::Utc;
use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{ConsentId, UserId};
use kapal_domain::privacy::ConsentChannel;
use kapal_schema::user_consents as consents;

use crate::consent::{given, withdrawn};
use crate::statement::Statement;
use crate::{ConsentRow, Cursor, IdentityTx, NewConsent, Page, Result, Subject};

impl IdentityTx<'_> {
    /// Records one's own consent. Who acts is the proof: there is no paper.
    pub async fn insert_own_consent(&mut self, user: UserId, new: &NewConsent) -> Result<ConsentRow> {
        let id = ConsentId::new();
        diesel::insert_into(consents::table)
            .values((
                consents::id.eq(id.uuid()),
                consents::user_id.eq(user.uuid()),
                consents::purpose.eq(new.purpose.as_str()),
                consents::lawful_basis.eq(new.lawful_basis.as_str()),
                consents::text_version.eq(new.text_version.as_str()),
                consents::text_hash.eq(new.text_hash.as_slice()),
                consents::locale.eq(new.locale.as_str()),
                consents::channel.eq(new.channel.as_str()),
                consents::given_at.eq(new.given_at),
                consents::recorded_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        self.record(given(Subject("user", user.uuid()), id, new));
        self.own_consent(user, id).await
    }

    /// One's own consents, what was recorded last first.
    pub async fn own_consents(
        &mut self,
        user: UserId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ConsentRow>> {
        let mut statement = found(user);
        if let Some(cursor) = after {
            statement = statement.beyond(" AND (c.recorded_at, c.id) < (", cursor.time_and_id()?);
        }
        statement = statement.page(" ORDER BY c.recorded_at DESC, c.id DESC", limit);
        let rows = statement.load::<ConsentRow>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.recorded_at, row.id)))
    }

    /// Takes one's own consent back, once: a record of its own.
    pub async fn withdraw_own_consent(
        &mut self,
        user: UserId,
        id: ConsentId,
        channel: ConsentChannel,
    ) -> Result<ConsentRow> {
        let given = self.own_consent(user, id).await?;
        let now = Utc::now();
        diesel::insert_into(consents::table)
            .values((
                consents::id.eq(ConsentId::new().uuid()),
                consents::user_id.eq(user.uuid()),
                consents::withdraws.eq(given.id),
                consents::purpose.eq(&given.purpose),
                consents::lawful_basis.eq(&given.lawful_basis),
                consents::text_version.eq(&given.text_version),
                consents::text_hash.eq(&given.text_hash),
                consents::locale.eq(&given.locale),
                consents::channel.eq(channel.as_str()),
                consents::given_at.eq(now),
                consents::recorded_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.record(withdrawn(Subject("user", user.uuid()), &given, channel));
        self.own_consent(user, id).await
    }

    async fn own_consent(&mut self, user: UserId, id: ConsentId) -> Result<ConsentRow> {
        Ok(found(user).sql(" AND c.id = ").bind(id.uuid()).get_result::<ConsentRow>(&mut **self).await?)
    }
}

fn found(user: UserId) -> Statement {
    Statement::new(
        "SELECT c.id, c.purpose, c.lawful_basis, c.text_version, c.text_hash, c.locale, c.channel, \
         c.user_id AS taken_by, NULL::uuid AS evidence_file_id, c.given_at, c.recorded_at, w.given_at AS withdrawn_at \
         FROM user_consents c LEFT JOIN user_consents w ON w.withdraws = c.id \
         WHERE c.withdraws IS NULL AND c.user_id = ",
    )
    .bind(user.uuid())
}
