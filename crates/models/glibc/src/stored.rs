//! The allocator as it was at a moment, in less memory than it works with.
//!
//! Records that no chunk has are left out, and so is the index by address, which follows from the records.

use crate::Glibc;
use crate::chunks::{Chunks, StoredChunks};
use highwater_allocator::{Bytes, Kernel, table_bytes};

/// glibc's malloc in one process, as it was at a moment.
#[derive(Clone)]
pub struct Stored {
    /// All of it but its chunks.
    glibc: Glibc,
    chunks: StoredChunks,
}

impl Glibc {
    /// Returns it as it is now.
    #[inline]
    pub fn stored(&self) -> Stored {
        Stored {
            chunks: self.chunks.stored(),
            glibc: Self {
                shared: self.shared.clone(),
                chunks: Chunks::new(),
                arenas: self.arenas.clone(),
                sharing: self.sharing.clone(),
                threads: self.threads.clone(),
                ..*self
            },
        }
    }
}

impl Stored {
    /// Returns the allocator that goes on from here, in the same memory as it was then.
    #[inline]
    pub fn resumed(&self, kernel: &Kernel) -> Glibc {
        Glibc {
            chunks: self.chunks.resumed(kernel),
            ..self.glibc.clone()
        }
    }

    /// Returns the bytes of the chunks' records, of the caches and of the log of decisions. What lists the heaps of an
    /// arena is left out.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        let threads = self.glibc.threads.iter();
        let caches = threads.filter_map(|thread| thread.tcache.as_ref());
        let caches: u64 = caches.map(|cache| cache.footprint().0).sum();
        self.chunks.footprint()
            + self.glibc.shared.log.footprint()
            + table_bytes(&self.glibc.threads)
            + table_bytes(&self.glibc.arenas)
            + Bytes(caches)
    }
}
