//! The stacks of thread caches in the first arena's base, from which they come where the allocator's own structures lie in huge
//! pages, and to which they go back.
//!
//! jemalloc 5.3.1, src/base.c: `b0_alloc_tcache_stack`, `b0_dalloc_tcache_stack`, `base_alloc_base_edata`.

use crate::base::{Base, Rest};
use crate::edata::EDATA_BYTES;
use crate::size_classes::{QUANTUM, Request, Szind};
use highwater_allocator::{Address, Bytes, Kernel};

/// What is before a stack: the address of its structure.
const HEADER: Bytes = QUANTUM;
const HEADER_WRITTEN: Bytes = Bytes(8);

impl Base {
    /// Allocates a thread cache's stacks of that many bytes, whose structure has the given alignment
    /// (`b0_alloc_tcache_stack`). `classes` says whether large sizes are rounded up to classes. `None` where there is no memory.
    pub(crate) fn alloc_stack(
        &mut self,
        kernel: &mut Kernel,
        bytes: Bytes,
        edata_alignment: Bytes,
        classes: bool,
    ) -> Option<Address> {
        let size = Request::of(bytes + HEADER, classes)?.usable;
        let edata = match self.unused.first() {
            Some(_) => self.unused.remove(0),
            None => {
                let (edata, _) = self.alloc(kernel, EDATA_BYTES, edata_alignment)?;
                kernel.touch(edata, EDATA_BYTES);
                edata
            }
        };
        let Some((start, serial)) = self.alloc(kernel, size, QUANTUM) else {
            self.keep_structure(edata);
            return None;
        };
        kernel.touch(start, HEADER_WRITTEN);
        self.stacks.push(Rest {
            class: Szind::NONE,
            serial,
            start,
            size,
            edata,
            is_reused: true,
        });
        Some(start + HEADER)
    }

    /// Takes a thread cache's stacks back and clears them (`b0_dalloc_tcache_stack`).
    pub(crate) fn dalloc_stack(&mut self, kernel: &mut Kernel, stack: Address) {
        let of = |one: &Rest| one.start + HEADER == stack;
        if let Some(place) = self.stacks.iter().position(of) {
            let range = self.stacks.swap_remove(place);
            kernel.touch(range.start, range.size);
            self.keep(range);
        }
    }
}
