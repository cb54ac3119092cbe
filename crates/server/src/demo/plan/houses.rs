//! Aggregators and their merchants: who makes what where, and how far each has come.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use kapal_domain::aggregator::{AggregatorName, AggregatorStatus};
use kapal_domain::channel::{ChannelKind, Handle};
use kapal_domain::locale::Bilingual;
use kapal_domain::merchant::{LegalName, MerchantName, MerchantStatus, Nib, Scale, Story};
use kapal_domain::onboarding::RequestReason;
use kapal_domain::phone::Phone;
use kapal_domain::product::ProductStatus;
use kapal_domain::region::RegionCode;
use kapal_domain::slug::Slug;

use super::data::{Data, Edition, Origin, Stall};
use super::goods::{self, Maker};
use super::mentoring::Mentoring;
use super::profile::profile;
use super::{Aggregator, District, Districts, Merchant, Person, STAFF, fill, person, valid};
use crate::demo::chance::Chance;

/// How many editions the house of a regional product makes; [`FULLER`] of them make one more.
const EDITIONS: usize = 4;
const FULLER: usize = 23;
/// How many coffees have a second house, and how many editions that one makes.
const SECOND_HOUSES: usize = 5;
const SECOND_EDITIONS: usize = 3;

/// The products that stand in another state than published, on merchants that are active.
const UNPUBLISHED: [(ProductStatus, usize); 5] = [
    (ProductStatus::Draft, 6),
    (ProductStatus::Submitted, 6),
    (ProductStatus::NeedsChanges, 5),
    (ProductStatus::Unpublished, 5),
    (ProductStatus::Archived, 4),
];

/// The merchants that are not active, and whether each has a product.
const OTHERS: [(MerchantStatus, bool); 12] = [
    (MerchantStatus::Draft, true),
    (MerchantStatus::Submitted, false),
    (MerchantStatus::NeedsChanges, false),
    (MerchantStatus::Suspended, true),
    (MerchantStatus::Archived, false),
    (MerchantStatus::Draft, true),
    (MerchantStatus::Submitted, false),
    (MerchantStatus::NeedsChanges, false),
    (MerchantStatus::Suspended, true),
    (MerchantStatus::Archived, false),
    (MerchantStatus::Draft, false),
    (MerchantStatus::Submitted, false),
];

/// The merchants of an aggregator that is not active.
const ELSEWHERE: usize = 2;

/// Makes all aggregators with their merchants and products.
pub fn aggregators(data: &Data, districts: &Districts, chance: &mut Chance) -> Result<Vec<Aggregator>> {
    let mut town = Town { data, districts, chance, taken: BTreeSet::new(), made: BTreeSet::new() };
    let mut houses = town.active()?;
    let mut aggregators = Vec::with_capacity(data.stalls.len());
    let mut others = OTHERS.iter();
    for stall in &data.stalls {
        let status = valid(AggregatorStatus::parse(&stall.status), &stall.status)?;
        let origins: Vec<&Origin> =
            data.origins.iter().filter(|o| stall.provinces().any(|p| o.region.starts_with(p))).collect();
        let mut merchants = Vec::new();
        if status == AggregatorStatus::Active {
            for origin in &origins {
                merchants.append(&mut houses.remove(origin.about.name()).unwrap_or_default());
            }
            // One merchant that is not active each, and a second one in the last.
            for _ in 0..if stall.slug == "tanah-papua" { 2 } else { 1 } {
                if let Some((status, sells)) = others.next() {
                    merchants.push(town.other(&origins, *status, *sells)?);
                }
            }
        } else {
            let (status, sells) = match status {
                AggregatorStatus::Pending => (MerchantStatus::Draft, false),
                _ => (MerchantStatus::Active, true),
            };
            for _ in 0..ELSEWHERE {
                merchants.push(town.other(&origins, status, sells)?);
            }
        }
        aggregators.push(aggregator(stall, status, merchants, &mut town)?);
    }
    Ok(aggregators)
}

