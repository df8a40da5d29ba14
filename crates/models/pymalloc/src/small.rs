//! Blocks of up to 512 bytes: out of pools and back.
//!
//! CPython 3.11, Objects/obmalloc.c: `pymalloc_alloc`, `pymalloc_free`, `insert_to_usedpool`, `allocate_from_new_pool`.

use crate::arenas::{ArenaId, Arenas, Freed, POOLS};
use crate::map::PoolMap;
use crate::pools::{CLASSES, PoolId, SizeClass};
use crate::version::Rules;
use highwater_allocator::{Address, Bytes, Kernel};

/// The pools in use, by the size of their blocks, and where they come from.
#[derive(Clone, Debug)]
pub(crate) struct Small {
    pub(crate) rules: Rules,
    /// The first pool of each class that has a free block (`usedpools`).
    used: [PoolId; CLASSES],
    pub(crate) arenas: Arenas,
    pub(crate) map: PoolMap,
    /// The blocks in use, each by the size of its class.
    pub(crate) live: Bytes,
    /// The pools with a block in use.
    pub(crate) pools_in_use: u64,
}

impl Small {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            used: [PoolId::NONE; CLASSES],
            arenas: Arenas::new(),
            map: PoolMap::new(rules.pool_shift),
            live: Bytes::ZERO,
            pools_in_use: 0,
        }
    }

    /// Takes a block of 1 to 512 bytes from a pool in use; `None` where there is no such pool (`pymalloc_alloc`).
    #[inline]
    pub(crate) fn take(&mut self, kernel: &mut Kernel, bytes: Bytes) -> Option<Address> {
        let class = SizeClass::of(bytes);
        let id = self.used[class.index()];
        // The number of no pool is beyond all of them.
        let pool = self.arenas.pools.get_mut(id.index())?;
        self.live += class.size();
        let (block, was_last) = pool.take();
        if was_last && !pool.extend(kernel, kernel.page_size()) {
            self.retire(id);
        }
        Some(block)
    }

    /// Removes a full pool from the list, of which it was the first.
    fn retire(&mut self, id: PoolId) {
        let pool = &self.arenas.pools[id.index()];
        let (class, next) = (pool.class(), pool.next);
        self.used[class.index()] = next;
        if !next.is_none() {
            self.arenas.pools[next.index()].prev = PoolId::NONE;
        }
    }

    /// Takes a block of 1 to 512 bytes from a pool that no class uses; some arena has one (`allocate_from_new_pool`).
    pub(crate) fn take_from_new_pool(&mut self, kernel: &mut Kernel, bytes: Bytes) -> Address {
        let class = SizeClass::of(bytes);
        let id = self.arenas.take_pool(kernel, self.rules.pool());
        let pool = &mut self.arenas.pools[id.index()];
        (pool.next, pool.prev) = (PoolId::NONE, PoolId::NONE);
        self.used[class.index()] = id;
        self.live += class.size();
        self.pools_in_use += 1;
        pool.open(kernel, class)
    }

    /// Takes back a block of a pool; returns the arena that is to be given back now, if one is (`pymalloc_free`).
    #[inline]
    pub(crate) fn give(&mut self, id: PoolId, block: Address) -> Option<ArenaId> {
        let pool = &mut self.arenas.pools[id.index()];
        self.live -= pool.class().size();
        if pool.give(block) {
            self.reinstate(id);
            return None;
        }
        if pool.count > 0 {
            return None;
        }
        self.empty(id)
    }

    /// Makes a pool that was full and has a free block the first of its class (`insert_to_usedpool`).
    fn reinstate(&mut self, id: PoolId) {
        let pool = &mut self.arenas.pools[id.index()];
        let first = &mut self.used[pool.class().index()];
        (pool.next, pool.prev) = (*first, PoolId::NONE);
        let next = std::mem::replace(first, id);
        if !next.is_none() {
            self.arenas.pools[next.index()].prev = id;
        }
    }

    /// Removes a pool without a block in use; returns the arena that is to be given back now, if one is.
    fn empty(&mut self, id: PoolId) -> Option<ArenaId> {
        let pool = &self.arenas.pools[id.index()];
        let (class, next, prev) = (pool.class(), pool.next, pool.prev);
        if prev.is_none() {
            self.used[class.index()] = next;
        } else {
            self.arenas.pools[prev.index()].next = next;
        }
        if !next.is_none() {
            self.arenas.pools[next.index()].prev = prev;
        }
        self.pools_in_use -= 1;
        match self.arenas.give_pool(id) {
            Freed::Stays => None,
            Freed::Returns(number) => Some(number),
        }
    }

    /// Enters the pools of a new arena in the map.
    pub(crate) fn enter(&mut self, number: ArenaId) {
        let first = number.0 * POOLS as u32;
        for (id, pool) in (first..).zip(self.arenas.pools_of(number)) {
            self.map.set(pool.base, PoolId(id));
        }
    }

    /// Removes the pools of an arena from the map.
    pub(crate) fn leave(&mut self, number: ArenaId) {
        for pool in self.arenas.pools_of(number) {
            self.map.set(pool.base, PoolId::NONE);
        }
    }

    /// Returns the size of a pool's blocks.
    pub(crate) fn size(&self, id: PoolId) -> Bytes {
        self.arenas.pools[id.index()].class().size()
    }

    /// Checks what must hold between any two calls; for tests.
    pub(crate) fn check(&self) {
        self.arenas.check();
        let (mut live, mut in_use) = (Bytes::ZERO, 0);
        let mut listed = vec![false; self.arenas.pools.len()];
        for (class, first) in self.used.iter().enumerate() {
            let (mut at, mut prev) = (*first, PoolId::NONE);
            while !at.is_none() {
                let pool = &self.arenas.pools[at.index()];
                assert_eq!(
                    pool.class().index(),
                    class,
                    "pool {at:?} is of its list's class"
                );
                assert_eq!(pool.prev, prev, "pool {at:?} and the one before");
                assert!(
                    pool.blocks().iter().any(|block| block.1),
                    "it has a free block"
                );
                listed[at.index()] = true;
                (prev, at) = (at, pool.next);
            }
        }
        for (number, arena) in self.arenas.iter() {
            let pools = self.arenas.pools_of(number);
            let (carved, rest) = pools.split_at(arena.carved as usize);
            let empty = carved.iter().filter(|pool| pool.count == 0).count();
            assert_eq!(
                empty + rest.len(),
                arena.free as usize,
                "free pools of {number:?}"
            );
            for (index, pool) in carved.iter().enumerate() {
                let id = number.index() * POOLS + index;
                assert_eq!(self.map.get(pool.base), Some(PoolId(id as u32)));
                if pool.count == 0 {
                    assert!(!listed[id], "an empty pool is in no list");
                    continue;
                }
                let free = pool.blocks().iter().filter(|block| block.1).count();
                let taken = pool.blocks().len() - free;
                assert_eq!(taken, pool.count as usize, "blocks in use of pool {id}");
                assert_eq!(
                    listed[id],
                    free > 0,
                    "pool {id} is listed if it has a free block"
                );
                live += pool.class().size() * taken as u64;
                in_use += 1;
            }
        }
        assert_eq!((live, in_use), (self.live, self.pools_in_use));
    }
}
