//! What the events of a workload are, counted.

use crate::{Call, Micros, Workload};

/// What a workload holds, in figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Calls of the allocator.
    pub calls: u64,
    /// Those that allocate.
    pub blocks: u64,
    /// Marks.
    pub marks: u64,
    /// When the last event was.
    pub lasts: Micros,
    /// The sizes that were asked for: bit N for one of 2^N to below 2^(N + 1) bytes, with the 8 bytes that glibc adds at least.
    pub sizes: u64,
}

impl Counts {
    /// Adds the events of a part.
    pub(crate) fn add(&mut self, part: &Workload) {
        /// What glibc adds to a request, at least.
        const HEADER: u64 = 8;
        for event in &part.events {
            self.calls += u64::from(event.call.is_call());
            let size = match event.call {
                Call::Malloc { size, .. }
                | Call::Aligned { size, .. }
                | Call::Realloc { size, .. } => size.0,
                Call::Calloc { count, size, .. } => size.0.saturating_mul(count.into()),
                _ => continue,
            };
            self.blocks += 1;
            self.sizes |= 1 << size.saturating_add(HEADER).max(1).ilog2();
        }
        self.marks += part.marks.len() as u64;
        self.lasts = part.events.last().map_or(self.lasts, |event| event.time);
    }
}
