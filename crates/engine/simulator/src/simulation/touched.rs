//! The pages of a block that the program touched, where the trace says so.
//!
//! A trace says at a few moments what was touched up to there. When each page was touched is not known: a page counts from the
//! moment before, which is the block's allocation or what was said of it last.

use highwater_allocator::{Address, Bytes, Kernel};
use highwater_workload::{BlockId, Touched, TouchedId, Workload};
use std::sync::Arc;

/// The blocks of which the trace says what was touched.
#[derive(Clone)]
pub(super) struct TouchedBlocks {
    /// The trace, if it says anything.
    trace: Option<Arc<Workload>>,
    /// For each time it does the block and the place in the trace's list, by block and place.
    sorted: Arc<[(BlockId, u32)]>,
    /// The first one of a block that was not allocated yet.
    next: usize,
    due: u32,
}

impl TouchedBlocks {
    pub(super) fn of(workload: &Arc<Workload>) -> Self {
        let places = workload.touched.iter().zip(0..);
        let mut sorted: Vec<_> = places
            .map(|(touched, place)| (touched.block, place))
            .collect();
        sorted.sort_unstable();
        let mut blocks = Self {
            trace: (!sorted.is_empty()).then(|| Arc::clone(workload)),
            sorted: sorted.into(),
            next: 0,
            due: 0,
        };
        blocks.pass_to(0);
        blocks
    }

    /// The lowest number of a block that is to be looked up when it is allocated. Blocks are numbered as they are allocated.
    #[inline]
    pub(super) fn due(&self) -> u32 {
        self.due
    }

    fn pass_to(&mut self, next: usize) {
        self.next = next;
        self.due = self.sorted.get(next).map_or(u32::MAX, |(block, _)| block.0);
    }

    /// The first place of a block that is allocated now.
    fn first(&mut self, block: BlockId) -> Option<u32> {
        let left = self.sorted.get(self.next..).unwrap_or_default();
        let begin = self.next + left.partition_point(|(other, _)| *other < block);
        let end = self.next + left.partition_point(|(other, _)| *other <= block);
        let first = (begin < end).then(|| self.sorted[begin].1);
        self.pass_to(end);
        first
    }

    /// The place of the same block after this one.
    fn after(&self, block: BlockId, place: u32) -> Option<u32> {
        let at = self
            .sorted
            .partition_point(|entry| *entry <= (block, place));
        let (next, place) = self.sorted.get(at)?;
        (*next == block).then_some(*place)
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
        block: BlockId,
        address: Address,
        size: Bytes,
    ) -> bool {
        let Some(place) = self.first(block) else {
            return false;
        };
        self.touch(kernel, place, address, size);
        true
    }

    /// The trace has said what was touched up to here of a block: what it says next was touched from here on.
    #[cold]
    pub(super) fn go_on(&self, kernel: &mut Kernel, id: TouchedId, address: Address, size: Bytes) {
        let next = self.block(id).and_then(|block| self.after(block, id.0));
        if let Some(place) = next {
            self.touch(kernel, place, address, size);
        }
    }

    fn touch(&self, kernel: &mut Kernel, place: u32, address: Address, size: Bytes) {
        let (Some(trace), Some(touched)) = (&self.trace, self.touched(place)) else {
            return;
        };
        let page = trace.header.page.0;
        let recorded = trace.recorded.get(touched.block.0 as usize);
        // Of the first page the part before the block is not the block's.
        let before = recorded.map_or(0, |recorded| recorded.0 % page);
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
