//! The log of the decisions of a run.
//!
//! They are recorded always: counters for every kind, and the latest in a ring, so that a run of millions of calls costs
//! no memory. [`DecisionLog::keep_all`] keeps every one.

use crate::ThreadId;
use crate::decision::{Counters, Decision, Logged};
use crate::remembered::Remembered;
use highwater_kernel::{Bytes, Micros};
use std::collections::VecDeque;

/// How many of the latest decisions are kept, unless all are.
const LATEST: usize = 4096;

/// The number of decisions that a log makes room for first.
const FEW: usize = 256;

/// The decisions of a run: counters of all, and the latest of them (or all, when asked) one by one.
#[derive(Clone, Debug)]
pub struct DecisionLog {
    event: u64,
    now: Micros,
    thread: ThreadId,
    /// When, where that is before the event.
    earlier: Option<Micros>,
    total: u64,
    counters: Counters,
    kept: VecDeque<Logged>,
    limit: usize,
    remembered: Remembered,
}

impl Default for DecisionLog {
    fn default() -> Self {
        Self {
            event: 0,
            now: Micros(0),
            thread: ThreadId::MAIN,
            earlier: None,
            total: 0,
            counters: Counters::default(),
            kept: VecDeque::new(),
            limit: LATEST,
            remembered: Remembered::default(),
        }
    }
}

impl DecisionLog {
    /// Keeps every decision from now on, instead of the latest few thousand.
    pub fn keep_all(&mut self) {
        self.limit = usize::MAX;
    }

    /// Names the event that following decisions belong to, with its time and thread.
    #[inline]
    pub fn stamp(&mut self, event: u64, time: Micros, thread: ThreadId) {
        self.event = event;
        self.now = time;
        self.thread = thread;
    }

    /// Says when following decisions are taken, where that is before the event they are stamped with.
    pub fn at(&mut self, time: Option<Micros>) {
        self.earlier = time;
    }

    /// Records a decision. Native builds compile it into its callers, which know the kind.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub fn record(&mut self, decision: Decision) {
        let is_remembered = self.count(&decision);
        self.total += 1;
        if self.kept.len() >= self.limit {
            self.kept.pop_front();
        } else if self.kept.len() == self.kept.capacity() {
            self.make_room();
        }
        // Written where it is kept, for it is large.
        self.kept.push_back(Logged {
            event: self.event,
            time: self.earlier.unwrap_or(self.now),
            thread: self.thread,
            decision,
        });
        if is_remembered && let Some(logged) = self.kept.back() {
            self.remembered.note(logged);
        }
    }

    /// Makes room for more decisions. A log with more than a few gets room for all that it keeps, so it moves once.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let kept = self.kept.len();
        let more = if kept < FEW { FEW } else { kept.max(LATEST) };
        self.kept.reserve_exact(more.min(self.limit - kept));
    }

    /// Counts a decision, and returns whether it is of those that are remembered.
    #[inline]
    fn count(&mut self, decision: &Decision) -> bool {
        let counters = &mut self.counters;
        match *decision {
            Decision::TrimRefused { .. } => counters.trims_refused += 1,
            Decision::PagesReleased { .. } => counters.releases += 1,
            Decision::HeapCreated { .. } => counters.heaps_created += 1,
            Decision::HeapDeleted { .. } => counters.heaps_deleted += 1,
            Decision::ArenaCreated { .. } => counters.arenas_created += 1,
            Decision::ArenaShared { .. } => counters.arenas_shared += 1,
            Decision::ArenaRetried { .. } => counters.arena_retries += 1,
            Decision::Consolidated { .. } => counters.consolidations += 1,
            Decision::Purged { bytes, .. } => {
                counters.purges += 1;
                counters.purged_bytes += bytes;
            }
            Decision::ObjectArenaMapped { .. } => counters.object_arenas_mapped += 1,
            Decision::ObjectArenaReturned { .. } => counters.object_arenas_returned += 1,
            Decision::ArenaTableGrown { .. } => counters.arena_tables_grown += 1,
            Decision::OutOfMemory { .. } => counters.failures += 1,
            Decision::Trimmed { bytes, .. } => {
                counters.trims += 1;
                counters.trimmed_bytes += bytes;
                return true;
            }
            Decision::HeapGrown { .. } => {
                counters.growths += 1;
                return true;
            }
            Decision::ThresholdRaised { .. } => {
                counters.threshold_raises += 1;
                return true;
            }
            Decision::Mapped { .. } => {
                counters.mapped += 1;
                return true;
            }
            Decision::Unmapped { .. } => {
                counters.unmapped += 1;
                return true;
            }
        }
        false
    }

    /// What is remembered of all decisions, the forgotten ones included.
    pub fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// The bytes that the kept ones take.
    pub fn footprint(&self) -> Bytes {
        Bytes(self.kept.capacity() as u64 * size_of::<Logged>() as u64)
    }

    /// How many decisions were taken in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How often each kind was taken.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The decisions kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Logged> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_forgets_but_the_counters_do_not() {
        let mut log = DecisionLog {
            limit: 2,
            ..DecisionLog::default()
        };
        for event in 0..5 {
            log.stamp(event, Micros(event), ThreadId::MAIN);
            log.record(Decision::Consolidated {
                arena: 0,
                chunks: event,
            });
        }
        assert_eq!(log.counters().consolidations, 5);
        assert_eq!(
            log.iter().map(|kept| kept.event).collect::<Vec<_>>(),
            [3, 4]
        );
    }
}
