//! Extents: the runs of pages that jemalloc hands around, each known by a structure of 128 bytes (`edata_t`).
//!
//! jemalloc 5.3.0, include/jemalloc/internal/edata.h; jemalloc 5.2.1 calls them `extent_t`, and a set of them in one
//! state `extents_t`. The structures are allocated from an arena's base and never given back there: `edata_cache` keeps
//! those that are not in use. What is in them is kept here, outside simulated memory; their pages never go back, so
//! touching them once is enough.

mod stored;

pub(crate) use crate::edata_id::EdataId;
pub(crate) use stored::StoredEdatas;

use crate::heap_links::HeapLinks;
use crate::size_classes::{PAGE, Pszind, Szind};
use crate::units::{ArenaIndex, Serial};
use highwater_allocator::{Address, Bytes};

/// `sizeof (edata_t)`, before 5.3.0 `sizeof (extent_t)`.
pub(crate) const EDATA_BYTES: Bytes = Bytes(128);

/// The key of an extent in the order: its serial number and address.
pub(crate) type SerialOrder = (Serial, Address);

/// The state of an extent (`extent_state_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum ExtentState {
    /// No extent: the structure is in an `edata_cache`.
    Unused,
    /// In use by the program, a bin or the thread caches.
    Active,
    /// Free, its pages as they were.
    Dirty,
    /// Free, its pages offered to the kernel (MADV_FREE).
    Muzzy,
    /// Free, its pages given back; the address space is kept.
    Retained,
}

/// One extent (`edata_t`).
#[derive(Clone, Debug)]
pub(crate) struct Edata {
    /// The start of its first page (`edata_base_get`).
    pub(crate) base: Address,
    /// Its length: whole pages.
    pub(crate) size: Bytes,
    pub(crate) serial: Serial,
    pub(crate) arena: ArenaIndex,
    pub(crate) state: ExtentState,
    /// Whether its pages read as zeros (`edata_zeroed_get`).
    pub(crate) zeroed: bool,
    /// Whether it is the beginning of a mapping: it is then never merged with what is before it (`edata_is_head_get`).
    pub(crate) head: bool,
    /// Whether it is cut into regions of a small class.
    pub(crate) slab: bool,
    /// Whether the map marks its first and its last page as a slab's; those of a freed slab may stay marked. Kept for
    /// [`Rules::slab_marks_stay`](crate::rules::Rules::slab_marks_stay).
    pub(crate) marked: [bool; 2],
    /// The class of the block it holds, or of its regions; [`Szind::NONE`] where it holds none.
    pub(crate) class: Szind,
    /// The first address of a large block: somewhere in the first page where that varies (`edata_addr_get`).
    pub(crate) start: Address,
    /// The free regions of a slab (`edata_nfree_get`).
    pub(crate) free_regions: u32,
    /// A bit for each free region (`slab_data_t`).
    free_map: [u64; 8],
    /// The neighbours in the list of least recent use.
    pub(crate) older: Option<EdataId>,
    pub(crate) newer: Option<EdataId>,
    /// The class by which it is kept among the free ones, as long as it is.
    pub(crate) page_class: Pszind,
    /// Its place in a heap.
    pub(crate) links: HeapLinks,
    /// The structure's own address, and the serial number of the base block it was cut from (`edata_esn_get`).
    pub(crate) home: Address,
    pub(crate) home_serial: Serial,
}

/// One region of a slab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub(crate) start: Address,
    pub(crate) size: Bytes,
    pub(crate) is_free: bool,
}

impl Edata {
    fn unused(home: Address, home_serial: Serial) -> Self {
        Self {
            base: Address::NULL,
            size: Bytes::ZERO,
            serial: Serial(0),
            arena: ArenaIndex::FIRST,
            state: ExtentState::Unused,
            zeroed: false,
            head: false,
            slab: false,
            marked: [false; 2],
            class: Szind::NONE,
            start: Address::NULL,
            free_regions: 0,
            free_map: [0; 8],
            older: None,
            newer: None,
            page_class: Pszind(0),
            links: HeapLinks::default(),
            home,
            home_serial,
        }
    }

