//! Arenas: the mappings that pools are carved from, and the order in which they are used.
//!
//! The arenas with pools to give are listed by how many they have, the fewest first, so that full arenas fill up and
//! nearly empty ones get a chance to become empty and go back.
//!
//! CPython 3.11, Objects/obmalloc.c: `struct arena_object`, `usable_arenas`, `unused_arena_objects`, `nfp2lasta`.

use crate::pools::{Pool, PoolId};
use highwater_allocator::{Address, Bytes, Kernel, places_by_key};

/// Pools in an arena, at most: 256 KiB of 4 KiB each, or 1 MiB of 16 KiB each.
pub(crate) const POOLS: usize = 64;
/// The arenas there is room for at first (`INITIAL_ARENA_OBJECTS`).
pub(crate) const INITIAL: u32 = 16;
/// `sizeof (struct arena_object)`
pub(crate) const OBJECT: Bytes = Bytes(48);

/// An arena: its place in the table of arenas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ArenaId(pub(crate) u32);

impl ArenaId {
    /// No arena.
    const NONE: Self = Self(u32::MAX);

    fn is_none(self) -> bool {
        self == Self::NONE
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// `struct arena_object`
#[derive(Clone, Debug)]
pub(crate) struct Arena {
    /// Its first byte; null where there is no arena of this number.
    pub(crate) address: Address,
    /// The first byte of its first pool.
    pub(crate) first_pool: Address,
    /// The pools that were carved from it.
    pub(crate) carved: u32,
    /// Pools that can be given out: free ones and those not yet carved (`nfreepools`).
    pub(crate) free: u32,
    /// All its pools (`ntotalpools`).
    pub(crate) total: u32,
    /// The first of the pools that were in use and are free again (`freepools`).
    pub(crate) free_pools: PoolId,
    next: ArenaId,
    prev: ArenaId,
}

/// All arenas, and all their pools.
#[derive(Clone, Debug)]
pub(crate) struct Arenas {
    /// `arenas`: as many as the table has room for.
    pub(crate) all: Vec<Arena>,
    /// The pools of each, 64 by 64.
    pub(crate) pools: Vec<Pool>,
    /// The first number that no arena has (`unused_arena_objects`).
    unused: ArenaId,
    /// The arena that pools are taken from (`usable_arenas`).
    usable: ArenaId,
    /// For each number of free pools the last arena in the list with that number (`nfp2lasta`).
    last_with: [ArenaId; POOLS + 1],
    /// The number of arenas (`narenas_currently_allocated`).
    pub(crate) count: u32,
    /// The most there ever were (`narenas_highwater`).
    pub(crate) most: u32,
}

/// The fate of an arena when one of its pools is freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freed {
    /// It stays.
    Stays,
    /// All its pools are free, and it is not the last that has any: it goes back.
    Returns(ArenaId),
}

impl Arenas {
    pub(crate) fn new() -> Self {
        Self {
            all: Vec::new(),
            pools: Vec::new(),
            unused: ArenaId::NONE,
            usable: ArenaId::NONE,
            last_with: [ArenaId::NONE; POOLS + 1],
            count: 0,
            most: 0,
        }
    }

    /// Returns whether an arena must be added before a pool can be taken.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.usable.is_none()
    }

    /// Returns the arenas the table has room for, and those it must have room for before another is added; equal where
    /// it need not grow. `None` where it cannot.
    pub(crate) fn room(&self) -> Option<(u32, u32)> {
        let room = self.all.len() as u32;
        if !self.unused.is_none() {
            return Some((room, room));
        }
        let more = if room == 0 {
            INITIAL
        } else {
            room.checked_mul(2)?
        };
        Some((room, more))
    }

