//! The system calls of a process: the program break, mappings, and advice about pages.

use crate::config::MapError;
use crate::pages::{count, words_of};
use crate::space::Kernel;
use crate::vmas::Flags;
use highwater_units::{Address, Bytes, Pages};

/// All that one process may map, so that absurd requests cannot exhaust the simulator's own memory.
const MOST_MAPPED: Bytes = Bytes(16 << 40);

impl Kernel {
    /// Moves the program break by `delta` bytes and returns where it was, as sbrk(3) does. A `delta` of 0 only asks, and
    /// is no system call.
    ///
    /// # Errors
    /// Where there is no room up to the lowest mapping, or more than the machine has; the break stays.
    pub fn sbrk(&mut self, delta: i64) -> Result<Address, MapError> {
        let old = self.brk;
        if delta == 0 {
            return Ok(old);
        }
        self.counts.syscalls.brk += 1;
        let refused = Err(MapError::NoMemory(Bytes(delta.unsigned_abs())));
        let Some(new) = old.0.checked_add_signed(delta).map(Address) else {
            return refused;
        };
        let ceiling = self.mappings.lowest().unwrap_or(self.config.mmap_top);
        let too_much = delta > 0 && !self.grants(Bytes(delta.unsigned_abs()));
        if new < self.config.brk || new > ceiling || too_much {
            return refused;
        }
        let (from, to) = (self.page_end(new), self.page_end(old));
        self.brk = new;
        self.highest_brk = self.highest_brk.max(new);
        if from < to {
            self.split_ends(from, to);
            self.drop_pages(from, to, false);
            self.remove_area(from, to);
        } else if to < from {
            self.add_area(to, from, Flags::PLAIN);
        }
        Ok(old)
    }

    /// Maps `length` bytes, rounded up to whole pages, at the highest place where they fit; whole huge pages aligned, if
    /// this kernel does that.
    ///
    /// # Errors
    /// Where they fit nowhere, or are more than the machine has.
    pub fn mmap(&mut self, length: Bytes) -> Result<Address, MapError> {
        self.map(length, Flags::PLAIN)
    }

    /// As [`Kernel::mmap`], for address space that is only set aside: PROT_NONE and MAP_NORESERVE. [`Kernel::mprotect`] opens it.
    ///
    /// # Errors
    /// Where it fits nowhere, or is more than the machine has.
    pub fn set_aside(&mut self, length: Bytes) -> Result<Address, MapError> {
        self.map(length, Flags::SET_ASIDE)
    }

    fn map(&mut self, length: Bytes, flags: Flags) -> Result<Address, MapError> {
        self.counts.syscalls.mmap += 1;
        let refused = MapError::NoMemory(length);
        if length == Bytes::ZERO || !self.grants(length) {
            return Err(refused);
        }
        let floor = self.page_end(self.brk);
        let bytes = self.page_up(length);
        let start = self.place(bytes, floor).ok_or(refused)?;
        self.mapped += bytes;
        self.add_area(start, start + bytes, flags);
        Ok(start)
    }

    /// Maps `length` bytes, rounded up to whole pages, at `hint` where that range is free, else as [`Kernel::mmap`] does.
    /// `hint` is the start of a page.
    ///
    /// # Errors
    /// Where they fit nowhere, or are more than the machine has.
    pub fn mmap_near(&mut self, hint: Address, length: Bytes) -> Result<Address, MapError> {
        self.map_near(hint, length, Flags::PLAIN)
    }

    /// As [`Kernel::mmap_near`], for address space that is only set aside: PROT_NONE and MAP_NORESERVE.
    ///
    /// # Errors
    /// Where it fits nowhere, or is more than the machine has.
    pub fn set_aside_near(&mut self, hint: Address, length: Bytes) -> Result<Address, MapError> {
        self.map_near(hint, length, Flags::SET_ASIDE)
    }

    fn map_near(
        &mut self,
        hint: Address,
        length: Bytes,
        flags: Flags,
    ) -> Result<Address, MapError> {
        let bytes = self.page_up(length);
        let end = hint.0.checked_add(bytes.0).map(Address);
        let fits = end.is_some_and(|end| {
            bytes > Bytes::ZERO
                && self.grants(length)
                && hint >= self.page_end(self.brk)
                && self.mappings.take(hint, end)
        });
        if !fits {
            return self.map(length, flags);
        }
        self.counts.syscalls.mmap += 1;
        self.mapped += bytes;
        self.add_area(hint, hint + bytes, flags);
        Ok(hint)
    }