fn aggregator(
    stall: &Stall,
    status: AggregatorStatus,
    merchants: Vec<Merchant>,
    town: &mut Town<'_>,
) -> Result<Aggregator> {
    let province = stall.provinces().next().unwrap_or_default();
    let names = town.data.people(province)?;
    let staff = STAFF
        .iter()
        .enumerate()
        .map(|(n, (place, _))| {
            person(&format!("{place}@{}.demo.kapal.test", stall.slug), &names[n % names.len()])
        })
        .collect::<Result<Vec<Person>>>()?;
    Ok(Aggregator {
        slug: valid(Slug::parse(&stall.slug), &stall.slug)?,
        name: valid(AggregatorName::parse(&stall.name), &stall.name)?,
        status,
        colour: stall.colour.clone(),
        description: Bilingual { id: stall.description_id.clone(), en: stall.description_en.clone() },
        staff,
        assigned: merchants.len().div_ceil(3),
        merchants,
        mentoring: Mentoring::of_languages(stall.languages())?,
        collections: Vec::new(),
        leads: Vec::new(),
    })
}

/// What all merchants are made from, and what of it is taken.
struct Town<'a> {
    data: &'a Data,
    districts: &'a Districts,
    chance: &'a mut Chance,
    taken: BTreeSet<String>,
    /// Names of products.
    made: BTreeSet<String>,
}

impl<'a> Town<'a> {
    /// The active merchants by the regional product that they make.
    fn active(&mut self) -> Result<BTreeMap<String, Vec<Merchant>>> {
        let (mut houses, mut lines) = (BTreeMap::new(), BTreeMap::<&str, usize>::new());
        let (mut fuller, mut second) = (FULLER, SECOND_HOUSES);
        let mut unpublished = UNPUBLISHED.iter().flat_map(|(status, n)| vec![*status; *n]);
        for (at, origin) in self.data.origins.iter().enumerate() {
            let line = origin.about.line.as_str();
            let editions = self.data.editions.get(line).with_context(|| format!("ragam.csv lacks {line}"))?;
            let turn = lines.entry(line).or_default();
            let from = *turn * EDITIONS;
            *turn += 1;
            let has_spare = editions.len() >= EDITIONS + SECOND_EDITIONS;
            let count = EDITIONS + usize::from(fuller > 0 && !has_spare && at % 3 != 0);
            fuller -= count - EDITIONS;
            let chosen = |from: usize, count: usize| -> Vec<&Edition> {
                editions.iter().cycle().skip(from % editions.len()).take(count).collect()
            };
            let mut first = self.merchant(origin, &chosen(from, count), MerchantStatus::Active)?;
            if at % 3 == 1
                && let (Some(last), Some(status)) = (first.products.last_mut(), unpublished.next())
            {
                last.status = status;
                last.reason = self.reason(match status {
                    ProductStatus::NeedsChanges => "product_needs_changes",
                    ProductStatus::Unpublished => "product_unpublished",
                    _ => "",
                })?;
            }
            let mut both = vec![first];
            if has_spare && second > 0 && at % 4 == 3 {
                second -= 1;
                let chosen = chosen(from + EDITIONS, SECOND_EDITIONS);
                both.push(self.merchant(origin, &chosen, MerchantStatus::Active)?);
            }
            houses.insert(origin.about.name().to_owned(), both);
        }
        Ok(houses)
    }

    /// A merchant whose products are only known to its aggregator.
    fn other(&mut self, origins: &[&'a Origin], status: MerchantStatus, sells: bool) -> Result<Merchant> {
        let (origin, edition) =
            self.spare(origins).context("every edition of these provinces is made already")?;
        let chosen = if sells { vec![edition] } else { Vec::new() };
        let mut merchant = self.merchant(origin, &chosen, status)?;
        merchant.reason = self.reason(match status {
            MerchantStatus::NeedsChanges => "merchant_needs_changes",
            MerchantStatus::Suspended => "merchant_suspended",
            MerchantStatus::Archived => "merchant_archived",
            _ => "",
        })?;
        if status == MerchantStatus::NeedsChanges {
            let fields = ["/story", "/legal_name", "/channels/whatsapp"];
            let reasons = fields.into_iter().zip(self.data.sentences("field_change")?);
            merchant.requests = reasons
                .map(|(field, (why, _))| Ok((field, valid(RequestReason::parse(why), why)?)))
                .collect::<Result<_>>()?;
        }
        if status == MerchantStatus::Draft {
            merchant.nib = None;
            merchant.products.iter_mut().for_each(|p| p.status = ProductStatus::Draft);
        }
        Ok(merchant)
    }

    /// An edition that nobody makes yet.
    fn spare(&self, origins: &[&'a Origin]) -> Option<(&'a Origin, &'a Edition)> {
        origins.iter().rev().find_map(|origin| {
            let editions = self.data.editions.get(&origin.about.line)?;
            let is_spare = |e: &&Edition| !self.made.contains(&e.name(&origin.about).id);
            Some((*origin, editions.iter().find(is_spare)?))
        })
    }

    fn reason(&mut self, topic: &str) -> Result<Option<String>> {
        if topic.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.chance.pick(self.data.sentences(topic)?).0.clone()))
    }

