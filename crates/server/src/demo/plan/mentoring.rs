//! Local heroes and what comes of their work: visits over twelve months, programmes, classes that rise and fall. Days
//! are counted from the one on which all is loaded; negative ones are over.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use kapal_domain::action_item::{Task, TaskOwner};
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::hero::{Capacity, HeroNote, Home, Language};
use kapal_domain::legality::{DocumentKind, DocumentNote};
use kapal_domain::level::{AssessmentNote, Level};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::permission::Role;
use kapal_domain::phone::Phone;
use kapal_domain::programme::{
    Curriculum, ProgrammeName, ProgrammeNameEn, ProgrammeStatus, ProgrammeText, Topic as Lesson, TopicKey,
};
use kapal_domain::region::RegionCode;
use kapal_domain::text::Prose;
use kapal_domain::visit::{Topic, VisitMode, VisitNote};

use super::data::{Counsel, Data, Training};
use super::profile::{Fate, Paper};
use super::{Aggregator, Person, STAFF, person, valid};
use crate::demo::chance::Chance;

/// The first parts of local heroes' addresses; an aggregator that is not active has the first alone.
pub const PLACES: [&str; 4] = ["hero", "hero2", "hero3", "hero4"];
/// How many merchants the heroes after the first mentor.
const SHARE: usize = 3;
/// How many merchants are assessed.
const ASSESSED: usize = 3;
/// How many aggregators have a merchant whose products are shown no more.
const LAPSED: usize = 2;

/// All that the mentoring of an aggregator consists of.
#[derive(Debug)]
pub struct Mentoring {
    /// What is spoken in each province besides Indonesian, by its code.
    pub languages: BTreeMap<String, Language>,
    /// The heroes, the first of them one of the aggregator's [`STAFF`].
    pub heroes: Vec<Hero>,
    /// Their visits, by merchant, the oldest of each first.
    pub visits: Vec<Visit>,
    /// Training.
    pub programmes: Vec<Programme>,
    /// In turn; the class of a merchant follows the confirmed ones.
    pub assessments: Vec<Assessment>,
}

/// A local hero.
#[derive(Debug)]
pub struct Hero {
    /// The first part of the address.
    pub place: &'static str,
    /// Who it is.
    pub person: Person,
    /// The number.
    pub phone: Phone,
    /// Where he works.
    pub area: Vec<RegionCode>,
    /// The regency where he lives.
    pub home_region: RegionCode,
    /// Where he starts from.
    pub home: Home,
    /// What he speaks.
    pub languages: Vec<Language>,
    /// Merchants at most.
    pub capacity: Capacity,
    /// What staff write about him.
    pub note: HeroNote,
    /// Whom he mentors.
    pub assignments: Vec<Assignment>,
}

/// An assignment.
#[derive(Debug)]
pub struct Assignment {
    /// The place of the merchant.
    pub merchant: usize,
    /// The first day.
    pub starts: i64,
    /// When hero and merchant signed.
    pub signed: Option<i64>,
    /// Whether he is the merchant's first address.
    pub primary: bool,
    /// Whether it is ended.
    pub ended: bool,
}

/// A visit.
#[derive(Debug)]
pub struct Visit {
    /// The place of the hero.
    pub hero: usize,
    /// The place of the merchant.
    pub merchant: usize,
    /// The day.
    pub day: i64,
    /// The hour in UTC at which it begins, and how many minutes it takes.
    pub time: (u32, i64),
    /// How it took place.
    pub mode: VisitMode,
    /// What it was about.
    pub topics: Vec<Topic>,
    /// What was found.
    pub problems: VisitNote,
    /// What was advised.
    pub advice: VisitNote,
    /// When to come again.
    pub next: Option<i64>,
    /// What was agreed on.
    pub task: AgreedOn,
    /// Whether the merchant confirmed it with its PIN.
    pub confirmed: bool,
    /// The advice as a second version has it.
    pub correction: Option<VisitNote>,
}

/// What was agreed on at a visit.
#[derive(Debug)]
pub struct AgreedOn {
    /// Who must act.
    pub owner: TaskOwner,
    /// What is to be done.
    pub text: Task,
    /// Until which day.
    pub due: i64,
    /// The day on which it was done.
    pub done: Option<i64>,
}

