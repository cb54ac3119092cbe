//! Naik kelas: heroes assess, the manager decides.

use anyhow::{Result, ensure};
use kapal_domain::level::AssessmentNote;
use kapal_persistence::{Decision, Declaration, NewAssessment, Objects};

use super::{House, Loader, refused};
use crate::demo::plan::Assessed;

impl Loader<'_> {
    /// The assessments before or after buyers have made contact, one after the other: each finds what the ones before it
    /// made of the merchant.
    pub(super) async fn assess(&self, house: &House<'_>, objects: &Objects, after_leads: bool) -> Result<()> {
        let mentoring = &house.plan.mentoring;
        for plan in mentoring.assessments.iter().filter(|plan| plan.after_leads == after_leads) {
            let merchant = house.merchants[plan.merchant];
            let mut tx = self.acting(house, mentoring.heroes[plan.hero].place).await?;
            let slug = house.plan.slug.as_str();
            let file = self.evidence(&mut tx, objects, slug, merchant, "bukti-penilaian").await?;
            let note = AssessmentNote::parse("").map_err(refused)?;
            let declarations = plan.met.iter().map(|key| Declaration {
                key: (*key).to_owned(),
                met: true,
                evidence: vec![file],
                note: note.clone(),
            });
            let new = NewAssessment { note: plan.note.clone(), declarations: declarations.collect() };
            let row = tx.insert_assessment(merchant, &new).await?.row;
            tx.commit().await?;
            let decision = match &plan.end {
                Assessed::Waiting => None,
                Assessed::Confirmed(level) => {
                    let made = row.level.as_deref();
                    ensure!(made == Some(level.as_str()), "{slug}: {made:?} instead of {level}");
                    Some(Decision::Confirm)
                }
                Assessed::Rejected(reason) => Some(Decision::Reject(reason)),
            };
            if let Some(decision) = decision {
                let mut tx = self.acting(house, "manager").await?;
                tx.decide_assessment(merchant, row.id.into(), decision).await?;
                tx.commit().await?;
            }
            self.progress.add("assessing merchants", 1);
        }
        Ok(())
    }
}
