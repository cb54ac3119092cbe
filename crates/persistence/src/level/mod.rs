//! Naik kelas: criteria in versions, assessments of merchants by them, and the class that a confirmed one makes.

mod list;

pub use list::{AssessmentFilter, ListedAssessment};

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use diesel::sql_types::{Array, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AssessmentId, FileId, MerchantId};
use kapal_domain::level::{AssessmentNote, AssessmentStatus, Level, Outcome, Rule, reached};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::{
    assessment_evidence, assessment_findings, assessments, level_changes, level_criteria, merchants,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// A criterion as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = level_criteria, check_for_backend(diesel::pg::Pg))]
pub struct CriterionRow {
    /// Which version of the criteria.
    pub version: i32,
    /// Its key within the version.
    pub key: String,
    /// The class that demands it.
    pub level: String,
    /// What it says, in Indonesian.
    pub title_id: String,
    /// The same in English.
    pub title_en: String,
    /// How it is found out.
    pub rule: String,
    /// How much of it.
    pub parameters: Value,
    /// Where it comes from.
    pub source: String,
}

impl CriterionRow {
    /// The class.
    pub fn level(&self) -> Result<Level> {
        stored(Level::parse(&self.level))
    }

    /// How it is found out.
    pub fn rule(&self) -> Result<Rule> {
        stored(Rule::parse(&self.rule))
    }
}

/// How much of a criterion: what its rule reads of `parameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    at_least: Option<i32>,
    days: Option<i64>,
    kinds: Vec<String>,
}

/// What was found of a criterion, and what was counted.
pub type Measured = (Outcome, Option<i32>);

/// An assessment as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, diesel::QueryableByName)]
#[diesel(table_name = assessments, check_for_backend(diesel::pg::Pg))]
pub struct AssessmentRow {
    /// Id.
    pub id: Uuid,
    /// Whose.
    pub merchant_id: Uuid,
    /// By which version of the criteria.
    pub criteria_version: i32,
    /// Where it stands.
    pub status: String,
    /// The class that its findings make.
    pub level: Option<String>,
    /// What the assessor wrote.
    pub note: String,
    /// Who assessed.
    pub assessed_by: Uuid,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Grows with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A finding with its criterion.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct FindingRow {
    #[diesel(sql_type = SqlUuid)]
    assessment_id: Uuid,
    /// Key of the criterion.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// The class that demands it.
    #[diesel(sql_type = Text)]
    pub level: String,
    /// What it says, in Indonesian.
    #[diesel(sql_type = Text)]
    pub title_id: String,
    /// The same in English.
    #[diesel(sql_type = Text)]
    pub title_en: String,
    /// How it was found out.
    #[diesel(sql_type = Text)]
    pub rule: String,
    /// What was found.
    #[diesel(sql_type = Text)]
    pub outcome: String,
    /// What was counted.
    #[diesel(sql_type = Nullable<Integer>)]
    pub figure: Option<i32>,
    /// What the assessor wrote.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// Files that prove it.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub evidence: Vec<Uuid>,
}

/// An assessment with its findings.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The assessment.
    pub row: AssessmentRow,
    /// A finding for each criterion of its version.
    pub findings: Vec<FindingRow>,
}

/// What an assessor declares of one criterion.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its key.
    pub key: String,
    /// Whether it is met.
    pub met: bool,
    /// Files that prove it.
    pub evidence: Vec<FileId>,
    /// What the assessor writes.
    pub note: AssessmentNote,
}

/// An assessment to be made.
#[derive(Debug, Clone)]
pub struct NewAssessment {
    /// What the assessor writes of the whole.
    pub note: AssessmentNote,
    /// What he declares; what is left out is not met.
    pub declarations: Vec<Declaration>,
}

/// The decision on an assessment.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// It counts.
    Confirm,
    /// It does not, for a reason.
    Reject(&'a str),
}

