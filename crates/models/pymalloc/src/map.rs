//! The map from an address to its pool: what the real allocator finds out from its radix tree, or before 3.10 from the
//! header at the start of the pool.
//!
//! Pools begin at multiples of their size, so an address has the place of its pool. Mappings are just below the end of
//! user space; places are counted downwards from there, in leaves that are made with the first arena in one.

use crate::pools::PoolId;
use highwater_allocator::{Address, Bytes, table_bytes};

/// One past the last address a process can have.
const USER_SPACE_END: Address = Address(1 << 47);
/// Places in a leaf.
const LEAF: usize = 4096;

#[derive(Clone, Debug)]
pub(crate) struct PoolMap {
    pool_shift: u32,
    leaves: Vec<Option<Box<[PoolId; LEAF]>>>,
}

impl PoolMap {
    pub(crate) fn new(pool_shift: u32) -> Self {
        Self {
            pool_shift,
            leaves: Vec::new(),
        }
    }

    /// Returns the bytes of its leaves.
    pub(crate) fn footprint(&self) -> Bytes {
        let made = self.leaves.iter().flatten().count();
        table_bytes(&self.leaves) + Bytes((made * size_of::<[PoolId; LEAF]>()) as u64)
    }

    /// Returns the pool of an address, if there is one (`address_in_range`).
    #[inline]
    pub(crate) fn get(&self, at: Address) -> Option<PoolId> {
        let place = self.place(at);
        let leaf = self.leaves.get(place / LEAF)?.as_ref()?;
        let pool = leaf[place % LEAF];
        (!pool.is_none()).then_some(pool)
    }

    /// Sets the pool that begins at `base`; [`PoolId::NONE`] for none.
    pub(crate) fn set(&mut self, base: Address, pool: PoolId) {
        let place = self.place(base);
        if self.leaves.len() <= place / LEAF {
            self.leaves.resize(place / LEAF + 1, None);
        }
        let leaf = &mut self.leaves[place / LEAF];
        leaf.get_or_insert_with(|| Box::new([PoolId::NONE; LEAF]))[place % LEAF] = pool;
    }

    /// Returns the place of an address. What is above user space wraps around, and so is far as well.
    #[inline]
    fn place(&self, at: Address) -> usize {
        ((USER_SPACE_END.0 - 1).wrapping_sub(at.0) >> self.pool_shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_anywhere_in_a_pool_names_it() {
        let mut map = PoolMap::new(14);
        let base = 0x7fff_f7e0_4000;
        map.set(Address(base), PoolId(3));
        for at in [base, base + 1, base + 0x3fff] {
            assert_eq!(map.get(Address(at)), Some(PoolId(3)));
        }
        for at in [
            base - 1,
            base + 0x4000,
            0x5555_5555_5000,
            0,
            u64::MAX,
            1 << 47,
        ] {
            assert_eq!(map.get(Address(at)), None, "{at:#x}");
        }
        map.set(Address(base), PoolId::NONE);
        assert_eq!(map.get(Address(base)), None);
    }
}
