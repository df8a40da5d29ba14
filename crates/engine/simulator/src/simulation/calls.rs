//! What each call of the program does to its process.

use super::{Held, NEVER, Simulation};
use highwater_allocator::{Address, Allocator, Bytes};
use highwater_workload::{BlockId, Call, Event};

impl Simulation {
    #[inline]
    pub(super) fn perform(&mut self, event: &Event, index: u32) {
        let (kernel, thread) = (&mut self.kernel, event.thread);
        match event.call {
            Call::Malloc { block, size } => {
                let address = self.model.malloc_in(event.domain, kernel, thread, size);
                self.allocated(block, address, size, index);
            }
            Call::Free { block } => {
                let held = self.blocks.get_mut(block.0 as usize);
                if let Some(held) = held.filter(|held| held.is_live()) {
                    held.freed = index;
                    self.live -= held.size;
                    self.model.free(kernel, thread, held.address);
                }
            }
            Call::Realloc { block, old, size } => self.realloc(event, block, old, size, index),
            Call::Calloc { block, count, size } => {
                let count = u64::from(count);
                let address = self
                    .model
                    .calloc_in(event.domain, kernel, thread, count, size);
                let bytes = Bytes(size.0.saturating_mul(count));
                self.allocated(block, address, bytes, index);
            }
            Call::Aligned {
                block,
                alignment,
                size,
            } => {
                let alignment = Bytes(alignment.into());
                let address = self.model.aligned(kernel, thread, alignment, size);
                self.allocated(block, address, size, index);
            }
            Call::Trim { pad } => {
                let before = kernel.rss();
                self.model.trim(kernel, thread, pad);
                self.trims += 1;
                self.trimmed += before.saturating_sub(kernel.rss());
            }
            Call::ThreadExit => self.model.thread_exit(kernel, thread),
            Call::Mark(_) => {}
            Call::Mallopt { option, value } => {
                self.model.mallopt(kernel, thread, option, value);
            }
            Call::Forked => self.model.forked(thread),
            Call::Touched(id) => self.touched_up_to(id),
        }
    }

    fn realloc(
        &mut self,
        event: &Event,
        block: BlockId,
        old: Option<BlockId>,
        size: Bytes,
        index: u32,
    ) {
        let before = old
            .and_then(|old| Some((old, *self.blocks.get(old.0 as usize)?)))
            .filter(|(_, held)| held.is_live());
        let address = before.map(|(_, held)| held.address);
        let (kernel, thread) = (&mut self.kernel, event.thread);
        let new = self.model.realloc(kernel, thread, address, size);
        let kept = before.map_or(Bytes::ZERO, |(_, held)| held.size);
        let frees = new.is_some() || size == Bytes::ZERO;
        if let Some((old, _)) = before
            && frees
        {
            self.freed(old, index);
        }
        if new.is_none() && before.is_some() && size == Bytes::ZERO {
            return;
        }
        self.allocated_beyond(block, new, size, kept, index);
    }

    #[inline]
    fn allocated(&mut self, block: BlockId, address: Option<Address>, size: Bytes, index: u32) {
        self.allocated_beyond(block, address, size, Bytes::ZERO, index);
    }

    /// The program got a block and writes it, all but the `kept` bytes that it had before.
    #[inline]
    fn allocated_beyond(
        &mut self,
        block: BlockId,
        address: Option<Address>,
        size: Bytes,
        kept: Bytes,
        index: u32,
    ) {
        let Some(address) = address else {
            self.failed += 1;
            return;
        };
        // A block beyond those that the workload says it has is nobody's.
        let Some(held) = self.blocks.get_mut(block.0 as usize) else {
            self.failed += 1;
            return;
        };
        self.allocations += 1;
        *held = Held {
            address,
            size,
            allocated: index,
            freed: NEVER,
        };
        self.live += size;
        self.peak_live = self.peak_live.max(self.live);
        if block.0 >= self.touched.due() && self.touch_as_recorded(block, address, size) {
            return;
        }
        if self.feed.part().header.touch && size > kept {
            self.kernel.touch(address + kept, size - kept);
        }
    }

    #[inline]
    fn freed(&mut self, block: BlockId, index: u32) {
        if let Some(held) = self.blocks.get_mut(block.0 as usize) {
            held.freed = index;
            self.live -= held.size;
        }
    }
}
