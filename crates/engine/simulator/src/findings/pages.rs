//! What keeps the resident pages of an allocator that decides over whole pages, and by which clock free ones go.

use super::finding::Finding;
use super::kinds::Cause;
use super::remedy::{Cost, Gain, Remedy};
use super::scene::Scene;
use highwater_allocator::{Bytes, DecayRule, Figures, Micros};

/// A pause from which on the program counts as resting.
const REST: Micros = Micros(100_000);

impl Scene<'_> {
    /// All findings about an allocator's pages.
    pub(super) fn pages(&self, figures: &Figures) -> Vec<Finding> {
        let mut found = Vec::new();
        let shares = self.diagnosis.pages.unwrap_or_default();
        let rule = figures.decay;
        if self.is_worth(figures.dirty) {
            let cause = Cause::Dirty {
                decay_ms: rule.dirty_ms,
                background_thread: rule.background_thread,
                waits: shares.dirty_waits,
            };
            let finding = Finding::new(cause, figures.dirty).by("decay", "pac_decay_to_limit");
            found.push(finding.with(self.purge_at_once(rule, shares.dirty)));
            found.extend(self.resting(rule, figures, shares.dirty));
        }
        if self.is_worth(figures.muzzy) {
            let cause = Cause::Muzzy {
                decay_ms: rule.muzzy_ms,
                background_thread: rule.background_thread,
                waits: shares.muzzy_waits,
            };
            found.push(Finding::new(cause, figures.muzzy).by("decay", "pac_decay_to_limit"));
        }
        let between = figures.active.saturating_sub(figures.allocated);
        if self.is_worth(between) {
            found.push(Finding::new(Cause::BetweenBlocks {}, between));
        }
        if self.is_worth(shares.slabs()) {
            let cause = Cause::SparseSlabs {
                below_eighth: shares.slabs_below_eighth,
                used: shares.used_in_slabs,
            };
            let finding = Finding::new(cause, shares.slabs());
            found.push(finding.by("slab_goes_when_empty", "arena_slab_dalloc"));
        }
        if self.is_worth(self.diagnosis.parked) {
            let cause = Cause::ParkedPages {
                parked: self.diagnosis.parked,
            };
            let finding = Finding::new(cause, shares.parked);
            found.push(finding.by("cached_blocks_count_as_in_use", "tcache_dalloc_small"));
        }
        if !found.is_empty() && !self.is_worth(self.diagnosis.reclaimable) {
            found.push(Finding::new(Cause::NothingToPurge {}, Bytes::ZERO));
        }
        if !found.is_empty() && self.is_recorded() && rule.dirty_ms > 0 {
            found.push(Finding::new(Cause::RecordedTime {}, Bytes::ZERO));
        }
        found
    }

    /// Whether the workload's times are those of a recorder.
    fn is_recorded(&self) -> bool {
        self.simulation.feed.first().header.allocator.is_some()
    }

    fn purge_at_once(&self, rule: DecayRule, dirty: Bytes) -> Option<Remedy> {
        let conf = self.simulation.malloc_conf(&[("dirty_decay_ms", "0")]);
        let gives = Gain::AtLeast { bytes: dirty };
        // Muzzy pages stay resident: where these are kept, too, a purge gives nothing back.
        (rule.dirty_ms != 0 && rule.muzzy_ms == 0 && dirty > Bytes::ZERO)
            .then(|| Remedy::set(vec![conf], gives, Cost::FaultsAgain))
    }

    /// Says what the rest up to now has brought, and what it can bring at all.
    fn resting(&self, rule: DecayRule, figures: &Figures, dirty: Bytes) -> Option<Finding> {
        let (idle, now) = (self.diagnosis.idle, self.diagnosis.time);
        if rule.dirty_ms <= 0 || idle < REST {
            return None;
        }
        let cause = Cause::Resting {
            idle,
            decay: Micros(rule.dirty_ms.unsigned_abs().saturating_mul(1000)),
            background_thread: rule.background_thread,
            may_stay: DecayRule::share_left(rule.dirty_ms, idle),
            looks_in: figures.wakes.map(|at| Micros(at.0.saturating_sub(now.0))),
        };
        let finding = Finding::new(cause, dirty).by("decay", "decay_maybe_advance_epoch");
        let wakes = self
            .simulation
            .malloc_conf(&[("background_thread", "true")]);
        let remedy = Remedy::set(vec![wakes], Gain::Ends {}, Cost::BackgroundThread);
        Some(finding.with((!rule.background_thread).then_some(remedy)))
    }
}
