//! The heaps that the arenas of threads are made of: stretches of address space, set aside whole and used from the bottom.
//!
//! glibc 2.36, malloc/arena.c: `alloc_new_heap`, `new_heap`, `grow_heap`, `shrink_heap`, `heap_trim`; malloc/malloc.c,
//! `sysmalloc`.

use crate::arena::{Call, Shared};
use crate::chunk::{ALIGNMENT, Chunk, HEADER, MIN_SIZE, NON_MAIN_ARENA, PREV_INUSE};
use crate::free::Merged;
use highwater_allocator::{Address, Bytes, Considered, Decision, Kernel, Refusal};

/// `HEAP_MIN_SIZE`
const HEAP_MIN: Bytes = Bytes::kib(32);
/// `HEAP_MAX_SIZE`
const HEAP_MAX: Bytes = Bytes::mib(64);

/// One heap. Its header, at `base`, holds the number of its arena where the real one has the arena's address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    /// Where it begins: a multiple of its span.
    pub(crate) base: Address,
    /// Bytes in use of its span.
    pub(crate) size: Bytes,
    /// Bytes that ever were in use, and may so hold something (`mprotect_size`).
    pub(crate) protected: Bytes,
    /// The first chunk: behind the header, and in an arena's first heap behind the arena.
    pub(crate) first: Chunk,
    /// One past the last chunk: the fence where the arena went on elsewhere, or the end of the top.
    pub(crate) end: Address,
}

impl Shared {
    /// Address space set aside for each heap (`heap_max_size`).
    pub(crate) fn heap_span(&self) -> Bytes {
        match self.params.huge_page {
            Some(page) if self.rules.heap_of_huge_pages => page * 4,
            _ => HEAP_MAX,
        }
    }
}

/// Where the heap of a chunk of a thread's arena begins (`heap_for_ptr`).
#[inline]
pub(crate) fn base_of(chunk: Chunk, span: Bytes) -> Address {
    chunk.0.align_down(span)
}

/// Sets address space aside for a heap and opens enough of it for `size` bytes and, if there is room, `pad` more.
pub(crate) fn open(
    kernel: &mut Kernel,
    shared: &mut Shared,
    size: Bytes,
) -> Option<(Address, Bytes)> {
    let span = shared.heap_span();
    let padded = Bytes(size.0.wrapping_add(shared.params.top_pad.0));
    let least = shared.params.huge_page.unwrap_or(HEAP_MIN);
    let length = if padded < least {
        least
    } else if padded <= span {
        padded
    } else if size > span {
        return None;
    } else {
        span
    };
    let length = length.align_up(kernel.page_size());
    if shared.params.huge_page.is_some() {
        // Huge pages are tried first. There are none, but the attempt uses up the place.
        shared.next_area = None;
    }
    let base = reserve(kernel, &mut shared.next_area, span)?;
    kernel.mprotect();
    Some((base, length))
}

/// Finds an aligned place for a heap.
fn reserve(kernel: &mut Kernel, next_area: &mut Option<Address>, span: Bytes) -> Option<Address> {
    if let Some(area) = next_area.take()
        && let Ok(start) = kernel.mmap_near(area, span)
    {
        if start.offset_in(span) == Bytes::ZERO {
            return Some(start);
        }
        kernel.munmap(start, span);
    }
    if let Ok(start) = kernel.mmap(span * 2) {
        let base = start.align_up(span);
        let lead = base - start;
        if lead > Bytes::ZERO {
            kernel.munmap(start, lead);
        } else {
            *next_area = Some(base + span);
        }
        kernel.munmap(base + span, span - lead);
        return Some(base);
    }
    let start = kernel.mmap(span).ok()?;
    if start.offset_in(span) > Bytes::ZERO {
        kernel.munmap(start, span);
        return None;
    }
    Some(start)
}

