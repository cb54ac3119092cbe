//! Puts the plan into the database by the same functions as the API, each step by somebody who may take it.

mod goods;
mod houses;
mod levels;
mod mentoring;
mod papers;
mod programmes;
mod revisions;
mod shelves;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use kapal_domain::Code;
use kapal_domain::aggregator::{AggregatorAction, AggregatorStatus};
use kapal_domain::ids::{AggregatorId, CategoryId, MerchantId, ProductId, UserId};
use kapal_domain::permission::Role;
use kapal_persistence::{Actor, Db, NewUser, Objects, Scope, TenantTx};

use super::pictures::{Drawn, draw_all, motifs};
use super::plan::{Aggregator, PLACES, Plan, STAFF};
use super::progress::Progress;
use crate::config::Config;

/// How the audit chain names what asked for all this.
const REQUEST: &str = "kapal-demo";
/// How many aggregators are filled at a time, as far as there are connections: each has its own log, so that they don't
/// wait for one another.
const AT_ONCE: usize = 4;

/// What all steps need.
pub struct Loader<'a> {
    db: &'a Db,
    password_hash: &'a str,
    public_url: &'a str,
    categories: BTreeMap<String, CategoryId>,
    /// The slugs of those whose products are food.
    food: BTreeSet<String>,
    gates: papers::Gates,
    progress: &'a Progress,
}

/// An aggregator on its way, with the ids of what has been made in it.
struct House<'a> {
    plan: &'a Aggregator,
    id: AggregatorId,
    staff: HashMap<&'static str, UserId>,
    merchants: Vec<MerchantId>,
    products: Vec<ProductId>,
}

/// How many things [`load`] counts.
pub fn count(plan: &Plan) -> usize {
    let per_aggregator = |a: &Aggregator| {
        let nominations = a.products().filter(|(_, p)| p.course.is_some()).count();
        let mentoring = &a.mentoring;
        let mentored = mentoring.visits.len() + mentoring.programmes.len() + mentoring.assessments.len();
        a.merchants.len() + a.products().count() + nominations + a.leads.len() + mentored
    };
    motifs(plan).len() + plan.aggregators.iter().map(per_aggregator).sum::<usize>()
}

/// Makes everything. The operator comes last: where that account is there, all else is.
pub async fn load(
    db: &Db,
    objects: &Objects,
    plan: &Plan,
    password_hash: &str,
    config: &Config,
    progress: &Progress,
) -> Result<()> {
    let at_once = AT_ONCE.min(config.database.pool_size);
    let tree = db.category_tree().await?;
    let gates = tree.rows.iter().map(|c| (c.slug.clone(), tree.gates(c.id))).collect();
    let food = tree.rows.iter().filter(|c| tree.is_food(c.id)).map(|c| c.slug.clone()).collect();
    let categories = tree.rows.into_iter().map(|c| (c.slug, c.id.into())).collect();
    let public_url = &config.http.public_url;
    let loader = Loader { db, password_hash, public_url, categories, food, gates, progress };
    let open = stream::iter(&plan.aggregators)
        .map(|aggregator| loader.open(aggregator, objects))
        .buffer_unordered(at_once)
        .try_collect::<Vec<_>>();
    let (drawn, houses) = tokio::try_join!(draw_all(motifs(plan), db, objects, progress), open)?;
    let houses: Vec<_> = stream::iter(houses)
        .map(|house| loader.fill(house, objects, &drawn))
        .buffer_unordered(at_once)
        .try_collect()
        .await?;
    loader.feature(&houses).await?;
    let mut tx = db.identity(Actor::System, REQUEST).await?;
    tx.make_operator(&loader.user(&plan.operator), true).await?;
    tx.commit().await?;
    Ok(())
}

impl Loader<'_> {
    /// An aggregator with its staff and merchants, as far as these come without products.
    async fn open<'p>(&self, plan: &'p Aggregator, objects: &Objects) -> Result<House<'p>> {
        let mut house = self.found(plan).await?;
        self.employ(&mut house).await?;
        self.onboard(&mut house).await?;
        self.prove(&house, objects).await?;
        self.invite_merchant(&house).await?;
        self.mentor(&house).await?;
        self.visit(&house).await?;
        self.train(&house).await?;
        Ok(house)
    }

    /// Its products, and what became of them.
    async fn fill<'p>(&self, mut house: House<'p>, objects: &Objects, drawn: &Drawn) -> Result<House<'p>> {
        self.list(&mut house, drawn).await?;
        self.revise(&house).await?;
        self.suspend_merchants(&house).await?;
        self.curate(&house).await?;
        if house.plan.status == AggregatorStatus::Active {
            self.assess(&house, objects, false).await?;
            self.arrange(&house).await?;
            self.receive(&house).await?;
            self.assess(&house, objects, true).await?;
            self.ask(&house).await?;
        }
        self.expire(&house).await?;
        if house.plan.status == AggregatorStatus::Suspended {
            let mut tx = self.db.operator(Actor::System, REQUEST).await?;
            tx.change_aggregator_status(house.id, AggregatorAction::Suspend).await?;
            tx.commit().await?;
        }
        Ok(house)
    }

    /// A transaction of one of an aggregator's staff.
    async fn acting<'t>(&'t self, house: &House<'_>, who: &str) -> Result<TenantTx<'t>> {
        let user = house.staff.get(who).with_context(|| format!("no account {who}"))?;
        self.within(house, Actor::User(*user), role(who)?.is_narrowed()).await
    }

    async fn within<'t>(&'t self, house: &House<'_>, actor: Actor, narrowed: bool) -> Result<TenantTx<'t>> {
        let scope = Scope { aggregator: house.id, actor, narrowed, request_id: REQUEST.to_owned() };
        Ok(self.db.tenant(scope).await?)
    }

    fn user(&self, person: &super::plan::Person) -> NewUser {
        NewUser {
            email: person.email.clone(),
            name: person.name.clone(),
            password_hash: self.password_hash.to_owned(),
            locale: kapal_domain::locale::Locale::Id,
        }
    }
}

fn role(who: &str) -> Result<Role> {
    if PLACES.contains(&who) {
        return Ok(Role::LocalHero);
    }
    let found = STAFF.iter().find(|(place, _)| *place == who);
    Ok(found.with_context(|| format!("no account {who}"))?.1)
}

/// Why the domain takes a value of the plan for none.
fn refused(code: Code) -> anyhow::Error {
    anyhow::anyhow!("a value of the plan: {}", code.as_str())
}