/// A training programme.
#[derive(Debug)]
pub struct Programme {
    /// Its name.
    pub name: (ProgrammeName, ProgrammeNameEn),
    /// What it is about.
    pub description: (ProgrammeText, ProgrammeText),
    /// Its topics.
    pub curriculum: Curriculum,
    /// The first and the last day.
    pub days: (i64, i64),
    /// The state that it comes to.
    pub status: ProgrammeStatus,
    /// Where it is; None online.
    pub region: Option<RegionCode>,
    /// Who takes part, and how far each has come.
    pub turnouts: Vec<Turnout>,
}

/// How a merchant takes part in a programme.
#[derive(Debug)]
pub struct Turnout {
    /// The place of the merchant.
    pub merchant: usize,
    /// How many of the topics it attended, from the first.
    pub attended: usize,
    /// Whether it is completed.
    pub completed: bool,
    /// Why it left.
    pub dropped: Option<Prose<1, 2000>>,
}

/// An assessment by the merchant's hero.
#[derive(Debug)]
pub struct Assessment {
    /// The place of the hero.
    pub hero: usize,
    /// The place of the merchant.
    pub merchant: usize,
    /// The declared criteria that are met.
    pub met: &'static [&'static str],
    /// What the hero writes.
    pub note: AssessmentNote,
    /// Whether it waits until buyers have made contact.
    pub after_leads: bool,
    /// What becomes of it.
    pub end: Assessed,
}

/// What becomes of an assessment.
#[derive(Debug)]
pub enum Assessed {
    /// It waits for a second person.
    Waiting,
    /// It makes the merchant's class.
    Confirmed(Level),
    /// It does not count, for a reason.
    Rejected(String),
}

impl Mentoring {
    /// Of an aggregator where these are spoken; [`mentor`] does the rest.
    pub fn of_languages<'a>(languages: impl Iterator<Item = Result<(&'a str, &'a str)>>) -> Result<Self> {
        let languages = languages
            .map(|spoken| {
                let (province, language) = spoken?;
                Ok((province.to_owned(), valid(Language::parse(language), language)?))
            })
            .collect::<Result<_>>()?;
        let (heroes, visits) = (Vec::new(), Vec::new());
        Ok(Self { languages, heroes, visits, programmes: Vec::new(), assessments: Vec::new() })
    }

    /// The open assignments in which a hero is a merchant's first address, as places of hero and merchant.
    pub fn mentored(&self) -> impl Iterator<Item = (usize, usize)> {
        self.heroes.iter().enumerate().flat_map(|(at, hero)| {
            let open = hero.assignments.iter().filter(|a| a.primary && !a.ended);
            open.map(move |assignment| (at, assignment.merchant))
        })
    }
}

/// Lets documents of a few merchants end: second houses of few products, so that no province is left without.
pub fn lapse(aggregators: &mut [Aggregator]) {
    let active = aggregators.iter_mut().filter(|a| a.status == AggregatorStatus::Active);
    let ending = active.filter_map(|aggregator| {
        aggregator.merchants.iter_mut().find(|merchant| {
            let coffee = merchant.products.iter().all(|p| p.category == "kopi");
            merchant.status == MerchantStatus::Active && coffee && merchant.products.len() == 3
        })
    });
    ending.take(LAPSED).for_each(|merchant| merchant.lapses = true);
}

/// Plans the mentoring of an aggregator. Chances are its own, so that the catalogue does not depend on them.
pub fn mentor(aggregator: &mut Aggregator, at: usize, data: &Data) -> Result<()> {
    let mut chance = Chance::new(0x7061_686C_6177_616E + at as u64);
    let mut heroes = heroes(aggregator, at, data, &mut chance)?;
    if aggregator.status == AggregatorStatus::Active {
        share_out(&mut heroes, aggregator);
        aggregator.mentoring.heroes = heroes;
        aggregator.mentoring.visits = visits(aggregator, data, &mut chance)?;
        aggregator.mentoring.programmes = programmes(aggregator, at, data, &mut chance)?;
        aggregator.mentoring.assessments = assessments(aggregator, data, &mut chance)?;
        papers(aggregator, data)?;
    } else {
        aggregator.mentoring.heroes = heroes;
    }
    Ok(())
}

