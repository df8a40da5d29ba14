//! The memory that the model takes, as opposed to what it models.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::tcache::Tcache;
use highwater_allocator::{Bytes, table_bytes};

impl Jemalloc {
    /// Returns the bytes of the tables that grow with the process: the structures of extents, the map of pages, the bins and sets of
    /// arenas, the caches of threads, and the log of decisions.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        let extents = self.shared.edatas.footprint();
        let arenas: u64 = self.arenas.iter().map(|arena| arena.footprint().0).sum();
        let caches = self.threads.tcaches();
        let caches: u64 = caches.map(|(_, cache)| cache.footprint().0).sum();
        extents
            + self.shared.emap.footprint()
            + self.shared.log.footprint()
            + Bytes(arenas + caches)
    }
}

impl Arena {
    #[inline]
    fn footprint(&self) -> Bytes {
        let sets = [&self.pac.dirty, &self.pac.muzzy, &self.pac.retained];
        let heaps: u64 = sets.iter().map(|set| set.footprint().0).sum();
        let unused = self.pac.edata_cache.footprint();
        table_bytes(&self.bins) + unused + Bytes(heaps + size_of::<Self>() as u64)
    }
}

impl Tcache {
    #[inline]
    fn footprint(&self) -> Bytes {
        let stacks: u64 = self.bins.iter().map(|bin| bin.footprint().0).sum();
        table_bytes(&self.bins) + Bytes(stacks)
    }
}
