//! How changes that phones made offline become versions. A change names the version that it builds on (0 makes the
//! thing); it may come late, twice, or in any order.

/// Versions of one visit or action item at most: far more than anybody corrects, and what a batch is judged by is read
/// whole.
pub const MAX_VERSIONS: usize = 1000;

/// What a change means to a thing of which these versions are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The thing is not there: the change makes its first version.
    Create,
    /// The change builds on the present version: it makes the next.
    Append,
    /// What the change says is already there, as this version.
    Known(usize),
    /// The version that it builds on has been followed by another one: neither is overwritten.
    Conflict,
    /// The version that it builds on has not arrived.
    BaseUnknown,
}

/// Judges a change by what each version says, the first one's first. Versions and contents are compared alone, so the
/// end is the same whatever was sent again.
#[must_use]
pub fn judge<T: PartialEq>(versions: &[T], base: usize, content: &T) -> Verdict {
    if base > versions.len() {
        return Verdict::BaseUnknown;
    }
    // It came before, or somebody else brought the present version to the same.
    let came_before = versions.get(base).is_some_and(|next| next == content);
    if came_before {
        return Verdict::Known(base + 1);
    }
    match versions.last() {
        None => Verdict::Create,
        Some(present) if present == content => Verdict::Known(versions.len()),
        Some(_) if base == versions.len() => Verdict::Append,
        Some(_) => Verdict::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_change_makes_a_version_or_is_known_or_conflicts_or_waits() {
        let cases: &[(&[u8], usize, u8, Verdict)] = &[
            (&[], 0, 1, Verdict::Create),
            (&[], 1, 1, Verdict::BaseUnknown),
            (&[1], 0, 1, Verdict::Known(1)),
            (&[1], 0, 2, Verdict::Conflict),
            (&[1], 1, 2, Verdict::Append),
            (&[1], 1, 1, Verdict::Known(1)),
            (&[1], 2, 1, Verdict::BaseUnknown),
            (&[1, 2], 0, 1, Verdict::Known(1)),
            (&[1, 2], 1, 2, Verdict::Known(2)),
            (&[1, 2], 0, 2, Verdict::Known(2)),
            (&[1, 2], 1, 3, Verdict::Conflict),
            (&[1, 2, 1], 2, 1, Verdict::Known(3)),
            (&[1, 2, 1], 3, 1, Verdict::Known(3)),
        ];
        for (versions, base, content, verdict) in cases {
            assert_eq!(judge(versions, *base, content), *verdict, "{versions:?} {base} {content}");
        }
    }

    /// Applies changes until a round of them changes nothing, as a phone sends what was refused again.
    fn settle(changes: &[(usize, u8)]) -> Vec<u8> {
        let mut versions = Vec::new();
        loop {
            let before = versions.len();
            for (base, content) in changes {
                if matches!(judge(&versions, *base, content), Verdict::Create | Verdict::Append) {
                    versions.push(*content);
                }
            }
            if versions.len() == before {
                return versions;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn one_phones_changes_end_alike_in_any_order_and_number(
            contents in proptest::collection::vec(0_u8..4, 1..8),
            picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            // A correction that corrects nothing is none.
            let mut history: Vec<u8> = contents;
            history.dedup();
            let changes: Vec<(usize, u8)> = history.iter().copied().enumerate().collect();
            let mut sent: Vec<_> = picks.iter().map(|pick| changes[pick.index(changes.len())]).collect();
            sent.extend(changes.iter().rev());
            prop_assert_eq!(settle(&sent), history);
        }

        #[test]
        fn no_change_takes_a_version_away(
            versions in proptest::collection::vec(0_u8..4, 0..5), base in 0_usize..7, content in 0_u8..4,
        ) {
            match judge(&versions, base, &content) {
                Verdict::Known(version) => prop_assert_eq!(versions[version - 1], content),
                Verdict::Append => prop_assert_eq!(base, versions.len()),
                Verdict::Create => prop_assert!(versions.is_empty() && base == 0),
                Verdict::Conflict => prop_assert!(base < versions.len() && !versions.contains(&content) || versions[base] != content),
                Verdict::BaseUnknown => prop_assert!(base > versions.len()),
            }
        }
    }
}
