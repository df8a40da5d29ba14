//! Arenas: mappings that pools are carved from, and the order in which they are used.
//!
//! The arenas with pools to give are listed by how many they have, the fewest first, so that full arenas fill up and nearly
//! empty ones get a chance to become empty and go back.
//!
//! CPython 3.11, Objects/obmalloc.c: `struct arena_object`, `usable_arenas`, `unused_arena_objects`, `nfp2lasta`.

use crate::pools::{Pool, PoolId};
use highwater_allocator::{Address, Kernel, places_by_key};

/// Pools in an arena, at most: 256 KiB of 4 KiB each, or 1 MiB of 16 KiB each.
pub(crate) const POOLS: usize = 64;
/// How many arenas there is room for at first (`INITIAL_ARENA_OBJECTS`).
pub(crate) const INITIAL: u32 = 16;
/// Bytes of `struct arena_object`.
pub(crate) const OBJECT: u64 = 48;
/// No arena.
pub(crate) const NONE: u32 = u32::MAX;

/// `struct arena_object`
#[derive(Clone, Debug)]
pub(crate) struct Arena {
    /// Where it begins; 0 where there is no arena of this number.
    pub(crate) address: u64,
    /// Where its first pool begins.
    pub(crate) first_pool: u64,
    /// How many pools were carved from it.
    pub(crate) carved: u32,
    /// Pools that can be given out: free ones and those not yet carved (`nfreepools`).
    pub(crate) free: u32,
    /// All its pools (`ntotalpools`).
    pub(crate) total: u32,
    /// The first of the pools that were in use and are free again (`freepools`).
    pub(crate) free_pools: PoolId,
    next: u32,
    prev: u32,
}

/// All arenas, and all their pools.
#[derive(Clone, Debug)]
pub(crate) struct Arenas {
    /// `arenas`: as many as the table has room for.
    pub(crate) all: Vec<Arena>,
    /// The pools of each, 64 by 64.
    pub(crate) pools: Vec<Pool>,
    /// The first number that no arena has (`unused_arena_objects`).
    unused: u32,
    /// The arena that pools are taken from (`usable_arenas`).
    usable: u32,
    /// For each number of free pools the last arena in the list that has so many (`nfp2lasta`).
    last_with: [u32; POOLS + 1],
    /// How many there are (`narenas_currently_allocated`).
    pub(crate) count: u32,
    /// The most there ever were (`narenas_highwater`).
    pub(crate) most: u32,
}

/// What became of an arena when one of its pools was freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freed {
    /// It stays.
    Stays,
    /// All its pools are free, and it is not the last that has any: it goes back.
    Returns(u32),
}

impl Arenas {
    pub(crate) fn new() -> Self {
        Self {
            all: Vec::new(),
            pools: Vec::new(),
            unused: NONE,
            usable: NONE,
            last_with: [NONE; POOLS + 1],
            count: 0,
            most: 0,
        }
    }

