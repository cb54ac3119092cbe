//! Fair rotation of featured slots: which products stand in a slot in each of its windows.
//!
//! Every province with an eligible product has a *target*, its part of all exposures: the greater of its share of the
//! merchants with eligible products and one exposure in the longest wait. Each window adds a province's target to its
//! *credit* and each exposure takes one from it; the highest credit is shown next, save that a province whose wait would
//! grow too long goes first. What a draw decides follows from the products, the standings and the window alone: the same
//! inputs give the same order. `docs/adr/0013-fair-rotation.md` has the bounds and their proof.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use uuid::Uuid;

use crate::code::Code;

/// One exposure, in the unit of targets and credits.
pub const EXPOSURE: i64 = 1_000_000_000;

/// How a slot rotates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationRules {
    places: u8,
    window_hours: u16,
    longest_wait: u16,
}

impl RotationRules {
    /// Products side by side when no number is named.
    pub const PLACES: u8 = 8;
    /// Hours of a window when none are named.
    pub const WINDOW_HOURS: u16 = 24;
    /// Windows that a province waits at most when no number is named.
    pub const LONGEST_WAIT: u16 = 30;

    /// `OutOfRange` unless there are 1 to 12 places, a window has 1 to 168 hours, and the wait is 1 to 365 windows.
    pub fn new(places: u8, window_hours: u16, longest_wait: u16) -> Result<Self, Code> {
        let is_sound = (1..=12).contains(&places)
            && (1..=168).contains(&window_hours)
            && (1..=365).contains(&longest_wait);
        if is_sound { Ok(Self { places, window_hours, longest_wait }) } else { Err(Code::OutOfRange) }
    }

    /// Products that are shown side by side.
    pub const fn places(self) -> u8 {
        self.places
    }

    /// Hours after which others are shown.
    pub const fn window_hours(self) -> u16 {
        self.window_hours
    }

    /// Windows that a province with an eligible product goes unshown at most.
    pub const fn longest_wait(self) -> u16 {
        self.longest_wait
    }
}

/// A product that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The product.
    pub product: Uuid,
    /// Whose it is.
    pub merchant: Uuid,
    /// Code of the merchant's province.
    pub province: String,
    /// The window that it was last shown in.
    pub last_shown: Option<i64>,
}

/// Where a province stands between two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// What it is owed, in billionths of an exposure; negative when it was ahead.
    pub credit: i64,
    /// Windows since it was last shown.
    pub waited: u32,
}

/// Why a product is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its province had waited as long as the rules allow, or one window more would have left too many of them for the
    /// places to come.
    Waited,
    /// Its province was owed the most.
    Owed,
}

/// A product in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The product.
    pub product: Uuid,
    /// Its merchant.
    pub merchant: Uuid,
    /// The province.
    pub province: String,
    /// Why.
    pub why: Why,
    /// Windows that the province had gone unshown.
    pub waited: u32,
    /// What the province was owed before, in billionths of an exposure.
    pub owed: i64,
}

/// What a window shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draw {
    /// The products in their order.
    pub shown: Vec<Shown>,
    /// Those that step in, in this order, when one of the shown is taken off the storefront before the window ends.
    pub reserves: Vec<Shown>,
}

/// The part of all exposures that each province shall have, in billionths that add up to one: the greater of its share of
/// the merchants and `1 / (longest wait × places)`, scaled to sum 1.
pub fn targets(merchants: &[u32], rules: RotationRules) -> Vec<i64> {
    let all: i64 = merchants.iter().copied().map(i64::from).sum();
    let floor = EXPOSURE / (i64::from(rules.longest_wait) * i64::from(rules.places));
    let wanted: Vec<_> =
        merchants.iter().map(|count| (i64::from(*count) * EXPOSURE / all.max(1)).max(floor)).collect();
    scaled(&wanted, EXPOSURE)
}

/// Values in proportion, whose sum is `total`.
fn scaled(values: &[i64], total: i64) -> Vec<i64> {
    let sum: i128 = values.iter().copied().map(i128::from).sum();
    if sum == 0 {
        return vec![0; values.len()];
    }
    let mut before = 0_i128;
    let upto = |part: i128| part * i128::from(total) / sum;
    let cut = |value: &i64| {
        let from = upto(before);
        before += i128::from(*value);
        i64::try_from(upto(before) - from).unwrap_or(total)
    };
    values.iter().map(cut).collect()
}

