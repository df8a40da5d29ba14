//! The end of the heap: `sysmalloc`, which makes it grow, and `systrim`, which gives it back.
//!
//! glibc 2.36, malloc/malloc.c. Sizes are computed with the wrapping arithmetic of C, signed where C's is: with absurd
//! settings the real allocator's results depend on it.

use crate::arena::Segment;
use crate::call::Call;
use crate::chunk::{ALIGNMENT, Chunk, HEADER, MIN_SIZE, WORD};
use crate::free::Merged;
use crate::rules::{BreakFallback, Thp};
use highwater_allocator::{Address, Bytes, Considered, Decision, Refusal};

/// `MMAP_AS_MORECORE_SIZE`: the least that is mapped where the program break cannot be moved.
const MMAP_AS_MORECORE: Bytes = Bytes::mib(1);

impl Call<'_> {
    /// Gets a chunk of `size` from the system: a mapping of its own, or a larger heap.
    pub(crate) fn sysmalloc(&mut self, size: Bytes) -> Option<Chunk> {
        let maps = size >= self.shared.params.mmap_threshold
            && (self.chunks.mapped() as i64) < i64::from(self.shared.params.mmap_max);
        if maps && let Some(chunk) = self.sysmalloc_mmap(size) {
            return Some(chunk);
        }
        if self.arena.is_main() {
            self.grow(size);
        } else if let Some(chunk) = self.grow_heaps(size, maps) {
            return Some(chunk);
        }
        self.take_top(size)
    }

    /// Moves the program break so that a chunk of `size` fits, or maps memory elsewhere where that fails.
    fn grow(&mut self, size: Bytes) {
        let page = self.kernel.page_size();
        let old_top = self.arena.top;
        let old_size = self.top_size();
        let mut wanted = size
            .0
            .wrapping_add(self.shared.params.top_pad.0)
            .wrapping_add(MIN_SIZE.0);
        if self.arena.contiguous {
            wanted = wanted.wrapping_sub(old_size.0);
        }
        // The break as the library knows it (`__curbrk`), which malloc_trim before the first block asks for as well; from 2.43
        // on the break itself.
        let known = match self.shared.knows_break || self.shared.rules.thp != Thp::Break {
            true => self.kernel.brk().0,
            false => 0,
        };
        let wanted = match self.break_unit() {
            unit if unit == page => Bytes(wanted).align_up(page).0,
            unit => Bytes(known.wrapping_add(wanted))
                .align_up(unit)
                .0
                .wrapping_sub(known),
        };
        let broken = (wanted as i64 > 0)
            .then(|| self.more_core(wanted as i64))
            .flatten();
        let (start, length, mapped) = match broken {
            Some(start) => {
                self.madvise_thp(start, Bytes(wanted));
                (start, wanted, false)
            }
            None => match self.map_instead(wanted, size, old_size) {
                Some((start, length)) => (start, length, true),
                None => return,
            },
        };
        let extends = !old_top.is_none() && start == self.chunks.end(old_top) && !mapped;
        if extends {
            self.chunks.set_size(old_top, old_size + Bytes(length));
        } else {
            self.new_top(start, length, mapped, old_size);
        }
        let top_size = self.top_size();
        self.end_last_segment();
        self.shared.log.record(Decision::HeapGrown {
            arena: 0,
            bytes: Bytes(length),
            top_size,
        });
    }

    /// The last segment ends where the top does.
    fn end_last_segment(&mut self) {
        if let Some(segment) = self.arena.segments.last_mut() {
            segment.end = self.chunks.end(self.arena.top);
        }
    }

    /// `MORECORE`: sbrk, unless huge pages were asked for, which the program break cannot have.
    fn more_core(&mut self, delta: i64) -> Option<Address> {
        if self.shared.params.huge_page.is_some() {
            return None;
        }
        self.shared.knows_break = true;
        self.kernel.sbrk(delta).ok()
    }

    /// Maps memory where the program break cannot be moved (`sysmalloc_mmap_fallback`).
    fn map_instead(&mut self, wanted: u64, size: Bytes, old_size: Bytes) -> Option<(Address, u64)> {
        let page = self.kernel.page_size();
        let fallback = self.shared.rules.break_fallback;
        let (unit, least) = match fallback {
            BreakFallback::Exchanged => (MMAP_AS_MORECORE, page),
            BreakFallback::Pages | BreakFallback::Request => (page, MMAP_AS_MORECORE),
        };
        let mut length = Bytes(wanted);
        if fallback == BreakFallback::Request {
            let needed = size.0.wrapping_add(self.shared.params.top_pad.0);
            length = Bytes(needed.wrapping_add(MIN_SIZE.0)).align_up(unit);
        } else if self.arena.contiguous {
            length = Bytes(wanted.wrapping_add(old_size.0)).align_up(unit);
        }
        let length = length.max(least).0;
        if length <= size.0 && fallback != BreakFallback::Request {
            return None;
        }
        let start = self.kernel.mmap(Bytes(length)).ok()?;
        self.madvise_thp(start, Bytes(length));
        self.arena.contiguous = false;
        Some((start, length))
    }

    /// Begins a new top at `start`, the first or one that does not follow the old, which is fenced off and freed.
    fn new_top(&mut self, start: Address, length: u64, mapped: bool, old_size: Bytes) {
        let page = self.kernel.page_size();
        let old_top = self.arena.top;
        let mut begin = start;
        let mut correction = 0;
        let mut end = start + Bytes(length);
        if self.arena.contiguous {
            let misaligned = begin.offset_in(ALIGNMENT);
            if misaligned > Bytes::ZERO {
                correction = ALIGNMENT.0 - misaligned.0;
                begin = begin + Bytes(correction);
            }
            correction += old_size.0;
            let stop = start.0 + length + correction;
            correction += Bytes(stop).align_up(page).0 - stop;
            // Refused, the heap ends where the first growth ended.
            if let Some(second) = self.more_core(correction as i64) {
                end = second + Bytes(correction);
            }
        } else if !mapped && let Some(now) = self.more_core(0) {
            end = now;
        }
        self.arena.top = self.chunks.add(self.kernel, begin, end - begin, true);
        if old_size > Bytes::ZERO {
            self.fence(old_top, old_size);
        }
        self.arena.segments.push(Segment { start: begin, end });
        // Freeing the old top may trim the new one.
        if self.chunks.size(old_top) >= MIN_SIZE {
            self.int_free(old_top);
        }
    }

    /// Ends the old top, whose rest is freed then, with two chunks too small to use (the fenceposts).
    ///
    /// A free chunk is merged with the chunk above it if the one above that has the flag that its predecessor is free. At
    /// the end of a stretch of memory that is not the last one, the header after the old top would lie in memory that the
    /// allocator does not own. The first fencepost is the chunk above, the second one holds the flag which says that the
    /// first is in use: so merging stops there for good, and the walk over the heap ends. The room for both was set aside
    /// from the start: a top is never smaller than a minimal chunk.
    fn fence(&mut self, old_top: Chunk, old_size: Bytes) {
        let rest = (old_size - HEADER * 2).align_down(ALIGNMENT);
        let end = self.chunks.start(old_top) + rest;
        let fence = self.chunks.fence(self.kernel, old_top, rest);
        self.chunks.set_size(fence, HEADER);
        self.kernel.touch_word(end + HEADER + WORD);
        if let Some(segment) = self.arena.segments.last_mut() {
            segment.end = end;
        }
    }

    /// Gives the end of the top back, all but `pad` and the smallest chunk. Returns whether any went.
    ///
    /// The smallest chunk stays because a top always exists: its header bounds the last chunk, and the next growth may have
    /// to put fenceposts into it. Only whole pages go. If somebody else has moved the program break since, the end of the
    /// top is not the break, and lowering it would take away memory that is not the allocator's.
    pub(crate) fn systrim(
        &mut self,
        pad: Bytes,
        considered: Considered,
        merged: Option<Merged>,
    ) -> bool {
        let page = self.break_unit();
        let top = self.arena.top;
        let top_size = self.top_size();
        // Unsigned in C, and so here: with a top of exactly the smallest size this wraps around, and the real
        // allocator then asks for a page instead of giving one back.
        let area = top_size.0.wrapping_sub(MIN_SIZE.0).wrapping_sub(1);
        let extra = Bytes(area.wrapping_sub(pad.0)).align_down(page).0;
        if area <= pad.0 || extra == 0 {
            self.refuse_trim(considered, merged, Refusal::LessThanAPage);
            return false;
        }
        let brk = self.more_core(0);
        if top.is_none() || brk != Some(self.chunks.end(top)) {
            self.refuse_trim(considered, merged, Refusal::ForeignBreak);
            return false;
        }
        // A refusal of the kernel changes nothing and is seen by the break not moving.
        let moved = self.more_core((extra as i64).wrapping_neg()).is_some();
        if !moved {
            return false;
        }
        let left = Bytes(top_size.0.wrapping_sub(extra));
        self.chunks.set_size(top, left);
        self.end_last_segment();
        self.shared.log.record(if left > top_size {
            Decision::HeapGrown {
                arena: 0,
                bytes: left - top_size,
                top_size: left,
            }
        } else {
            Decision::Trimmed {
                arena: 0,
                considered,
                bytes: Bytes(extra),
                top_size: left,
            }
        });
        true
    }
}
