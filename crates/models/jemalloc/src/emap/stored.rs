//! The map in few bytes: the pages that are entered.

use super::{Emap, Entered, Leaf, NOTHING};
use highwater_allocator::{Bytes, Entry, Packed, Sparse, Unpacker};

/// The map as it was at a moment.
#[derive(Clone)]
pub(crate) struct StoredEmap {
    /// All of it but what its leaves hold.
    emap: Emap,
    entries: Vec<Sparse<Entered>>,
}

impl Emap {
    /// Returns it as it is now.
    #[inline]
    pub(crate) fn stored(&self) -> StoredEmap {
        let leaves = self.leaves.iter();
        let entries =
            leaves.map(|leaf| Sparse::of(&leaf.entries, NOTHING, |_, entered| *entered != NOTHING));
        StoredEmap {
            entries: entries.collect(),
            emap: self.with_entries(|_| Box::default()),
        }
    }

    /// Returns the same with other entries in the leaves, which are known by their places.
    #[inline]
    fn with_entries(&self, mut entries: impl FnMut(usize) -> Box<[Entered]>) -> Self {
        let leaves = self.leaves.iter().enumerate();
        let leaves = leaves.map(|(place, leaf)| Leaf {
            entries: entries(place),
            touched: leaf.touched.clone(),
            ..*leaf
        });
        Self {
            leaves: leaves.collect(),
            nodes: self.nodes.clone(),
            ..*self
        }
    }
}

impl StoredEmap {
    /// Returns the map again.
    #[inline]
    pub(crate) fn resumed(&self) -> Emap {
        let entries = |place: usize| self.entries[place].table().into();
        self.emap.with_entries(entries)
    }

    /// Returns the bytes of what its leaves hold.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        let entries = self.entries.iter();
        Bytes(entries.map(|entries| entries.footprint().0).sum())
    }
}

impl Entry for Entered {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        packed.put_beside(self.0.into(), before.0.into());
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        Self(reader.take_beside(before.0.into()) as u32)
    }
}