/// How unequal values are: 0 when all are the same, near 1 when one has everything (Gini 1912). Values are not negative.
pub fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut rank, mut ranked, mut sum) = (0.0, 0.0, 0.0);
    for value in sorted {
        rank += 1.0;
        ranked += rank * value;
        sum += value;
    }
    if sum == 0.0 { 0.0 } else { (2.0 * ranked / (rank * sum) - (rank + 1.0) / rank).max(0.0) }
}

/// A slot's provinces with their products, between two windows.
#[derive(Debug, Clone)]
pub struct Rotation {
    rules: RotationRules,
    seed: Uuid,
    provinces: Vec<Province>,
}

/// A province of a slot.
#[derive(Debug, Clone)]
pub struct Province {
    code: String,
    merchants: u32,
    target: i64,
    /// What each window adds to its credit.
    pace: i64,
    standing: Standing,
    products: Vec<Product>,
}

impl Province {
    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How many merchants have products that may be shown.
    pub const fn merchants(&self) -> u32 {
        self.merchants
    }

    /// The part of all exposures that it shall have, in billionths.
    pub const fn target(&self) -> i64 {
        self.target
    }

    /// Where it stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }
}

#[derive(Debug, Clone)]
struct Product {
    id: Uuid,
    merchant: Uuid,
    last: Option<i64>,
    /// When its merchant was last shown, with whatever product.
    merchant_last: Option<i64>,
}

impl Rotation {
    /// The slot `seed` with those who may be shown in it, and where their provinces stood. A province that stood nowhere
    /// begins in the middle: neither owed nor ahead.
    pub fn new(
        rules: RotationRules,
        seed: Uuid,
        candidates: Vec<Candidate>,
        standings: &BTreeMap<String, Standing>,
    ) -> Self {
        let mut merchant_last = BTreeMap::new();
        for candidate in &candidates {
            let last: &mut Option<i64> = merchant_last.entry(candidate.merchant).or_default();
            *last = (*last).max(candidate.last_shown);
        }
        let mut by_code: BTreeMap<String, Vec<Product>> = BTreeMap::new();
        for candidate in candidates {
            let merchant_last = merchant_last.get(&candidate.merchant).copied().flatten();
            by_code.entry(candidate.province).or_default().push(Product {
                id: candidate.product,
                merchant: candidate.merchant,
                last: candidate.last_shown,
                merchant_last,
            });
        }
        let merchants: Vec<_> = by_code.values().map(|products| merchants(products)).collect();
        let targets = targets(&merchants, rules);
        let most: Vec<_> =
            by_code.values().map(|p| i64::try_from(p.len()).unwrap_or(i64::MAX) * EXPOSURE).collect();
        let paces = paces(&targets, &most, rules);
        let figures = merchants.into_iter().zip(targets).zip(paces);
        let province = |((code, products), ((merchants, target), pace))| Province {
            standing: standings.get(&code).copied().unwrap_or_default(),
            merchants,
            target,
            pace,
            products,
            code,
        };
        let mut provinces: Vec<_> = by_code.into_iter().zip(figures).map(province).collect();
        // Who left took its credit along, and others came: the middle is zero again, so that newcomers stand in it.
        let sum: i64 = provinces.iter().map(|province| province.standing.credit).sum();
        let middle = sum / i64::try_from(provinces.len().max(1)).unwrap_or(1);
        provinces.iter_mut().for_each(|province| province.standing.credit -= middle);
        Self { rules, seed, provinces }
    }

    /// The provinces that have a product that may be shown, by their codes.
    pub fn provinces(&self) -> &[Province] {
        &self.provinces
    }

    /// What the window of this number shows; the standings move on.
    pub fn draw(&mut self, window: i64) -> Draw {
        for province in &mut self.provinces {
            province.standing.credit += province.pace;
        }
        let before: Vec<_> = self.provinces.iter().map(|province| province.standing).collect();
        let mut draw = Draw::default();
        let mut urgent = self.urgent(window).into_iter();
        for _ in 0..self.rules.places {
            let next = urgent.next().map(|at| (at, Why::Waited));
            let Some((at, why)) = next.or_else(|| Some((self.most_owed(window)?, Why::Owed))) else { break };
            draw.shown.extend(self.show(at, window, why, before[at]));
        }
        // Reserves are no exposures: what they would cost their provinces is forgotten.
        let after = self.provinces.clone();
        for _ in 0..self.rules.places {
            let Some(at) = self.most_owed(window) else { break };
            draw.reserves.extend(self.show(at, window, Why::Owed, before[at]));
        }
        self.provinces = after;
        for province in &mut self.provinces {
            let is_shown = draw.shown.iter().any(|shown| shown.province == province.code);
            province.standing.waited = if is_shown { 0 } else { province.standing.waited + 1 };
        }
        draw
    }