sql! {
    FindFindings { aggregator: Uuid => SqlUuid, assessments: Vec<Uuid> => Array<SqlUuid> }
    "SELECT f.assessment_id, f.key, c.level, c.title_id, c.title_en, c.rule, f.outcome, f.figure, f.note,
        ARRAY(SELECT e.file_id FROM assessment_evidence e WHERE e.aggregator_id = f.aggregator_id
            AND e.assessment_id = f.assessment_id AND e.key = f.key ORDER BY e.file_id) AS evidence
     FROM assessment_findings f JOIN level_criteria c ON c.version = f.criteria_version AND c.key = f.key
     WHERE f.aggregator_id = $1 AND f.assessment_id = ANY ($2) ORDER BY c.position"
}

#[derive(diesel::QueryableByName)]
struct Figure {
    #[diesel(sql_type = Integer)]
    figure: i32,
}

impl TenantTx<'_> {
    /// The criteria of a version, or those that count now.
    pub async fn level_criteria(&mut self, version: Option<i32>) -> Result<Vec<CriterionRow>> {
        let version = match version {
            Some(version) => version,
            None => {
                let newest = level_criteria::table.select(diesel::dsl::max(level_criteria::version));
                newest.first::<Option<i32>>(&mut **self).await?.ok_or(Error::NotFound)?
            }
        };
        let criteria = level_criteria::table
            .filter(level_criteria::version.eq(version))
            .order(level_criteria::position)
            .select(CriterionRow::as_select())
            .load::<CriterionRow>(&mut **self)
            .await?;
        if criteria.is_empty() { Err(Error::NotFound) } else { Ok(criteria) }
    }

    /// What the system itself knows of a criterion; None where people must say.
    pub(crate) async fn measure(
        &mut self,
        merchant: MerchantId,
        criterion: &CriterionRow,
    ) -> Result<Option<Measured>> {
        let parameters: Parameters = serde_json::from_value(criterion.parameters.clone())
            .map_err(|e| Error::Internal(format!("parameters of {}: {e}", criterion.key)))?;
        let (tenant, merchant) = (self.tenant(), merchant.uuid());
        let of_merchant = |sql| Statement::new(sql).bind(tenant).sql(" AND merchant_id = ").bind(merchant);
        let counted = match criterion.rule()? {
            Rule::Declared => return Ok(None),
            // Comes with the readiness for export: until then nobody can tell.
            Rule::ExportReadiness => return Ok(Some((Outcome::NotAvailable, None))),
            Rule::Nib => of_merchant(
                "SELECT count(*)::integer AS figure FROM legal_documents d WHERE kind = 'nib' AND status = 'verified' \
                 AND NOT EXISTS (SELECT FROM merchants m WHERE m.aggregator_id = d.aggregator_id AND m.id = d.merchant_id \
                 AND d.expires_on < (now() AT TIME ZONE app.time_zone(m.region_code))::date) AND aggregator_id = ",
            ),
            Rule::PriceList => of_merchant(
                "SELECT count(*)::integer AS figure FROM products p WHERE status = 'published' AND EXISTS (SELECT \
                 FROM product_variants v WHERE v.aggregator_id = p.aggregator_id AND v.product_id = p.id \
                 AND v.price_minor > 0) AND p.aggregator_id = ",
            ),
            // Looked at within the days; of WhatsApp, a buyer who was sent there since it was set shows it as well.
            Rule::Channel => of_merchant(
                "SELECT count(*)::integer AS figure FROM channels c WHERE active AND aggregator_id = ",
            )
            .sql(" AND kind = ANY (")
            .bind(parameters.kinds)
            .sql(")")
            .with(parameters.days, |s, days| {
                let since = Utc::now() - Duration::days(days);
                s.sql(" AND (confirmed_at >= ")
                    .bind(since)
                    .sql(
                        " OR (kind = 'whatsapp' AND EXISTS (SELECT FROM leads l WHERE l.aggregator_id = c.aggregator_id \
                         AND l.merchant_id = c.merchant_id AND l.status <> 'spam' AND l.created_at >= greatest(c.updated_at, ",
                    )
                    .bind(since)
                    .sql("))))")
            }),
            // By the day of the contact: a later note on a lead makes it no newer.
            Rule::LeadsWon => of_merchant(
                "SELECT count(*)::integer AS figure FROM leads WHERE status = 'won' AND aggregator_id = ",
            )
            .with(parameters.days, |s, days| s.sql(" AND created_at >= ").bind(Utc::now() - Duration::days(days))),
        };
        let figure = counted.get_result::<Figure>(&mut **self).await?.figure;
        let enough = figure >= parameters.at_least.unwrap_or(1);
        Ok(Some((if enough { Outcome::Met } else { Outcome::Unmet }, Some(figure))))
    }

    /// Notes what somebody found of a merchant, for a second person to decide. What the system knows it computes now.
    pub async fn insert_assessment(
        &mut self,
        merchant: MerchantId,
        new: &NewAssessment,
    ) -> Result<Assessment> {
        let row = self.lock_merchant(merchant).await?;
        if matches!(row.status()?, MerchantStatus::Suspended | MerchantStatus::Archived) {
            let detail = format!("The merchant is {}.", row.status);
            return Err(Refusal::because(Code::MerchantNotActive, detail).into());
        }
        if row.objected_at.is_some() {
            return Err(Code::MerchantObjected.into());
        }
        let Some(assessor) = self.actor().id() else { return Err(Code::Forbidden.into()) };
        let criteria = self.level_criteria(None).await?;
        check_declarations(&criteria, &new.declarations)?;
        let mut found: Vec<(&CriterionRow, Measured, Option<&Declaration>)> =
            Vec::with_capacity(criteria.len());
        for criterion in &criteria {
            let declared = new.declarations.iter().find(|d| d.key == criterion.key);
            let measured = match self.measure(merchant, criterion).await? {
                Some(measured) => measured,
                None if declared.is_some_and(|d| d.met) => (Outcome::Met, None),
                None => (Outcome::Unmet, None),
            };
            found.push((criterion, measured, declared));
        }
        let outcomes: Vec<(Level, Outcome)> =
            found.iter().map(|(c, (outcome, _), _)| Ok((c.level()?, *outcome))).collect::<Result<_>>()?;
        let level = reached(&outcomes).map(Level::as_str);
        let id = AssessmentId::new();
        let version = criteria[0].version;
        diesel::insert_into(assessments::table)
            .values((
                assessments::aggregator_id.eq(self.tenant()),
                assessments::id.eq(id.uuid()),
                assessments::merchant_id.eq(merchant.uuid()),
                assessments::criteria_version.eq(version),
                assessments::status.eq(AssessmentStatus::Proposed.as_str()),
                assessments::level.eq(level),
                assessments::note.eq(new.note.as_str()),
                assessments::assessed_by.eq(assessor),
                assessments::created_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        let tenant = self.tenant();
        let findings: Vec<_> = found
            .iter()
            .map(|(criterion, (outcome, figure), declared)| {
                (
                    assessment_findings::aggregator_id.eq(tenant),
                    assessment_findings::assessment_id.eq(id.uuid()),
                    assessment_findings::key.eq(criterion.key.as_str()),
                    assessment_findings::merchant_id.eq(merchant.uuid()),
                    assessment_findings::criteria_version.eq(version),
                    assessment_findings::outcome.eq(outcome.as_str()),
                    assessment_findings::figure.eq(*figure),
                    assessment_findings::note.eq(declared.map_or("", |d| d.note.as_str())),
                )
            })
            .collect();
        diesel::insert_into(assessment_findings::table).values(findings).execute(&mut **self).await?;
        let evidence: Vec<_> = new
            .declarations
            .iter()
            .flat_map(|d| d.evidence.iter().map(|file| (d.key.as_str(), file.uuid())))
            .map(|(key, file)| {
                (
                    assessment_evidence::aggregator_id.eq(tenant),
                    assessment_evidence::assessment_id.eq(id.uuid()),
                    assessment_evidence::key.eq(key),
                    assessment_evidence::file_id.eq(file),
                    assessment_evidence::merchant_id.eq(merchant.uuid()),
                )
            })
            .collect();
        diesel::insert_into(assessment_evidence::table).values(evidence).execute(&mut **self).await?;
        let assessment = self.assessment(merchant, id).await?;
        self.record(
            Change::new(EventKind::AssessmentProposed, Subject("assessment", id.uuid()))
                .data(json!({ "merchant_id": merchant, "level": level, "criteria_version": version }))
                .from_to(Value::Null, facts(&assessment)),
        );
        Ok(assessment)
    }

    /// One assessment of a merchant.
    pub async fn assessment(&mut self, merchant: MerchantId, id: AssessmentId) -> Result<Assessment> {
        let row = assessments::table
            .find((self.tenant(), id.uuid()))
            .filter(assessments::merchant_id.eq(merchant.uuid()))
            .select(AssessmentRow::as_select())
            .first::<AssessmentRow>(&mut **self)
            .await?;
        self.with_findings(vec![row]).await?.pop().ok_or(Error::NotFound)
    }

    /// A merchant's assessments, the newest first.
    pub async fn assessments(
        &mut self,
        merchant: MerchantId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Assessment>> {
        self.expect_merchant(merchant).await?;
        let mut query = assessments::table
            .filter(assessments::aggregator_id.eq(self.tenant()))
            .filter(assessments::merchant_id.eq(merchant.uuid()))
            .select(AssessmentRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            use diesel::BoolExpressionMethods;
            let (time, id) = cursor.time_and_id()?;
            query = query
                .filter(assessments::created_at.le(time))
                .filter(assessments::created_at.lt(time).or(assessments::id.lt(id)));
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((assessments::created_at.desc(), assessments::id.desc()))
            .limit(wanted)
            .load::<AssessmentRow>(&mut **self)
            .await?;
        let Page { items, next } = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        Ok(Page { items: self.with_findings(items).await?, next })
    }

    /// Decides on an assessment, as another person than the assessor. A merchant's class changes here and nowhere else.
    pub async fn decide_assessment(
        &mut self,
        merchant: MerchantId,
        id: AssessmentId,
        decision: Decision<'_>,
    ) -> Result<Assessment> {
        // The merchant first, as when one is made: nobody waits in a circle, and its class stays as it is read.
        let holder = self.lock_merchant(merchant).await?;
        let before = self.assessment(merchant, id).await?.row;
        let (next, reason, kind) = match decision {
            Decision::Confirm => (AssessmentStatus::Confirmed, None, EventKind::AssessmentConfirmed),
            Decision::Reject(reason) => {
                (AssessmentStatus::Rejected, Some(reason), EventKind::AssessmentRejected)
            }
        };
        stored(AssessmentStatus::parse(&before.status))?
            .decide(next)
            .map_err(|code| Refusal::because(code, format!("The assessment is {}.", before.status)))?;
        let decider = self.actor().id();
        if decider.is_none_or(|decider| decider == before.assessed_by) {
            return Err(Code::OwnAssessment.into());
        }
        let now = Utc::now();
        diesel::update(assessments::table.find((self.tenant(), id.uuid())))
            .set((
                assessments::status.eq(next.as_str()),
                assessments::decided_by.eq(decider),
                assessments::decided_at.eq(now),
                assessments::reason.eq(reason),
                assessments::version.eq(before.version + 1),
            ))
            .execute(&mut **self)
            .await?;
        let said = json!({ "status": next.as_str(), "reason": reason });
        let said = self.sealed_facts(merchant.uuid(), said).await?;
        self.record(
            Change::new(kind, Subject("assessment", id.uuid()))
                .data(json!({ "merchant_id": merchant, "level": before.level }))
                .from_to(json!({ "status": before.status }), said),
        );
        if next == AssessmentStatus::Confirmed && holder.level != before.level {
            self.change_level(merchant, &holder.level, &before, now).await?;
            if holder.status()? == MerchantStatus::Active {
                self.project_merchant(merchant).await?;
            }
        }
        self.assessment(merchant, id).await
    }

    async fn change_level(
        &mut self,
        merchant: MerchantId,
        from: &Option<String>,
        assessment: &AssessmentRow,
        now: DateTime<Utc>,
    ) -> Result<()> {
        diesel::update(merchants::table.find((self.tenant(), merchant.uuid())))
            .set((
                merchants::level.eq(&assessment.level),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        diesel::insert_into(level_changes::table)
            .values((
                level_changes::aggregator_id.eq(self.tenant()),
                level_changes::id.eq(Uuid::now_v7()),
                level_changes::merchant_id.eq(merchant.uuid()),
                level_changes::assessment_id.eq(assessment.id),
                level_changes::from_level.eq(from),
                level_changes::to_level.eq(&assessment.level),
                level_changes::changed_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::MerchantLevelChanged, Subject("merchant", merchant.uuid()))
                .data(json!({ "from": from, "to": assessment.level }))
                .from_to(
                    json!({ "level": from }),
                    json!({ "level": assessment.level, "assessment_id": assessment.id }),
                ),
        );
        Ok(())
    }

    /// What people last said of each declared criterion, as a second person confirmed it.
    pub(crate) async fn confirmed_outcomes(
        &mut self,
        merchant: MerchantId,
    ) -> Result<HashMap<String, Outcome>> {
        let last = assessments::table
            .filter(assessments::aggregator_id.eq(self.tenant()))
            .filter(assessments::merchant_id.eq(merchant.uuid()))
            .filter(assessments::status.eq(AssessmentStatus::Confirmed.as_str()))
            .order((assessments::created_at.desc(), assessments::id.desc()))
            .select(assessments::id)
            .first::<Uuid>(&mut **self)
            .await
            .optional()?;
        let Some(last) = last else { return Ok(HashMap::new()) };
        let found = assessment_findings::table
            .filter(assessment_findings::aggregator_id.eq(self.tenant()))
            .filter(assessment_findings::assessment_id.eq(last))
            .select((assessment_findings::key, assessment_findings::outcome))
            .load::<(String, String)>(&mut **self)
            .await?;
        found.into_iter().map(|(key, outcome)| Ok((key, stored(Outcome::parse(&outcome))?))).collect()
    }

    async fn with_findings(&mut self, rows: Vec<AssessmentRow>) -> Result<Vec<Assessment>> {
        let assessments = rows.iter().map(|row| row.id).collect();
        let query = FindFindings { aggregator: self.tenant(), assessments };
        let mut findings: HashMap<Uuid, Vec<FindingRow>> = HashMap::new();
        for finding in query.load::<FindingRow>(&mut **self).await? {
            findings.entry(finding.assessment_id).or_default().push(finding);
        }
        Ok(rows
            .into_iter()
            .map(|row| Assessment { findings: findings.remove(&row.id).unwrap_or_default(), row })
            .collect())
    }
}

/// Every declaration is of a criterion that people find out, and what is met is proven.
fn check_declarations(criteria: &[CriterionRow], declarations: &[Declaration]) -> Result<()> {
    let mut faults = Faults::default();
    for (at, declaration) in declarations.iter().enumerate() {
        let key = format!("/criteria/{at}/key");
        match criteria.iter().find(|criterion| criterion.key == declaration.key) {
            None => faults.add(key, Code::UnknownCriterion),
            Some(criterion) if criterion.rule()? != Rule::Declared => {
                faults.add(key, Code::ComputedCriterion)
            }
            Some(_) if declaration.met && declaration.evidence.is_empty() => {
                faults.add(format!("/criteria/{at}/evidence"), Code::EvidenceRequired);
            }
            Some(_) => {}
        }
    }
    Ok(faults.finish()?)
}

/// What the audit chain keeps of an assessment. Notes are about people's work: the log says nothing of them.
fn facts(assessment: &Assessment) -> Value {
    let row = &assessment.row;
    json!({
        "status": row.status, "level": row.level, "criteria_version": row.criteria_version,
        "findings": assessment.findings.iter().map(|finding| json!({
            "key": finding.key, "outcome": finding.outcome, "figure": finding.figure, "evidence": finding.evidence,
        })).collect::<Vec<_>>(),
    })
}