/// The first hero with whom he brings in, and the others with a few of the active merchants each.
fn heroes(aggregator: &Aggregator, at: usize, data: &Data, chance: &mut Chance) -> Result<Vec<Hero>> {
    let is_active = |place: &usize| aggregator.merchants[*place].status == MerchantStatus::Active;
    let (own, others): (Vec<usize>, Vec<usize>) =
        (0..aggregator.merchants.len()).partition(|place| *place < aggregator.assigned);
    let mut others: Vec<usize> = others.into_iter().filter(is_active).collect();
    // Somebody stays without a hero: here one who is active, elsewhere who is not.
    if others.len() > SHARE {
        others.pop();
    }
    let more = if aggregator.status == AggregatorStatus::Active { PLACES.len() - 1 } else { 0 };
    let shares = others.chunks(SHARE).take(more);
    let shares: Vec<&[usize]> = std::iter::once(&own[..]).chain(shares).collect();
    shares
        .iter()
        .zip(PLACES)
        .enumerate()
        .map(|(nth, (merchants, place))| hero(aggregator, (at, nth), place, merchants, data, chance))
        .collect()
}

fn hero(
    aggregator: &Aggregator,
    (at, nth): (usize, usize),
    place: &'static str,
    merchants: &[usize],
    data: &Data,
    chance: &mut Chance,
) -> Result<Hero> {
    let first = &aggregator.merchants[*merchants.first().context("a hero without merchants")?];
    let names = data.people(first.region.province().as_str())?;
    let who = match STAFF.iter().position(|(staff, role)| *staff == place && *role == Role::LocalHero) {
        Some(staff) => aggregator.staff[staff].clone(),
        None => {
            person(&format!("{place}@{}.demo.kapal.test", aggregator.slug), &names[(nth + 2) % names.len()])?
        }
    };
    let area: BTreeSet<String> = merchants
        .iter()
        .filter_map(|place| aggregator.merchants[*place].region.parent())
        .map(|regency| regency.as_str().to_owned())
        .collect();
    let phone = format!("+62877{at:02}9{nth}{:04}", chance.below(10_000));
    let province = first.region.province();
    let spoken =
        aggregator.mentoring.languages.get(province.as_str()).context("a province of no language")?;
    let indonesian = valid(Language::parse("id"), "id")?;
    let (latitude, longitude) = (first.profile.coordinates.latitude(), first.profile.coordinates.longitude());
    let note = data.sentence("hero_note", chance)?;
    let assignments = merchants.iter().map(|merchant| {
        let starts = -(chance.between(360, 420) as i64);
        Assignment { merchant: *merchant, starts, signed: Some(starts - 7), primary: true, ended: false }
    });
    let assignments = assignments.collect();
    Ok(Hero {
        place,
        person: who,
        phone: valid(Phone::parse(&phone), &phone)?,
        area: area.iter().map(|code| valid(RegionCode::parse(code), code)).collect::<Result<_>>()?,
        home_region: first.region.parent().context("a merchant that is in no regency")?,
        home: valid(Home::parse(latitude, longitude), "a home")?,
        languages: vec![indonesian, spoken.clone()],
        capacity: valid(Capacity::parse(merchants.len() as i64 + 4), "a capacity")?,
        note: valid(HeroNote::parse(note), note)?,
        assignments,
    })
}

/// The second hero helped the first with one merchant, and is going to help with another.
fn share_out(heroes: &mut [Hero], aggregator: &Aggregator) {
    let (ended, planned) = (0, aggregator.assigned - 1);
    if let [_, second, ..] = heroes {
        let helped =
            Assignment { merchant: ended, starts: -200, signed: Some(-205), primary: false, ended: true };
        second.assignments.push(helped);
        let going =
            Assignment { merchant: planned, starts: 14, signed: Some(-2), primary: false, ended: false };
        second.assignments.push(going);
    }
}