    /// Grows the table to `room` arenas.
    pub(crate) fn grow(&mut self, room: u32) {
        let first = self.all.len() as u32;
        for number in first..room {
            self.all.push(Arena {
                address: Address::NULL,
                first_pool: Address::NULL,
                carved: 0,
                free: 0,
                total: 0,
                free_pools: PoolId::NONE,
                next: if number + 1 < room {
                    ArenaId(number + 1)
                } else {
                    ArenaId::NONE
                },
                prev: ArenaId::NONE,
            });
        }
        self.pools
            .resize_with(room as usize * POOLS, Pool::uncarved);
        self.unused = ArenaId(first);
    }

    /// Makes a mapping of `size` bytes an arena, the only one with pools to give, and returns it (`new_arena`).
    pub(crate) fn add(&mut self, address: Address, size: Bytes, pool: Bytes) -> ArenaId {
        let number = self.unused;
        let arena = &mut self.all[number.index()];
        self.unused = arena.next;
        let first_pool = address.align_up(pool);
        let pools = (address + size - first_pool) / pool;
        *arena = Arena {
            address,
            first_pool,
            carved: 0,
            free: pools as u32,
            total: pools as u32,
            free_pools: PoolId::NONE,
            next: ArenaId::NONE,
            prev: ArenaId::NONE,
        };
        for (index, of_arena) in self.pools_of_mut(number).iter_mut().enumerate() {
            of_arena.base = first_pool + pool * index as u64;
        }
        self.usable = number;
        self.last_with[pools as usize] = number;
        self.count += 1;
        self.most = self.most.max(self.count);
        number
    }

    /// Takes a pool of the first arena that has any: one that was in use before, or else a new one
    /// (`allocate_from_new_pool`).
    pub(crate) fn take_pool(&mut self, kernel: &mut Kernel, pool_bytes: Bytes) -> PoolId {
        let number = self.usable;
        let arena = &mut self.all[number.index()];
        let free = arena.free as usize;
        // It had the fewest, so with one less it is where it was; but it may have been the last with that number.
        if self.last_with[free] == number {
            self.last_with[free] = ArenaId::NONE;
        }
        if free > 1 {
            self.last_with[free - 1] = number;
        }
        arena.free -= 1;
        let taken = arena.free_pools;
        let pool = if taken.is_none() {
            let pool = PoolId(number.0 * POOLS as u32 + arena.carved);
            arena.carved += 1;
            self.pools[pool.index()].carve(kernel, pool_bytes);
            pool
        } else {
            arena.free_pools = self.pools[taken.index()].next;
            taken
        };
        let arena = &self.all[number.index()];
        if arena.free == 0 {
            self.usable = arena.next;
            if !self.usable.is_none() {
                self.all[self.usable.index()].prev = ArenaId::NONE;
            }
        }
        pool
    }

    /// Gives a pool of which no block is in use any more back to its arena (`insert_to_freepool`; that the last arena
    /// stays is bpo-37257).
    pub(crate) fn give_pool(&mut self, pool: PoolId) -> Freed {
        let number = ArenaId(pool.0 / POOLS as u32);
        let arena = &mut self.all[number.index()];
        self.pools[pool.index()].next = arena.free_pools;
        arena.free_pools = pool;
        let before = arena.free;
        arena.free += 1;
        let (free, total, next, prev) = (arena.free, arena.total, arena.next, arena.prev);
        let last = self.last_with[before as usize];
        if last == number {
            let follows = !prev.is_none() && self.all[prev.index()].free == before;
            self.last_with[before as usize] = if follows { prev } else { ArenaId::NONE };
        }
        if free == 1 {
            self.put_first(number);
            return Freed::Stays;
        }
        if free == total && !next.is_none() {
            self.unlink(number);
            return Freed::Returns(number);
        }
        if self.last_with[free as usize].is_none() {
            self.last_with[free as usize] = number;
        }
        if last != number {
            // Others with as many as it had come after it: it goes after them.
            self.unlink(number);
            self.put_after(number, last);
        }
        Freed::Stays
    }

