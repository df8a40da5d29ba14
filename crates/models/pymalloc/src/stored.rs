//! The allocator as it was at a moment, over another form of its malloc.

use crate::Pymalloc;
use crate::raw::Raw;
use highwater_allocator::{Bytes, table_bytes};

impl<A> Pymalloc<A> {
    /// Returns the same over what `change` makes of the allocator below.
    pub fn over<B>(&self, change: impl FnOnce(&A) -> B) -> Pymalloc<B> {
        Pymalloc {
            version: self.version,
            raw: Raw {
                inner: change(&self.raw.inner),
                debug: self.raw.debug,
                hooks: self.raw.hooks.clone(),
            },
            pools: self.pools,
            plain: self.plain,
            small: self.small.clone(),
            radix: self.radix.clone(),
            table: self.table,
            tracer: self.tracer.clone(),
            foreign: self.foreign.clone(),
        }
    }

    /// Returns the bytes that its tables take, those of the allocator below left aside: pools and their free blocks, the map from
    /// addresses to pools, traces, and the blocks that are malloc's own.
    pub fn footprint(&self) -> Bytes {
        let pools = &self.small.arenas.pools;
        let links: u64 = pools.iter().map(|pool| pool.footprint().0).sum();
        let tracer = self.tracer.as_ref().map(|tracer| tracer.footprint());
        table_bytes(pools)
            + table_bytes(&self.small.arenas.all)
            + Bytes(links)
            + self.small.map.footprint()
            + tracer.unwrap_or_default()
            + self.foreign.footprint()
            + self.raw.hooks.footprint()
    }
}
