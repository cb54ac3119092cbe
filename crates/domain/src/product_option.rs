//! Options: what the variants of a product differ in, such as size and flavour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::faults::Faults;
use crate::key::Key;
use crate::text::Line;

/// What an option, or a value of it, is called.
pub type OptionName = Line<1, 80>;

/// The most options of a product.
pub const MAX_OPTIONS: usize = 3;
/// The most values of an option.
pub const MAX_VALUES: usize = 20;

/// A value of an option, as it is stored: its key and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionValue {
    /// How variants name it.
    pub key: String,
    /// In Indonesian.
    pub id: String,
    /// In English.
    pub en: String,
}

/// Something that variants differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    /// How variants name it.
    pub key: String,
    /// What it is called, in Indonesian.
    pub id: String,
    /// In English.
    pub en: String,
    /// Its values, in their order.
    pub values: Vec<OptionValue>,
}

/// A variant's value of each option, by their keys.
pub type Choices = BTreeMap<String, String>;

/// Whether a list of options may stand: not too many, and every key once.
pub fn check_options(options: &[ProductOption]) -> Result<(), Faults> {
    let mut faults = Faults::default();
    if options.len() > MAX_OPTIONS {
        faults.add("/options", Code::TooLong);
    }
    for (at, option) in options.iter().enumerate() {
        if options[..at].iter().any(|other| other.key == option.key) {
            faults.add(format!("/options/{at}/key"), Code::DuplicateEntry);
        }
        match option.values.len() {
            0 => faults.add(format!("/options/{at}/values"), Code::Required),
            1..=MAX_VALUES => {}
            _ => faults.add(format!("/options/{at}/values"), Code::TooLong),
        }
        for (n, value) in option.values.iter().enumerate() {
            if option.values[..n].iter().any(|other| other.key == value.key) {
                faults.add(format!("/options/{at}/values/{n}/key"), Code::DuplicateEntry);
            }
        }
    }
    faults.finish()
}

/// What is wrong with a variant's choices: an option or a value that there is not, or none of an option that there is.
pub fn check_choices(options: &[ProductOption], choices: &Choices) -> Faults {
    let mut faults = unknown_choices(options, choices);
    for option in options.iter().filter(|option| !choices.contains_key(&option.key)) {
        faults.add(format!("/options/{}", option.key), Code::Required);
    }
    faults
}

/// As [`check_choices`], where a choice may still be missing.
pub fn unknown_choices(options: &[ProductOption], choices: &Choices) -> Faults {
    let mut faults = Faults::default();
    for (key, value) in choices {
        let pointer = format!("/options/{}", key.replace('~', "~0").replace('/', "~1"));
        match options.iter().find(|option| option.key == *key) {
            None => faults.add(pointer, Code::UnknownOption),
            Some(option) if option.values.iter().all(|known| known.key != *value) => {
                faults.add(pointer, Code::InvalidChoice);
            }
            Some(_) => {}
        }
    }
    faults
}

/// The key of an option or a value of it.
pub fn option_key(text: &str) -> Result<String, Code> {
    Key::parse(text).map(|key| key.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(key: &str, values: &[&str]) -> ProductOption {
        let value = |key: &&str| OptionValue { key: (*key).into(), id: (*key).into(), en: (*key).into() };
        ProductOption {
            key: key.into(),
            id: key.into(),
            en: key.into(),
            values: values.iter().map(value).collect(),
        }
    }

    fn pointers(faults: Faults) -> Vec<(String, Code)> {
        faults.into_vec().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn options_are_few_and_their_keys_unique() {
        assert!(check_options(&[option("size", &["s", "m"]), option("colour", &["red"])]).is_ok());
        let bad =
            [option("size", &["s", "s"]), option("size", &[]), option("a", &["a"]), option("b", &["b"])];
        let faults = pointers(check_options(&bad).expect_err("faults"));
        let expected = [
            ("/options", Code::TooLong),
            ("/options/0/values/1/key", Code::DuplicateEntry),
            ("/options/1/key", Code::DuplicateEntry),
            ("/options/1/values", Code::Required),
        ];
        assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn a_variant_chooses_one_value_of_each_option() {
        let options = [option("size", &["s", "m"]), option("colour", &["red"])];
        let choose = |pairs: &[(&str, &str)]| {
            let choices = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            pointers(check_choices(&options, &choices))
        };
        assert_eq!(choose(&[("size", "s"), ("colour", "red")]), []);
        assert_eq!(
            choose(&[("size", "xl"), ("colour", "red")]),
            [("/options/size".into(), Code::InvalidChoice)]
        );
        assert_eq!(choose(&[("size", "s")]), [("/options/colour".into(), Code::Required)]);
        assert_eq!(
            choose(&[("size", "s"), ("colour", "red"), ("taste", "hot")]),
            [("/options/taste".into(), Code::UnknownOption)]
        );
    }
}
