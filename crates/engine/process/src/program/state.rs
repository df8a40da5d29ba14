//! What a program has come to.

use super::Program;
use crate::held::Held;
use crate::history::History;
use highwater_allocator::{Bytes, Micros};
use highwater_workload::Moment;

impl Program {
    /// Events run.
    #[inline]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The time: that of the latest event, or what has passed since.
    #[inline]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Lets time pass without a call.
    pub fn wait_until(&mut self, now: Micros) {
        self.now = now;
    }

    /// The blocks that it holds, by number, as far as any was allocated.
    #[inline]
    pub fn blocks(&self) -> &[Held] {
        &self.blocks
    }

    /// What it has freed, if that is kept.
    #[inline]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many blocks it holds, where it keeps what it has freed.
    pub fn held(&self) -> u64 {
        self.allocations.saturating_sub(self.history.freed())
    }

    /// Bytes that it has asked for and not freed.
    #[inline]
    pub fn live(&self) -> Bytes {
        self.live
    }

    /// The most that it held since the peak was taken last.
    pub fn peak_live(&self) -> Bytes {
        self.peak_live
    }

    /// Returns the most it held since the last call, and begins anew.
    pub fn take_peak(&mut self) -> Bytes {
        std::mem::replace(&mut self.peak_live, self.live)
    }

    /// Events run that are calls.
    pub fn calls(&self) -> u64 {
        self.events - self.told
    }

    /// Allocating calls that it has made.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Calls that returned a block, and calls that failed.
    pub fn allocations(&self) -> (u64, u64) {
        (self.allocations, self.failed)
    }

    /// Calls of `malloc_trim`, and the resident bytes that they gave back.
    pub fn trims(&self) -> (u64, Bytes) {
        (self.trims, self.trimmed)
    }

    /// When the kernel first slowed it down.
    pub fn throttled(&self) -> Option<Moment> {
        self.throttled
    }

    /// Notes when the kernel first slowed it down.
    pub fn note_throttled(&mut self, moment: Moment) {
        self.throttled = Some(moment);
    }
}