fn visits(aggregator: &Aggregator, data: &Data, chance: &mut Chance) -> Result<Vec<Visit>> {
    let mut visits = Vec::new();
    for (nth, (hero, merchant)) in aggregator.mentoring.mentored().enumerate() {
        let count = chance.between(4, 10);
        let (oldest, latest) = (chance.between(335, 355) as i64, chance.between(2, 28) as i64);
        let gap = (oldest - latest) / (count as i64 - 1);
        for n in 0..count {
            let day = if n + 1 == count { -latest } else { n as i64 * gap - oldest };
            // Another start and another step for each merchant: nobody hears the same advice twice.
            let counsel = |k: usize| &data.counsels[(nth * 5 + (n * 2 + k) * 7) % data.counsels.len()];
            let two = chance.below(3) == 0;
            let heard: Vec<&Counsel> = (0..1 + usize::from(two)).map(counsel).collect();
            let is_last = n + 1 == count;
            // The last ones name days that have passed, days of this week, and later ones.
            let next = if is_last { [-1, 3, 6, 20][nth % 4] } else { day + gap };
            visits.push(visit((hero, merchant), (day, next), &heard, is_last, chance)?);
        }
    }
    for visit in visits.iter_mut().skip(4).step_by(9) {
        let text = format!("{} {}", visit.advice.as_str(), data.sentence("correction", chance)?);
        visit.correction = Some(valid(VisitNote::parse(&text), &text)?);
    }
    Ok(visits)
}

fn visit(
    (hero, merchant): (usize, usize),
    (day, next): (i64, i64),
    heard: &[&Counsel],
    is_last: bool,
    chance: &mut Chance,
) -> Result<Visit> {
    let first = heard.first().context("a visit about nothing")?;
    let join = |part: fn(&Counsel) -> &str| heard.iter().map(|c| part(c)).collect::<Vec<_>>().join(" ");
    let (problems, advice) = (join(|c| &c.problem), join(|c| &c.advice));
    let about = heard.iter().map(|c| valid(Topic::parse(&c.topic), &c.topic)).collect::<Result<Vec<_>>>()?;
    let due = if is_last { chance.between(2, 25) as i64 } else { day + chance.between(14, 30) as i64 };
    let soon = (day + chance.between(4, 24) as i64).min(-1);
    Ok(Visit {
        hero,
        merchant,
        day,
        time: (chance.between(1, 8) as u32, chance.between(30, 150) as i64),
        mode: *chance.pick(&[
            VisitMode::Visit,
            VisitMode::Visit,
            VisitMode::Visit,
            VisitMode::Phone,
            VisitMode::Video,
        ]),
        topics: Topic::ALL.iter().copied().filter(|topic| about.contains(topic)).collect(),
        problems: valid(VisitNote::parse(&problems), &problems)?,
        advice: valid(VisitNote::parse(&advice), &advice)?,
        next: Some(next),
        task: AgreedOn {
            owner: valid(TaskOwner::parse(&first.owner), &first.owner)?,
            text: valid(Task::parse(&first.task), &first.task)?,
            due,
            done: (!is_last && chance.below(5) > 0).then_some(soon),
        },
        confirmed: chance.below(4) > 0,
        correction: None,
    })
}

/// Three each: one is over, one goes on, one takes enrolments.
fn programmes(
    aggregator: &Aggregator,
    at: usize,
    data: &Data,
    chance: &mut Chance,
) -> Result<Vec<Programme>> {
    let kinds = [
        (ProgrammeStatus::Finished, (-170, -135)),
        (ProgrammeStatus::Running, (-24, 18)),
        (ProgrammeStatus::Open, (20, 48)),
    ];
    let is_active = |place: &usize| aggregator.merchants[*place].status == MerchantStatus::Active;
    let merchants: Vec<usize> = (0..aggregator.merchants.len()).filter(is_active).collect();
    let home = aggregator.mentoring.heroes.first().context("no hero")?.home_region.clone();
    kinds
        .into_iter()
        .enumerate()
        .map(|(nth, (status, days))| {
            let training = &data.trainings[(at * 2 + nth) % data.trainings.len()];
            let topics = training.topics().count();
            let takers = merchants.iter().cycle().skip(nth).take(merchants.len().min(5)).enumerate();
            let turnouts = takers
                .map(|(n, merchant)| {
                    let left = status == ProgrammeStatus::Finished && n == 4;
                    let reason = data.sentence("dropped", chance)?;
                    Ok(Turnout {
                        merchant: *merchant,
                        attended: match status {
                            ProgrammeStatus::Finished if left => 1,
                            ProgrammeStatus::Finished => topics,
                            ProgrammeStatus::Running => (topics / 2 + n % 2).min(topics),
                            _ => 0,
                        },
                        completed: status == ProgrammeStatus::Finished && !left,
                        dropped: if left { Some(valid(Prose::parse(reason), reason)?) } else { None },
                    })
                })
                .collect::<Result<_>>()?;
            let region = (nth != 1).then(|| home.clone());
            programme(training, status, days, region, turnouts)
        })
        .collect()
}

