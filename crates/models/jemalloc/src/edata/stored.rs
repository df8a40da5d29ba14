//! The structures of extents in few bytes, each by what it differs from the one before.

use super::{Edata, Edatas, ExtentState};
use crate::edata_id::{put_id, take_id};
use crate::heap_links::HeapLinks;
use crate::size_classes::{Pszind, Szind};
use crate::units::{ArenaIndex, Serial};
use highwater_allocator::{Address, Bytes, Entry, Packed, Sparse, Unpacker};

/// The structures as they were at a moment.
#[derive(Clone)]
pub(crate) struct StoredEdatas(Sparse<Edata>);

impl Edatas {
    /// Returns them as they are now.
    #[inline]
    pub(crate) fn stored(&self) -> StoredEdatas {
        let unused = Edata::unused(Address::NULL, Serial(0));
        StoredEdatas(Sparse::of(&self.all, unused, |_, _| true))
    }
}

impl StoredEdatas {
    /// Returns the structures again.
    #[inline]
    pub(crate) fn resumed(&self) -> Edatas {
        Edatas {
            all: self.0.table(),
        }
    }

    /// Returns the bytes that they take.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        self.0.footprint()
    }
}

/// The states by their numbers.
const STATES: [ExtentState; 5] = [
    ExtentState::Unused,
    ExtentState::Active,
    ExtentState::Dirty,
    ExtentState::Muzzy,
    ExtentState::Retained,
];

/// Bits of a length in pages that are always zero.
const PAGE_SHIFT: u32 = 12;

impl Entry for Edata {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        packed.put_beside(self.base.0, before.past().0);
        packed.put(self.size.0.rotate_right(PAGE_SHIFT));
        packed.put_beside(self.serial.0, before.serial.0);
        let flags = [
            self.zeroed,
            self.head,
            self.slab,
            self.marked[0],
            self.marked[1],
        ];
        let flags = flags
            .iter()
            .fold(0, |all, flag| all << 1 | u64::from(*flag));
        packed.put(flags << 3 | self.state as u64);
        packed.put(self.arena.0.into());
        packed.put(self.class.0 as u64);
        packed.put_beside(self.start.0, self.base.0);
        packed.put(self.free_regions.into());
        let words = self.free_map.iter().rposition(|word| *word != 0);
        let words = words.map_or(0, |last| last + 1);
        packed.put(words as u64);
        for word in &self.free_map[..words] {
            packed.put(*word);
        }
        put_id(self.older, before.older, packed);
        put_id(self.newer, before.newer, packed);
        packed.put(self.page_class.0 as u64);
        self.links.put(&before.links, packed);
        packed.put_beside(self.home.0, before.home.0);
        packed.put_beside(self.home_serial.0, before.home_serial.0);
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let base = Address(reader.take_beside(before.past().0));
        let size = Bytes(reader.take().rotate_left(PAGE_SHIFT));
        let serial = Serial(reader.take_beside(before.serial.0));
        let bits = reader.take();
        let flag = |place: u32| bits >> place & 1 == 1;
        let arena = ArenaIndex(reader.take() as u16);
        let class = Szind(reader.take() as usize);
        let start = Address(reader.take_beside(base.0));
        let free_regions = reader.take() as u32;
        let words = reader.take() as usize;
        let mut free_map = [0; 8];
        for word in free_map.iter_mut().take(words) {
            *word = reader.take();
        }
        Self {
            base,
            size,
            serial,
            arena,
            state: STATES[(bits & 7) as usize],
            zeroed: flag(7),
            head: flag(6),
            slab: flag(5),
            marked: [flag(4), flag(3)],
            class,
            start,
            free_regions,
            free_map,
            older: take_id(before.older, reader),
            newer: take_id(before.newer, reader),
            page_class: Pszind(reader.take() as usize),
            links: HeapLinks::take(&before.links, reader),
            home: Address(reader.take_beside(before.home.0)),
            home_serial: Serial(reader.take_beside(before.home_serial.0)),
        }
    }
}
