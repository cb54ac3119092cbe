//! `/v1/aggregators/{aggregator}/audit` and `/v1/platform/audit`: who did what, and the proof that nobody rewrote it.

use std::time::{Duration, Instant};

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_domain::Code;
use kapal_domain::permission::AuditRead;
use kapal_persistence::{AuditEntry, AuditFilter, FirstBad, Verification};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found};
use crate::query::{List, PageOf, Paging, Query};
use crate::{Operator, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(verify_audit).service(list_audit).service(list_platform_audit);
}

/// How long one request checks a chain.
const CHECKED_FOR: Duration = Duration::from_secs(5);

/// An entry of the audit chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// Id.
    #[schema(value_type = Uuid)]
    id: Value,
    /// Its place in the chain.
    #[schema(example = 4711, minimum = 1)]
    seq: i64,
    /// When it happened.
    at: DateTime<Utc>,
    /// What was done.
    #[schema(value_type = String, example = "merchant.verified", max_length = 60)]
    action: Value,
    /// `user`, `visitor` or `system`.
    #[schema(value_type = String, example = "user", max_length = 20)]
    actor_kind: Value,
    /// Who did it, where it was a user.
    #[schema(value_type = Option<Uuid>)]
    actor_id: Value,
    /// The request by which it was done.
    #[schema(value_type = String, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 64)]
    request_id: Value,
    /// What kind of thing it was done to.
    #[schema(value_type = String, example = "merchant", max_length = 40)]
    subject_type: Value,
    /// The thing.
    #[schema(value_type = Uuid)]
    subject_id: Value,
    /// The changed fields as they were; personal ones sealed.
    #[schema(value_type = Option<Object>, example = json!({ "status": "submitted" }))]
    before: Value,
    /// The changed fields as they are since; personal ones sealed.
    #[schema(value_type = Option<Object>, example = json!({ "status": "active" }))]
    after: Value,
    /// SHA-256 over the hash before it, its place and its text.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    hash: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(mut entry: AuditEntry) -> Self {
        let mut take = |name: &str| entry.entry[name].take();
        Self {
            id: take("id"),
            seq: entry.seq,
            at: entry.at,
            action: take("action"),
            actor_kind: take("actor_kind"),
            actor_id: take("actor_id"),
            request_id: take("request_id"),
            subject_type: take("subject_type"),
            subject_id: take("subject_id"),
            before: take("before"),
            after: take("after"),
            hash: entry.hash,
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Id of the user who acted.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    actor: Option<String>,
    /// What was done.
    #[param(example = "merchant.verified", max_length = 60)]
    action: Option<String>,
    /// What kind of thing it was done to.
    #[param(example = "merchant", max_length = 40)]
    subject_type: Option<String>,
    /// Id of the thing.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    subject_id: Option<String>,
    /// Not before this time.
    #[param(example = "2026-11-01T00:00:00Z", max_length = 40)]
    from: Option<String>,
    /// Before this time.
    #[param(example = "2026-12-01T00:00:00Z", max_length = 40)]
    to: Option<String>,
    /// Id of the request.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 64)]
    request_id: Option<String>,
}

impl AuditQuery {
    fn parse(&self) -> Result<AuditFilter, Problem> {
        let id = |name, text: &Option<String>| {
            text.as_deref().map(Uuid::try_parse).transpose().map_err(|_| bad(name, "an id"))
        };
        let time = |name, text: &Option<String>| {
            let time = text.as_deref().map(DateTime::parse_from_rfc3339).transpose();
            time.map(|time| time.map(|t| t.to_utc())).map_err(|_| bad(name, "an RFC 3339 time"))
        };
        Ok(AuditFilter {
            actor: id("actor", &self.actor)?,
            action: self.action.clone(),
            subject_type: self.subject_type.clone(),
            subject_id: id("subject_id", &self.subject_id)?,
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            request_id: self.request_id.clone(),
        })
    }
}

fn bad(name: &str, kind: &str) -> Problem {
    Problem::because(Code::InvalidParameter, format!("{name} is not {kind}."))
}

/// Read the audit chain
///
/// Who did what to which thing, with what changed, the newest entry first.
#[utoipa::path(tag = "audit", params(AuditQuery, Paging), responses((status = 200, description = "A page of entries.", body = PageOf<AuditEntryView>)), security(("bearer" = ["audit:read"])))]
#[get("/v1/aggregators/{aggregator}/audit")]
pub async fn list_audit(staff: Staff<AuditRead>, list: List<AuditQuery>) -> Answered {
    let filter = list.filter.parse()?;
    staff
        .run(async |tx| {
            let page = tx.audit(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(AuditEntryView::from)))
        })
        .await
}

/// From where to check.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// The first entry to check: 1, or `to` + 1 of an answer that was not complete.
    #[param(example = 1, minimum = 1, default = 1)]
    from: Option<i64>,
}