    /// Provinces that can't wait for their credit, the longest wait first: as few as keep the promise that in each window
    /// to come those at the end of their wait fit into its places.
    fn urgent(&self, window: i64) -> Vec<usize> {
        let mut waiting: Vec<usize> = (0..self.provinces.len()).collect();
        waiting.sort_by_cached_key(|at| {
            let province = &self.provinces[*at];
            (Reverse(province.standing.waited), self.tie(window, province))
        });
        let (places, longest) = (usize::from(self.rules.places), u32::from(self.rules.longest_wait));
        // The n-th of them must be shown within `left` windows after this one, which have places for left × places.
        let needed = waiting.iter().enumerate().map(|(at, province)| {
            let left = longest.saturating_sub(self.provinces[*province].standing.waited);
            (at + 1).saturating_sub(usize::try_from(left).unwrap_or(usize::MAX).saturating_mul(places))
        });
        let needed = needed.max().unwrap_or_default().min(places);
        waiting.truncate(needed);
        waiting
    }

    /// The province that is owed the most, of those with a product that this window does not show yet.
    fn most_owed(&self, window: i64) -> Option<usize> {
        let rank = |at: &usize| {
            let province = &self.provinces[*at];
            (province.standing.credit, Reverse(self.tie(window, province)))
        };
        let has_more =
            |at: &usize| self.provinces[*at].products.iter().any(|product| product.last != Some(window));
        (0..self.provinces.len()).filter(has_more).max_by_key(rank)
    }

    /// Shows the product that a province has not shown for longest, of the merchant that it has not shown for longest.
    fn show(&mut self, at: usize, window: i64, why: Why, before: Standing) -> Option<Shown> {
        let seed = self.seed;
        let province = &mut self.provinces[at];
        let waiting = province.products.iter().filter(|product| product.last != Some(window));
        let next = waiting.min_by_key(|product| {
            let (merchant, id) =
                (mixed(seed, product.merchant.as_bytes()), mixed(seed, product.id.as_bytes()));
            (product.merchant_last, merchant, product.last, id)
        })?;
        let (id, merchant) = (next.id, next.merchant);
        for product in province.products.iter_mut().filter(|product| product.merchant == merchant) {
            product.merchant_last = Some(window);
            if product.id == id {
                product.last = Some(window);
            }
        }
        province.standing.credit -= EXPOSURE;
        Some(Shown {
            product: id,
            merchant,
            province: province.code.clone(),
            why,
            waited: before.waited,
            owed: before.credit,
        })
    }

    /// Between equals another one goes first in each window and slot.
    fn tie(&self, window: i64, province: &Province) -> u64 {
        mixed(self.seed, &[window.to_be_bytes().as_slice(), province.code.as_bytes()].concat())
    }
}

/// What each window adds to each province's credit: its target of the places, and never more than `most`, which all its
/// products together could take; what one can't use goes to the others.
fn paces(targets: &[i64], most: &[i64], rules: RotationRules) -> Vec<i64> {
    let total = (i64::from(rules.places) * EXPOSURE).min(most.iter().copied().sum());
    let mut full = vec![false; targets.len()];
    loop {
        let taken: i64 = most.iter().zip(&full).filter(|(_, full)| **full).map(|(most, _)| *most).sum();
        let open: Vec<_> =
            targets.iter().zip(&full).map(|(target, full)| if *full { 0 } else { *target }).collect();
        let paces = scaled(&open, total - taken);
        let over: Vec<_> = (0..paces.len()).filter(|at| !full[*at] && paces[*at] > most[*at]).collect();
        if over.is_empty() {
            let paces = paces.into_iter().enumerate();
            return paces.map(|(at, pace)| if full[at] { most[at] } else { pace }).collect();
        }
        over.into_iter().for_each(|at| full[at] = true);
    }
}

/// How many merchants a province's products come from.
fn merchants(products: &[Product]) -> u32 {
    let mut merchants: Vec<_> = products.iter().map(|product| product.merchant).collect();
    merchants.sort_unstable();
    merchants.dedup();
    u32::try_from(merchants.len()).unwrap_or(u32::MAX)
}

/// A number that looks drawn by lot and is always the same (FNV-1a, finished as SplitMix64 does): the order of equals is
/// nobody's to choose, and needs no secret.
fn mixed(seed: Uuid, bytes: &[u8]) -> u64 {
    let hash = seed.as_bytes().iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests;
