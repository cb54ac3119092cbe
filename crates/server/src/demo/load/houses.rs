//! Aggregators, their staff and their merchants.

use anyhow::{Context, Result};
use chrono::{Datelike, TimeDelta, Utc};
use kapal_domain::aggregator::{AggregatorAction, AggregatorStatus};
use kapal_domain::ids::{MerchantId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::merchant::{MerchantAction, MerchantStatus, Scale};
use kapal_domain::money::Money;
use kapal_domain::onboarding::RequestReason;
use kapal_domain::permission::Role;
use kapal_domain::profile::ConsentChannel;
use kapal_persistence::{
    Actor, AggregatorChanges, Joiner, NewAggregator, NewInvitation, NewMerchant, NewRequest, ProfileChanges,
    ScaleClaim,
};

use super::{House, Loader, REQUEST, refused};
use crate::demo::plan::{Aggregator, Merchant, Person, STAFF};

impl Loader<'_> {
    /// Makes an aggregator, and activates it unless it is to stay pending.
    pub(super) async fn found<'p>(&self, plan: &'p Aggregator) -> Result<House<'p>> {
        let mut tx = self.db.operator(Actor::System, REQUEST).await?;
        let new = NewAggregator { slug: plan.slug.clone(), name: plan.name.clone(), demonstration: true };
        let row = tx.insert_aggregator(&new).await?;
        let changes = AggregatorChanges {
            description_id: Some(plan.description.id.clone()),
            description_en: Some(plan.description.en.clone()),
            primary_colour: Some(plan.colour.clone()),
            national: Some(true),
            ..AggregatorChanges::default()
        };
        tx.update_aggregator(row.id(), row.version, &changes).await?;
        if plan.status != AggregatorStatus::Pending {
            tx.change_aggregator_status(row.id(), AggregatorAction::Activate).await?;
        }
        tx.commit().await?;
        Ok(House {
            plan,
            id: row.id(),
            staff: std::collections::HashMap::new(),
            merchants: Vec::new(),
            products: Vec::new(),
        })
    }

    /// The platform invites the owner, the owner the others; all accept. The merchant's account waits for its merchant.
    pub(super) async fn employ(&self, house: &mut House<'_>) -> Result<()> {
        let plan = house.plan;
        let people = STAFF.iter().zip(&plan.staff).filter(|((_, role), _)| *role != Role::Merchant);
        for (who, role, person) in people.map(|((who, role), person)| (*who, *role, person)) {
            let by = match house.staff.get("owner") {
                Some(owner) => Actor::User(*owner),
                None => Actor::System,
            };
            self.join(house, by, person, role, None).await?;
            self.know(house, who, person).await?;
        }
        for hero in plan.mentoring.heroes.iter().skip(1) {
            let owner = Actor::User(*house.staff.get("owner").context("no owner")?);
            self.join(house, owner, &hero.person, Role::LocalHero, None).await?;
            self.know(house, hero.place, &hero.person).await?;
        }
        Ok(())
    }

    async fn know(&self, house: &mut House<'_>, who: &'static str, person: &Person) -> Result<()> {
        let user = self.db.credentials_of(&person.email).await?.context("an account that is not there")?;
        house.staff.insert(who, user.user());
        Ok(())
    }

    /// The account of the first merchant, which the owner invites.
    pub(super) async fn invite_merchant(&self, house: &House<'_>) -> Result<()> {
        let at =
            STAFF.iter().position(|(_, role)| *role == Role::Merchant).context("no merchant's account")?;
        let owner = Actor::User(*house.staff.get("owner").context("no owner")?);
        let merchant = house.merchants.first().copied();
        self.join(house, owner, &house.plan.staff[at], Role::Merchant, merchant).await
    }

    async fn join(
        &self,
        house: &House<'_>,
        by: Actor,
        person: &Person,
        role: Role,
        merchant: Option<MerchantId>,
    ) -> Result<()> {
        let mut tx = self.within(house, by, false).await?;
        let new = NewInvitation { email: person.email.clone(), role, merchant, locale: Locale::Id };
        let invited = tx.invite(&new, Role::Owner, self.public_url).await?;
        tx.commit().await?;
        let mut tx = self.db.identity(Actor::System, REQUEST).await?;
        tx.accept_invitation(&invited.token, &Joiner::New(self.user(person))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The hero brings in those that are assigned to him, as whoever makes a merchant there keeps it; the manager brings
    /// in the others and verifies all.
    pub(super) async fn onboard(&self, house: &mut House<'_>) -> Result<()> {
        let plan = house.plan;
        let (assigned, others) = plan.merchants.split_at(plan.assigned);
        for (who, merchants) in [("hero", assigned), ("manager", others)] {
            let taken_by = house.staff.get(who).copied();
            let mut tx = self.acting(house, who).await?;
            let mut made = Vec::with_capacity(merchants.len());
            for merchant in merchants {
                let id = tx.insert_merchant(&new(merchant, taken_by)?).await?.row.id();
                for channel in &merchant.channels {
                    tx.set_channel(id, channel, true).await?;
                }
                if merchant.status != MerchantStatus::Draft {
                    tx.change_merchant_status(id, MerchantAction::Submit, None).await?;
                }
                made.push(id);
            }
            tx.commit().await?;
            house.merchants.append(&mut made);
            self.progress.add("onboarding merchants", merchants.len());
        }
        let mut tx = self.acting(house, "manager").await?;
        for (merchant, id) in plan.merchants.iter().zip(&house.merchants) {
            let steps: &[MerchantAction] = match merchant.status {
                MerchantStatus::Draft | MerchantStatus::Submitted => &[],
                MerchantStatus::NeedsChanges => {
                    let requests: Vec<_> = merchant.requests.iter().map(request).collect();
                    tx.request_merchant_changes(*id, merchant.reason.as_deref(), &requests).await?;
                    &[]
                }
                MerchantStatus::Active | MerchantStatus::Suspended => &[MerchantAction::Verify],
                MerchantStatus::Archived => &[MerchantAction::Verify, MerchantAction::Archive],
            };
            for step in steps {
                let reason = merchant.reason.as_deref().filter(|_| *step != MerchantAction::Verify);
                tx.change_merchant_status(*id, *step, reason).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Those that end suspended, after their products were published.
    pub(super) async fn suspend_merchants(&self, house: &House<'_>) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        for (merchant, id) in house.plan.merchants.iter().zip(&house.merchants) {
            if merchant.status == MerchantStatus::Suspended {
                tx.change_merchant_status(*id, MerchantAction::Suspend, merchant.reason.as_deref()).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

fn request((pointer, reason): &(&'static str, RequestReason)) -> NewRequest {
    NewRequest { pointer: (*pointer).to_owned(), reason: reason.clone() }
}

fn new(merchant: &Merchant, taken_by: Option<UserId>) -> Result<NewMerchant> {
    let scale = match merchant.profile.sales.first() {
        Some(sales) => by_sales(*sales)?,
        None => ScaleClaim::declared(merchant.scale),
    };
    Ok(NewMerchant {
        name: merchant.name.clone(),
        legal_name: merchant.legal_name.clone(),
        region_code: merchant.region.clone(),
        scale: Some(scale),
        nib: merchant.nib.clone(),
        phone: merchant.phone.clone(),
        story: merchant.story.clone(),
        profile: told(merchant, taken_by),
    })
}

/// The class that the sales of so many years ago make.
pub(super) fn by_sales((ago, rupiah): (i32, i64)) -> Result<ScaleClaim> {
    Ok(ScaleClaim {
        scale: Scale::by_sales(rupiah).context("a large business")?,
        basis: "sales",
        year: Some(Utc::now().year() - ago),
        amount: Some(Money::rupiah(rupiah).map_err(refused)?),
    })
}

fn told(merchant: &Merchant, taken_by: Option<UserId>) -> ProfileChanges {
    let profile = &merchant.profile;
    let mut changes = ProfileChanges {
        business_form: Some(Some(profile.form.as_str().to_owned())),
        kbli_version: Some(Some(profile.kbli.version().as_str().to_owned())),
        kbli_code: Some(Some(profile.kbli.code().to_owned())),
        founded_year: Some(Some(profile.founded_year)),
        workers_total: Some(profile.workers.total),
        workers_women: Some(profile.workers.women),
        workers_youth: Some(profile.workers.youth),
        workers_disability: Some(profile.workers.disability),
        address: Some(Some(profile.address.as_str().to_owned())),
        latitude: Some(Some(profile.coordinates.latitude())),
        longitude: Some(Some(profile.coordinates.longitude())),
        ..ProfileChanges::default()
    };
    let agreed = Utc::now().date_naive() - TimeDelta::days(profile.agreed);
    let consent = Some((agreed, ConsentChannel::Paper.as_str()));
    changes.set_consent(consent, taken_by.map(UserId::uuid));
    changes
}
