//! Thread caches: for each class a stack of freed blocks that its thread takes from first.
//!
//! jemalloc 5.3.0, src/tcache.c and tcache_inlines.h. The stacks are in one block from arena 0, whose pages become
//! resident as the stacks grow.

use crate::cache_bin::{CacheBin, SLOT};
use crate::options::Options;
use crate::rules::CacheStacks;
use crate::size_classes::{CACHE_LINE, PAGE, SMALL_CLASSES, Slab, Szind};
use crate::units::Nanos;
use highwater_allocator::{Address, Bytes, Kernel};

/// `CACHE_BIN_NCACHED_MAX`
const SLOTS_MAX: u32 = (1 << 16) / 8 - 1;

/// The shape of the caches of all threads (`tcache_bin_info`).
#[derive(Clone)]
pub(crate) struct CacheShape {
    /// The slots of each class; 0 for a small class that is not cached.
    slots: Vec<u32>,
    /// The number of classes that are cached (`nhbins`).
    pub(crate) classes: usize,
    /// Whether there is a word before all stacks and one after them.
    guarded: bool,
    /// All stacks, with these words.
    pub(crate) bytes: Bytes,
    /// The alignment of their block.
    pub(crate) alignment: Bytes,
}

impl CacheShape {
    /// Computes the shape from the options (`tcache_boot`).
    pub(crate) fn new(options: &Options, stacks: CacheStacks) -> Self {
        let classes = Szind::of(options.tcache_max).map_or(0, |class| class.0 + 1);
        let slots: Vec<u32> = (0..classes.max(SMALL_CLASSES))
            .map(|class| match Szind(class) {
                _ if class >= classes => 0,
                class if class.is_small() => small_slots(options, Slab::of(class).regions),
                _ => options.tcache_nslots_large,
            })
            .collect();
        let all = slots[..classes].iter().map(|slots| u64::from(*slots)).sum();
        let guarded = stacks == CacheStacks::Guarded;
        let guards = if guarded { 2 } else { 0 };
        Self {
            guarded,
            bytes: SLOT * all + SLOT * guards,
            alignment: if guarded { PAGE } else { CACHE_LINE },
            slots,
            classes,
        }
    }

    /// Returns whether blocks of a class are cached.
    #[inline]
    pub(crate) fn has(&self, class: Szind) -> bool {
        class.0 < self.classes
    }
}

/// Returns the slots of a small class whose slab has that many regions (`tcache_ncached_max_compute`).
fn small_slots(options: &Options, regions: u32) -> u32 {
    let mut most = options.tcache_nslots_small_max.min(SLOTS_MAX);
    let mut least = options.tcache_nslots_small_min;
    least = (least + least % 2).max(2);
    most = (most - most % 2).max(2);
    least = least.min(most);
    let shift = options.lg_tcache_nslots_mul;
    let shifted = if shift < 0 {
        regions.checked_shr(shift.unsigned_abs())
    } else {
        regions.checked_shl(shift.unsigned_abs())
    };
    let candidate = shifted.unwrap_or(0);
    (candidate + candidate % 2).clamp(least, most)
}

/// One thread's cache (`tcache_t`).
#[derive(Clone)]
pub(crate) struct Tcache {
    pub(crate) bins: Vec<CacheBin>,
    /// The class whose turn it is to be collected (`next_gc_bin`).
    pub(crate) next_gc_bin: Szind,
    /// The same for small and for large classes, and the time of the last collection, where these have turns of their
    /// own.
    pub(crate) next_gc_bin_small: Szind,
    pub(crate) next_gc_bin_large: Szind,
    pub(crate) last_gc_time: Nanos,
    /// The block that holds the stacks.
    pub(crate) home: Address,
}

impl Tcache {
    /// Makes a cache whose stacks are at `home` (`tcache_init`).
    pub(crate) fn new(
        kernel: &mut Kernel,
        shape: &CacheShape,
        options: &Options,
        home: Address,
    ) -> Self {
        let mut end = home;
        if shape.guarded {
            end = end + SLOT;
            kernel.touch(home, SLOT);
            kernel.touch(home + shape.bytes - SLOT, SLOT);
        }
        let bin = |(class, &slots): (usize, &u32)| {
            end = end + SLOT * u64::from(slots);
            CacheBin::new(slots, item_delay(options, Szind(class)), end)
        };
        Self {
            bins: shape.slots.iter().enumerate().map(bin).collect(),
            next_gc_bin: Szind(0),
            next_gc_bin_small: Szind(0),
            next_gc_bin_large: Szind(SMALL_CLASSES),
            last_gc_time: Nanos(0),
            home,
        }
    }

    #[inline]
    pub(crate) fn bin(&mut self, class: Szind) -> &mut CacheBin {
        &mut self.bins[class.0]
    }

    /// Returns its bins, each with its class.
    pub(crate) fn by_class(&self) -> impl Iterator<Item = (Szind, &CacheBin)> {
        let bins = self.bins.iter().enumerate();
        bins.map(|(class, bin)| (Szind(class), bin))
    }

    /// Returns the bytes of the blocks it keeps.
    pub(crate) fn parked(&self) -> Bytes {
        let bins = self.by_class();
        bins.fold(Bytes::ZERO, |sum, (class, bin)| {
            sum + class.size() * u64::from(bin.len())
        })
    }
}

/// Returns the blocks of a class that collections let pass at first (`tcache_gc_item_delay_compute`).
pub(crate) fn item_delay(options: &Options, class: Szind) -> u8 {
    (options.tcache_gc_delay_bytes / class.size()).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_two_slabs_within_bounds() {
        let shape = CacheShape::new(&Options::default(), CacheStacks::Guarded);
        assert_eq!(shape.classes, 41);
        assert_eq!(shape.slots[0], 200, "512 regions of 8 bytes");
        assert_eq!(shape.slots[35], 20, "2 regions of 14 KiB");
        assert_eq!(shape.slots[40], 20, "32 KiB");
    }
}
