//! Which page of the library corresponds to which page of the model, where an allocator has no heaps.
//!
//! A pair is made when a block of each process is first seen at the same place in a page that has no partner yet. Both then
//! stay together until the model's page is unmapped.

use std::collections::HashMap;

/// The pairs there are.
#[derive(Debug, Default)]
pub(crate) struct PagePairs {
    /// The pair of each page of the library, and the page of the model in it.
    of_real: HashMap<u64, (u32, u64)>,
    /// The page of the library that each page of the model belongs to.
    of_model: HashMap<u64, u64>,
    made: u32,
}

impl PagePairs {
    /// The numbers of the pairs that these pages belong to: the same if they correspond. Pages without partners become a
    /// pair where `may_pair` says so.
    pub(crate) fn meet(
        &mut self,
        real: u64,
        model: u64,
        may_pair: bool,
    ) -> (Option<u32>, Option<u32>) {
        if may_pair && !self.of_real.contains_key(&real) && !self.of_model.contains_key(&model) {
            self.of_real.insert(real, (self.made, model));
            self.of_model.insert(model, real);
            self.made += 1;
        }
        let number = |real| self.of_real.get(&real).map(|(number, _)| *number);
        let of_model = self.of_model.get(&model).and_then(|real| number(*real));
        (number(real), of_model)
    }

    /// The model's page was unmapped.
    pub(crate) fn forget(&mut self, model: u64) {
        if let Some(real) = self.of_model.remove(&model) {
            self.of_real.remove(&real);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_belong_to_each_other_one_to_one_until_they_are_unmapped() {
        let mut pages = PagePairs::default();
        assert_eq!(pages.meet(10, 20, true), (Some(0), Some(0)));
        assert_eq!(pages.meet(11, 21, true), (Some(1), Some(1)));
        assert_eq!(pages.meet(10, 21, true), (Some(0), Some(1)));
        assert_eq!(pages.meet(12, 21, true), (None, Some(1)));
        assert_eq!(pages.meet(10, 22, true), (Some(0), None));
        assert_eq!(pages.meet(13, 23, false), (None, None));
        pages.forget(20);
        assert_eq!(pages.meet(12, 20, true), (Some(2), Some(2)));
        assert_eq!(pages.meet(10, 24, true), (Some(3), Some(3)));
    }
}
