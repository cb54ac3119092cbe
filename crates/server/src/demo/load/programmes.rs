//! Training: who takes part, who attended what, and the certificates of those who completed it.

use anyhow::Result;
use chrono::{NaiveDate, TimeDelta, Utc};
use kapal_domain::programme::{Days, ProgrammeStatus};
use kapal_persistence::{EnrolmentChanges, EnrolmentEnd, NewProgramme, ProgrammeChanges, TenantTx};

use super::{House, Loader, refused};
use crate::demo::plan::Programme;

/// How much must be attended, in hundredths, and how many may take part.
const ATTENDANCE: i16 = 75;
const SEATS: i32 = 20;

impl Loader<'_> {
    /// The manager leads each programme as far as it has come; the first hero teaches.
    pub(super) async fn train(&self, house: &House<'_>) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        for plan in &house.plan.mentoring.programmes {
            self.lead(house, &mut tx, plan).await?;
            self.progress.add("training merchants", 1);
        }
        tx.commit().await?;
        Ok(())
    }

    async fn lead(&self, house: &House<'_>, tx: &mut TenantTx<'_>, plan: &Programme) -> Result<()> {
        let today = Utc::now().date_naive();
        let day = |days: i64| -> NaiveDate { today + TimeDelta::days(days) };
        let (first, last) = plan.days;
        let new = NewProgramme {
            name_id: plan.name.0.clone(),
            name_en: plan.name.1.clone(),
            description_id: plan.description.0.clone(),
            description_en: plan.description.1.clone(),
            days: Days::new(day(first), day(last)).map_err(refused)?,
            region_code: plan.region.clone(),
            trainer: house.staff.get("hero").copied(),
            capacity: SEATS,
            min_attendance_percent: ATTENDANCE,
            curriculum: plan.curriculum.clone(),
        };
        let row = tx.insert_programme(&new).await?.row;
        let (id, version) = (row.id.into(), row.version);
        let to = |status| ProgrammeChanges { status: Some(status), ..ProgrammeChanges::default() };
        tx.update_programme(id, version, &to(ProgrammeStatus::Open)).await?;
        let mut enrolments = Vec::new();
        for turnout in &plan.turnouts {
            let row = tx.insert_enrolment(id, house.merchants[turnout.merchant]).await?;
            enrolments.push((turnout, row));
        }
        if plan.status == ProgrammeStatus::Open {
            return Ok(());
        }
        let version = tx.programme(id).await?.row.version;
        tx.update_programme(id, version, &to(ProgrammeStatus::Running)).await?;
        for (turnout, row) in enrolments {
            // One topic a week.
            let topics = plan.curriculum.topics().iter().take(turnout.attended).enumerate();
            let attendance =
                topics.map(|(week, topic)| (topic.key.clone(), day(first + 7 * week as i64))).collect();
            let end = match &turnout.dropped {
                Some(reason) => Some(EnrolmentEnd::Dropped(reason.clone())),
                None => turnout.completed.then_some(EnrolmentEnd::Completed),
            };
            let changes = EnrolmentChanges { attendance: Some(attendance), end };
            tx.update_enrolment(id, row.id.into(), row.version, &changes).await?;
        }
        if plan.status == ProgrammeStatus::Finished {
            let version = tx.programme(id).await?.row.version;
            tx.update_programme(id, version, &to(ProgrammeStatus::Finished)).await?;
        }
        Ok(())
    }
}
