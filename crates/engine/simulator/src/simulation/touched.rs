//! The pages of a block that the program touched, where the trace says so.
//!
//! A trace says at a few moments what was touched up to there. When each page was touched is not known: a page counts from the
//! block's allocation, or from the first call behind the moment at which the trace said last that it was not touched.

use highwater_allocator::{Address, Bytes, Kernel, places_by_key};
use highwater_workload::{BlockId, Touched, TouchedId, Workload};
use std::sync::Arc;

/// The blocks of which the trace says what was touched.
#[derive(Clone)]
pub(super) struct TouchedBlocks {
    /// The trace, if it says anything.
    trace: Option<Arc<Workload>>,
    /// For each time it does the number of the allocating call and the place in the trace's list, in order.
    sorted: Arc<[(u32, u32)]>,
    /// The first one of a block that was not allocated yet.
    next: usize,
    due: u64,
}

impl TouchedBlocks {
    pub(super) fn of(workload: &Arc<Workload>) -> Self {
        let touched = &workload.touched;
        let order = places_by_key(touched, |one| one.allocation.into());
        let sorted: Vec<_> = order
            .map(|place| (touched[place].allocation, place as u32))
            .collect();
        let mut blocks = Self {
            trace: (!sorted.is_empty()).then(|| Arc::clone(workload)),
            sorted: sorted.into(),
            next: 0,
            due: 0,
        };
        blocks.pass_to(0);
        blocks
    }

    /// The number of the allocating call from which on a block is to be looked up.
    #[inline]
    pub(super) fn due(&self) -> u64 {
        self.due
    }

    fn pass_to(&mut self, next: usize) {
        self.next = next;
        let next = self.sorted.get(next);
        self.due = next.map_or(u64::MAX, |(allocation, _)| (*allocation).into());
    }

    /// The first place of a block that is allocated now.
    fn first(&mut self, allocation: u64) -> Option<u32> {
        let left = self.sorted.get(self.next..).unwrap_or_default();
        let begin = self.next + left.partition_point(|(other, _)| u64::from(*other) < allocation);
        let end = self.next + left.partition_point(|(other, _)| u64::from(*other) <= allocation);
        let first = (begin < end).then(|| self.sorted[begin].1);
        self.pass_to(end);
        first
    }

    /// The next place of the same block.
    fn after(&self, place: u32) -> Option<u32> {
        let allocation = self.touched(place)?.allocation;
        let at = self
            .sorted
            .partition_point(|entry| *entry <= (allocation, place));
        let (next, place) = self.sorted.get(at)?;
        (*next == allocation).then_some(*place)
    }

    fn touched(&self, place: u32) -> Option<&Touched> {
        self.trace.as_ref()?.touched.get(place as usize)
    }

    /// The block that the trace says something of.
    pub(super) fn block(&self, id: TouchedId) -> Option<BlockId> {
        self.touched(id.0).map(|touched| touched.block)
    }

    /// Touches of a new block what the program touched of it first; `false` where the trace does not say.
    #[cold]
    pub(super) fn begin(
        &mut self,
        kernel: &mut Kernel,
        allocation: u64,
        address: Address,
        size: Bytes,
    ) -> bool {
        let Some(place) = self.first(allocation) else {
            return false;
        };
        self.touch(kernel, place, address, size);
        true
    }

    /// Touches what the trace says next of a block that it has said something of.
    #[cold]
    pub(super) fn go_on(&self, kernel: &mut Kernel, id: TouchedId, address: Address, size: Bytes) {
        if let Some(place) = self.after(id.0) {
            self.touch(kernel, place, address, size);
        }
    }

    /// Touches what the trace says at a place of its list.
    pub(super) fn touch(&self, kernel: &mut Kernel, place: u32, address: Address, size: Bytes) {
        let (Some(trace), Some(touched)) = (&self.trace, self.touched(place)) else {
            return;
        };
        let page = trace.header.page.0;
        // Of the first page the part before the block is not the block's.
        let before = touched.recorded.0 % page;
        let byte = |number: u64| {
            number
                .saturating_mul(page)
                .saturating_sub(before)
                .min(size.0)
        };
        let mut at = 0_u64;
        for run in &touched.runs {
            let begin = at.saturating_add(run.skipped);
            at = begin.saturating_add(run.pages);
            let (begin, end) = (byte(begin), byte(at));
            if begin < end {
                kernel.touch(address + Bytes(begin), Bytes(end - begin));
            }
        }
    }
}
