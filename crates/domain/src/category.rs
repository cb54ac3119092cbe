//! Product categories: one tree for the whole platform.

use crate::code::Code;
use crate::ids::CategoryId;
use crate::text::Line;

/// A category's name in one language.
pub type CategoryName = Line<2, 80>;

/// Where a category may stand among its sisters, 0 to 10,000; equal ones go by name.
pub const MAX_POSITION: i64 = 10_000;

/// The most levels of the tree.
pub const MAX_LEVELS: usize = 4;

/// Where another catalogue files the same goods: its id, and the names from the top, such as
/// `Food, Beverages & Tobacco > Beverages > Coffee`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Its id there.
    pub id: i32,
    /// Its path there.
    pub path: Option<MappingPath>,
}

/// The names of a foreign category, from the top.
pub type MappingPath = Line<1, 300>;

impl Mapping {
    /// An id of a foreign catalogue.
    pub fn id(number: i64) -> Result<i32, Code> {
        i32::try_from(number).ok().filter(|id| (1..=999_999).contains(id)).ok_or(Code::OutOfRange)
    }
}

/// Whether `category` (None for one that is yet to be made) may stand below `parent` in `tree`, which is pairs of a
/// category and the one above it: not below itself, and with all its branches within [`MAX_LEVELS`].
pub fn may_stand_below(
    tree: &[(CategoryId, Option<CategoryId>)],
    category: Option<CategoryId>,
    parent: CategoryId,
) -> Result<(), Code> {
    let above = |id: CategoryId| tree.iter().find(|(other, _)| *other == id).and_then(|(_, above)| *above);
    if !tree.iter().any(|(id, _)| *id == parent) {
        return Err(Code::UnknownReference);
    }
    // The stored tree has no cycle; the bound keeps a broken one from being walked for ever.
    let path = |from: CategoryId| std::iter::successors(Some(from), |id| above(*id)).take(tree.len() + 1);
    if category.is_some_and(|category| path(parent).any(|id| id == category)) {
        return Err(Code::CategoryCycle);
    }
    let below = tree.iter().filter_map(|(id, _)| path(*id).position(|step| Some(step) == category));
    let height = below.max().unwrap_or(0) + 1;
    if path(parent).count() + height > MAX_LEVELS { Err(Code::CategoryTooDeep) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_has_four_levels_and_no_cycle() {
        let [food, snacks, chips, cassava, crafts, unknown] = std::array::from_fn(|_| CategoryId::new());
        let tree = [
            (food, None),
            (snacks, Some(food)),
            (chips, Some(snacks)),
            (cassava, Some(chips)),
            (crafts, None),
        ];
        assert_eq!(may_stand_below(&tree, None, chips), Ok(()));
        assert_eq!(may_stand_below(&tree, None, cassava), Err(Code::CategoryTooDeep), "a fifth level");
        assert_eq!(may_stand_below(&tree, Some(crafts), chips), Ok(()));
        assert_eq!(may_stand_below(&tree, Some(snacks), crafts), Ok(()), "with its branches");
        assert_eq!(
            may_stand_below(&tree, Some(food), crafts),
            Err(Code::CategoryTooDeep),
            "its branches count"
        );
        assert_eq!(may_stand_below(&tree, Some(chips), food), Ok(()), "up");
        for below in [food, snacks, chips, cassava] {
            assert_eq!(may_stand_below(&tree, Some(food), below), Err(Code::CategoryCycle), "below itself");
        }
        assert_eq!(may_stand_below(&tree, Some(crafts), unknown), Err(Code::UnknownReference));
    }
}
