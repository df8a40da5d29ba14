//! Calls that failed when they were recorded.

use super::Program;
use crate::model::Serve;
use highwater_allocator::{Bytes, Kernel};
use highwater_workload::{Call, Event};

impl Program {
    /// Runs a call that failed when it was recorded: the system gives nothing while it runs. The program went on without the
    /// block, so one that this allocator had at hand goes back at once.
    #[cold]
    pub(super) fn refused<A: Serve>(&mut self, model: &mut A, kernel: &mut Kernel, event: &Event) {
        let thread = event.thread;
        kernel.refuse(true);
        let made = match event.call {
            Call::Malloc { size, .. } => model.malloc_in(event.domain, kernel, thread, size),
            Call::Calloc { count, size, .. } => {
                model.calloc_in(event.domain, kernel, thread, count.into(), size)
            }
            Call::Aligned {
                alignment, size, ..
            } => model.aligned(kernel, thread, Bytes(alignment.into()), size),
            Call::Realloc { old, size, .. } => {
                let held = old.and_then(|old| Some((old, self.live_block(old)?.address)));
                let address = held.map(|(_, address)| address);
                let new = model.realloc(kernel, thread, address, size);
                match (held, new) {
                    // The program has the block that it had, wherever it lies now.
                    (Some((old, _)), Some(new)) => {
                        self.blocks[old.0 as usize].address = new;
                        None
                    }
                    _ => new,
                }
            }
            _ => None,
        };
        if let Some(address) = made {
            model.free(kernel, thread, address);
        }
        kernel.refuse(false);
        self.asked += 1;
        self.failed += 1;
    }
}
