//! The conditions that hold between any two calls; for tests.

use crate::Jemalloc;
use crate::edata::{Edata, EdataId, ExtentState};
use crate::size_classes::{PAGE, pages};
use highwater_allocator::Pages;
use std::collections::{HashMap, HashSet};

impl Jemalloc {
    /// Checks that extents do not overlap and the map has the first and the last page of each, page counts add up to
    /// what is mapped, the free regions of a slab are those of its map, and the sums kept are those of the extents.
    ///
    /// # Panics
    /// If something does not hold.
    pub fn check(&self) {
        let mut all = Vec::new();
        let mut counts = HashMap::new();
        for (id, edata) in self.shared.edatas.iter() {
            if edata.state == ExtentState::Unused {
                continue;
            }
            all.push((edata.base, edata.past()));
            self.check_extent(id, edata);
            let count = counts.entry((edata.arena, edata.state));
            *count.or_insert(Pages(0)) += pages(edata.size);
        }
        all.sort_unstable();
        for pair in all.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "extents overlap: {pair:x?}");
        }
        for arena in self.arenas.iter() {
            let pac = &arena.pac;
            let count = |state| counts.get(&(pac.arena, state)).copied().unwrap_or_default();
            let active = count(ExtentState::Active);
            assert_eq!(pac.active, active, "active pages");
            let free = [
                ExtentState::Dirty,
                ExtentState::Muzzy,
                ExtentState::Retained,
            ];
            for state in free {
                assert_eq!(pac.ecache(state).pages(), count(state), "{state:?} pages");
            }
            let mapped = active + count(ExtentState::Dirty) + count(ExtentState::Muzzy);
            assert_eq!(pac.mapped(), mapped * PAGE, "bytes mapped");
        }
        let mut cached = HashSet::new();
        self.visit_not_live(&mut |block, _| {
            assert!(cached.insert(block), "a block is in a cache twice");
        });
    }

    fn check_extent(&self, id: EdataId, edata: &Edata) {
        let emap = &self.shared.emap;
        assert_eq!(emap.lookup(edata.base), Some(id), "its first page");
        assert_eq!(emap.lookup(edata.last()), Some(id), "its last page");
        if edata.state == ExtentState::Active && edata.slab {
            let free = edata.regions().filter(|region| region.is_free).count();
            assert_eq!(free, edata.free_regions as usize, "free regions");
            for page in 0..pages(edata.size).0 {
                let page = edata.base + PAGE * page;
                assert_eq!(emap.lookup(page), Some(id), "a page of a slab");
            }
        }
    }
}