    /// Whether an arena must be added before a pool can be taken.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.usable == NONE
    }

    /// How many arenas the table has room for, and must have room for before another is added; equal where it need not
    /// grow. `None` where it cannot.
    pub(crate) fn room(&self) -> Option<(u32, u32)> {
        let room = self.all.len() as u32;
        if self.unused != NONE {
            return Some((room, room));
        }
        let more = if room == 0 {
            INITIAL
        } else {
            room.checked_mul(2)?
        };
        Some((room, more))
    }

    /// The table has grown.
    pub(crate) fn grow(&mut self, room: u32) {
        let first = self.all.len() as u32;
        for number in first..room {
            self.all.push(Arena {
                address: 0,
                first_pool: 0,
                carved: 0,
                free: 0,
                total: 0,
                free_pools: PoolId::NONE,
                next: if number + 1 < room { number + 1 } else { NONE },
                prev: NONE,
            });
        }
        self.pools
            .resize_with(room as usize * POOLS, Pool::uncarved);
        self.unused = first;
    }

    /// A mapping becomes an arena, the only one with pools to give. Returns its number (`new_arena`).
    pub(crate) fn add(&mut self, address: Address, arena_bytes: u64, pool_bytes: u64) -> u32 {
        let number = self.unused;
        let arena = &mut self.all[number as usize];
        self.unused = arena.next;
        let first_pool = address.0.next_multiple_of(pool_bytes);
        let pools = (address.0 + arena_bytes - first_pool) / pool_bytes;
        *arena = Arena {
            address: address.0,
            first_pool,
            carved: 0,
            free: pools as u32,
            total: pools as u32,
            free_pools: PoolId::NONE,
            next: NONE,
            prev: NONE,
        };
        for (index, pool) in self.pools_of_mut(number).iter_mut().enumerate() {
            pool.base = first_pool + index as u64 * pool_bytes;
        }
        self.usable = number;
        self.last_with[pools as usize] = number;
        self.count += 1;
        self.most = self.most.max(self.count);
        number
    }

    /// A pool of the first arena that has any: one that was in use before, or else a new one.
    ///
    /// CPython 3.11, Objects/obmalloc.c, `allocate_from_new_pool`.
    pub(crate) fn take_pool(&mut self, kernel: &mut Kernel, pool_bytes: u64) -> PoolId {
        let number = self.usable;
        let arena = &mut self.all[number as usize];
        let free = arena.free as usize;
        // It had the fewest, so with one less it is where it was; but it may have been the last with so many.
        if self.last_with[free] == number {
            self.last_with[free] = NONE;
        }
        if free > 1 {
            self.last_with[free - 1] = number;
        }
        arena.free -= 1;
        let taken = arena.free_pools;
        let pool = if taken.is_none() {
            let pool = PoolId(number * POOLS as u32 + arena.carved);
            arena.carved += 1;
            self.pools[pool.index()].carve(kernel, pool_bytes);
            pool
        } else {
            arena.free_pools = self.pools[taken.index()].next;
            taken
        };
        let arena = &self.all[number as usize];
        if arena.free == 0 {
            self.usable = arena.next;
            if self.usable != NONE {
                self.all[self.usable as usize].prev = NONE;
            }
        }
        pool
    }

    /// A pool of which no block is in use any more goes back to its arena.
    ///
    /// CPython 3.11, Objects/obmalloc.c, `insert_to_freepool`; that the last arena stays is bpo-37257.
    pub(crate) fn give_pool(&mut self, pool: PoolId) -> Freed {
        let number = pool.0 / POOLS as u32;
        let arena = &mut self.all[number as usize];
        self.pools[pool.index()].next = arena.free_pools;
        arena.free_pools = pool;
        let before = arena.free;
        arena.free += 1;
        let (free, total, next, prev) = (arena.free, arena.total, arena.next, arena.prev);
        let last = self.last_with[before as usize];
        if last == number {
            let follows = prev != NONE && self.all[prev as usize].free == before;
            self.last_with[before as usize] = if follows { prev } else { NONE };
        }
        if free == 1 {
            self.put_first(number);
            return Freed::Stays;
        }
        if free == total && next != NONE {
            self.unlink(number);
            return Freed::Returns(number);
        }
        if self.last_with[free as usize] == NONE {
            self.last_with[free as usize] = number;
        }
        if last != number {
            // Others with as many as it had come after it: it goes behind them.
            self.unlink(number);
            self.put_after(number, last);
        }
        Freed::Stays
    }

    /// An arena that was full has a pool to give.
    fn put_first(&mut self, number: u32) {
        let second = self.usable;
        let arena = &mut self.all[number as usize];
        (arena.next, arena.prev) = (second, NONE);
        if second != NONE {
            self.all[second as usize].prev = number;
        }
        self.usable = number;
        if self.last_with[1] == NONE {
            self.last_with[1] = number;
        }
    }

    fn put_after(&mut self, number: u32, before: u32) {
        let after = self.all[before as usize].next;
        let arena = &mut self.all[number as usize];
        (arena.next, arena.prev) = (after, before);
        if after != NONE {
            self.all[after as usize].prev = number;
        }
        self.all[before as usize].next = number;
    }

    fn unlink(&mut self, number: u32) {
        let (next, prev) = {
            let arena = &self.all[number as usize];
            (arena.next, arena.prev)
        };
        match prev {
            NONE => self.usable = next,
            prev => self.all[prev as usize].next = next,
        }
        if next != NONE {
            self.all[next as usize].prev = prev;
        }
    }

    /// The arena has gone; its number is the next to be given.
    pub(crate) fn remove(&mut self, number: u32) {
        let arena = &mut self.all[number as usize];
        arena.address = 0;
        arena.next = self.unused;
        self.unused = number;
        self.count -= 1;
    }

    /// The pools of an arena that lie in it.
    pub(crate) fn pools_of(&self, number: u32) -> &[Pool] {
        let first = number as usize * POOLS;
        &self.pools[first..first + self.all[number as usize].total as usize]
    }

    fn pools_of_mut(&mut self, number: u32) -> &mut [Pool] {
        let first = number as usize * POOLS;
        &mut self.pools[first..first + self.all[number as usize].total as usize]
    }

    /// The numbers of the arenas there are, by address.
    pub(crate) fn by_address(&self) -> Vec<u32> {
        let there = |number: &u32| self.all[*number as usize].address != 0;
        let places = places_by_key(&self.all, |arena| arena.address);
        places.map(|place| place as u32).filter(there).collect()
    }

    /// Checks that the list of usable arenas holds those with free pools, the fewest first, and that the last with each
    /// number is known; for tests.
    pub(crate) fn check(&self) {
        let (mut at, mut prev, mut listed) = (self.usable, NONE, 0);
        let mut last_with = [NONE; POOLS + 1];
        while at != NONE {
            let arena = &self.all[at as usize];
            assert!(arena.address != 0 && arena.free > 0, "arena {at} is usable");
            assert_eq!(arena.prev, prev, "arena {at} and the one before");
            if prev != NONE {
                assert!(
                    self.all[prev as usize].free <= arena.free,
                    "the fewest first"
                );
            }
            last_with[arena.free as usize] = at;
            (prev, at) = (at, arena.next);
            listed += 1;
        }
        assert_eq!(last_with, self.last_with, "the last with each number");
        let there = self.all.iter().filter(|arena| arena.address != 0);
        assert_eq!(there.clone().count(), self.count as usize);
        assert_eq!(there.filter(|arena| arena.free > 0).count(), listed);
        let (mut unused, mut counted) = (self.unused, 0);
        while unused != NONE {
            assert_eq!(self.all[unused as usize].address, 0);
            unused = self.all[unused as usize].next;
            counted += 1;
        }
        assert_eq!(counted + self.count as usize, self.all.len());
    }
}
