//! Local heroes, what merchants entrust to the aggregator, and the visits of twelve months.

use anyhow::{Context, Result, bail};
use chrono::{NaiveDate, NaiveTime, TimeDelta, Utc};
use kapal_domain::action_item::{ActionItemRecord, ActionItemStatus};
use kapal_domain::ids::{ActionItemId, VisitId};
use kapal_domain::locale::Locale;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::privacy::{ConsentChannel, LawfulBasis, PrivacyKind, Purpose, RequestNote, TextVersion};
use kapal_domain::visit::{AgreedTask, Confirmation, DeviceId, Period, Pin, VisitNote, VisitRecord};
use kapal_persistence::{
    ActionItemChange, ChangeOutcome, MerchantEdit, NewAssignment, NewConsent, NewHero, NewPrivacyRequest,
    PhoneChange, RequestSubject, TenantTx, VisitChange, sha256,
};

use super::houses::by_sales;
use super::{House, Loader, refused};
use crate::demo::plan::{PIN, Visit};

/// What the merchants agreed to.
const CONSENT: &str =
    "Saya setuju nama, cerita dan tempat usaha saya ditampilkan, dan pembeli menghubungi saya.";
const CONSENT_VERSION: &str = "contoh-1";

impl Loader<'_> {
    /// The manager sets up the heroes and gives them their merchants, and keeps what these entrust to the aggregator.
    pub(super) async fn mentor(&self, house: &House<'_>) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        for hero in &house.plan.mentoring.heroes {
            let user = *house.staff.get(hero.place).context("a hero without an account")?;
            let new = NewHero {
                user,
                display_name: None,
                phone: Some(hero.phone.clone()),
                area: hero.area.clone(),
                capacity: hero.capacity,
                languages: hero.languages.clone(),
                home: Some(hero.home),
                home_region: Some(hero.home_region.clone()),
                active: true,
                note: hero.note.clone(),
            };
            tx.insert_hero(&new).await?;
            for assignment in &hero.assignments {
                let merchant = house.merchants[assignment.merchant];
                let region = &house.plan.merchants[assignment.merchant].region;
                let day = |days| region.day_of(Utc::now()) + TimeDelta::days(days);
                let new = NewAssignment {
                    starts_on: Some(day(assignment.starts)),
                    ends_on: None,
                    agreement_signed_on: assignment.signed.map(day),
                    agreement_file: None,
                    programme: None,
                    primary: assignment.primary,
                };
                tx.assign_hero(user, merchant, &new).await?;
                if assignment.ended {
                    tx.unassign_hero(user, merchant).await?;
                }
            }
        }
        self.entrust(house, &mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// PINs, consents, accounts, and the classes that merchants have grown into.
    async fn entrust(&self, house: &House<'_>, tx: &mut TenantTx<'_>) -> Result<()> {
        let pin = Pin::parse_new(PIN).map_err(refused)?;
        for (_, at) in house.plan.mentoring.mentored() {
            let (plan, merchant) = (&house.plan.merchants[at], house.merchants[at]);
            tx.set_merchant_pin(merchant, &pin).await?;
            for channel in &plan.channels {
                tx.confirm_channel(merchant, channel.kind()).await?;
            }
            for purpose in [Purpose::StorefrontProfile, Purpose::WhatsappContact] {
                let new = NewConsent {
                    purpose,
                    lawful_basis: LawfulBasis::Consent,
                    text_version: TextVersion::parse(CONSENT_VERSION).map_err(refused)?,
                    text_hash: sha256(CONSENT.as_bytes()),
                    locale: Locale::Id,
                    channel: ConsentChannel::Paper,
                    given_at: Utc::now() - TimeDelta::days(plan.profile.agreed),
                    evidence: None,
                };
                tx.insert_consent(merchant, &new).await?;
            }
        }
        for (plan, merchant) in house.plan.merchants.iter().zip(&house.merchants) {
            if plan.status == MerchantStatus::Archived {
                continue;
            }
            if let Some(account) = &plan.profile.account {
                tx.set_bank_account(*merchant, None, true, account).await?;
            }
            for sales in plan.profile.sales.iter().skip(1) {
                let version = tx.merchant(*merchant).await?.row.version;
                let edit = MerchantEdit { scale: Some(Some(by_sales(*sales)?)), ..MerchantEdit::default() };
                tx.update_merchant(*merchant, version, &edit).await?;
            }
        }
        Ok(())
    }

    /// Each hero's phone sends its visits, and what became of what was agreed on.
    pub(super) async fn visit(&self, house: &House<'_>) -> Result<()> {
        for (at, hero) in house.plan.mentoring.heroes.iter().enumerate() {
            let visits: Vec<_> =
                house.plan.mentoring.visits.iter().filter(|visit| visit.hero == at).collect();
            if visits.is_empty() {
                continue;
            }
            let changes: Vec<PhoneChange> =
                visits.iter().map(|visit| changes(house, visit)).collect::<Result<Vec<_>>>()?.concat();
            let mut tx = self.acting(house, hero.place).await?;
            for outcome in tx.apply_changes(&changes).await? {
                match outcome {
                    ChangeOutcome::Created(_) | ChangeOutcome::Updated(_) => {}
                    ChangeOutcome::Refused(error) => return Err(error.into()),
                    other => bail!("a visit came to {other:?}"),
                }
            }
            tx.commit().await?;
            self.progress.add("visiting merchants", visits.len());
        }
        Ok(())
    }

    /// A merchant asks what is held of it.
    pub(super) async fn ask(&self, house: &House<'_>) -> Result<()> {
        const NOTE: &str =
            "Pemilik ingin melihat semua data usahanya yang disimpan, termasuk catatan kunjungan.";
        let Some((_, merchant)) = house.plan.mentoring.mentored().nth(1) else { return Ok(()) };
        let new = NewPrivacyRequest {
            kind: PrivacyKind::Access,
            subject: RequestSubject::Merchant(house.merchants[merchant]),
            note: RequestNote::parse(NOTE).map_err(refused)?,
            received_at: Utc::now() - TimeDelta::hours(20),
        };
        let mut tx = self.acting(house, "manager").await?;
        tx.insert_privacy_request(&new).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A visit as a phone sends it: its first version, a correction, and the task that is done.
fn changes(house: &House<'_>, plan: &Visit) -> Result<Vec<PhoneChange>> {
    let (now, today) = (Utc::now(), Utc::now().date_naive());
    let day = |days: i64| -> NaiveDate { today + TimeDelta::days(days) };
    let (hour, minutes) = plan.time;
    let clock = NaiveTime::from_hms_opt(hour, 0, 0).context("an hour of no day")?;
    let started_at = day(plan.day).and_time(clock).and_utc();
    let period = Period::new(started_at, started_at + TimeDelta::minutes(minutes), now)
        .map_err(|faults| anyhow::anyhow!("a visit at no time: {:?}", faults.into_vec()))?;
    let (id, task) = (VisitId::new(), ActionItemId::new());
    let agreed = &plan.task;
    let due_on = Some(day(agreed.due));
    let record = |advice: &VisitNote| -> Result<VisitRecord> {
        Ok(VisitRecord {
            merchant: house.merchants[plan.merchant],
            period,
            mode: plan.mode,
            topics: plan.topics.clone(),
            problems: plan.problems.clone(),
            advice: advice.clone(),
            next_on: plan.next.map(day),
            location: None,
            photos: Vec::new(),
            tasks: vec![AgreedTask { id: task, owner: agreed.owner, text: agreed.text.clone(), due_on }],
            device: Some(DeviceId::parse("contoh").map_err(refused)?),
        })
    };
    let pin = Pin::parse(PIN).map_err(refused)?;
    let confirmation = plan.confirmed.then_some(Confirmation::Pin(pin));
    let first = VisitChange { id, base: 0, record: record(&plan.advice)?, confirmation };
    let mut changes = vec![PhoneChange::Visit(first)];
    if let Some(advice) = &plan.correction {
        let second = VisitChange { id, base: 1, record: record(advice)?, confirmation: None };
        changes.push(PhoneChange::Visit(second));
    }
    if let Some(done) = agreed.done {
        let record = ActionItemRecord {
            merchant: house.merchants[plan.merchant],
            text: agreed.text.clone(),
            owner: agreed.owner,
            due_on,
            status: ActionItemStatus::Done,
            done_at: Some(day(done).and_time(clock).and_utc()),
            visit: None,
        };
        changes.push(PhoneChange::ActionItem(ActionItemChange { id: task, base: 1, record }));
    }
    Ok(changes)
}