    /// Makes the structure that of an active extent without a block (`edata_init`).
    pub(crate) fn init(
        &mut self,
        arena: ArenaIndex,
        base: Address,
        size: Bytes,
        serial: Serial,
        zeroed: bool,
    ) {
        self.base = base;
        self.start = base;
        self.size = size;
        self.serial = serial;
        self.arena = arena;
        self.state = ExtentState::Active;
        self.zeroed = zeroed;
        self.head = false;
        self.slab = false;
        self.marked = [false; 2];
        self.class = Szind::NONE;
    }

    /// Returns the usable size of the block it holds, or of one of its regions: `pad` bytes of a large block's extent
    /// are no part of it (`edata_usize_get`).
    #[inline]
    pub(crate) fn usable(&self, pad: Bytes) -> Bytes {
        if self.class.is_small() {
            self.class.size()
        } else {
            self.size - pad
        }
    }

    /// Returns the address after its last byte (`edata_past_get`).
    #[inline]
    pub(crate) fn past(&self) -> Address {
        self.base + self.size
    }

    /// Returns the start of its last page (`edata_last_get`).
    #[inline]
    pub(crate) fn last(&self) -> Address {
        self.past() - PAGE
    }

    /// Returns its key in the order by serial number and address (`edata_snad_comp`).
    #[inline]
    pub(crate) fn order(&self) -> SerialOrder {
        (self.serial, self.base)
    }

    // ---- regions of a slab

    /// Makes every region of a new slab free (src/bitmap.c, `bitmap_init`).
    pub(crate) fn free_all_regions(&mut self, regions: u32) {
        self.free_regions = regions;
        for (word, bits) in self.free_map.iter_mut().enumerate() {
            *bits = match regions.saturating_sub(word as u32 * 64) {
                64.. => u64::MAX,
                rest => (1 << rest) - 1,
            };
        }
    }

    /// Takes the lowest free region, of `size` bytes (`arena_slab_reg_alloc`).
    #[inline]
    pub(crate) fn take_region(&mut self, size: Bytes) -> Address {
        self.free_regions -= 1;
        let mut index = 0;
        for (word, bits) in self.free_map.iter_mut().enumerate() {
            if *bits != 0 {
                index = word as u64 * 64 + u64::from(bits.trailing_zeros());
                *bits &= *bits - 1;
                break;
            }
        }
        self.base + size * index
    }

    /// Makes the region of `size` bytes at `block` free (src/arena.c, `arena_slab_reg_dalloc`).
    #[inline]
    pub(crate) fn free_region(&mut self, block: Address, size: Bytes) {
        let index = (block - self.base) / size;
        self.free_map[index as usize / 64] |= 1 << (index % 64);
        self.free_regions += 1;
    }

    /// Returns the regions of a slab, the lowest first.
    pub(crate) fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        let size = self.class.size();
        (0..self.region_count()).map(move |index| Region {
            start: self.base + size * u64::from(index),
            size,
            is_free: self.free_map[index as usize / 64] >> (index % 64) & 1 == 1,
        })
    }

    /// Returns the number of regions of a slab.
    pub(crate) fn region_count(&self) -> u32 {
        (self.size / self.class.size()) as u32
    }
}

/// The structures of all extents.
#[derive(Clone, Default)]
pub(crate) struct Edatas {
    all: Vec<Edata>,
}

impl Edatas {
    /// Adds an unused structure whose address is `home`, in the base block `home_serial`.
    pub(crate) fn add(&mut self, home: Address, home_serial: Serial) -> EdataId {
        let id = EdataId(self.all.len() as u32);
        self.all.push(Edata::unused(home, home_serial));
        id
    }

    /// Returns the number of structures, used or not.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns all structures, used or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EdataId, &Edata)> {
        let numbered = self.all.iter().enumerate();
        numbered.map(|(index, edata)| (EdataId(index as u32), edata))
    }
}

impl std::ops::Index<EdataId> for Edatas {
    type Output = Edata;

    #[inline]
    fn index(&self, id: EdataId) -> &Edata {
        &self.all[id.0 as usize]
    }
}

impl std::ops::IndexMut<EdataId> for Edatas {
    #[inline]
    fn index_mut(&mut self, id: EdataId) -> &mut Edata {
        &mut self.all[id.0 as usize]
    }
}
