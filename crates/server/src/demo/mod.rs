//! `kapal demo`: a catalogue to look at and to try things on, all of it invented and marked as such.

mod chance;
mod load;
mod pictures;
mod plan;
mod progress;

use std::fmt::Write;

use actix_web::web;
use anyhow::{Context, Result, bail};
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::region::RegionLevel;
use kapal_domain::user::Password;
use kapal_persistence::{Actor, Db, RegionFilter, hash_password};
use tokio::signal::unix::{SignalKind, signal};

use self::plan::{District, Districts, PIN, Plan, STAFF};
use self::progress::Progress;
use crate::config::Config;
use crate::database::Database;

/// The password of every account that the demonstration makes.
const PASSWORD: &str = "kapal-demo-2026";
/// More districts than there are, and more aggregators than a demonstration has.
const ALL_DISTRICTS: usize = 20_000;
const MANY_AGGREGATORS: usize = 200;

/// What is in the database before.
enum Found {
    Nothing,
    Demonstration,
    Part,
    OtherData,
}

/// Loads the demonstration into an empty database. With `if_empty` it is no fault when the database isn't.
pub async fn run(config: Config, if_empty: bool) -> Result<()> {
    if config.production {
        bail!(
            "The demonstration is refused in production: everybody knows its password.\n\
             What to do: set KAPAL_ENV=development on a machine that only you can reach."
        );
    }
    // Before the database server starts, so that Ctrl-C never leaves it behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let settings = config.database.clone();
    let database = web::block(move || Database::open(&settings)).await??;
    let outcome = tokio::select! {
        outcome = demonstrate(&config, &database, if_empty) => outcome,
        _ = interrupt.recv() => Err(interrupted()),
        _ = terminate.recv() => Err(interrupted()),
    };
    web::block(move || database.close()).await?;
    outcome
}

fn interrupted() -> anyhow::Error {
    anyhow::anyhow!("Interrupted. What had been loaded by then stays.")
}

async fn demonstrate(config: &Config, database: &Database, if_empty: bool) -> Result<()> {
    database.migrate().await?;
    let db = database.connect();
    let districts = districts(&db).await?;
    let plan = plan::plan(&districts).context("planning the demonstration")?;
    match look(&db, &plan).await? {
        Found::Nothing => {}
        Found::Part if if_empty => {
            eprintln!("The demonstration is there only in part: it was interrupted. {}", start_over(config));
            return Ok(());
        }
        _ if if_empty => return Ok(()),
        Found::Demonstration => {
            println!("The demonstration is there already: nothing was changed.\n");
            print!("{}", summary(config, &plan));
            return Ok(());
        }
        Found::Part => {
            bail!("The demonstration is there only in part: it was interrupted.\n{}", start_over(config))
        }
        Found::OtherData => bail!(
            "The database holds other data than the demonstration, which is only loaded into an empty one.\n\
             What to do: set KAPAL_DATA_DIR to a new folder, or KAPAL_DATABASE_URL to an empty database."
        ),
    }
    let objects = crate::serve::objects(config)?;
    let password = Password::parse(PASSWORD).map_err(|code| anyhow::anyhow!("{}", code.as_str()))?;
    // One hash for all: it is the same password, and hashing is made to be slow.
    let hash = web::block(move || hash_password(&password)).await??;
    let progress = Progress::new(load::count(&plan));
    load::load(&db, &objects, &plan, &hash, config, &progress).await?;
    println!("The demonstration was loaded in {:.1} s.\n", progress.elapsed().as_secs_f64());
    print!("{}", summary(config, &plan));
    Ok(())
}

fn start_over(config: &Config) -> String {
    match &config.database.url {
        None => format!("What to do: remove {} and run again.", config.database.data_dir.display()),
        Some(_) => "What to do: make the database anew and run again.".to_owned(),
    }
}

/// The operator's account is made last: without it a demonstration is not whole.
async fn look(db: &Db, plan: &Plan) -> Result<Found> {
    let mut tx = db.operator(Actor::System, "kapal-demo").await?;
    let present = tx.aggregators(&[], None, MANY_AGGREGATORS).await?.items;
    tx.rollback().await;
    let operator = db.credentials_of(&plan.operator.email).await?;
    Ok(match (present.as_slice(), operator) {
        ([], None) => Found::Nothing,
        (rows, _) if rows.iter().any(|row| !row.demonstration) => Found::OtherData,
        (_, None) => Found::Part,
        (_, Some(_)) => Found::Demonstration,
    })
}

async fn districts(db: &Db) -> Result<Districts> {
    let filter = RegionFilter { level: Some(RegionLevel::District), ..RegionFilter::default() };
    let mut districts = Districts::new();
    for region in db.regions(&filter, None, ALL_DISTRICTS).await?.items {
        let parent = region.parent_code.with_context(|| format!("{} lies nowhere", region.code))?;
        let place = (region.latitude, region.longitude);
        districts.entry(parent).or_default().push(District { code: region.code, name: region.name, place });
    }
    // By code, not by name as the database's collation has it: the plan must not depend on that.
    districts.values_mut().for_each(|list| list.sort_by(|one, other| one.code.cmp(&other.code)));
    Ok(districts)
}

/// What to open, and who can log in.
fn summary(config: &Config, plan: &Plan) -> String {
    let merchants: usize = plan.aggregators.iter().map(|a| a.merchants.len()).sum();
    let products: usize = plan.aggregators.iter().map(|a| a.products().count()).sum();
    let mutiara: usize = plan.aggregators.iter().map(|a| a.mutiara().len()).sum();
    let visits: usize = plan.aggregators.iter().map(|a| a.mentoring.visits.len()).sum();
    let url = &config.http.public_url;
    let mut text = format!(
        "{} aggregators, {merchants} merchants, {products} products, {mutiara} mutiara, {visits} visits; all of it is invented.\n\n\
         Open, once `kapal serve` runs:\n  {url}/v1/storefront/home\n  {url}/docs\n",
        plan.aggregators.len()
    );
    let active = plan.aggregators.iter().filter(|a| a.status == AggregatorStatus::Active);
    for aggregator in active {
        let _ = writeln!(text, "  {url}/v1/storefronts/{}/home", aggregator.slug);
    }
    let places: Vec<_> = STAFF.iter().map(|(place, _)| *place).collect();
    let slugs: Vec<_> = plan.aggregators.iter().map(|a| a.slug.as_str()).collect();
    let _ = write!(
        text,
        "\nAccounts, all with the password {PASSWORD}:\n  {}\n  {{{}}}@{{slug}}.demo.kapal.test\n  where slug is one of {}\n",
        plan.operator.email.as_str(),
        places.join(","),
        slugs.join(", "),
    );
    let more = plan.aggregators.iter().flat_map(|a| a.mentoring.heroes.iter().skip(1));
    let more: Vec<_> = more.map(|hero| hero.person.email.as_str()).collect();
    let _ = write!(
        text,
        "More local heroes:\n  {}\nMentored merchants confirm visits with the PIN {PIN}.\n",
        more.join("\n  ")
    );
    text
}
