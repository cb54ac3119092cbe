//! What curators and buyers did: nominations with their scores and ends, collections, leads.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow};
use kapal_domain::collection_rule::{PriceText, Rule, RuleText};
use kapal_domain::lead::{LeadNote, LeadSource, LeadStatus};
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::nomination::{Advice, Decision, Reason};
use kapal_domain::phone::Phone;
use kapal_domain::product::ProductStatus;

use super::data::Data;
use super::{Aggregator, Collection, Course, End, Lead, Shelf, fill, valid};
use crate::demo::chance::Chance;

/// The fewest mutiara of an aggregator that shows anything: its home needs some.
const FEWEST_MUTIARA: usize = 6;
/// The leads of an aggregator; the first two have one more.
const LEADS: usize = 18;

/// Points by the default rubric, in its order, that make a mutiara with both curators.
const HIGH: [[u8; 6]; 5] =
    [[5, 4, 4, 4, 5, 4], [4, 4, 4, 3, 5, 4], [5, 4, 5, 4, 5, 5], [4, 5, 4, 4, 4, 4], [5, 5, 4, 3, 5, 4]];
/// Points that don't.
const LOW: [[u8; 6]; 3] = [[3, 2, 3, 2, 4, 3], [3, 3, 2, 3, 4, 3], [4, 2, 3, 3, 3, 2]];

/// Points of two who are too far apart, and of the third who settles it.
const APART: [[u8; 6]; 3] = [[5, 5, 5, 5, 5, 5], [3, 4, 4, 3, 4, 3], [4, 5, 4, 4, 5, 4]];

/// How far a nomination came.
#[derive(Clone, Copy)]
enum Way {
    Open,
    HalfScored,
    Scored,
    Accepted,
    ThirdAccepted,
    Declined,
    Appealed,
    Withdrawn,
}

/// The ways of what is nominated besides the mutiara, in turn.
const WAYS: [Way; 7] = [
    Way::Open,
    Way::HalfScored,
    Way::Declined,
    Way::ThirdAccepted,
    Way::Appealed,
    Way::Scored,
    Way::Withdrawn,
];

/// Nominates the first product of each active house, and the second of some: in each province at least one becomes
/// mutiara.
pub fn nominate(aggregator: &mut Aggregator, data: &Data, chance: &mut Chance) -> Result<()> {
    let (mut provinces, mut mutiara, mut turn) = (BTreeSet::new(), 0, aggregator.merchants.len());
    for round in 0..2 {
        for (at, merchant) in aggregator.merchants.iter_mut().enumerate() {
            if merchant.status != MerchantStatus::Active {
                continue;
            }
            let is_first = round == 0 && provinces.insert(merchant.region.province());
            let Some(product) = merchant.products.get_mut(round) else { continue };
            let way = match round {
                _ if product.status != ProductStatus::Published => continue,
                0 if is_first || at % 4 != 3 => Way::Accepted,
                1 if mutiara < FEWEST_MUTIARA => Way::Accepted,
                1 if at % 4 != 1 => continue,
                _ => {
                    turn += 1;
                    WAYS[turn % WAYS.len()]
                }
            };
            mutiara += usize::from(matches!(way, Way::Accepted | Way::ThirdAccepted));
            product.course = Some(course(way, product.name.id.as_str(), data, chance)?);
        }
    }
    Ok(())
}

fn course(way: Way, name: &str, data: &Data, chance: &mut Chance) -> Result<Course> {
    let reason = fill(&chance.pick(data.sentences("nomination")?).0, &[("nama", name)]);
    let (points, topic): (&[[u8; 6]], _) = if matches!(way, Way::Declined | Way::Appealed) {
        (&LOW, "comment_low")
    } else {
        (&HIGH, "comment_high")
    };
    let reviewers = match way {
        Way::Open | Way::Withdrawn => 0,
        Way::HalfScored => 1,
        Way::Scored | Way::Accepted | Way::Declined | Way::Appealed => 2,
        Way::ThirdAccepted => 3,
    };
    let scores = (0..reviewers)
        .map(|at| {
            let points = match way {
                Way::ThirdAccepted => APART[at],
                _ => *chance.pick(points),
            };
            Ok((points, chance.pick(data.sentences(topic)?).0.clone()))
        })
        .collect::<Result<_>>()?;
    let said = |topic| -> Result<Reason> {
        let (why, _) = data.sentences(topic)?.first().context("a sentence of a decision")?;
        valid(Reason::parse(why), why)
    };
    let mut advised = |counsel: usize| -> Result<Vec<Advice>> {
        let counsel = data.sentences("advice")?.iter().cycle().skip(chance.below(3)).take(counsel);
        counsel.map(|(text, _)| valid(Advice::parse(text), text)).collect()
    };
    let end = match way {
        Way::Open | Way::HalfScored | Way::Scored => None,
        Way::Accepted | Way::ThirdAccepted => {
            Some(End::Decided(Decision::Accept, said("accept")?, advised(0)?))
        }
        Way::Declined => Some(End::Decided(Decision::Decline, said("decline")?, advised(2)?)),
        Way::Appealed => Some(End::Appealed(said("decline")?, advised(2)?, said("appeal")?)),
        Way::Withdrawn => Some(End::Withdrawn),
    };
    Ok(Course { reason: valid(Reason::parse(&reason), &reason)?, scores, end })
}

