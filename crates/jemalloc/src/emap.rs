//! Which extent a page belongs to: a radix tree over the address space.
//!
//! jemalloc 5.3.0, src/emap.c and src/rtree.c, for addresses of 48 bits: a root in the library's data and leaves of 2 MiB,
//! one for each GiB of address space, from the base of arena 0. The first and the last page of an extent are entered, of a
//! slab every page. Here the tree is an array outside simulated memory; the pages of the leaves become resident as they
//! would.

use crate::base::Base;
use crate::extents::ExtentId;
use crate::sizes::CACHE_LINE;
use highwater_allocator::{Address, Bytes, Kernel};

/// Bits of an address below those that choose a leaf.
const LEAF_SHIFT: u32 = 30;
const PAGE_SHIFT: u32 = 12;
const LEAF_ENTRIES: usize = 1 << (LEAF_SHIFT - PAGE_SHIFT);
/// `sizeof (rtree_leaf_elm_t)`
const ENTRY_BYTES: u64 = 8;
const NOTHING: u32 = u32::MAX;

#[derive(Clone)]
struct Leaf {
    key: u64,
    home: Address,
    entries: Box<[u32]>,
    /// A bit for each of the leaf's own pages that was written.
    touched: Vec<u64>,
}

/// The map of all arenas.
#[derive(Clone, Default)]
pub(crate) struct Emap {
    leaves: Vec<Leaf>,
}

impl Emap {
    #[inline]
    fn leaf(&self, at: u64) -> Option<&Leaf> {
        let key = at >> LEAF_SHIFT;
        self.leaves.iter().find(|leaf| leaf.key == key)
    }

    /// The extent that the page at `at` was entered for.
    #[inline]
    pub(crate) fn get(&self, at: u64) -> Option<ExtentId> {
        let entry = self.leaf(at)?.entries[index(at)];
        (entry != NOTHING).then_some(ExtentId(entry))
    }

    /// Makes the leaves that the pages of an extent need, as `emap_register_boundary` does. `false` without memory.
    pub(crate) fn prepare(
        &mut self,
        kernel: &mut Kernel,
        base: &mut Base,
        first: u64,
        last: u64,
    ) -> bool {
        [first, last].iter().all(|at| {
            self.leaf(*at).is_some() || {
                let bytes = LEAF_ENTRIES as u64 * ENTRY_BYTES;
                let home = base.allocate(kernel, bytes, CACHE_LINE);
                if let Some(home) = home {
                    self.leaves.push(Leaf {
                        key: at >> LEAF_SHIFT,
                        home,
                        entries: vec![NOTHING; LEAF_ENTRIES].into(),
                        touched: vec![0; LEAF_ENTRIES * 8 / 4096 / 64 + 1],
                    });
                }
                home.is_some()
            }
        })
    }

    /// Enters an extent for the page at `at`, or nothing.
    #[inline]
    pub(crate) fn set(&mut self, kernel: &mut Kernel, at: u64, extent: Option<ExtentId>) {
        let key = at >> LEAF_SHIFT;
        let Some(leaf) = self.leaves.iter_mut().find(|leaf| leaf.key == key) else {
            return;
        };
        let index = index(at);
        leaf.entries[index] = extent.map_or(NOTHING, |id| id.0);
        let entry = leaf.home + Bytes(index as u64 * ENTRY_BYTES);
        let page = ((entry.0 >> PAGE_SHIFT) - (leaf.home.0 >> PAGE_SHIFT)) as usize;
        let bit = 1 << (page % 64);
        if leaf.touched[page / 64] & bit == 0 {
            leaf.touched[page / 64] |= bit;
            kernel.touch(entry, Bytes(ENTRY_BYTES));
        }
    }
}

#[inline]
fn index(at: u64) -> usize {
    (at >> PAGE_SHIFT) as usize & (LEAF_ENTRIES - 1)
}
