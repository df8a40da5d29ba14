//! The system calls of a process: the program break, mappings, and advice about pages.

use crate::config::MapError;
use crate::pages::words_of;
use crate::space::Kernel;
use highwater_units::{Address, Bytes};

/// Bytes of a huge page of x86-64 and of 64-bit Arm with pages of 4 KiB.
const HUGE_PAGE: u64 = 2 << 20;
/// All that one process may map, so that absurd requests cannot exhaust the simulator's own memory.
const MOST_MAPPED: u64 = 16 << 40;

impl Kernel {
    /// Moves the program break by `delta` bytes and returns where it was, as sbrk(3) does. A `delta` of 0 only asks, and
    /// is no system call.
    ///
    /// # Errors
    /// Where there is no room up to the lowest mapping, or more than the machine has; the break stays.
    pub fn sbrk(&mut self, delta: i64) -> Result<Address, MapError> {
        let old = self.brk;
        if delta == 0 {
            return Ok(Address(old));
        }
        self.counts.syscalls.brk += 1;
        let refused = Err(MapError::NoMemory(Bytes(delta.unsigned_abs())));
        let Some(new) = old.checked_add_signed(delta) else {
            return refused;
        };
        let ceiling = self.mappings.lowest().unwrap_or(self.config.mmap_top.0);
        let too_much = delta > 0 && !self.grants(delta as u64);
        if new < self.config.brk.0 || new > ceiling || too_much {
            return refused;
        }
        let (from, to) = (self.page_up(new), self.page_up(old));
        if from < to {
            self.drop_pages(from, to, false);
        }
        self.brk = new;
        self.highest_brk = self.highest_brk.max(new);
        Ok(Address(old))
    }

    /// Maps `length` bytes, rounded up to whole pages, at the highest place where they fit; whole huge pages aligned, if
    /// this kernel does that.
    ///
    /// # Errors
    /// Where they fit nowhere, or are more than the machine has.
    pub fn mmap(&mut self, length: Bytes) -> Result<Address, MapError> {
        self.counts.syscalls.mmap += 1;
        let refused = MapError::NoMemory(length);
        if length.0 == 0 || !self.grants(length.0) {
            return Err(refused);
        }
        let floor = self.page_up(self.brk);
        let bytes = self.page_up(length.0);
        let aligned = (self.config.huge_mappings_aligned && bytes.is_multiple_of(HUGE_PAGE))
            .then(|| self.mappings.place_aligned(bytes, HUGE_PAGE, floor));
        let start = aligned
            .flatten()
            .or_else(|| self.mappings.place(bytes, floor))
            .ok_or(refused)?;
        self.mapped += bytes;
        Ok(Address(start))
    }

    /// Maps `length` bytes, rounded up to whole pages, at `hint` where that range is free, else as [`Kernel::mmap`] does.
    /// `hint` is the start of a page.
    ///
    /// # Errors
    /// Where they fit nowhere, or are more than the machine has.
    pub fn mmap_near(&mut self, hint: Address, length: Bytes) -> Result<Address, MapError> {
        let bytes = self.page_up(length.0);
        let end = hint.0.checked_add(bytes);
        let fits = end.is_some_and(|end| {
            bytes > 0
                && self.grants(length.0)
                && hint.0 >= self.page_up(self.brk)
                && self.mappings.take(hint.0, end)
        });
        if !fits {
            return self.mmap(length);
        }
        self.counts.syscalls.mmap += 1;
        self.mapped += bytes;
        Ok(hint)
    }

    /// mprotect(2). What a page may be used for is not modelled: a page nobody writes is not resident, whether it may be
    /// written or not. So this only counts the call.
    pub fn mprotect(&mut self) {
        self.counts.syscalls.mprotect += 1;
    }

    /// Whether the process may have so many bytes more.
    fn grants(&self, bytes: u64) -> bool {
        let heap = self.brk - self.config.brk.0;
        bytes <= self.config.memory.0 && bytes <= MOST_MAPPED.saturating_sub(self.mapped + heap)
    }

    /// Unmaps `length` bytes, rounded up to whole pages; what was not mapped is left alone.
    pub fn munmap(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.munmap += 1;
        self.unmap(start.0, self.page_up(start.0 + length.0));
    }

    /// Grows or shrinks the mapping of `old` bytes at `start` to `new` bytes, moving it where it cannot grow in place.
    ///
    /// # Errors
    /// Where it fits nowhere; the mapping stays as it was.
    pub fn mremap(&mut self, start: Address, old: Bytes, new: Bytes) -> Result<Address, MapError> {
        self.counts.syscalls.mremap += 1;
        let (old, new) = (self.page_up(old.0), self.page_up(new.0));
        let end = start.0 + old;
        if self.mappings.holding(start.0, end).is_none() {
            return Err(MapError::NotMapped(start));
        }
        if new <= old {
            self.unmap(start.0 + new, end);
            return Ok(start);
        }
        if new > self.config.memory.0 || !self.grants(new - old) {
            return Err(MapError::NoMemory(Bytes(new)));
        }
        if self.mappings.extend(start.0, end, start.0 + new) {
            self.mapped += new - old;
            return Ok(start);
        }
        let floor = self.page_up(self.brk);
        let to = self.mappings.place(new, floor);
        let to = to.ok_or(MapError::NoMemory(Bytes(new)))?;
        self.mapped += new;
        self.move_pages(start.0, to, old);
        self.unmap(start.0, end);
        Ok(Address(to))
    }

    /// madvise(MADV_DONTNEED): the whole pages of the range go back at once and read as zeros afterwards.
    pub fn madvise_dontneed(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        let page = self.config.page_size;
        self.drop_pages(
            start.align_up(page).0,
            self.page_up(start.0 + length.0),
            false,
        );
    }

    /// madvise(MADV_FREE): the resident pages of the range stay until the cap is reached, then go first; writing to one
    /// keeps it.
    pub fn madvise_free(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        let end = self.page_up(start.0 + length.0);
        let mut marked = 0;
        if start.0 < end {
            self.warm
                .remove(start.0 >> self.page_shift, (end - 1) >> self.page_shift);
        }
        self.each_span(start.0, end, |span, first, last| {
            words_of(first, last, |word, bits| {
                let new = span.resident[word] & bits & !span.lazy[word];
                marked += u64::from(new.count_ones());
                span.lazy[word] |= new;
            });
        });
        self.lazy += marked;
    }

    fn unmap(&mut self, start: u64, end: u64) {
        if start < end {
            self.drop_pages(start, end, true);
            self.mapped -= self.mappings.remove(start, end);
        }
    }
}