    fn merchant(
        &mut self,
        origin: &Origin,
        editions: &[&Edition],
        status: MerchantStatus,
    ) -> Result<Merchant> {
        let region = RegionCode::parse(&origin.region);
        let region = valid(region, &origin.region)?;
        let districts =
            self.districts.get(region.as_str()).with_context(|| format!("no districts in {region}"))?;
        let people = self.data.people(region.province().as_str())?;
        let patterns = self.data.businesses(&origin.about.line)?;
        // Until there is a name that no other merchant has.
        let (district, founder, name) = loop {
            let district: &District = self.chance.pick(districts);
            let founder: &String = self.chance.pick(people);
            let pattern: &String = self.chance.pick(patterns);
            let name = fill(pattern, &[("orang", founder), ("tempat", &district.name)]);
            if self.taken.insert(name.clone()) {
                break (district, founder, name);
            }
        };
        let place = district.name.as_str();
        let serial = self.taken.len();
        let phone = format!("+628{}{}0000{serial:04}", self.chance.between(1, 9), self.chance.between(1, 9));
        let phone = valid(Phone::parse(&phone), &phone)?;
        let nib =
            format!("{:04}{:05}{serial:04}", self.chance.between(220, 1299), self.chance.below(100_000));
        let scale = *self.chance.pick(&[Scale::Micro, Scale::Micro, Scale::Micro, Scale::Small]);
        let year = self.chance.between(1994, 2022);
        let story = self.story(&origin.kind, year, &name, founder, place)?;
        let mut channels =
            vec![valid(Handle::parse(ChannelKind::Whatsapp, phone.as_str()), "a phone number")?];
        if self.chance.below(3) > 0 {
            let account: String =
                name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(22).collect();
            let account = format!("contoh.{account}");
            channels.push(valid(Handle::parse(ChannelKind::Instagram, &account), &account)?);
        }
        let legal_name = match scale {
            Scale::Micro => None,
            _ => Some(format!("CV {founder} Mandiri")),
        };
        let products = editions
            .iter()
            .map(|edition| {
                self.made.insert(edition.name(&origin.about).id);
                goods::product(self.data, origin, edition, Maker { name: &name, place }, self.chance)
            })
            .collect::<Result<_>>()?;
        let profile = profile(self.data, origin, district, (founder, year), scale, serial)?;
        Ok(Merchant {
            profile,
            papers: Vec::new(),
            lapses: false,
            name: valid(MerchantName::parse(&name), &name)?,
            legal_name: legal_name.map(|text| valid(LegalName::parse(&text), &text)).transpose()?,
            region: valid(RegionCode::parse(&district.code), &district.code)?,
            scale,
            nib: Some(valid(Nib::parse(&nib), &nib)?),
            phone,
            story: valid(Story::parse(&story), &story)?,
            channels,
            status,
            reason: None,
            requests: Vec::new(),
            products,
        })
    }

    fn story(&mut self, kind: &str, year: usize, name: &str, founder: &str, place: &str) -> Result<String> {
        let topic = match kind {
            "coffee" | "tea" | "rice" | "spice" | "produce" | "tobacco" | "nuts" | "essential oil" => {
                "story_farm"
            }
            "textile" | "ceramics" | "jewellery" | "basketry" | "carving" | "furniture" => "story_craft",
            _ => "story_food",
        };
        let (text, _) = self.chance.pick(self.data.sentences(topic)?);
        let people = self.chance.between(4, 35).to_string();
        Ok(fill(
            text,
            &[
                ("usaha", name),
                ("orang", founder),
                ("tempat", place),
                ("tahun", &year.to_string()),
                ("jumlah", &people),
            ],
        ))
    }
}
