//! Money: whole minor units of an ISO 4217 currency, never a float.

use std::fmt;

use crate::code::Code;
use crate::locale::Locale;

/// Alphabetic codes in use (ISO 4217, list one; without funds other than CLF and UYW, metals and test codes).
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG \
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD \
    TZS UAH UGX USD UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// The most that one amount may be, in whole units of its currency: a thousand billion, so that minor units and the
/// sums of many amounts stay far from the end of `i64`.
const MAX_UNITS: i64 = 1_000_000_000_000;

/// A currency by its ISO 4217 alphabetic code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(&'static str);

impl Currency {
    /// The Indonesian rupiah.
    pub const IDR: Self = Self("IDR");

    /// Takes a code in capitals that ISO 4217 lists.
    pub fn parse(text: &str) -> Result<Self, Code> {
        CODES.split(' ').find(|code| *code == text).map(Self).ok_or(Code::InvalidCurrency)
    }

    /// The code, such as `IDR`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The number of decimals of the minor unit (ISO 4217). The rupiah's is 2, although no sen is in use.
    pub fn exponent(self) -> u32 {
        match self.0 {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    /// Minor units in one unit.
    fn scale(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// An amount from 0 to a thousand billion units, in ISO minor units: Rp75.000 is 7,500,000. A rupiah amount is whole
/// rupiah.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// From minor units, as they are stored.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, Code> {
        if !(0..=MAX_UNITS * currency.scale()).contains(&minor) {
            return Err(Code::OutOfRange);
        }
        if currency == Currency::IDR && minor % currency.scale() != 0 {
            return Err(Code::InvalidMoney);
        }
        Ok(Self { minor, currency })
    }

    /// From whole rupiah.
    pub fn rupiah(rupiah: i64) -> Result<Self, Code> {
        let minor = rupiah.checked_mul(Currency::IDR.scale()).ok_or(Code::OutOfRange)?;
        Self::from_minor(minor, Currency::IDR)
    }

    /// From a decimal string such as `75000` or `129.99`: digits, and after a point at most as many as the currency
    /// has. No sign, no exponent, no thousands mark, no needless leading zero.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, Code> {
        if amount.is_empty() {
            return Err(Code::Required);
        }
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (units, fraction) = match amount.split_once('.') {
            Some((_, "")) => return Err(Code::InvalidMoney),
            Some(parts) => parts,
            None => (amount, ""),
        };
        let decimals = currency.exponent() as usize;
        let needless_zero = units.len() > 1 && units.starts_with('0');
        if units.is_empty()
            || needless_zero
            || fraction.len() > decimals
            || !digits(units)
            || !digits(fraction)
        {
            return Err(Code::InvalidMoney);
        }
        // All digits: only too many of them can fail to be a number.
        let minor = format!("{units}{fraction:0<decimals$}").parse().map_err(|_| Code::OutOfRange)?;
        Self::from_minor(minor, currency)
    }

    /// The amount in ISO minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount as a decimal string, as the API sends it: `75000`, `129.90`. `parse` takes it back.
    pub fn to_decimal(self) -> String {
        let (units, fraction) = self.split();
        if fraction.is_empty() { units } else { format!("{units}.{fraction}") }
    }

    /// The amount as a shop shows it: `Rp75.000` in Indonesian, `IDR 75,000` in English.
    pub fn display(self, locale: Locale) -> String {
        let (prefix, thousands, point) = match (locale, self.currency) {
            (Locale::Id, Currency::IDR) => ("Rp".to_owned(), '.', ','),
            (Locale::Id, currency) => (format!("{currency} "), '.', ','),
            (Locale::En, currency) => (format!("{currency} "), ',', '.'),
        };
        let (units, fraction) = self.split();
        let mut shown = prefix;
        for (at, digit) in units.chars().enumerate() {
            if at > 0 && (units.len() - at) % 3 == 0 {
                shown.push(thousands);
            }
            shown.push(digit);
        }
        if !fraction.is_empty() {
            shown.push(point);
            shown.push_str(&fraction);
        }
        shown
    }

    /// Units and decimals as digits; no decimals for rupiah.
    fn split(self) -> (String, String) {
        let (scale, decimals) = (self.currency.scale(), self.currency.exponent() as usize);
        let fraction = match self.currency {
            Currency::IDR => String::new(),
            _ if decimals == 0 => String::new(),
            _ => format!("{:0decimals$}", self.minor % scale),
        };
        ((self.minor / scale).to_string(), fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(amount: &str, currency: &str) -> Result<Money, Code> {
        Money::parse(amount, Currency::parse(currency)?)
    }

    #[test]
    fn rupiah_is_whole_and_has_two_decimals_in_minor_units() {
        let price = money("75000", "IDR").expect("a price");
        assert_eq!(price.minor(), 7_500_000);
        assert_eq!(Money::rupiah(75_000), Ok(price));
        assert_eq!(money("75000.00", "IDR"), Ok(price));
        assert_eq!(money("75000.50", "IDR"), Err(Code::InvalidMoney));
        assert_eq!(Money::from_minor(7_500_001, Currency::IDR), Err(Code::InvalidMoney));
    }

    #[test]
    fn an_amount_is_shown_as_the_language_writes_it() {
        let price = money("75000", "IDR").expect("a price");
        assert_eq!(price.to_decimal(), "75000");
        assert_eq!(price.display(Locale::Id), "Rp75.000");
        assert_eq!(price.display(Locale::En), "IDR 75,000");
        let dollars = money("1234567.9", "USD").expect("a price");
        assert_eq!(dollars.to_decimal(), "1234567.90");
        assert_eq!(dollars.display(Locale::Id), "USD 1.234.567,90");
        assert_eq!(dollars.display(Locale::En), "USD 1,234,567.90");
        assert_eq!(money("0.05", "USD").map(Money::to_decimal), Ok("0.05".into()));
        assert_eq!(Money::rupiah(999).map(|m| m.display(Locale::Id)), Ok("Rp999".into()));
    }

    #[test]
    fn decimals_follow_the_currency() {
        for (amount, currency, minor) in
            [("5", "JPY", 5), ("1.5", "USD", 150), ("1.234", "KWD", 1234), ("1.5", "CLF", 15_000)]
        {
            assert_eq!(money(amount, currency).map(Money::minor), Ok(minor), "{amount} {currency}");
        }
        for (amount, currency) in [("5.0", "JPY"), ("1.234", "USD"), ("1.2345", "KWD")] {
            assert_eq!(money(amount, currency), Err(Code::InvalidMoney), "{amount} {currency}");
        }
    }

    #[test]
    fn only_plain_digits_are_an_amount() {
        for bad in [
            "-1", "+1", "1e3", "1,000", "1.", ".5", " 1", "1 ", "007", "00", "0x1", "NaN", "١", "1.-1",
            "1.0.0", ".",
        ] {
            assert_eq!(money(bad, "USD"), Err(Code::InvalidMoney), "{bad}");
        }
        assert_eq!(money("", "USD"), Err(Code::Required));
    }

    #[test]
    fn amounts_have_bounds() {
        assert!(money("1000000000000", "IDR").is_ok());
        assert!(money("0", "IDR").is_ok());
        assert_eq!(money("1000000000001", "IDR"), Err(Code::OutOfRange));
        assert_eq!(money(&"9".repeat(400), "IDR"), Err(Code::OutOfRange));
        assert_eq!(Money::rupiah(-1), Err(Code::OutOfRange));
        assert_eq!(Money::rupiah(i64::MAX), Err(Code::OutOfRange));
        assert_eq!(Money::rupiah(i64::MIN), Err(Code::OutOfRange));
    }

    #[test]
    fn a_currency_is_listed_and_in_capitals() {
        for bad in ["", "idr", "XXX", "RP", "IDRR", "IDR USD", " "] {
            assert_eq!(Currency::parse(bad), Err(Code::InvalidCurrency), "{bad}");
        }
        assert_eq!(Currency::parse("IDR"), Ok(Currency::IDR));
        assert!(CODES.split(' ').all(|code| code.len() == 3 && Currency::parse(code).is_ok()));
        assert!(CODES.split(' ').is_sorted_by(|a, b| a < b));
    }

    fn any_currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(CODES.split(' ').map(Currency).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn what_is_sent_is_taken_back(currency in any_currency(), units in 0..MAX_UNITS, minor in 0..10_000_i64) {
            let minor = if currency == Currency::IDR { 0 } else { minor % currency.scale() };
            let minor = units * currency.scale() + minor;
            let money = Money::from_minor(minor, currency).expect("within bounds");
            prop_assert_eq!(Money::parse(&money.to_decimal(), currency), Ok(money));
        }

        #[test]
        fn marks_for_thousands_change_no_digit(rupiah in 0..=MAX_UNITS) {
            let shown = Money::rupiah(rupiah).expect("within bounds").display(Locale::Id);
            prop_assert_eq!(shown.trim_start_matches("Rp").replace('.', ""), rupiah.to_string());
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,30}", currency in any_currency()) {
            if let Ok(money) = Money::parse(&text, currency) {
                prop_assert!(money.minor() >= 0);
            }
        }
    }
}
