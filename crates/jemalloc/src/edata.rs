//! Extents: the runs of pages that jemalloc hands around, each known by a structure of 128 bytes (`edata_t`).
//!
//! jemalloc 5.3.0, include/jemalloc/internal/edata.h and src/edata_cache.c. The structures are allocated from an arena's
//! base and never given back there: one that is not needed waits to be used again, lowest address first. What is in them
//! is kept here, outside simulated memory; their pages never go back, so touching them once is enough.

use crate::size_classes::{SMALL_CLASSES, size_of};
use highwater_allocator::Address;

/// `sizeof (edata_t)`, before 5.3.0 `sizeof (extent_t)`.
pub(crate) const STRUCT_BYTES: u64 = 128;

/// An extent's structure, by number. Numbers are used again as the structures are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct EdataId(pub(crate) u32);

/// What an extent is at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum ExtentState {
    /// No extent: the structure waits to be used again.
    Unused,
    /// Held by the program, a bin or the thread caches.
    Active,
    /// Free, its pages as they were.
    Dirty,
    /// Free, its pages offered to the kernel (MADV_FREE).
    Muzzy,
    /// Free, its pages given back; the address space is kept.
    Retained,
}

/// The class of an extent that holds no block.
pub(crate) const NO_CLASS: u16 = u16::MAX;

/// One extent.
#[derive(Clone, Debug)]
pub(crate) struct Edata {
    /// Where it begins: the start of a page.
    pub(crate) base: u64,
    /// Its bytes: whole pages.
    pub(crate) size: u64,
    /// When its memory was mapped: the lower the older.
    pub(crate) serial: u64,
    pub(crate) arena: u16,
    pub(crate) state: ExtentState,
    /// Whether its pages read as zeros.
    pub(crate) zeroed: bool,
    /// Whether it is the beginning of a mapping: it is then never merged with what lies before it.
    pub(crate) head: bool,
    /// Whether it is cut into regions of a small class.
    pub(crate) slab: bool,
    /// Whether the map says of its first and of its last page that they are a slab's; it may say so of a slab that was
    /// freed. Kept for releases that look at it.
    pub(crate) marked: [bool; 2],
    /// The class of the block it holds, or of its regions.
    pub(crate) class: u16,
    /// Where a large block begins: somewhere in the first page where that is varied.
    pub(crate) start: u64,
    /// Regions of a slab that are free.
    pub(crate) free_regions: u32,
    /// A bit for each free region.
    pub(crate) free_map: [u64; 8],
    /// The neighbours in the list of least recent use.
    pub(crate) older: Option<EdataId>,
    pub(crate) newer: Option<EdataId>,
    /// Where the structure lies, and the number of the base block it was cut from.
    pub(crate) home: Address,
    pub(crate) home_serial: u64,
}

impl Edata {
    /// The usable size of the block it holds, or of its regions: `pad` bytes of a large block's extent are no part of it
    /// (`edata_usize_get`).
    #[inline]
    pub(crate) fn usable(&self, pad: u64) -> u64 {
        let class = usize::from(self.class);
        if class < SMALL_CLASSES {
            size_of(class)
        } else {
            self.size - pad
        }
    }

    /// One past its last byte.
    #[inline]
    pub(crate) fn past(&self) -> u64 {
        self.base + self.size
    }

    /// What extents are ordered by: age, then address (`edata_snad_comp`).
    #[inline]
    pub(crate) fn order(&self) -> (u64, u64) {
        (self.serial, self.base)
    }
}

/// The structures of all extents.
#[derive(Clone, Default)]
pub(crate) struct Edatas {
    all: Vec<Edata>,
}

impl Edatas {
    /// Makes room for a structure that lies at `home`.
    pub(crate) fn add(&mut self, home: Address, home_serial: u64) -> EdataId {
        let id = EdataId(self.all.len() as u32);
        self.all.push(Edata {
            base: 0,
            size: 0,
            serial: 0,
            arena: 0,
            state: ExtentState::Unused,
            zeroed: false,
            head: false,
            slab: false,
            marked: [false; 2],
            class: NO_CLASS,
            start: 0,
            free_regions: 0,
            free_map: [0; 8],
            older: None,
            newer: None,
            home,
            home_serial,
        });
        id
    }
}

impl Edatas {
    /// All structures, those in use and those that wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Edata> {
        self.all.iter()
    }

    /// The same, with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (EdataId, &Edata)> {
        let number = |(index, extent)| (EdataId(index as u32), extent);
        self.all.iter().enumerate().map(number)
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
