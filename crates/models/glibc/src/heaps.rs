//! What becomes of the heaps of an arena: the last one grows, another begins, and those at the end go.
//!
//! glibc 2.36, malloc/arena.c: `grow_heap`, `shrink_heap`, `heap_trim`; malloc/malloc.c, `sysmalloc`.

use crate::call::Call;
use crate::chunk::{ALIGNMENT, Chunk, HEADER, MIN_SIZE};
use crate::free::Merged;
use crate::heap::{Heap, open};
use crate::rules::Thp;
use crate::shared::Shared;
use crate::thp::madvise_thp;
use highwater_allocator::{Address, Bytes, Considered, Decision, Refusal};

impl Call<'_> {
    /// Makes room for a chunk of `size` in the arena of a thread: in its heap, in another one, or, where neither can be,
    /// with a mapping of the chunk's own, which is then returned.
    pub(crate) fn grow_heaps(&mut self, size: Bytes, tried_mapping: bool) -> Option<Chunk> {
        let old_top = self.arena.top;
        let old_size = self.top_size();
        let short = (MIN_SIZE + size).0.wrapping_sub(old_size.0);
        if (short as i64 > 0) && self.grow_heap(Bytes(short)) {
            return None;
        }
        let header = self.shared.rules.heap_info;
        let length = Bytes((size + MIN_SIZE + header).0);
        let opened = open(self.kernel, self.shared, length);
        if let Some((base, length)) = opened {
            self.append_heap(base, length);
            self.fence_heap(old_top, old_size);
            return None;
        }
        if tried_mapping {
            return None;
        }
        self.sysmalloc_mmap(size)
    }

    /// `grow_heap`
    fn grow_heap(&mut self, short: Bytes) -> bool {
        let span = self.shared.heap_span();
        let unit = self.heap_unit();
        let arena = self.arena.number;
        let top = self.arena.top;
        let Some(heap) = self.arena.heaps.last_mut() else {
            return false;
        };
        let more = short.align_up(unit);
        let size = heap.size + more;
        if size > span {
            return false;
        }
        if size > heap.protected {
            let from = heap.base + heap.protected;
            self.kernel.mprotect(from, size - heap.protected);
            heap.protected = size;
        }
        heap.size = size;
        heap.end = heap.base + size;
        if self.shared.rules.thp == Thp::Heaps {
            let Shared { params, rules, .. } = &*self.shared;
            madvise_thp(self.kernel, params, rules, heap.base, size);
        }
        let top_size = heap.end - self.chunks.start(top);
        self.chunks.set_size(top, top_size);
        self.shared.log.record(Decision::HeapGrown {
            arena,
            bytes: more,
            top_size,
        });
        true
    }

    /// Makes a fresh heap the arena's last, its memory the arena's top.
    fn append_heap(&mut self, base: Address, length: Bytes) {
        let header = self.shared.rules.heap_info;
        let arena = self.arena.number;
        self.shared.arena_of_heap.insert(base.0, arena.into());
        self.kernel.touch_word(base);
        let first = base + header;
        self.arena.heaps.push(Heap::new(base, length, first));
        self.arena.top = self.chunks.add(self.kernel, first, length - header, false);
        self.shared.log.record(Decision::HeapCreated {
            arena,
            base,
            bytes: length,
        });
    }

    /// Ends the old top, in the heap before the last, with a fence, and frees the rest.
    ///
    /// The fence is a chunk of a header's size and a second header of no size, which is the chunk above it and says that it
    /// is in use. Where the rest is too small for a chunk, it belongs to the fence.
    fn fence_heap(&mut self, old_top: Chunk, old_size: Bytes) {
        let rest = (old_size - MIN_SIZE).align_down(ALIGNMENT);
        let second = self.chunks.start(old_top) + rest + HEADER;
        let fence = if rest >= MIN_SIZE {
            self.chunks.fence(self.kernel, old_top, rest)
        } else {
            old_top
        };
        // `set_foot` of the fence and `set_head` of the second header.
        self.kernel.touch(second, HEADER);
        self.chunks
            .set_size(fence, second - self.chunks.start(fence));
        let before = self.arena.heaps.len() - 2;
        self.arena.heaps[before].end = self.chunks.start(fence);
        self.arena.heaps[before].fence = fence;
        if fence != old_top {
            self.int_free(old_top);
        }
    }

    /// Unmaps heaps that have become empty, and gives back the end of the last one's top.
    pub(crate) fn heap_trim(&mut self, merged: Merged) {
        let merged = Some(merged);
        while self.arena.heaps.len() > 1 && self.delete_last_heap() {}
        let unit = self.heap_unit();
        let pad = self.shared.params.top_pad;
        let top = self.arena.top;
        let top_size = self.top_size();
        let threshold = self.shared.params.trim_threshold;
        if top_size < threshold {
            return self.refuse_trim(
                Considered::LargeMerge,
                merged,
                Refusal::BelowThreshold { threshold },
            );
        }
        let area = (top_size.0 as i64) - (MIN_SIZE.0 as i64) - 1;
        let extra = Bytes((area as u64).wrapping_sub(pad.0)).align_down(unit);
        if area < 0 || area as u64 <= pad.0 || extra == Bytes::ZERO {
            return self.refuse_trim(Considered::LargeMerge, merged, Refusal::LessThanAPage);
        }
        let header = self.shared.rules.heap_info;
        let Some(heap) = self.arena.heaps.last_mut() else {
            return;
        };
        if heap.size < extra + header {
            return;
        }
        heap.size -= extra;
        heap.end = heap.base + heap.size;
        self.kernel.madvise_dontneed(heap.end, extra);
        let left = top_size - extra;
        self.chunks.set_size(top, left);
        self.shared.log.record(Decision::Trimmed {
            arena: self.arena.number,
            considered: Considered::LargeMerge,
            bytes: extra,
            top_size: left,
        });
    }

    /// Unmaps the last heap if the top fills it whole and the one before has room enough for a top.
    fn delete_last_heap(&mut self) -> bool {
        let [.., previous, last] = self.arena.heaps[..] else {
            return false;
        };
        if self.chunks.start(self.arena.top) != last.base + self.shared.rules.heap_info {
            return false;
        }
        let span = self.shared.heap_span();
        let fence = previous.fence;
        let below = self.chunks.below(fence);
        let mut whole = self.chunks.size(fence) + HEADER;
        if self.chunks.is_free(below) {
            whole += self.chunks.size(below);
        }
        let room = whole + (span - previous.size);
        let unit = self.heap_unit();
        let pad = self.shared.params.top_pad;
        if room < Bytes(pad.0.wrapping_add(MIN_SIZE.0 + unit.0)) {
            return false;
        }
        if self.shared.next_area == Some(last.base + span) {
            self.shared.next_area = None;
        }
        self.kernel.munmap(last.base, span);
        self.shared.arena_of_heap.remove(last.base.0);
        self.chunks.release(self.arena.top);
        self.arena.heaps.pop();
        self.arena.top = fence;
        if self.chunks.is_free(below) {
            self.arena.bins.unlink(self.chunks, below);
            self.chunks.join(below, fence);
            self.arena.top = below;
        }
        self.chunks.set_size(self.arena.top, whole);
        if let Some(heap) = self.arena.heaps.last_mut() {
            heap.end = heap.base + heap.size;
            heap.fence = Chunk::NONE;
        }
        self.shared.log.record(Decision::HeapDeleted {
            arena: self.arena.number,
            base: last.base,
            bytes: last.size,
        });
        true
    }
}