impl Call<'_> {
    /// Makes room for a chunk of `size` in the arena of a thread: in its heap, in another one, or, where neither can be,
    /// with a mapping of the chunk's own, which is then returned.
    pub(crate) fn grow_heaps(&mut self, size: Bytes, tried_mapping: bool) -> Option<Chunk> {
        let old_top = self.arena.top;
        let old_size = old_top.size(self.kernel);
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
        let page = self.kernel.page_size();
        let arena = self.arena.number;
        let top = self.arena.top;
        let Some(heap) = self.arena.heaps.last_mut() else {
            return false;
        };
        let more = short.align_up(page);
        let size = heap.size + more;
        if size > span {
            return false;
        }
        if size > heap.protected {
            self.kernel.mprotect();
            heap.protected = size;
        }
        heap.size = size;
        heap.end = heap.base + size;
        let top_size = heap.end - top.0;
        top.set_head(self.kernel, top_size, PREV_INUSE);
        self.shared.log.record(Decision::HeapGrown {
            arena,
            bytes: more,
            top_size,
        });
        true
    }

    /// Makes a fresh heap the arena's last, its memory the arena's top.
    fn append_heap(&mut self, base: Address, length: Bytes) {
        let first = Chunk(base + self.shared.rules.heap_info);
        self.kernel.write(base, self.arena.number.into());
        self.arena.heaps.push(Heap {
            base,
            size: length,
            protected: length,
            first,
            end: base + length,
        });
        self.arena.top = first;
        first.set_head(
            self.kernel,
            length - self.shared.rules.heap_info,
            PREV_INUSE,
        );
        self.shared.log.record(Decision::HeapCreated {
            arena: self.arena.number,
            base,
            bytes: length,
        });
    }

    /// Ends the old top, in the heap before the last, with a fence, and frees the rest.
    fn fence_heap(&mut self, old_top: Chunk, old_size: Bytes) {
        let rest = (old_size - MIN_SIZE).align_down(ALIGNMENT);
        let fence = old_top.at(rest);
        fence
            .at(HEADER)
            .set_head(self.kernel, Bytes::ZERO, PREV_INUSE);
        let before = self.arena.heaps.len() - 2;
        if rest >= MIN_SIZE {
            fence.set_head(self.kernel, HEADER, PREV_INUSE);
            fence.set_foot(self.kernel, HEADER);
            self.arena.heaps[before].end = fence.0;
            old_top.set_head(self.kernel, rest, PREV_INUSE | NON_MAIN_ARENA);
            self.int_free(old_top);
        } else {
            self.arena.heaps[before].end = old_top.0;
            old_top.set_head(self.kernel, rest + HEADER, PREV_INUSE);
            old_top.set_foot(self.kernel, rest + HEADER);
        }
    }

    /// Unmaps heaps that have become empty, and gives back the end of the last one's top.
    pub(crate) fn heap_trim(&mut self, merged: Merged) {
        let merged = Some(merged);
        while self.arena.heaps.len() > 1 && self.delete_last_heap() {}
        let page = self.kernel.page_size();
        let pad = self.shared.params.top_pad;
        let top = self.arena.top;
        let top_size = top.size(self.kernel);
        let threshold = self.shared.params.trim_threshold;
        if top_size < threshold {
            return self.refuse_trim(
                Considered::LargeMerge,
                merged,
                Refusal::BelowThreshold { threshold },
            );
        }
        let area = (top_size.0 as i64) - (MIN_SIZE.0 as i64) - 1;
        let extra = Bytes((area as u64).wrapping_sub(pad.0)).align_down(page);
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
        top.set_head(self.kernel, left, PREV_INUSE);
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
        if self.arena.top != Chunk(last.base + self.shared.rules.heap_info) {
            return false;
        }
        let span = self.shared.heap_span();
        let fence = Chunk(previous.base + previous.size - HEADER);
        let mut chunk = Chunk(fence.0 - fence.prev_size(self.kernel));
        let (size, prev_inuse) = chunk.size_and_prev_inuse(self.kernel);
        let mut whole = size + HEADER;
        let below = chunk.prev_size(self.kernel);
        if !prev_inuse {
            whole += below;
        }
        let room = whole + (span - previous.size);
        let page = self.kernel.page_size();
        let needed = Bytes(
            self.shared
                .params
                .top_pad
                .0
                .wrapping_add(MIN_SIZE.0 + page.0),
        );
        if room < needed {
            return false;
        }
        if self.shared.next_area == Some(last.base + span) {
            self.shared.next_area = None;
        }
        self.kernel.munmap(last.base, span);
        self.arena.heaps.pop();
        if !prev_inuse {
            chunk = Chunk(chunk.0 - below);
            self.arena.bins.unlink(self.kernel, chunk, below);
        }
        self.arena.top = chunk;
        chunk.set_head(self.kernel, whole, PREV_INUSE);
        if let Some(heap) = self.arena.heaps.last_mut() {
            heap.end = heap.base + heap.size;
        }
        self.shared.log.record(Decision::HeapDeleted {
            arena: self.arena.number,
            base: last.base,
            bytes: last.size,
        });
        true
    }
}
