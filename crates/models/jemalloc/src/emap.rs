//! The map from a page to its extent: a radix tree over the address space.
//!
//! jemalloc 5.3.0, src/emap.c and src/rtree.c, include/jemalloc/internal/rtree.h. A library built for addresses of 48
//! bits has a root in its data and leaves of 2 MiB, one for each GiB of address space; one built for 57 bits has a
//! level between them, and leaves of 512 KiB for each 128 MiB. All but the root are from the base of arena 0. The first
//! and the last page of an extent are entered, of a slab every page. Here the tree is an array outside simulated
//! memory; the pages of the nodes become resident as they would.

mod stored;

pub(crate) use stored::StoredEmap;

use crate::base::Base;
use crate::edata::{Edata, EdataId};
use crate::size_classes::{CACHE_LINE, PAGE};
use highwater_allocator::{Address, Bytes, Kernel};

const PAGE_SHIFT: u32 = 12;
/// Bits of an address below those that choose a leaf, for addresses of 48 bits and of 57.
const LEAF_SHIFT: u32 = 30;
const WIDE_LEAF_SHIFT: u32 = 27;
/// `sizeof (rtree_leaf_elm_t)`: where an address leaves too few bits, what is known of an extent has a word of its own.
const ENTRY_BYTES: Bytes = Bytes(8);
const WIDE_ENTRY_BYTES: Bytes = Bytes(16);
/// Bits of a wide address below those that choose a node between root and leaves.
const NODE_SHIFT: u32 = 42;
/// One element of such a node, for one leaf (`sizeof (rtree_node_elm_t)`).
const NODE_ELEMENT: Bytes = Bytes(8);
const NODE_ELEMENTS: u64 = 1 << (NODE_SHIFT - WIDE_LEAF_SHIFT);
const NOTHING: Entered = Entered(u32::MAX);

/// The number of the extent that a page was entered for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entered(u32);

#[derive(Clone)]
struct Leaf {
    key: u64,
    home: Address,
    entries: Box<[Entered]>,
    /// Whether each of the leaf's own pages was written.
    touched: Vec<bool>,
}

impl Leaf {
    #[inline]
    fn index(&self, at: Address) -> usize {
        // The number of entries is a power of two.
        (at.0 >> PAGE_SHIFT) as usize & (self.entries.len() - 1)
    }
}

/// The map of all arenas (`emap_t`).
#[derive(Clone)]
pub(crate) struct Emap {
    leaves: Vec<Leaf>,
    leaf_shift: u32,
    entry_bytes: Bytes,
    /// The nodes between root and leaves, where there are any: the key and the address of each.
    nodes: Vec<(u64, Address)>,
}

impl Emap {
    /// Makes an empty map, of a library that was built for addresses of 57 bits (`wide`) or of 48.
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
    fn leaf(&self, at: Address) -> Option<&Leaf> {
        let key = at.0 >> self.leaf_shift;
        self.leaves.iter().find(|leaf| leaf.key == key)
    }

    /// Returns the extent that the page at `at` was entered for (`emap_edata_lookup`).
    #[inline]
    pub(crate) fn lookup(&self, at: Address) -> Option<EdataId> {
        let leaf = self.leaf(at)?;
        let entry = leaf.entries[leaf.index(at)];
        (entry != NOTHING).then_some(EdataId(entry.0))
    }

    /// Enters an extent for its first and its last page (`emap_register_boundary`). `false` where there is no memory.
    pub(crate) fn register_boundary(
        &mut self,
        kernel: &mut Kernel,
        base: &mut Base,
        id: EdataId,
        edata: &Edata,
    ) -> bool {
        let made = self.make_leaves(kernel, base, edata.base, edata.last());
        if made {
            self.set_boundary(kernel, edata, Some(id));
        }
        made
    }

    /// Enters an extent, or nothing, for the first and the last page of `edata`, whose leaves there are.
    pub(crate) fn set_boundary(&mut self, kernel: &mut Kernel, edata: &Edata, id: Option<EdataId>) {
        let (first, last) = (edata.base, edata.last());
        self.set(kernel, first, id);
        if first != last {
            self.set(kernel, last, id);
        }
    }

    /// Enters an extent, or nothing, for the pages inside a slab (`emap_register_interior`,
    /// `emap_deregister_interior`).
    pub(crate) fn set_interior(&mut self, kernel: &mut Kernel, edata: &Edata, id: Option<EdataId>) {
        let mut at = edata.base + PAGE;
        while at < edata.last() {
            self.set(kernel, at, id);
            at = at + PAGE;
        }
    }

    /// Makes the leaves for the pages at `first` and `last` (`emap_rtree_leaf_elms_lookup`). `false` where there is no
    /// memory.
    pub(crate) fn make_leaves(
        &mut self,
        kernel: &mut Kernel,
        base: &mut Base,
        first: Address,
        last: Address,
    ) -> bool {
        [first, last]
            .into_iter()
            .all(|at| self.leaf(at).is_some() || self.make_leaf(kernel, base, at).is_some())
    }

    /// Makes a leaf and the node above it (`rtree_leaf_elm_lookup_hard`).
    #[cold]
    fn make_leaf(&mut self, kernel: &mut Kernel, base: &mut Base, at: Address) -> Option<()> {
        let node = match self.leaf_shift {
            WIDE_LEAF_SHIFT => Some(self.node(kernel, base, at)?),
            _ => None,
        };
        let entries = 1 << (self.leaf_shift - PAGE_SHIFT);
        let bytes = self.entry_bytes * entries as u64;
        let (home, _) = base.alloc(kernel, bytes, CACHE_LINE)?;
        if let Some(node) = node {
            let element = (at.0 >> WIDE_LEAF_SHIFT) % NODE_ELEMENTS;
            kernel.touch(node + NODE_ELEMENT * element, NODE_ELEMENT);
        }
        self.leaves.push(Leaf {
            key: at.0 >> self.leaf_shift,
            home,
            entries: vec![NOTHING; entries].into(),
            touched: vec![false; (bytes / PAGE) as usize + 1],
        });
        Some(())
    }

    /// Returns the node between the root and the leaf of `at`.
    fn node(&mut self, kernel: &mut Kernel, base: &mut Base, at: Address) -> Option<Address> {
        let key = at.0 >> NODE_SHIFT;
        if let Some((_, home)) = self.nodes.iter().find(|(node, _)| *node == key) {
            return Some(*home);
        }
        let (home, _) = base.alloc(kernel, NODE_ELEMENT * NODE_ELEMENTS, CACHE_LINE)?;
        self.nodes.push((key, home));
        Some(home)
    }

    /// Enters an extent, or nothing, for the page at `at` (`rtree_leaf_elm_write`).
    #[inline]
    pub(crate) fn set(&mut self, kernel: &mut Kernel, at: Address, id: Option<EdataId>) {
        let key = at.0 >> self.leaf_shift;
        let Some(leaf) = self.leaves.iter_mut().find(|leaf| leaf.key == key) else {
            return;
        };
        let index = leaf.index(at);
        let entered = id.map_or(NOTHING, |id| Entered(id.0));
        if std::mem::replace(&mut leaf.entries[index], entered) != NOTHING {
            // The entry was written before, so its page is resident.
            return;
        }
        let entry = leaf.home + self.entry_bytes * index as u64;
        let page = ((entry.0 >> PAGE_SHIFT) - (leaf.home.0 >> PAGE_SHIFT)) as usize;
        if !leaf.touched[page] {
            leaf.touched[page] = true;
            kernel.touch(entry, self.entry_bytes);
        }
    }
}
