//! What merchants tell of themselves, and their further documents.

use anyhow::{Context, Result};
use kapal_domain::Faults;
use kapal_domain::bank_account::{AccountHolder, AccountNumber, BankAccount, BankName};
use kapal_domain::legality::{DocumentKind, DocumentNote};
use kapal_domain::merchant::Scale;
use kapal_domain::profile::{Address, BusinessForm, Coordinates, Kbli, Workers};

use super::data::{Data, Origin};
use super::{District, valid};
use crate::demo::chance::Chance;

/// What a merchant tells besides its row. Years and days count back from when it is loaded.
#[derive(Debug)]
pub struct Profile {
    /// Legal form.
    pub form: BusinessForm,
    /// Line of business.
    pub kbli: Kbli,
    /// When it began.
    pub founded_year: i32,
    /// Who works there.
    pub workers: Workers,
    /// For letters and visits.
    pub address: Address,
    /// Near the middle of its district.
    pub coordinates: Coordinates,
    /// Yearly sales in rupiah, with how many years ago, the oldest first; none where only the class is declared.
    pub sales: Vec<(i32, i64)>,
    /// Where it is paid.
    pub account: Option<BankAccount>,
    /// How many days ago it agreed to being shown.
    pub agreed: i64,
}

/// A document besides those that the merchant's products need.
#[derive(Debug)]
pub struct Paper {
    /// Which.
    pub kind: DocumentKind,
    /// In how many days it ends.
    pub ends: Option<i64>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a document.
#[derive(Debug)]
pub enum Fate {
    /// It waits to be verified.
    Submitted,
    /// It is verified.
    Verified,
    /// It is refused, with what is wrong.
    Rejected(DocumentNote),
    /// It was verified, and ended.
    Expired,
}

/// Makes the profile of a merchant that `founder` began in that year. Chances are its own, so that what else is planned
/// does not depend on them.
pub fn profile(
    data: &Data,
    origin: &Origin,
    district: &District,
    (founder, year): (&str, usize),
    scale: Scale,
    serial: usize,
) -> Result<Profile> {
    let mut chance = Chance::new(0x50_726F_6669_6C00 + serial as u64);
    let street = format!(
        "{} No. {}, {}",
        data.sentence("address", &mut chance)?,
        chance.between(1, 180),
        district.name
    );
    let mut faults = Faults::default();
    let mut near = |degrees: f64| degrees + (chance.between(0, 200) as f64 - 100.0) / 10_000.0;
    let (latitude, longitude) = (near(district.place.0), near(district.place.1));
    let coordinates = Coordinates::parse(latitude, longitude, &mut faults)
        .with_context(|| format!("{} lies nowhere", district.code))?;
    let kbli = Kbli::parse("2020", line_of_business(origin), &mut faults).context("no line of business")?;
    let million = 1_000_000;
    let sales = match scale {
        // One in six has grown out of its class.
        Scale::Micro if serial.is_multiple_of(6) => vec![
            (2, chance.between(1_200, 1_900) as i64 * million),
            (1, chance.between(2_050, 2_600) as i64 * million),
        ],
        Scale::Micro if serial % 6 == 1 => Vec::new(),
        Scale::Micro => vec![(1, chance.between(60, 900) as i64 * million)],
        _ => vec![(1, chance.between(2_100, 6_000) as i64 * million)],
    };
    let account = match serial % 3 {
        0 => None,
        _ => Some(account(data, founder, serial, &mut chance)?),
    };
    Ok(Profile {
        form: match scale {
            Scale::Micro if serial % 5 == 4 => BusinessForm::Kelompok,
            Scale::Micro => BusinessForm::Perorangan,
            _ => BusinessForm::Cv,
        },
        kbli,
        founded_year: i32::try_from(year)?,
        workers: workers(scale, &mut chance)?,
        address: valid(Address::parse(&street), &street)?,
        coordinates,
        sales,
        account,
        agreed: chance.between(30, 400) as i64,
    })
}

/// Not everybody counts each group.
fn workers(scale: Scale, chance: &mut Chance) -> Result<Workers> {
    let total = match scale {
        Scale::Micro => chance.between(2, 9),
        _ => chance.between(10, 38),
    };
    let mut some = |most: usize, of: usize| -> Result<Option<i32>> {
        let count = chance.between(0, most);
        Ok(if chance.below(of) == 0 { None } else { Some(i32::try_from(count)?) })
    };
    Ok(Workers {
        total: Some(i32::try_from(total)?),
        women: some(total, 6)?,
        youth: some(total / 2, 3)?,
        disability: some(total / 6, 2)?,
    })
}

fn account(data: &Data, holder: &str, serial: usize, chance: &mut Chance) -> Result<BankAccount> {
    let bank = data.sentence("bank", chance)?;
    let number = format!("9{:05}{serial:04}", chance.below(100_000));
    Ok(BankAccount {
        // Invented banks have no clearing code.
        bank_code: None,
        bank_name: valid(BankName::parse(bank), bank)?,
        number: valid(AccountNumber::parse(&number), &number)?,
        holder: valid(AccountHolder::parse(holder), holder)?,
    })
}

/// The code of KBLI 2020 for what a house makes.
fn line_of_business(origin: &Origin) -> &'static str {
    match (origin.kind.as_str(), origin.about.line.as_str()) {
        ("coffee", _) => "10761",
        ("tea", _) => "10763",
        ("essential oil", _) => "20294",
        ("rice", _) => "10631",
        ("snack", _) => "10794",
        ("beverage", _) => "11090",
        ("sweetener", _) => "10722",
        ("salt", _) => "10774",
        ("nuts", _) => "10393",
        ("spice", _) => "10772",
        ("fruit" | "produce", _) => "46319",
        ("tobacco", _) => "12091",
        ("herbal", _) => "21022",
        ("textile", "batik") => "13134",
        ("textile", "weaving" | "songket") => "13122",
        ("textile", _) => "13912",
        ("ceramics", _) => "23932",
        ("jewellery", _) => "32112",
        ("basketry", "rattan") => "16291",
        ("basketry", _) => "16292",
        ("carving", _) => "16293",
        ("furniture", _) => "31001",
        _ => "10799",
    }
}