    /// Lists an arena that was full and has a pool to give.
    fn put_first(&mut self, number: ArenaId) {
        let second = self.usable;
        let arena = &mut self.all[number.index()];
        (arena.next, arena.prev) = (second, ArenaId::NONE);
        if !second.is_none() {
            self.all[second.index()].prev = number;
        }
        self.usable = number;
        if self.last_with[1].is_none() {
            self.last_with[1] = number;
        }
    }

    fn put_after(&mut self, number: ArenaId, before: ArenaId) {
        let after = self.all[before.index()].next;
        let arena = &mut self.all[number.index()];
        (arena.next, arena.prev) = (after, before);
        if !after.is_none() {
            self.all[after.index()].prev = number;
        }
        self.all[before.index()].next = number;
    }

    fn unlink(&mut self, number: ArenaId) {
        let (next, prev) = {
            let arena = &self.all[number.index()];
            (arena.next, arena.prev)
        };
        if prev.is_none() {
            self.usable = next;
        } else {
            self.all[prev.index()].next = next;
        }
        if !next.is_none() {
            self.all[next.index()].prev = prev;
        }
    }

    /// Removes an arena that was unmapped; its number is the next to be given.
    pub(crate) fn remove(&mut self, number: ArenaId) {
        let arena = &mut self.all[number.index()];
        arena.address = Address::NULL;
        arena.next = self.unused;
        self.unused = number;
        self.count -= 1;
    }

    /// Returns the pools of an arena.
    pub(crate) fn pools_of(&self, number: ArenaId) -> &[Pool] {
        let first = number.index() * POOLS;
        &self.pools[first..first + self.all[number.index()].total as usize]
    }

    fn pools_of_mut(&mut self, number: ArenaId) -> &mut [Pool] {
        let first = number.index() * POOLS;
        &mut self.pools[first..first + self.all[number.index()].total as usize]
    }

    /// Returns the arenas there are, each with its number, the lowest address first.
    pub(crate) fn by_address(&self) -> Vec<(ArenaId, &Arena)> {
        let there: Vec<_> = self.iter().collect();
        let order = places_by_key(&there, |(_, arena)| arena.address.0);
        order.map(|place| there[place]).collect()
    }

    /// Returns the arenas there are, each with its number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ArenaId, &Arena)> {
        let numbered = self.all.iter().enumerate();
        let numbered = numbered.map(|(number, arena)| (ArenaId(number as u32), arena));
        numbered.filter(|(_, arena)| !arena.address.is_null())
    }

    /// Checks that the list of usable arenas holds those with free pools, the fewest first, and that the last with each
    /// number is known; for tests.
    pub(crate) fn check(&self) {
        let (mut at, mut prev, mut listed) = (self.usable, ArenaId::NONE, 0);
        let mut last_with = [ArenaId::NONE; POOLS + 1];
        while !at.is_none() {
            let arena = &self.all[at.index()];
            let is_there = !arena.address.is_null();
            assert!(is_there && arena.free > 0, "{at:?} is usable");
            assert_eq!(arena.prev, prev, "{at:?} and the one before");
            if !prev.is_none() {
                assert!(
                    self.all[prev.index()].free <= arena.free,
                    "the fewest first"
                );
            }
            last_with[arena.free as usize] = at;
            (prev, at) = (at, arena.next);
            listed += 1;
        }
        assert_eq!(last_with, self.last_with, "the last with each number");
        assert_eq!(self.iter().count(), self.count as usize);
        let with_pools = self.iter().filter(|(_, arena)| arena.free > 0);
        assert_eq!(with_pools.count(), listed);
        let (mut unused, mut counted) = (self.unused, 0);
        while !unused.is_none() {
            assert!(self.all[unused.index()].address.is_null());
            unused = self.all[unused.index()].next;
            counted += 1;
        }
        assert_eq!(counted + self.count as usize, self.all.len());
    }
}
