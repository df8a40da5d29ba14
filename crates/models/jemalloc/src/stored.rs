//! The allocator as it was at a moment, in less memory than it works with.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::edata::{Edatas, StoredEdatas};
use crate::emap::{Emap, StoredEmap};
use crate::shared::Shared;
use crate::tcache::Tcache;
use highwater_allocator::{Bytes, table_bytes};

/// jemalloc in one process, as it was at a moment.
#[derive(Clone)]
pub struct Stored {
    /// All of it but its extents and their map.
    jemalloc: Jemalloc,
    edatas: StoredEdatas,
    emap: StoredEmap,
}

impl Jemalloc {
    /// Returns it as it is now.
    #[inline]
    pub fn stored(&self) -> Stored {
        Stored {
            jemalloc: self.with_extents(Edatas::default(), Emap::new(false)),
            edatas: self.shared.edatas.stored(),
            emap: self.shared.emap.stored(),
        }
    }

    /// Returns the same with other extents and another map of them.
    #[inline]
    fn with_extents(&self, edatas: Edatas, emap: Emap) -> Self {
        Self {
            shared: Shared {
                edatas,
                emap,
                options: self.shared.options.clone(),
                bases: self.shared.bases.clone(),
                log: self.shared.log.clone(),
                ..self.shared
            },
            arenas: self.arenas.clone(),
            threads: self.threads.clone(),
            background_threads: self.background_threads.clone(),
            shape: self.shape.clone(),
            at_start: self.at_start,
        }
    }
}

impl Stored {
    /// Returns the allocator that goes on from here.
    #[inline]
    pub fn resumed(&self) -> Jemalloc {
        let (edatas, emap) = (self.edatas.resumed(), self.emap.resumed());
        self.jemalloc.with_extents(edatas, emap)
    }

    /// Returns the bytes of the tables that grow with the process: the structures of extents, the map of pages, the bins and sets of
    /// arenas, the caches of threads, and the log of decisions.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        let jemalloc = &self.jemalloc;
        let arenas: u64 = jemalloc
            .arenas
            .iter()
            .map(|arena| arena.footprint().0)
            .sum();
        let caches = jemalloc.threads.tcaches();
        let caches: u64 = caches.map(|(_, cache)| cache.footprint().0).sum();
        self.edatas.footprint()
            + self.emap.footprint()
            + jemalloc.shared.log.footprint()
            + Bytes(arenas + caches)
    }
}

impl Arena {
    #[inline]
    fn footprint(&self) -> Bytes {
        let sets = [&self.pac.dirty, &self.pac.muzzy, &self.pac.retained];
        let heaps: u64 = sets.iter().map(|set| set.footprint().0).sum();
        table_bytes(&self.bins) + Bytes(heaps + size_of::<Self>() as u64)
    }
}

impl Tcache {
    #[inline]
    fn footprint(&self) -> Bytes {
        let stacks: u64 = self.bins.iter().map(|bin| bin.footprint().0).sum();
        table_bytes(&self.bins) + Bytes(stacks)
    }
}