/// The collections: two that are shown for long, one that ended lately, one that is yet to come, and three by rules.
pub fn collections(aggregator: &Aggregator, data: &Data) -> Result<Vec<Collection>> {
    let days = [(-60, None), (-30, Some(120)), (-90, Some(-7)), (21, Some(75))];
    let mutiara = aggregator.mutiara();
    let collection = |(title, intro): (&(String, String), &(String, String)), days, shelf| Collection {
        title: Bilingual { id: title.0.clone(), en: title.1.clone() },
        intro: Bilingual { id: intro.0.clone(), en: intro.1.clone() },
        days,
        shelf,
    };
    let texts = data.sentences("collection")?.iter().zip(data.sentences("collection_intro")?);
    let by_hand = texts.zip(days).enumerate().map(|(n, (texts, days))| {
        let products = mutiara.iter().copied().cycle().skip(n * 2).take(mutiara.len().min(8)).collect();
        collection(texts, days, Shelf::ByHand(products))
    });
    let texts = data.sentences("rule_collection")?.iter().zip(data.sentences("rule_collection_intro")?);
    let by_rule =
        texts.zip(rules()?).map(|(texts, rule)| collection(texts, (-10, None), Shelf::ByRule(rule)));
    Ok(by_hand.chain(by_rule).collect())
}

/// What is new, what is cheap to bring home, and pearls that are halal.
fn rules() -> Result<Vec<Rule>> {
    let new = RuleText { new_days: Some(30), limit: Some(60), ..RuleText::default() };
    let souvenirs = RuleText {
        tags: vec!["oleh-oleh".into()],
        price_to: Some(PriceText { amount: "100000".into(), currency: "IDR".into() }),
        sort: Some("price".into()),
        ..RuleText::default()
    };
    let halal = RuleText {
        mutiara: true,
        certificates: vec!["halal".into()],
        sort: Some("stars".into()),
        ..RuleText::default()
    };
    let parse = |text: RuleText| text.parse().map_err(|faults| anyhow!("a rule of the plan: {faults:?}"));
    [new, souvenirs, halal].into_iter().map(parse).collect()
}

/// The contacts of buyers: some say who they are, some have been answered.
pub fn leads(aggregator: &Aggregator, at: usize, data: &Data, chance: &mut Chance) -> Result<Vec<Lead>> {
    use LeadStatus::{Contacted, Lost, Spam, Won};
    let steps: [&[LeadStatus]; 8] = [
        &[],
        &[],
        &[Contacted, Won],
        &[Contacted],
        &[Contacted, Won],
        &[Contacted, Won],
        &[Contacted, Lost],
        &[Spam],
    ];
    let shown: Vec<usize> = aggregator
        .products()
        .enumerate()
        .filter(|(_, (m, p))| {
            p.status == ProductStatus::Published && aggregator.merchants[*m].status == MerchantStatus::Active
        })
        .map(|(place, _)| place)
        .collect();
    // What is won is the first merchant's: so many orders make it online.
    let merchant_of: Vec<usize> = aggregator.products().map(|(merchant, _)| merchant).collect();
    let of_first: Vec<usize> = shown.iter().copied().filter(|place| merchant_of[*place] == 0).collect();
    (0..LEADS + usize::from(at < 2))
        .map(|n| {
            let steps = steps[n % steps.len()].to_vec();
            let notes = data.sentences("lead_note")?;
            let note = steps.last().filter(|step| **step != Spam).map(|step| match step {
                Won => &notes[2].0,
                Lost => &notes[3].0,
                _ => &notes[n % 2].0,
            });
            let buyer = if (n + at) % 3 == 1 {
                let (name, _) = chance.pick(data.sentences("buyer")?);
                let phone = format!("+62877{n:02}00{:04}", chance.below(10_000));
                Some((name.clone(), valid(Phone::parse(&phone), &phone)?))
            } else {
                None
            };
            Ok(Lead {
                product: *chance.pick(if steps.contains(&Won) { &of_first } else { &shown }),
                source: LeadSource::ALL[(n + at) % LeadSource::ALL.len()],
                locale: if n % 5 == 4 { Locale::En } else { Locale::Id },
                buyer,
                steps,
                note: note.map(|text| valid(LeadNote::parse(text), text)).transpose()?,
            })
        })
        .collect()
}
