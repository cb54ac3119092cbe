//! What stands on the storefronts, and what buyers made of it.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::collection::{CollectionIntro, CollectionTitle};
use kapal_domain::ids::ProductId;
use kapal_domain::lead::{LeadKind, LeadStatus};
use kapal_domain::rotation::RotationRules;
use kapal_domain::slot::{Filling, MAX_ITEMS, Place, Schedule, Window};
use kapal_persistence::{
    Actor, Buyer, BuyerName, LeadChanges, LeadFacts, LeadFilter, NewCollection, NewLead, NewNationalSlot,
    NewSlot, Transaction,
};

use super::{House, Loader, REQUEST, refused};
use crate::demo::plan::Shelf;

impl Loader<'_> {
    /// The curator's collections, and the slots of home: some running, one over, one to come.
    pub(super) async fn arrange(&self, house: &House<'_>) -> Result<()> {
        let mut tx = self.acting(house, "curator").await?;
        for plan in &house.plan.collections {
            let rule = match &plan.shelf {
                Shelf::ByHand(_) => None,
                Shelf::ByRule(rule) => Some(rule.clone()),
            };
            let new = NewCollection {
                slug: None,
                title_id: CollectionTitle::parse(&plan.title.id).map_err(refused)?,
                title_en: Some(CollectionTitle::parse(&plan.title.en).map_err(refused)?),
                description_id: CollectionIntro::parse(&plan.intro.id).map_err(refused)?,
                description_en: CollectionIntro::parse(&plan.intro.en).map_err(refused)?,
                window: window(plan.days.0, plan.days.1)?,
                rule,
                media: None,
            };
            let row = tx.insert_collection(&new).await?.row;
            if let Shelf::ByHand(places) = &plan.shelf {
                let products: Vec<_> = places.iter().map(|at| house.products[*at]).collect();
                tx.set_collection_products(row.id.into(), row.version, &products).await?;
            }
        }
        let mutiara = house.plan.mutiara();
        let products: Vec<ProductId> = mutiara.iter().map(|at| house.products[*at]).collect();
        let half = products.len() / 2;
        let slots = [
            (Place::HomeHero, (-5, Some(25)), &products[..half.min(5)]),
            (Place::HomeRow, (-12, None), &products[half.min(3)..(half + 8).min(products.len())]),
            (Place::HomeHero, (-40, Some(-6)), &products[half..]),
            (Place::HomeHero, (25, Some(55)), &products[half..]),
        ];
        for (place, (from, to), products) in slots {
            let filling = Filling::Fixed(products.iter().copied().take(MAX_ITEMS).collect());
            let schedule = Schedule::new(window(from, to)?, None);
            tx.insert_slot(&NewSlot { place, line: 1, category: None, schedule, filling }).await?;
        }
        let filling = Filling::Rotating(rules(4)?);
        let schedule = Schedule::new(window(-12, None)?, None);
        tx.insert_slot(&NewSlot { place: Place::HomeRow, line: 2, category: None, schedule, filling })
            .await?;
        if let Some((category, products)) = largest_category(house) {
            let category = Some(*self.categories.get(category).context("a category that is not there")?);
            let schedule = Schedule::new(window(-20, Some(70))?, None);
            let filling = Filling::Fixed(products);
            tx.insert_slot(&NewSlot { place: Place::CategoryTop, line: 1, category, schedule, filling })
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Buyers make contact, and the manager answers some of them.
    pub(super) async fn receive(&self, house: &House<'_>) -> Result<()> {
        let merchants: Vec<_> = house.plan.products().map(|(at, _)| house.merchants[at]).collect();
        let mut answered = HashMap::new();
        let mut tx = self.db.visitor(house.id, REQUEST.to_owned()).await?;
        for lead in &house.plan.leads {
            let buyer = match &lead.buyer {
                Some((name, phone)) => Some(Buyer {
                    name: Some(BuyerName::parse(name).map_err(refused)?),
                    phone: Some(phone.clone()),
                }),
                None => None,
            };
            let new = NewLead {
                product: house.products[lead.product],
                merchant: merchants[lead.product],
                kind: LeadKind::Contact,
                source: lead.source,
                facts: &LeadFacts::default(),
                locale: lead.locale,
                buyer: &buyer,
            };
            let code = tx.insert_lead(&new).await?;
            answered.insert(code.to_string(), lead);
        }
        tx.commit().await?;
        let mut tx = self.acting(house, "manager").await?;
        for row in tx.leads(&LeadFilter::default(), None, house.plan.leads.len()).await?.items {
            let plan = answered.get(&row.row.code).context("a lead that nobody left")?;
            let mut version = row.row.version;
            for (n, status) in plan.steps.iter().enumerate() {
                let is_last = n + 1 == plan.steps.len() && *status != LeadStatus::Spam;
                let note = if is_last { plan.note.clone() } else { None };
                let changes = LeadChanges { status: Some(*status), note, ..LeadChanges::default() };
                version = tx.update_lead(row.row.id.into(), version, &changes).await?.row.version;
            }
        }
        tx.commit().await?;
        self.progress.add("answering leads", house.plan.leads.len());
        Ok(())
    }

    /// The national home, by the platform: of each aggregator something, so that every island group is there.
    pub(super) async fn feature(&self, houses: &[House<'_>]) -> Result<()> {
        let mut houses: Vec<_> =
            houses.iter().filter(|h| h.plan.status == AggregatorStatus::Active).collect();
        houses.sort_by_key(|house| house.plan.slug.as_str());
        let nth = |n: usize, most: usize| -> Vec<(String, ProductId)> {
            let of = |house: &&House<'_>| {
                let at = *house.plan.mutiara().get(n)?;
                Some((house.plan.slug.to_string(), house.products[at]))
            };
            houses.iter().filter_map(of).take(most).collect()
        };
        let slots = [
            (Place::National, -9, None, Filling::Rotating(rules(8)?)),
            (Place::HomeHero, -9, Some(60), Filling::Fixed(nth(1, 5))),
            (Place::HomeRow, -9, None, Filling::Fixed(nth(2, MAX_ITEMS))),
        ];
        let slots = slots
            .into_iter()
            .map(|(place, from, to, filling)| {
                Ok(NewNationalSlot {
                    place,
                    line: 1,
                    schedule: Schedule::new(window(from, to)?, None),
                    filling,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut tx = self.db.operator(Actor::System, REQUEST).await?;
        tx.replace_featured(None, &slots).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A rotation of a day.
fn rules(places: u8) -> Result<RotationRules> {
    RotationRules::new(places, RotationRules::WINDOW_HOURS, RotationRules::LONGEST_WAIT).map_err(refused)
}

/// The category of most mutiara, with those that are in it.
fn largest_category(house: &House<'_>) -> Option<(&'static str, Vec<ProductId>)> {
    let products: Vec<_> = house.plan.products().collect();
    let mut categories = BTreeMap::<_, Vec<_>>::new();
    for at in house.plan.mutiara() {
        categories.entry(products[at].1.category).or_default().push(house.products[at]);
    }
    let (category, mut products) = categories.into_iter().max_by_key(|(_, products)| products.len())?;
    products.truncate(MAX_ITEMS);
    Some((category, products))
}

/// A time that begins and ends as many days from today, at the start of a day in Jakarta.
fn window(from: i64, to: Option<i64>) -> Result<Window> {
    let today = Utc::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(7);
    let at = |days| -> DateTime<Utc> { today + TimeDelta::days(days) };
    Window::new(at(from), to.map(at)).map_err(refused)
}