    /// Finds a place for whole pages, and takes it.
    fn place(&mut self, bytes: Bytes, floor: Address) -> Option<Address> {
        let huge = self.tables.span();
        let is_huge = bytes.align_down(huge) == bytes;
        let aligned = (self.config.huge_mappings_aligned && is_huge)
            .then(|| self.mappings.place_aligned(bytes, huge, floor));
        let aligned = aligned.flatten();
        aligned.or_else(|| self.mappings.place(bytes, floor))
    }

    /// mprotect(2): memory that was set aside may be written. Without huge pages nothing follows from it, for a page nobody writes is
    /// not resident, whether it may be written or not.
    pub fn mprotect(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.mprotect += 1;
        let is_writable = true;
        let end = self.page_end(start + length);
        self.change_areas(start, end, |flags| Flags {
            is_writable,
            ..flags
        });
    }

    /// Whether the process may have this many more bytes.
    fn grants(&self, bytes: Bytes) -> bool {
        if self.refuses {
            return false;
        }
        let heap = self.brk - self.config.brk;
        bytes <= self.config.memory && bytes <= MOST_MAPPED.saturating_sub(self.mapped + heap)
    }

    /// Unmaps `length` bytes, rounded up to whole pages; what was not mapped is left alone.
    pub fn munmap(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.munmap += 1;
        self.unmap(start, self.page_end(start + length));
    }

    /// Grows or shrinks the mapping of `old` bytes at `start` to `new` bytes, moving it where it cannot grow in place.
    ///
    /// # Errors
    /// Where it fits nowhere; the mapping stays as it was.
    pub fn mremap(&mut self, start: Address, old: Bytes, new: Bytes) -> Result<Address, MapError> {
        self.counts.syscalls.mremap += 1;
        let (old, new) = (self.page_up(old), self.page_up(new));
        let end = start + old;
        if self.mappings.holding(start, end).is_none() {
            return Err(MapError::NotMapped(start));
        }
        if new <= old {
            self.unmap(start + new, end);
            return Ok(start);
        }
        if new > self.config.memory || !self.grants(new - old) {
            return Err(MapError::NoMemory(new));
        }
        if self.mappings.extend(start, end, start + new) {
            self.mapped += new - old;
            self.extend_area(end, start + new);
            return Ok(start);
        }
        let floor = self.page_end(self.brk);
        let to = self.place(new, floor).ok_or(MapError::NoMemory(new))?;
        self.mapped += new;
        self.move_area(start, end, to, new);
        self.move_pages(start, to, old);
        self.unmap(start, end);
        self.note_peaks();
        self.settle_all(to, to + new);
        Ok(to)
    }

    /// madvise(MADV_DONTNEED): the whole pages of the range go back at once and read as zeros afterwards.
    pub fn madvise_dontneed(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        let start = start.align_up(self.config.page_size);
        let end = self.page_end(start + length);
        if start < end {
            self.split_ends(start, end);
            self.drop_pages(start, end, false);
            self.free_tables_of_advice(start, end);
            self.settle_all(start, end);
        }
    }

    /// madvise(MADV_FREE): the resident pages of the range stay until the cap is reached, then go first; writing to one
    /// keeps it.
    pub fn madvise_free(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        let end = self.page_end(start + length);
        let mut marked = Pages(0);
        self.split_for_free(start, end);
        if start < end {
            self.warm
                .remove(self.page_of(start), self.page_of(end - Bytes(1)));
        }
        self.each_span(start, end, |span, first, last| {
            words_of(first, last, |word, bits| {
                let new = span.resident[word] & bits & !span.lazy[word] & !span.shared[word];
                marked += count(new);
                span.lazy[word] |= new;
            });
        });
        self.pages.lazy += marked;
    }

    fn unmap(&mut self, start: Address, end: Address) {
        if start < end {
            self.split_ends(start, end);
            self.drop_pages(start, end, true);
            let removed = self.mappings.remove(start, end);
            self.mapped -= removed;
            self.remove_area(start, end);
        }
    }
}
