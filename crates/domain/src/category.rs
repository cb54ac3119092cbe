//! Product categories: one tree for the whole platform.

use crate::code::Code;
use crate::ids::CategoryId;
use crate::text::Line;

/// A category's name in one language.
pub type CategoryName = Line<2, 80>;

/// Where a category may stand among its sisters, 0 to 10,000; equal ones go by name.
pub const MAX_POSITION: i64 = 10_000;

/// Whether `category` (None for one that is yet to be made) may stand below `parent` in `tree`, which is pairs of a
/// category and the one above it. The tree has two levels: so a parent stands at the top, what has branches stays
/// there, and no cycle can come to be.
pub fn may_stand_below(
    tree: &[(CategoryId, Option<CategoryId>)],
    category: Option<CategoryId>,
    parent: CategoryId,
) -> Result<(), Code> {
    let (_, above) = tree.iter().find(|(id, _)| *id == parent).ok_or(Code::UnknownReference)?;
    let has_branches = category.is_some() && tree.iter().any(|(_, above)| *above == category);
    if above.is_some() || has_branches || category == Some(parent) {
        return Err(Code::InvalidChoice);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_has_two_levels_and_no_cycle() {
        let [food, snacks, crafts, unknown] = std::array::from_fn(|_| CategoryId::new());
        let tree = [(food, None), (snacks, Some(food)), (crafts, None)];
        assert_eq!(may_stand_below(&tree, None, food), Ok(()));
        assert_eq!(may_stand_below(&tree, Some(crafts), food), Ok(()));
        assert_eq!(may_stand_below(&tree, Some(snacks), crafts), Ok(()));
        assert_eq!(may_stand_below(&tree, None, snacks), Err(Code::InvalidChoice), "a third level");
        assert_eq!(may_stand_below(&tree, Some(food), crafts), Err(Code::InvalidChoice), "it has branches");
        assert_eq!(may_stand_below(&tree, Some(crafts), crafts), Err(Code::InvalidChoice), "itself");
        assert_eq!(may_stand_below(&tree, Some(crafts), unknown), Err(Code::UnknownReference));
    }
}
