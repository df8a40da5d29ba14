//! The pages of a block that the program touched, where the trace says so.
//!
//! A trace says at a few moments what was touched up to there. When each page was touched is not known: a page counts from the
//! block's allocation, or from the first call behind the moment at which the trace said last that it was not touched.

use crate::{BlockId, Bytes, Touched, TouchedId, Workload};
use highwater_allocator::places_by_key;
use std::sync::Arc;

/// The blocks of which a trace says what was touched, on the way through it.
#[derive(Clone, Debug)]
pub struct TouchedBlocks {
    /// The trace, if it says anything.
    trace: Option<Arc<Workload>>,
    /// For each time it does the number of the allocating call and the place in the trace's list, in order.
    sorted: Arc<[(u32, u32)]>,
    /// The first one of a block that was not allocated yet.
    next: usize,
    due: u64,
}

impl TouchedBlocks {
    /// Those of a trace.
    pub fn of(workload: &Arc<Workload>) -> Self {
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

    /// The number of the allocating call from which on a block is to be looked up by [`Self::first`].
    #[inline]
    pub fn due(&self) -> u64 {
        self.due
    }

    fn pass_to(&mut self, next: usize) {
        self.next = next;
        let next = self.sorted.get(next);
        self.due = next.map_or(u64::MAX, |(allocation, _)| (*allocation).into());
    }

    /// What was touched first of the block that this allocating call returns; `None` where the trace does not say. Calls are asked
    /// about in their order.
    pub fn first(&mut self, allocation: u64) -> Option<TouchedId> {
        let left = self.sorted.get(self.next..).unwrap_or_default();
        let begin = self.next + left.partition_point(|(other, _)| u64::from(*other) < allocation);
        let end = self.next + left.partition_point(|(other, _)| u64::from(*other) <= allocation);
        let first = (begin < end).then(|| TouchedId(self.sorted[begin].1));
        self.pass_to(end);
        first
    }

    /// What the trace says next of the same block.
    pub fn after(&self, id: TouchedId) -> Option<TouchedId> {
        let allocation = self.touched(id)?.allocation;
        let at = self
            .sorted
            .partition_point(|entry| *entry <= (allocation, id.0));
        let (next, place) = self.sorted.get(at)?;
        (*next == allocation).then_some(TouchedId(*place))
    }

    fn touched(&self, id: TouchedId) -> Option<&Touched> {
        self.trace.as_ref()?.touched.get(id.0 as usize)
    }

    /// The block that the trace says something of.
    pub fn block(&self, id: TouchedId) -> Option<BlockId> {
        self.touched(id).map(|touched| touched.block)
    }

    /// The touched bytes of a block of this size: for each run where it begins, counted from the block, and its length.
    pub fn runs(&self, id: TouchedId, size: Bytes) -> impl Iterator<Item = (Bytes, Bytes)> {
        let page = self.trace.as_ref().map_or(0, |trace| trace.header.page.0);
        let touched = self.touched(id);
        // Of the first page the part before the block is not the block's.
        let before = touched.map_or(0, |touched| {
            touched.recorded.0.checked_rem(page).unwrap_or(0)
        });
        let byte = move |number: u64| {
            number
                .saturating_mul(page)
                .saturating_sub(before)
                .min(size.0)
        };
        let mut at = 0_u64;
        let runs = touched.map_or(&[][..], |touched| &touched.runs).iter();
        runs.filter_map(move |run| {
            let begin = at.saturating_add(run.skipped);
            at = begin.saturating_add(run.pages);
            let (begin, end) = (byte(begin), byte(at));
            (begin < end).then(|| (Bytes(begin), Bytes(end - begin)))
        })
    }
}
