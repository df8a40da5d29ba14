//! Which extent a page belongs to: a radix tree over the address space.
//!
//! jemalloc 5.3.0, src/emap.c and src/rtree.c, include/jemalloc/internal/rtree.h. A library built for addresses of 48 bits
//! has a root in its data and leaves of 2 MiB, one for each GiB of address space; one built for 57 bits has a level between
//! them, and leaves of 512 KiB for each 128 MiB. All but the root are from the base of arena 0. The first and the last page
//! of an extent are entered, of a slab every page. Here the tree is an array outside simulated memory; the pages of the
//! nodes become resident as they would.

use crate::base::Base;
use crate::edata::EdataId;
use crate::size_classes::CACHE_LINE;
use highwater_allocator::{Address, Bytes, Kernel};

const PAGE_SHIFT: u32 = 12;
/// Bits of an address below those that choose a leaf, for addresses of 48 bits and of 57.
const LEAF_SHIFT: u32 = 30;
const WIDE_LEAF_SHIFT: u32 = 27;
/// `sizeof (rtree_leaf_elm_t)`: where an address leaves too few bits, what is known of an extent has a word of its own.
const ENTRY_BYTES: u64 = 8;
const WIDE_ENTRY_BYTES: u64 = 16;
/// Bits of a wide address below those that choose a node between root and leaves, and the bytes of such a node, a word for
/// each leaf.
const NODE_SHIFT: u32 = 42;
const NODE_BYTES: u64 = 8 << (NODE_SHIFT - WIDE_LEAF_SHIFT);
const NOTHING: u32 = u32::MAX;

#[derive(Clone)]
struct Leaf {
    key: u64,
    home: Address,
    entries: Box<[u32]>,
    /// A bit for each of the leaf's own pages that was written.
    touched: Vec<u64>,
}

impl Leaf {
    #[inline]
    fn index(&self, at: u64) -> usize {
        // As many entries as a power of two.
        (at >> PAGE_SHIFT) as usize & (self.entries.len() - 1)
    }
}

/// The map of all arenas.
#[derive(Clone)]
pub(crate) struct Emap {
    leaves: Vec<Leaf>,
    leaf_shift: u32,
    entry_bytes: u64,
    /// The nodes between root and leaves, where there are any.
    nodes: Vec<(u64, Address)>,
}

impl Emap {
    /// An empty map, of a library that was built for addresses of 57 bits or of 48.
    pub(crate) fn new(wide: bool) -> Self {
        let (leaf_shift, entry_bytes) = match wide {
            true => (WIDE_LEAF_SHIFT, WIDE_ENTRY_BYTES),
            false => (LEAF_SHIFT, ENTRY_BYTES),
        };
        Self {
            leaves: Vec::new(),
            leaf_shift,
            entry_bytes,
            nodes: Vec::new(),
        }
    }

    #[inline]
    fn leaf(&self, at: u64) -> Option<&Leaf> {
        let key = at >> self.leaf_shift;
        self.leaves.iter().find(|leaf| leaf.key == key)
    }

    /// The extent that the page at `at` was entered for.
    #[inline]
    pub(crate) fn get(&self, at: u64) -> Option<EdataId> {
        let entry = {
            let leaf = self.leaf(at)?;
            leaf.entries[leaf.index(at)]
        };
        (entry != NOTHING).then_some(EdataId(entry))
    }

    /// Makes the leaves that the pages of an extent need, as `emap_register_boundary` does. `false` without memory.
    pub(crate) fn prepare(
        &mut self,
        kernel: &mut Kernel,
        base: &mut Base,
        first: u64,
        last: u64,
    ) -> bool {
        [first, last]
            .into_iter()
            .all(|at| self.leaf(at).is_some() || self.make_leaf(kernel, base, at).is_some())
    }

    /// Makes a leaf and what it hangs on (`rtree_leaf_elm_lookup_hard`).
    #[cold]
    fn make_leaf(&mut self, kernel: &mut Kernel, base: &mut Base, at: u64) -> Option<()> {
        let link = match self.leaf_shift {
            WIDE_LEAF_SHIFT => Some(self.node(kernel, base, at)?),
            _ => None,
        };
        let entries = 1 << (self.leaf_shift - PAGE_SHIFT);
        let bytes = entries as u64 * self.entry_bytes;
        let home = base.allocate(kernel, bytes, CACHE_LINE)?;
        if let Some(node) = link {
            let leaves = 1 << (NODE_SHIFT - WIDE_LEAF_SHIFT);
            let word = (at >> WIDE_LEAF_SHIFT) % leaves * 8;
            kernel.touch(node + Bytes(word), Bytes(8));
        }
        self.leaves.push(Leaf {
            key: at >> self.leaf_shift,
            home,
            entries: vec![NOTHING; entries].into(),
            touched: vec![0; (bytes >> PAGE_SHIFT) as usize / 64 + 1],
        });
        Some(())
    }

    /// The node between root and leaf.
    fn node(&mut self, kernel: &mut Kernel, base: &mut Base, at: u64) -> Option<Address> {
        let key = at >> NODE_SHIFT;
        if let Some((_, home)) = self.nodes.iter().find(|(node, _)| *node == key) {
            return Some(*home);
        }
        let home = base.allocate(kernel, NODE_BYTES, CACHE_LINE)?;
        self.nodes.push((key, home));
        Some(home)
    }

    /// Enters an extent for the page at `at`, or nothing.
    #[inline]
    pub(crate) fn set(&mut self, kernel: &mut Kernel, at: u64, extent: Option<EdataId>) {
        let key = at >> self.leaf_shift;
        let Some(leaf) = self.leaves.iter_mut().find(|leaf| leaf.key == key) else {
            return;
        };
        let index = leaf.index(at);
        leaf.entries[index] = extent.map_or(NOTHING, |id| id.0);
        let entry = leaf.home + Bytes(index as u64 * self.entry_bytes);
        let page = ((entry.0 >> PAGE_SHIFT) - (leaf.home.0 >> PAGE_SHIFT)) as usize;
        let bit = 1 << (page % 64);
        if leaf.touched[page / 64] & bit == 0 {
            leaf.touched[page / 64] |= bit;
            kernel.touch(entry, Bytes(self.entry_bytes));
        }
    }
}
