//! The outbox of mail. A letter is written, sealed, in the transaction that it tells of; the worker sends it. What was
//! sent is forgotten, since letters carry links that let their reader in.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::ExpressionMethods;
use diesel::sql_types::{Array, Binary, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{AggregatorId, MailId};
use kapal_domain::legality::DocumentKind;
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::privacy::PrivacyKind;
use kapal_domain::user::Email;
use kapal_schema::mail_outbox;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::lend;
use crate::lead::Waiting;
use crate::nomination::MutiaraEnd;
use crate::product::{ReviewedEdit, WaitingEdit};
use crate::sql::sql;
use crate::tx::Tx;
use crate::{Db, Error, Result, Vault};

/// How often a letter is tried.
pub const MAIL_TRIES: i32 = 10;
/// How long a letter belongs to the worker that claimed it: longer than a batch takes when every server is silent.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Letters of one tenant at a time, so that one tenant's many don't hold up another's one.
const BATCH: i32 = 10;
/// How long the outbox remembers that a letter was sent or given up.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What a letter is about.
#[derive(Debug)]
pub(crate) enum Letter<'a> {
    /// Somebody is asked to join an aggregator.
    Invitation { aggregator: &'a str, role: Role, link: &'a str, token: &'a str },
    /// Documents end soon, or have ended.
    DocumentsEnding { aggregator: &'a str, endings: &'a [&'a Ending] },
    /// Nobody has answered leads in time.
    LeadsWaiting { aggregator: &'a str, leads: &'a [&'a Waiting] },
    /// Mutiara end soon, or have ended.
    MutiaraEnding { aggregator: &'a str, ends: &'a [&'a MutiaraEnd] },
    /// Edits of products wait for a reviewer.
    EditsWaiting { aggregator: &'a str, edits: &'a [&'a WaitingEdit] },
    /// Edits of products were accepted, rejected or sent back.
    EditsReviewed { aggregator: &'a str, edits: &'a [&'a ReviewedEdit] },
    /// Somebody forgot a password.
    PasswordReset { token: &'a str, address: &'a str },
    /// What somebody asked for by right waits for an answer.
    PrivacyRequest {
        aggregator: &'a str,
        kind: PrivacyKind,
        due_at: DateTime<Utc>,
        is_overdue: bool,
        request: Uuid,
    },
}

/// A document that ends.
#[derive(Debug)]
pub(crate) struct Ending {
    pub merchant: String,
    pub document: DocumentKind,
    pub expires_on: NaiveDate,
    /// Below zero: it has ended.
    pub days_left: i64,
}

impl Ending {
    fn line(&self, locale: Locale) -> String {
        let Self { merchant, expires_on, days_left, .. } = self;
        let document = self.document.name(locale);
        match (locale, days_left) {
            (Locale::Id, ..0) => format!("- {merchant}: {document} berakhir pada {expires_on}"),
            (Locale::Id, _) => {
                format!("- {merchant}: {document} berakhir pada {expires_on}, {days_left} hari lagi")
            }
            (Locale::En, ..0) => format!("- {merchant}: {document} ended on {expires_on}"),
            (Locale::En, _) => format!("- {merchant}: {document} ends on {expires_on}, in {days_left} days"),
        }
    }
}

impl MutiaraEnd {
    fn line(&self, locale: Locale) -> String {
        let Self { product, merchant, ends_on, days_left } = self;
        match (locale, days_left) {
            (Locale::Id, None) => format!("- {product} ({merchant}): masa mutiara telah berakhir"),
            (Locale::Id, Some(days)) => {
                format!("- {product} ({merchant}): mutiara sampai {ends_on}, {days} hari lagi")
            }
            (Locale::En, None) => format!("- {product} ({merchant}): is no mutiara any more"),
            (Locale::En, Some(days)) => {
                format!("- {product} ({merchant}): mutiara until {ends_on}, {days} days left")
            }
        }
    }
}

impl Waiting {
    fn line(&self) -> String {
        let Self { code, merchant, product, since } = self;
        format!("- {code}: {product} ({merchant}), {since}")
    }
}

/// A letter's text.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailText {
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

impl Letter<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::DocumentsEnding { .. } => "documents_ending",
            Self::LeadsWaiting { .. } => "leads_waiting",
            Self::MutiaraEnding { .. } => "mutiara_ending",
            Self::EditsWaiting { .. } => "edits_waiting",
            Self::EditsReviewed { .. } => "edits_reviewed",
            Self::PasswordReset { .. } => "password_reset",
            Self::PrivacyRequest { .. } => "privacy_request",
        }
    }

    fn write(&self, locale: Locale) -> MailText {
        let (subject, text) = match (self, locale) {
            (Self::Invitation { aggregator, role, link, token }, Locale::Id) => (
                format!("Undangan bergabung dengan {aggregator}"),
                format!(
                    "Halo,\n\nAnda diundang bergabung dengan {aggregator} sebagai {}.\n\nBuka undangan ini dalam 7 hari:\n{link}\n\nKodenya, bila aplikasi Anda memintanya:\n{token}\n\n\
                     Bila Anda tidak menunggu undangan ini, abaikan surel ini.\n\nKapal Induk\n",
                    role_name(*role, locale)
                ),
            ),
            (Self::Invitation { aggregator, role, link, token }, Locale::En) => (
                format!("Invitation to join {aggregator}"),
                format!(
                    "Hello,\n\nyou are invited to join {aggregator} as {}.\n\nOpen this invitation within 7 days:\n{link}\n\nIts code, where your app asks for it:\n{token}\n\n\
                     If you don't expect it, ignore this mail.\n\nKapal Induk\n",
                    role_name(*role, locale)
                ),
            ),
            (Self::DocumentsEnding { aggregator, endings }, Locale::Id) => (
                format!("Dokumen yang perlu diperpanjang: {aggregator}"),
                format!(
                    "Halo,\n\ndokumen berikut segera atau sudah berakhir:\n\n{}\n\n\
                     Produk yang mewajibkannya hilang dari etalase sesudah hari terakhir, dan kembali begitu dokumen baru diverifikasi.\n\nKapal Induk\n",
                    lines(endings.iter().map(|ending| ending.line(locale)))
                ),
            ),
            (Self::DocumentsEnding { aggregator, endings }, Locale::En) => (
                format!("Documents to renew: {aggregator}"),
                format!(
                    "Hello,\n\nthese documents end soon or have ended:\n\n{}\n\n\
                     Products that need them leave the storefront after the last day, and come back as soon as the new document is verified.\n\nKapal Induk\n",
                    lines(endings.iter().map(|ending| ending.line(locale)))
                ),
            ),
            (Self::LeadsWaiting { aggregator, leads }, Locale::Id) => (
                format!("Calon pembeli yang menunggu jawaban: {aggregator}"),
                format!(
                    "Halo,\n\ncalon pembeli berikut sudah lebih dari 24 jam menunggu jawaban:\n\n{}\n\n\
                     Jawablah lewat WhatsApp, lalu tandai prospeknya sebagai sudah dihubungi.\n\nKapal Induk\n",
                    lines(leads.iter().map(|lead| lead.line()))
                ),
            ),
            (Self::LeadsWaiting { aggregator, leads }, Locale::En) => (
                format!("Buyers who wait for an answer: {aggregator}"),
                format!(
                    "Hello,\n\nthese buyers have waited for an answer for more than 24 hours:\n\n{}\n\n\
                     Answer them on WhatsApp, then mark the lead as contacted.\n\nKapal Induk\n",
                    lines(leads.iter().map(|lead| lead.line()))
                ),
            ),
            (Self::MutiaraEnding { aggregator, ends }, Locale::Id) => (
                format!("Mutiara yang perlu dinilai ulang: {aggregator}"),
                format!(
                    "Halo,\n\nmasa mutiara produk berikut segera atau sudah berakhir:\n\n{}\n\n\
                     Sesudah itu produk dapat dinominasikan lagi. Dokumen wajib yang diperpanjang sebelum berakhir menjaga masanya.\n\nKapal Induk\n",
                    lines(ends.iter().map(|end| end.line(locale)))
                ),
            ),
            (Self::MutiaraEnding { aggregator, ends }, Locale::En) => (
                format!("Mutiara to review again: {aggregator}"),
                format!(
                    "Hello,\n\nthese products are mutiara for a short time only, or no longer:\n\n{}\n\n\
                     After that they can be nominated again. A mandatory document that is renewed before its end keeps the time.\n\nKapal Induk\n",
                    lines(ends.iter().map(|end| end.line(locale)))
                ),
            ),
            (Self::EditsWaiting { aggregator, edits }, Locale::Id) => (
                format!("Perubahan produk menunggu ditinjau: {aggregator}"),
                format!(
                    "Halo,\n\nperubahan produk berikut menunggu keputusan:\n\n{}\n\n\
                     Etalase menampilkan produknya seperti semula sampai perubahan diterima. Surel ini datang paling banyak sekali sejam.\n\nKapal Induk\n",
                    lines(edits.iter().map(|edit| edit.line(locale)))
                ),
            ),
            (Self::EditsWaiting { aggregator, edits }, Locale::En) => (
                format!("Product edits to review: {aggregator}"),
                format!(
                    "Hello,\n\nedits of these products wait for a decision:\n\n{}\n\n\
                     The storefront shows the products as they were until an edit is accepted. This mail comes once an hour at most.\n\nKapal Induk\n",
                    lines(edits.iter().map(|edit| edit.line(locale)))
                ),
            ),
            (Self::EditsReviewed { aggregator, edits }, Locale::Id) => (
                format!("Hasil tinjauan perubahan produk: {aggregator}"),
                format!(
                    "Halo,\n\nperubahan produk berikut sudah ditinjau:\n\n{}\n\n\
                     Yang perlu diperbaiki terbuka lagi begitu produknya diubah.\n\nKapal Induk\n",
                    lines(edits.iter().map(|edit| edit.lines(locale)))
                ),
            ),
            (Self::EditsReviewed { aggregator, edits }, Locale::En) => (
                format!("What became of product edits: {aggregator}"),
                format!(
                    "Hello,\n\nedits of these products were reviewed:\n\n{}\n\n\
                     What was sent back is open again with the next edit of the product.\n\nKapal Induk\n",
                    lines(edits.iter().map(|edit| edit.lines(locale)))
                ),
            ),
            (Self::PasswordReset { token, address }, Locale::Id) => (
                "Atur ulang kata sandi".into(),
                format!(
                    "Halo,\n\nseseorang, mungkin Anda, meminta kata sandi baru untuk akun ini.\n\nKode Anda, berlaku satu jam:\n{token}\n\n\
                     Masukkan kode itu dan kata sandi baru di aplikasi Anda, atau kirim ke\n{address}\n\n\
                     Bila bukan Anda, abaikan surel ini: kata sandi Anda tetap.\n\nKapal Induk\n"
                ),
            ),
            (Self::PasswordReset { token, address }, Locale::En) => (
                "Reset your password".into(),
                format!(
                    "Hello,\n\nsomebody, perhaps you, asked for a new password for this account.\n\nYour code, valid for one hour:\n{token}\n\n\
                     Enter it with a new password in your app, or send both to\n{address}\n\n\
                     If it was not you, ignore this mail: your password stays as it is.\n\nKapal Induk\n"
                ),
            ),
            (Self::PrivacyRequest { aggregator, kind, due_at, is_overdue, request }, Locale::Id) => {
                let state =
                    if *is_overdue { "sudah lewat batas waktu" } else { "harus dijawab dalam 24 jam" };
                (
                    format!("Permintaan data pribadi {state}"),
                    format!(
                        "Halo,\n\npermintaan data pribadi ({}) di {aggregator} {state}.\n\nBatas waktu (UU 27/2022, 3x24 jam): {} UTC\nNomor: {request}\n\nKapal Induk\n",
                        request_name(*kind, locale),
                        due_at.format("%Y-%m-%d %H:%M"),
                    ),
                )
            }
            (Self::PrivacyRequest { aggregator, kind, due_at, is_overdue, request }, Locale::En) => {
                let state = if *is_overdue { "is overdue" } else { "is due within 24 hours" };
                (
                    format!("A personal data request {state}"),
                    format!(
                        "Hello,\n\na personal data request ({}) at {aggregator} {state}.\n\nTime limit (UU 27/2022, 72 hours): {} UTC\nNumber: {request}\n\nKapal Induk\n",
                        request_name(*kind, locale),
                        due_at.format("%Y-%m-%d %H:%M"),
                    ),
                )
            }
        };
        MailText { subject, text }
    }

    /// The letter as a row of the outbox.
    pub(crate) fn seal(
        &self,
        vault: &Vault,
        aggregator: AggregatorId,
        locale: Locale,
    ) -> Result<SealedLetter> {
        let id = MailId::new();
        let plain = serde_json::to_vec(&self.write(locale)).map_err(|e| Error::Internal(e.to_string()))?;
        let sealed = vault.mail.seal(&context(aggregator.uuid(), id.uuid()), &plain)?;
        Ok(SealedLetter { aggregator, id, kind: self.kind(), sealed })
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// A letter ready for the outbox.
pub(crate) struct SealedLetter {
    pub aggregator: AggregatorId,
    pub id: MailId,
    pub kind: &'static str,
    pub sealed: Vec<u8>,
}

impl SealedLetter {
    /// Puts the letter into the outbox.
    pub(crate) async fn post(self, tx: &mut Tx, to: &Email) -> Result<()> {
        let now = Utc::now();
        diesel::insert_into(mail_outbox::table)
            .values((
                mail_outbox::aggregator_id.eq(self.aggregator.uuid()),
                mail_outbox::id.eq(self.id.uuid()),
                mail_outbox::recipient.eq(to.as_str()),
                mail_outbox::kind.eq(self.kind),
                mail_outbox::sealed.eq(self.sealed),
                mail_outbox::next_try_at.eq(now),
                mail_outbox::created_at.eq(now),
            ))
            .execute(tx)
            .await?;
        Ok(())
    }
}

fn context(aggregator: Uuid, id: Uuid) -> String {
    format!("mail_outbox/{aggregator}/{id}")
}

/// A right as a sentence names it.
fn request_name(kind: PrivacyKind, locale: Locale) -> &'static str {
    match (kind, locale) {
        (PrivacyKind::Access, Locale::Id) => "akses",
        (PrivacyKind::Rectification, Locale::Id) => "perbaikan",
        (PrivacyKind::Erasure, Locale::Id) => "penghapusan",
        (PrivacyKind::Restriction, Locale::Id) => "pembatasan",
        (PrivacyKind::Objection, Locale::Id) => "keberatan",
        (PrivacyKind::Withdrawal, Locale::Id) => "penarikan persetujuan",
        (kind, Locale::En) => kind.as_str(),
    }
}

/// A role as a sentence names it.
fn role_name(role: Role, locale: Locale) -> &'static str {
    match (role, locale) {
        (Role::Owner, Locale::Id) => "pemilik",
        (Role::Owner, Locale::En) => "owner",
        (Role::Admin, Locale::Id) => "admin",
        (Role::Admin, Locale::En) => "admin",
        (Role::Curator, Locale::Id) => "kurator",
        (Role::Curator, Locale::En) => "curator",
        (Role::MerchantManager, Locale::Id) => "pengelola UMKM",
        (Role::MerchantManager, Locale::En) => "merchant manager",
        (Role::Analyst, Locale::Id) => "analis",
        (Role::Analyst, Locale::En) => "analyst",
        (Role::LocalHero, Locale::Id) => "pahlawan lokal",
        (Role::LocalHero, Locale::En) => "local hero",
        (Role::Merchant, Locale::Id) => "pelaku usaha",
        (Role::Merchant, Locale::En) => "merchant",
    }
}

/// A letter that a worker has claimed.
#[derive(Debug)]
pub struct ClaimedMail {
    /// Whose it is.
    pub aggregator: AggregatorId,
    /// Id.
    pub id: MailId,
    /// Address.
    pub recipient: String,
    /// Which try this is: 1 at first.
    pub attempt: i32,
    /// What it says.
    pub text: MailText,
}

sql! {
    DueTenants {}
    "SELECT DISTINCT aggregator_id FROM mail_outbox WHERE next_try_at <= now() LIMIT 100"
}

sql! {
    ClaimMail { aggregator: Uuid => SqlUuid, until: DateTime<Utc> => Timestamptz, limit: i32 => Integer }
    "UPDATE mail_outbox SET attempts = attempts + 1, next_try_at = $2
     WHERE aggregator_id = $1 AND id IN (
        SELECT id FROM mail_outbox WHERE aggregator_id = $1 AND next_try_at <= now()
        ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id, recipient, sealed, attempts"
}

sql! {
    TenantsWithOldMail { before: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT aggregator_id FROM mail_outbox WHERE next_try_at IS NULL AND created_at < $1 LIMIT 100"
}

sql! {
    ForgetMail { aggregators: Vec<Uuid> => Array<SqlUuid>, before: DateTime<Utc> => Timestamptz }
    "DELETE FROM mail_outbox WHERE aggregator_id = ANY ($1) AND next_try_at IS NULL AND created_at < $2"
}

#[derive(diesel::QueryableByName)]
struct TenantRow {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

#[derive(diesel::QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

sql! {
    EndTry {
        aggregator: Uuid => SqlUuid, id: Uuid => SqlUuid, sent_at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        next_try_at: Option<DateTime<Utc>> => Nullable<Timestamptz>, error: Option<String> => Nullable<Text>,
    }
    "UPDATE mail_outbox SET sent_at = $3, next_try_at = $4, last_error = coalesce($5, last_error),
            sealed = CASE WHEN $4 IS NULL THEN ''::bytea ELSE sealed END
     WHERE aggregator_id = $1 AND id = $2"
}

sql! {
    GiveBackMail { aggregators: Vec<Uuid> => Array<SqlUuid>, ids: Vec<Uuid> => Array<SqlUuid>, now: DateTime<Utc> => Timestamptz }
    "UPDATE mail_outbox SET attempts = attempts - 1, next_try_at = $3 WHERE aggregator_id = ANY ($1) AND id = ANY ($2)"
}

impl Db {
    /// The tenants that have mail to send now.
    pub async fn tenants_with_mail(&self) -> Result<Vec<AggregatorId>> {
        let mut connection = lend(&self.ops).await?;
        let rows = DueTenants {}.load::<TenantRow>(&mut connection).await?;
        Ok(rows.into_iter().map(|row| row.aggregator_id.into()).collect())
    }

    /// Some letters of one tenant. Whoever claims them has them for a while: a worker that dies leaves them to the next.
    pub async fn claim_mail(&self, aggregator: AggregatorId) -> Result<Vec<ClaimedMail>> {
        let mut connection = lend(&self.ops).await?;
        let claim = ClaimMail { aggregator: aggregator.uuid(), until: Utc::now() + LEASE, limit: BATCH };
        let rows = claim.load::<ClaimedRow>(&mut connection).await?;
        drop(connection);
        let mut letters = Vec::with_capacity(rows.len());
        for row in rows {
            let opened =
                self.vault.mail.open(&context(aggregator.uuid(), row.id), &row.sealed).and_then(|plain| {
                    serde_json::from_slice(&plain).map_err(|e| Error::Internal(e.to_string()))
                });
            match opened {
                Ok(text) => letters.push(ClaimedMail {
                    aggregator,
                    id: row.id.into(),
                    recipient: row.recipient,
                    attempt: row.attempts,
                    text,
                }),
                // Sealed under another root secret: no try will open it.
                Err(error) => self.end_try(aggregator, row.id.into(), None, Some(error.to_string())).await?,
            }
        }
        Ok(letters)
    }

    /// Leaves letters that were claimed and not tried to whoever comes next.
    pub async fn give_back_mail(&self, letters: &[ClaimedMail]) -> Result<()> {
        let mut connection = lend(&self.ops).await?;
        let back = GiveBackMail {
            aggregators: letters.iter().map(|letter| letter.aggregator.uuid()).collect(),
            ids: letters.iter().map(|letter| letter.id.uuid()).collect(),
            now: Utc::now(),
        };
        back.execute(&mut connection).await?;
        Ok(())
    }

    /// Notes that a letter was sent.
    pub async fn mail_sent(&self, mail: &ClaimedMail) -> Result<()> {
        let mut connection = lend(&self.ops).await?;
        let end = EndTry {
            aggregator: mail.aggregator.uuid(),
            id: mail.id.uuid(),
            sent_at: Some(Utc::now()),
            next_try_at: None,
            error: None,
        };
        end.execute(&mut connection).await?;
        Ok(())
    }

    /// Notes why a letter could not be sent, and when it is tried again; after the last try it is given up.
    pub async fn mail_failed(&self, mail: &ClaimedMail, error: String) -> Result<()> {
        let next = retry_delay(mail.attempt).map(|delay| Utc::now() + delay);
        self.end_try(mail.aggregator, mail.id, next, Some(error)).await
    }

    async fn end_try(
        &self,
        aggregator: AggregatorId,
        id: MailId,
        next_try_at: Option<DateTime<Utc>>,
        error: Option<String>,
    ) -> Result<()> {
        let mut connection = lend(&self.ops).await?;
        let end = EndTry { aggregator: aggregator.uuid(), id: id.uuid(), sent_at: None, next_try_at, error };
        end.execute(&mut connection).await?;
        Ok(())
    }

    /// Deletes what was sent or given up long ago. Answers how many letters.
    pub async fn forget_mail(&self) -> Result<usize> {
        let before = Utc::now() - KEPT;
        let mut connection = lend(&self.ops).await?;
        let tenants = TenantsWithOldMail { before }.load::<TenantRow>(&mut connection).await?;
        if tenants.is_empty() {
            return Ok(0);
        }
        let aggregators = tenants.into_iter().map(|row| row.aggregator_id).collect();
        Ok(ForgetMail { aggregators, before }.execute(&mut connection).await?)
    }
}

/// How long to wait after the try `attempt`: one minute, then twice as long each time; None after the last one.
fn retry_delay(attempt: i32) -> Option<TimeDelta> {
    (1..MAIL_TRIES).contains(&attempt).then(|| TimeDelta::minutes(1 << (attempt - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn tries_grow_apart_and_end() {
        let delays: Vec<_> = (1..=MAIL_TRIES).map(|n| retry_delay(n).map(|d| d.num_minutes())).collect();
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256].map(Some);
        assert_eq!(delays[..9], expected);
        assert_eq!(delays[9], None);
    }

    #[test]
    fn a_sealed_letter_shows_nothing_and_opens_only_in_its_row() {
        let vault = Vault::new(&Secret::from_bytes([7; 32]));
        let letter = Letter::PasswordReset { token: "geheim", address: "https://kapal.test" };
        let sealed = letter.seal(&vault, AggregatorId::PLATFORM, Locale::Id).expect("sealing works");
        assert!(!sealed.sealed.windows(6).any(|w| w == b"geheim"));
        let own = context(AggregatorId::PLATFORM.uuid(), sealed.id.uuid());
        assert!(vault.mail.open(&own, &sealed.sealed).is_ok());
        let other = context(AggregatorId::PLATFORM.uuid(), MailId::new().uuid());
        assert!(vault.mail.open(&other, &sealed.sealed).is_err());
    }

    #[test]
    fn an_invitation_names_aggregator_role_and_link_in_both_languages() {
        for locale in Locale::ALL {
            for role in Role::ALL {
                let letter = Letter::Invitation {
                    aggregator: "Ekraf Sulawesi",
                    role: *role,
                    link: "https://k.test/t",
                    token: "c0de",
                };
                let MailText { subject, text } = letter.write(*locale);
                assert!(subject.contains("Ekraf Sulawesi"));
                assert!(
                    text.contains("https://k.test/t\n")
                        && text.contains("\nc0de\n")
                        && text.contains(role_name(*role, *locale))
                );
            }
        }
    }
}
