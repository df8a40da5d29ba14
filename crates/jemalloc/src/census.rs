//! Every block of the allocator's memory: extents cut into regions, large blocks, free extents, its own structures.

use crate::Jemalloc;
use crate::edata::{Edata, EdataId, ExtentState};
use crate::size_classes::{PAGE, SMALL_CLASSES, size_of};
use highwater_allocator::{
    Address, Block, BlockState, Bytes, Cache, Kernel, States, places_by_key, sort_pairs,
};
use std::collections::{HashMap, HashSet};

impl Jemalloc {
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(Block)) {
        let mut blocks = Vec::new();
        self.collect_blocks(&mut |block| blocks.push(block));
        for place in places_by_key(&blocks, |block: &Block| block.start.0) {
            visit(blocks[place]);
        }
    }

    fn collect_blocks(&self, visit: &mut dyn FnMut(Block)) {
        let mut known = self.known();
        for extent in self.shared.edatas.iter() {
            let mut give = |start, size, user, state| {
                visit(Block {
                    start: Address(start),
                    size: Bytes(size),
                    user: Address(user),
                    state,
                    arena: extent.arena,
                    mapped: true,
                });
            };
            let (base, size) = (extent.base, extent.size);
            match extent.state {
                ExtentState::Unused => {}
                ExtentState::Dirty => give(base, size, base, BlockState::Dirty),
                ExtentState::Muzzy => give(base, size, base, BlockState::Muzzy),
                ExtentState::Retained => give(base, size, base, BlockState::Retained),
                ExtentState::Active if extent.slab => {
                    for (at, region, is_free) in regions(extent) {
                        let state = match is_free {
                            true => BlockState::Free { bin: extent.class },
                            false => known.of(at).unwrap_or(BlockState::Live),
                        };
                        give(at, region, at, state);
                    }
                }
                ExtentState::Active => {
                    let state = known.of(extent.start).unwrap_or(BlockState::Live);
                    give(base, size, extent.start, state);
                }
            }
        }
        for (arena, base) in self.shared.bases.iter().enumerate() {
            for (start, size) in base.iter().flat_map(|base| base.blocks()) {
                visit(Block {
                    start: *start,
                    size: *size,
                    user: *start,
                    state: BlockState::Metadata,
                    arena: arena as u16,
                    mapped: true,
                });
            }
        }
    }

    fn known(&self) -> States {
        let mut known = States::default();
        self.not_live(&mut |block, state| known.note(block, state));
        known.in_order()
    }

    /// Every block that the program does not hold though its extent has it in use: what caches keep, and they themselves.
    pub(crate) fn not_live(&self, visit: &mut dyn FnMut(u64, BlockState)) {
        for (thread, of) in self.threads.iter().enumerate() {
            let Some(tcache) = &of.tcache else {
                continue;
            };
            visit(tcache.home, BlockState::Metadata);
            for (bin, cached) in tcache.bins.iter().enumerate() {
                let thread = thread as u16;
                let bin = bin as u16;
                let state = BlockState::Parked(Cache::Tcache { thread, bin });
                cached
                    .blocks()
                    .iter()
                    .for_each(|block| visit(*block, state));
            }
        }
    }

    /// Resident bytes of free extents: what a purge of everything would give back.
    pub(crate) fn free_resident(&self, kernel: &Kernel) -> Bytes {
        let edatas = &self.shared.edatas;
        let mut sum = Bytes::ZERO;
        for arena in self.arenas.iter().flatten() {
            let pac = &arena.pac;
            for id in pac.dirty.iter(edatas).chain(pac.muzzy.iter(edatas)) {
                let extent = &edatas[id];
                sum += kernel.resident_in(Address(extent.base), Address(extent.past()));
            }
        }
        sum
    }

    /// Checks what must hold between any two calls: extents do not overlap and the map knows where each begins and ends,
    /// page counts add up to what is mapped, the free regions of a slab are those of its map, and the sums kept are those of
    /// the extents.
    ///
    /// # Panics
    /// Where something does not hold; for tests.
    pub fn check(&self) {
        let mut all: Vec<(u64, u64)> = Vec::new();
        let mut pages = HashMap::new();
        for (id, extent) in self.shared.edatas.numbered() {
            if extent.state == ExtentState::Unused {
                continue;
            }
            all.push((extent.base, extent.past()));
            self.check_extent(id, extent);
            *pages.entry((extent.arena, extent.state as u8)).or_insert(0) += extent.size / PAGE;
        }
        sort_pairs(&mut all);
        for pair in all.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "extents overlap: {pair:x?}");
        }
        for arena in self.arenas.iter().flatten() {
            let pac = &arena.pac;
            let of =
                |state: ExtentState| pages.get(&(pac.arena, state as u8)).copied().unwrap_or(0);
            let (dirty, muzzy) = (of(ExtentState::Dirty), of(ExtentState::Muzzy));
            assert_eq!(pac.active, of(ExtentState::Active), "active pages");
            assert_eq!(pac.dirty.pages(), dirty, "dirty pages");
            assert_eq!(pac.muzzy.pages(), muzzy, "muzzy pages");
            assert_eq!(
                pac.retained.pages(),
                of(ExtentState::Retained),
                "retained pages"
            );
            let mapped = (of(ExtentState::Active) + dirty + muzzy) * PAGE;
            assert_eq!(pac.mapped(), mapped, "bytes mapped");
        }
        let mut cached = HashSet::new();
        self.not_live(&mut |block, _| assert!(cached.insert(block), "a block is in a cache twice"));
        let counted = self.threads.iter().filter_map(|t| t.tcache.as_ref());
        let counted: u64 = counted
            .map(|cache| {
                1 + cache
                    .bins
                    .iter()
                    .map(|bin| u64::from(bin.len()))
                    .sum::<u64>()
            })
            .sum();
        assert_eq!(cached.len() as u64, counted, "blocks of caches");
    }

    fn check_extent(&self, id: EdataId, extent: &Edata) {
        let emap = &self.shared.emap;
        assert_eq!(emap.get(extent.base), Some(id), "its first page");
        assert_eq!(emap.get(extent.past() - PAGE), Some(id), "its last page");
        if extent.state == ExtentState::Active && extent.slab {
            let free = regions(extent).filter(|(_, _, free)| *free).count();
            assert_eq!(free, extent.free_regions as usize, "free regions");
            for page in (extent.base..extent.past()).step_by(PAGE as usize) {
                assert_eq!(emap.get(page), Some(id), "a page of a slab");
            }
        }
    }
}

/// The regions of a slab: where each begins, its size, and whether it is free.
fn regions(slab: &Edata) -> impl Iterator<Item = (u64, u64, bool)> + '_ {
    let class = usize::from(slab.class).min(SMALL_CLASSES - 1);
    let region = size_of(class);
    (0..slab.size / region).map(move |index| {
        let bit = slab.free_map[index as usize / 64] >> (index % 64) & 1;
        (slab.base + index * region, region, bit == 1)
    })
}