/// What a check of the chain found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub struct VerificationView {
    /// How many entries fit.
    #[schema(example = 4711, minimum = 0)]
    entries: i64,
    /// The first that was looked at.
    #[schema(example = 1, minimum = 1)]
    from: i64,
    /// The last that fits.
    #[schema(example = 4711, minimum = 0)]
    to: i64,
    /// The end of the chain.
    head: ChainHeadView,
    /// Whether the check came to the end or to a fault. Otherwise its time was up: go on with `from` = `to` + 1.
    #[schema(example = true)]
    complete: bool,
    /// Whether every entry fits that was looked at.
    #[schema(example = true)]
    valid: bool,
    /// The first entry that does not fit.
    first_bad: Option<FirstBadView>,
}

/// The end of a chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChainHead)]
pub struct ChainHeadView {
    /// The last entry's place.
    #[schema(example = 4711, minimum = 0)]
    seq: i64,
    /// Its hash.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    hash: String,
}

/// An entry that does not fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FirstBad)]
pub struct FirstBadView {
    /// Its place in the chain.
    #[schema(example = 815, minimum = 1)]
    seq: i64,
    /// Its id, where it is still there.
    id: Option<Uuid>,
    /// `changed`, `removed`, `reordered`, `truncated` (it and all after it are gone), `added` (beyond the head) or
    /// `forged` (the signed end is not ours).
    #[schema(example = "changed", max_length = 20)]
    kind: &'static str,
}

impl From<FirstBad> for FirstBadView {
    fn from(bad: FirstBad) -> Self {
        Self { seq: bad.seq, id: bad.id, kind: bad.kind.as_str() }
    }
}

impl From<Verification> for VerificationView {
    fn from(found: Verification) -> Self {
        Self {
            entries: found.entries,
            from: found.from,
            to: found.to,
            head: ChainHeadView { seq: found.head, hash: found.head_hash },
            complete: found.complete,
            valid: found.first_bad.is_none(),
            first_bad: found.first_bad.map(Into::into),
        }
    }
}

/// Verify the audit chain
///
/// Recomputes every entry's hash, compares the end with the chain's head and with the last signed head, and names the
/// first entry that was changed, removed or moved. A long chain is checked in several requests.
#[utoipa::path(tag = "audit", params(VerifyQuery), responses((status = 200, description = "What was found.", body = VerificationView)), security(("bearer" = ["audit:read"])))]
#[get("/v1/aggregators/{aggregator}/audit/verify")]
pub async fn verify_audit(staff: Staff<AuditRead>, query: Query<VerifyQuery>) -> Answered {
    let from = query.0.from.unwrap_or(1);
    if from < 1 {
        return Err(bad("from", "a place in the chain"));
    }
    staff
        .run(async |tx| {
            let found = tx.verify_audit(from, Instant::now() + CHECKED_FOR).await?;
            Ok(Found(None, VerificationView::from(found)))
        })
        .await
}

/// Whose chain, and which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlatformAuditQuery {
    /// Slug or id of an aggregator; without it the platform's own chain: accounts, logins, operators, national slots.
    #[param(example = "ekraf-sulawesi", max_length = 80)]
    aggregator: Option<String>,
    /// Id of the user who acted.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    actor: Option<String>,
    /// What was done.
    #[param(example = "session.started", max_length = 60)]
    action: Option<String>,
    /// What kind of thing it was done to.
    #[param(example = "user", max_length = 40)]
    subject_type: Option<String>,
    /// Id of the thing.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    subject_id: Option<String>,
    /// Not before this time.
    #[param(example = "2026-11-01T00:00:00Z", max_length = 40)]
    from: Option<String>,
    /// Before this time.
    #[param(example = "2026-12-01T00:00:00Z", max_length = 40)]
    to: Option<String>,
    /// Id of the request.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 64)]
    request_id: Option<String>,
}

impl PlatformAuditQuery {
    fn parse(&self) -> Result<AuditFilter, Problem> {
        let Self { aggregator: _, actor, action, subject_type, subject_id, from, to, request_id } = self;
        AuditQuery {
            actor: actor.clone(),
            action: action.clone(),
            subject_type: subject_type.clone(),
            subject_id: subject_id.clone(),
            from: from.clone(),
            to: to.clone(),
            request_id: request_id.clone(),
        }
        .parse()
    }
}

/// Read the platform's audit chain
///
/// The newest entry first. A look into an aggregator's chain is an entry in that chain.
#[utoipa::path(tag = "audit", params(PlatformAuditQuery, Paging), responses((status = 200, description = "A page of entries.", body = PageOf<AuditEntryView>)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/audit")]
pub async fn list_platform_audit(operator: Operator, list: List<PlatformAuditQuery>) -> Answered {
    let filter = list.filter.parse()?;
    operator
        .run(async |tx| {
            let tenant = list.filter.aggregator.as_deref();
            let page = tx.audit(tenant, &filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(AuditEntryView::from)))
        })
        .await
}