fn programme(
    training: &Training,
    status: ProgrammeStatus,
    days: (i64, i64),
    region: Option<RegionCode>,
    turnouts: Vec<Turnout>,
) -> Result<Programme> {
    let topics = training
        .topics()
        .map(|topic| {
            let [key, hours, id, en] = topic?;
            Ok(Lesson {
                key: valid(TopicKey::parse(key), key)?,
                title_id: valid(ProgrammeName::parse(id), id)?,
                title_en: valid(ProgrammeNameEn::parse(en), en)?,
                hours: hours.parse()?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let curriculum = Curriculum::new(topics)
        .map_err(|faults| anyhow::anyhow!("{}: {:?}", training.name_id, faults.into_vec()))?;
    let text = |text: &String| valid(ProgrammeText::parse(text), text);
    Ok(Programme {
        name: (
            valid(ProgrammeName::parse(&training.name_id), &training.name_id)?,
            valid(ProgrammeNameEn::parse(&training.name_en), &training.name_en)?,
        ),
        description: (text(&training.description_id)?, text(&training.description_en)?),
        curriculum,
        days,
        status,
        region,
        turnouts,
    })
}

/// One rises from class to class, one falls back and is told to do more, one waits.
fn assessments(aggregator: &Aggregator, data: &Data, chance: &mut Chance) -> Result<Vec<Assessment>> {
    const MODERN: &[&str] = &["bookkeeping", "standard"];
    const DIGITAL: &[&str] = &["bookkeeping", "standard", "cashless"];
    use Assessed::{Confirmed, Rejected, Waiting};
    let who: Vec<_> = aggregator.mentoring.mentored().take(ASSESSED).collect();
    let [rises, falls, waits] = who[..] else {
        anyhow::bail!("{} mentors too few merchants", aggregator.slug)
    };
    let refused = data.sentence("assessment_reject", chance)?.to_owned();
    let courses = [
        (rises, MODERN, "assessment_up", false, Confirmed(Level::Modern)),
        (falls, DIGITAL, "assessment_up", false, Confirmed(Level::Digital)),
        (rises, DIGITAL, "assessment_up", false, Confirmed(Level::Digital)),
        (falls, MODERN, "assessment_down", false, Confirmed(Level::Modern)),
        (rises, DIGITAL, "assessment_up", true, Confirmed(Level::Online)),
        (waits, MODERN, "assessment_waiting", true, Waiting),
        (falls, DIGITAL, "assessment_waiting", true, Rejected(refused)),
    ];
    courses
        .into_iter()
        .map(|((hero, merchant), met, topic, after_leads, end)| {
            let note = data.sentence(topic, chance)?;
            let note = valid(AssessmentNote::parse(note), note)?;
            Ok(Assessment { hero, merchant, met, note, after_leads, end })
        })
        .collect()
}

/// Trademarks that end in three months, in one and within a week, a standard that ends today, numbers for QRIS in each
/// state.
fn papers(aggregator: &mut Aggregator, data: &Data) -> Result<()> {
    let (why, _) = data.sentences("document_reject")?.first().context("a reason")?;
    let why = valid(DocumentNote::parse(why), why)?;
    let trademark = |ends, fate| Paper { kind: DocumentKind::Trademark, ends: Some(ends), fate };
    let standard = |ends, fate| Paper { kind: DocumentKind::Sni, ends: Some(ends), fate };
    let qris = |fate| Paper { kind: DocumentKind::Nmid, ends: None, fate };
    let papers = [
        vec![trademark(80, Fate::Verified), qris(Fate::Verified), standard(0, Fate::Expired)],
        vec![trademark(25, Fate::Verified), qris(Fate::Submitted)],
        vec![trademark(6, Fate::Verified), qris(Fate::Rejected(why))],
    ];
    let mentored: Vec<usize> = aggregator.mentoring.mentored().map(|(_, merchant)| merchant).collect();
    for (merchant, papers) in mentored.into_iter().zip(papers) {
        aggregator.merchants[merchant].papers = papers;
    }
    Ok(())
}
