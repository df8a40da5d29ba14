//! The figures jemalloc reports (`mallctl`, `stats.*`), and what decides how long free pages stay.
//!
//! jemalloc 5.3.0, src/arena.c: `arena_stats_merge`; src/ctl.c: `ctl_refresh`.

use crate::size_classes::PAGE;
use crate::{Jemalloc, since_start};
use highwater_allocator::{Accounting, Bytes, DecayRule, Figures};

impl Jemalloc {
    /// Returns the figures as they are now.
    pub(crate) fn stats(&self) -> Figures {
        let mut figures = Figures::default();
        for arena in self.arenas.iter() {
            let pac = &arena.pac;
            figures.allocated += arena.allocated();
            figures.active += pac.active * PAGE;
            figures.dirty += pac.dirty.pages() * PAGE;
            figures.muzzy += pac.muzzy.pages() * PAGE;
            figures.retained += pac.retained.pages() * PAGE;
            figures.mapped += pac.mapped();
        }
        for base in self.shared.bases.iter().flatten() {
            figures.mapped += base.mapped();
            figures.metadata += base.allocated();
            figures.resident += base.resident();
        }
        figures.resident += figures.active + figures.dirty;
        if self.shared.rules.resident_has_muzzy {
            figures.resident += figures.muzzy;
        }
        // Those in a base are among its bytes.
        let of_extents = !self.shared.has_stacks_in_base();
        let caches = self.threads.tcaches().filter(|_| of_extents);
        let caches = caches.map(|(_, tcache)| tcache.home);
        let counts = self.threads.arena_tdata().map(|tdata| tdata.home);
        for home in caches.chain(counts) {
            figures.metadata += self.shared.usable_of(self.shared.edata_of(home));
        }
        let options = &self.shared.options;
        figures.decay = DecayRule {
            dirty_ms: options.dirty_decay_ms,
            muzzy_ms: options.muzzy_decay_ms,
            background_thread: self.background_threads.enabled(),
        };
        let next = self.background_threads.next_to_wake();
        figures.wakes = next.map(|(_, wakes)| since_start(wakes));
        figures
    }

    /// Returns the sums that every allocator keeps.
    pub(crate) fn sums(&self) -> Accounting {
        let tcaches = self.threads.tcaches();
        let figures = self.stats();
        Accounting {
            parked: tcaches.fold(Bytes::ZERO, |sum, (_, tcache)| sum + tcache.parked()),
            free: figures.dirty + figures.muzzy + figures.active.saturating_sub(figures.allocated),
            top: Bytes::ZERO,
            trim_threshold: Bytes::ZERO,
            mmap_threshold: Bytes::ZERO,
        }
    }
}
