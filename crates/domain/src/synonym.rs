//! Words that buyers use for one thing.

use crate::code::Code;
use crate::faults::Faults;
use crate::text::Line;

/// A word, or a few that belong together.
pub type Term = Line<1, 60>;

/// So many groups an aggregator may have.
pub const MAX_GROUPS: usize = 500;
/// So many terms a group may have.
pub const MAX_TERMS: usize = 10;

/// Checks groups of terms: each has at least two, of at least one letter or digit, none twice.
pub fn parse_groups(groups: &[Vec<String>]) -> Result<Vec<Vec<String>>, Faults> {
    let mut faults = Faults::default();
    if groups.len() > MAX_GROUPS {
        return Err(one("/groups", Code::TooLong));
    }
    let mut parsed = Vec::with_capacity(groups.len());
    for (at, group) in groups.iter().enumerate() {
        let pointer = format!("/groups/{at}");
        match group.len() {
            0 | 1 => faults.add(&pointer, Code::TooShort),
            n if n > MAX_TERMS => faults.add(&pointer, Code::TooLong),
            _ => {}
        }
        let mut terms: Vec<String> = Vec::with_capacity(group.len());
        for (n, term) in group.iter().take(MAX_TERMS).enumerate() {
            let pointer = format!("{pointer}/{n}");
            let term = faults.take(&pointer, Term::parse(term)).map(String::from);
            match term.map(|term| term.to_lowercase()) {
                Some(term) if !term.contains(char::is_alphanumeric) => {
                    faults.add(pointer, Code::InvalidCharacters)
                }
                Some(term) if terms.contains(&term) => faults.add(pointer, Code::DuplicateEntry),
                Some(term) => terms.push(term),
                None => {}
            }
        }
        parsed.push(terms);
    }
    faults.finish()?;
    Ok(parsed)
}

fn one(pointer: &str, code: Code) -> Faults {
    let mut faults = Faults::default();
    faults.add(pointer, code);
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_term_is_named() {
        let group = |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>();
        let good = [group(&["Kopi", " ngopi "]), group(&["gula aren", "gula merah"])];
        assert_eq!(
            parse_groups(&good),
            Ok(vec![group(&["kopi", "ngopi"]), group(&["gula aren", "gula merah"])])
        );
        let bad = [group(&["kopi"]), group(&["teh", "TEH", "!!", ""]), vec!["x".repeat(61), "y".to_owned()]];
        let faults = parse_groups(&bad).expect_err("faults").into_vec();
        let named: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            named,
            [
                ("/groups/0", Code::TooShort),
                ("/groups/1/1", Code::DuplicateEntry),
                ("/groups/1/2", Code::InvalidCharacters),
                ("/groups/1/3", Code::Required),
                ("/groups/2/0", Code::TooLong),
            ]
        );
        let many = vec![group(&["a", "b"]); MAX_GROUPS + 1];
        assert_eq!(parse_groups(&many).expect_err("faults").into_vec()[0].code, Code::TooLong);
    }
}
