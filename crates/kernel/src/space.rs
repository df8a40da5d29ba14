//! The address space of one process: the calls it makes, and the pages it writes.

use crate::counts::Counts;
use crate::mappings::{Mapping, MappingKind, Mappings};
use crate::pages::{PageState, Span, contains, words_of};
use crate::units::{Address, Bytes, Pages};
use crate::words::{SPAN_SHIFT, Words};
use thiserror::Error;

const SPAN: u64 = 1 << SPAN_SHIFT;

/// How a process begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Bytes of a page: 4096, 16384 or 65536.
    pub page_size: Bytes,
    /// The program break before anything moved it; need not be at a page's start.
    pub brk: Address,
    /// Mappings are placed below this address, the highest first.
    pub mmap_top: Address,
    /// Main memory and swap of the machine together: the largest single growth the kernel grants, as Linux judges by
    /// default (mm/util.c, `__vm_enough_memory`), and a cap on resident memory.
    pub memory: Bytes,
    /// Resident memory at which the process is killed (a control group's limit); none where absent.
    pub cap: Option<Bytes>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: Bytes(4096),
            brk: Address(0x5555_5555_5000),
            mmap_top: Address(0x7fff_f7ff_f000),
            memory: Bytes(256 << 30),
            cap: None,
        }
    }
}

/// A beginning that no process has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// The page size is none that Linux uses.
    #[error("a page of {0} bytes: it must be 4096, 16384 or 65536")]
    PageSize(u64),
    /// The heap would begin at or above the mappings, or outside user space.
    #[error("the program break {0} must lie between 0x10000 and {1}, where mappings begin")]
    Break(Address, Address),
    /// The mappings would begin outside user space.
    #[error("mappings cannot begin at {0}: it must be a page's start below 0x800000000000")]
    MmapTop(Address),
}

/// A request for address space that the kernel refuses (ENOMEM or EINVAL).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MapError {
    /// There is no room, or it is more than the machine has.
    #[error("no memory for {0}")]
    NoMemory(Bytes),
    /// The range is none of the process's.
    #[error("{0} is not mapped")]
    NotMapped(Address),
}

/// The process reached its cap and was killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory {
    /// What it had resident.
    pub resident: Bytes,
    /// The cap.
    pub cap: Bytes,
}

/// The kernel's side of one process.
#[derive(Clone)]
pub struct Kernel {
    config: Config,
    page_shift: u32,
    /// Addresses below this are the heap's, others the mappings'.
    middle: u64,
    brk: u64,
    highest_brk: u64,
    mappings: Mappings,
    /// Spans above the first break, ascending, and below the mmap base, descending; `u32::MAX` where none was written.
    low: Vec<u32>,
    high: Vec<u32>,
    spans: Vec<Span>,
    words: Words,
    resident: u64,
    peak: u64,
    lazy: u64,
    cap_pages: u64,
    /// Bytes of all mappings, the heap of the program break left aside.
    mapped: u64,
    counts: Counts,
    killed: Option<OutOfMemory>,
}

const NO_SPAN: u32 = u32::MAX;
const USER_SPACE_END: u64 = 1 << 47;
/// All that one process may map, so that absurd requests cannot exhaust the simulator's own memory.
const MOST_MAPPED: u64 = 16 << 40;

impl Kernel {
    /// A process that has allocated nothing.
    ///
    /// # Errors
    /// Where no process can begin like that.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let page = config.page_size.0;
        if ![4096, 16384, 65536].contains(&page) {
            return Err(ConfigError::PageSize(page));
        }
        let top = config.mmap_top;
        if top.0 >= USER_SPACE_END || !top.0.is_multiple_of(page) {
            return Err(ConfigError::MmapTop(top));
        }
        if config.brk.0 < 0x10000 || config.brk.0 >= top.0 {
            return Err(ConfigError::Break(config.brk, top));
        }
        Ok(Self {
            config,
            page_shift: page.trailing_zeros(),
            middle: config.brk.0 / 2 + top.0 / 2,
            brk: config.brk.0,
            highest_brk: config.brk.0,
            mappings: Mappings::new(config.brk.align_up(config.page_size).0, top.0),
            low: Vec::new(),
            high: Vec::new(),
            spans: Vec::new(),
            words: Words::new(config.brk.0),
            resident: 0,
            peak: 0,
            lazy: 0,
            cap_pages: config.cap.unwrap_or(config.memory).min(config.memory).0 / page,
            mapped: 0,
            counts: Counts::default(),
            killed: None,
        })
    }

    // ---- system calls

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

    /// Maps `length` bytes, rounded up to whole pages, at the highest place where they fit.
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
        let start = self.mappings.place(bytes, floor).ok_or(refused)?;
        self.mapped += bytes;
        Ok(Address(start))
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
    /// keeps it. What was stored there reads as zero from now on, as it may at any time on a real machine.
    pub fn madvise_free(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        let end = self.page_up(start.0 + length.0);
        let mut marked = 0;
        self.forget_words(start.0, end);
        self.each_span(start.0, end, |span, first, last| {
            words_of(first, last, |word, bits| {
                let new = span.resident[word] & bits & !span.lazy[word];
                marked += u64::from(new.count_ones());
                span.lazy[word] |= new;
            });
        });
        self.lazy += marked;
    }

    // ---- the process's own reads and writes

    /// The word at `at`, a multiple of 8; what nobody has written reads as zero.
    #[inline]
    pub fn read(&self, at: Address) -> u64 {
        self.words.read(at.0)
    }

    /// The two words at `at`, a multiple of 16.
    #[inline]
    pub fn read_pair(&self, at: Address) -> (u64, u64) {
        self.words.read_pair(at.0)
    }

    /// Writes a word at `at`, a multiple of 8, which makes its page resident.
    #[inline]
    pub fn write(&mut self, at: Address, value: u64) {
        // A word that is stored has its page resident.
        if !self.words.overwrite(at.0, value) {
            self.write_each(at, &[value]);
        }
    }

    /// Writes words side by side, the first at `at`, a multiple of 8; mostly they cost one look-up.
    #[inline]
    pub fn write_run<const N: usize>(&mut self, at: Address, values: [u64; N]) {
        if !self.words.overwrite_run(at.0, values) {
            self.write_each(at, &values);
        }
    }

    #[cold]
    #[inline(never)]
    fn write_each(&mut self, mut at: Address, mut values: &[u64]) {
        while !values.is_empty() {
            if !self.words.has_frame(at.0) {
                self.touch_span(at.0, at.0 + 7);
                let id = self.span_at(at.0);
                let page = self.page_in_span(at.0);
                self.spans[id].worded[page >> 6] |= 1 << (page & 63);
            }
            let written = self.words.write_first_of(at.0, values);
            at = at + Bytes(8 * written as u64);
            values = &values[written..];
        }
    }

    /// The program writes `length` bytes at `start`, whatever they are: their pages become resident.
    #[inline]
    pub fn touch(&mut self, start: Address, length: Bytes) {
        if length.0 == 0 {
            return;
        }
        let (from, last) = (start.0, start.0 + length.0 - 1);
        // A small block lies beside its header, whose page is resident.
        if from >> self.page_shift == last >> self.page_shift && self.words.has_frame(from) {
            return;
        }
        if from >> SPAN_SHIFT != last >> SPAN_SHIFT {
            self.touch_spans(from, last);
        } else if self.lazy != 0 || !self.all_resident(from, last) {
            self.touch_span(from, last);
        }
    }

    /// Whether the pages from that of `from` to that of `last`, of one span, are resident; `false` also where that
    /// takes more than a look to tell.
    #[inline]
    fn all_resident(&self, from: u64, last: u64) -> bool {
        let (first, last) = (self.page_in_span(from), self.page_in_span(last));
        let Some(id) = self.find_span(from) else {
            return false;
        };
        let resident = self.spans[id].resident[first >> 6] >> (first & 63);
        let pages = last - first;
        first >> 6 == last >> 6 && !resident & (u64::MAX >> (63 - pages)) == 0
    }

    fn touch_spans(&mut self, from: u64, last: u64) {
        let mut at = from;
        while at <= last {
            let end = (at | (SPAN - 1)).min(last);
            self.touch_span(at, end);
            at = end + 1;
        }
    }

    fn touch_span(&mut self, from: u64, last: u64) {
        debug_assert!(
            self.is_mapped(from, last + 1),
            "touch of unmapped {from:#x}"
        );
        let id = self.span_at(from);
        let (first, last) = (self.page_in_span(from), self.page_in_span(last));
        let span = &mut self.spans[id];
        let new = span.touch(first, last);
        if self.lazy != 0 {
            self.lazy -= span.keep(first, last);
        }
        if new != 0 {
            self.fault(new);
        }
    }

    fn fault(&mut self, pages: u64) {
        self.counts.faults += pages;
        self.resident += pages;
        if self.resident > self.cap_pages {
            self.press();
        }
        self.peak = self.peak.max(self.resident);
    }

    /// The cap is reached: pages marked with MADV_FREE go first, then the process is killed.
    #[cold]
    fn press(&mut self) {
        let mut wanted = self.resident - self.cap_pages;
        for id in 0..self.spans.len() {
            if wanted == 0 || self.lazy == 0 {
                break;
            }
            for page in 0..(SPAN >> self.page_shift) as usize {
                if wanted > 0 && contains(&self.spans[id].lazy, page) {
                    self.drop_in_span(id, page, page, false);
                    self.counts.reclaimed += 1;
                    wanted -= 1;
                }
            }
        }
        if wanted > 0 && self.killed.is_none() {
            self.killed = Some(OutOfMemory {
                resident: Pages(self.resident) * self.config.page_size,
                cap: Pages(self.cap_pages) * self.config.page_size,
            });
        }
    }

    // ---- what there is to see

    /// Bytes of a page.
    #[inline]
    pub fn page_size(&self) -> Bytes {
        self.config.page_size
    }

    /// How the process began.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Resident memory of all mappings.
    #[inline]
    pub fn rss(&self) -> Bytes {
        Bytes(self.resident << self.page_shift)
    }

    /// The highest resident memory since the last call of [`Kernel::take_peak`], or since the beginning.
    #[inline]
    pub fn peak(&self) -> Bytes {
        Bytes(self.peak << self.page_shift)
    }

    /// The same, and begins anew from what is resident now.
    #[inline]
    pub fn take_peak(&mut self) -> Bytes {
        let peak = self.peak();
        self.peak = self.resident;
        peak
    }

    /// Faults and system calls so far.
    #[inline]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether the process was killed.
    #[inline]
    pub fn is_killed(&self) -> bool {
        self.killed.is_some()
    }

    /// Whether, and at what, the process was killed.
    #[inline]
    pub fn killed(&self) -> Option<OutOfMemory> {
        self.killed
    }

    /// The mappings, the heap of the program break first where it is not empty, then by address.
    pub fn mappings(&self) -> impl Iterator<Item = Mapping> + '_ {
        let heap = Mapping {
            start: self.config.brk,
            end: Address(self.brk),
            kind: MappingKind::Break,
        };
        (heap.start < heap.end)
            .then_some(heap)
            .into_iter()
            .chain(self.mappings.iter())
    }

    /// The program break.
    pub fn brk(&self) -> Address {
        Address(self.brk)
    }

    /// The highest the program break ever was.
    pub fn highest_brk(&self) -> Address {
        Address(self.highest_brk)
    }

    /// What the page that holds `at` is.
    pub fn page_state(&self, at: Address) -> PageState {
        match self.find_span(at.0) {
            Some(id) => self.spans[id].state(self.page_in_span(at.0)),
            None => PageState::Untouched,
        }
    }

    /// Resident memory among the pages that `[start, end)` reaches into.
    pub fn resident_in(&self, start: Address, end: Address) -> Bytes {
        if start >= end {
            return Bytes::ZERO;
        }
        let (mut at, last) = (start.0, end.0 - 1);
        let mut pages = 0;
        while at <= last {
            let stop = (at | (SPAN - 1)).min(last);
            if let Some(id) = self.find_span(at) {
                let (first, last) = (self.page_in_span(at), self.page_in_span(stop));
                pages += self.spans[id].count_resident(first, last);
            }
            at = stop + 1;
        }
        Bytes(pages << self.page_shift)
    }

    // ---- pages and spans

    #[inline]
    fn page_up(&self, n: u64) -> u64 {
        Bytes(n).align_up(self.config.page_size).0
    }

    #[inline]
    fn page_in_span(&self, at: u64) -> usize {
        ((at & (SPAN - 1)) >> self.page_shift) as usize
    }

    fn is_mapped(&self, from: u64, end: u64) -> bool {
        let brk_page = Bytes(self.config.brk.0).align_down(self.config.page_size).0;
        (brk_page <= from && end <= self.page_up(self.brk))
            || self.mappings.holding(from, end).is_some()
    }

    /// Where a span is listed: in `low` or, counted downwards, in `high`.
    #[inline]
    fn slot_of(&self, at: u64) -> (bool, usize) {
        if at < self.middle {
            let first = self.config.brk.0 >> SPAN_SHIFT;
            (false, ((at >> SPAN_SHIFT).wrapping_sub(first)) as usize)
        } else {
            let last = self.config.mmap_top.0 >> SPAN_SHIFT;
            (true, (last.wrapping_sub(at >> SPAN_SHIFT)) as usize)
        }
    }

    #[inline]
    fn find_span(&self, at: u64) -> Option<usize> {
        let (is_high, slot) = self.slot_of(at);
        let list = if is_high { &self.high } else { &self.low };
        match list.get(slot) {
            Some(&NO_SPAN) | None => None,
            Some(&id) => Some(id as usize),
        }
    }

    #[inline]
    fn span_at(&mut self, at: u64) -> usize {
        match self.find_span(at) {
            Some(id) => id,
            None => self.new_span(at),
        }
    }

    #[cold]
    fn new_span(&mut self, at: u64) -> usize {
        let (is_high, slot) = self.slot_of(at);
        let list = if is_high {
            &mut self.high
        } else {
            &mut self.low
        };
        if list.len() <= slot {
            list.resize(slot + 1, NO_SPAN);
        }
        list[slot] = self.spans.len() as u32;
        self.spans.push(Span {
            base: at & !(SPAN - 1),
            ..Span::default()
        });
        self.spans.len() - 1
    }

    /// Calls `each` for every span that exists in `[from, end)`, with the pages concerned.
    fn each_span(&mut self, from: u64, end: u64, mut each: impl FnMut(&mut Span, usize, usize)) {
        let mut at = from;
        while at < end {
            let stop = (at | (SPAN - 1)).min(end - 1);
            if let Some(id) = self.find_span(at) {
                let (first, last) = (self.page_in_span(at), self.page_in_span(stop));
                each(&mut self.spans[id], first, last);
            }
            at = stop + 1;
        }
    }

    fn unmap(&mut self, start: u64, end: u64) {
        if start < end {
            self.drop_pages(start, end, true);
            self.mapped -= self.mappings.remove(start, end);
        }
    }

    /// Gives back the pages of `[from, end)`; `forget` also forgets that they were ever written.
    fn drop_pages(&mut self, from: u64, end: u64, forget: bool) {
        let mut at = from;
        while at < end {
            let stop = (at | (SPAN - 1)).min(end - 1);
            if let Some(id) = self.find_span(at) {
                let (first, last) = (self.page_in_span(at), self.page_in_span(stop));
                self.drop_in_span(id, first, last, forget);
            }
            at = stop + 1;
        }
    }

    fn drop_in_span(&mut self, id: usize, first: usize, last: usize, forget: bool) {
        self.forget_in_span(id, first, last);
        let span = &mut self.spans[id];
        let (mut resident, mut lazy) = (0, 0);
        words_of(first, last, |word, bits| {
            resident += u64::from((span.resident[word] & bits).count_ones());
            lazy += u64::from((span.lazy[word] & bits).count_ones());
            span.resident[word] &= !bits;
            span.lazy[word] &= !bits;
            if forget {
                span.ever[word] &= !bits;
            }
        });
        self.resident -= resident;
        self.lazy -= lazy;
    }

    /// Forgets the words stored in `[from, end)`.
    fn forget_words(&mut self, from: u64, end: u64) {
        let mut at = from;
        while at < end {
            let stop = (at | (SPAN - 1)).min(end - 1);
            if let Some(id) = self.find_span(at) {
                self.forget_in_span(id, self.page_in_span(at), self.page_in_span(stop));
            }
            at = stop + 1;
        }
    }

    fn forget_in_span(&mut self, id: usize, first: usize, last: usize) {
        let span = &mut self.spans[id];
        let page_shift = self.page_shift;
        words_of(first, last, |word, bits| {
            let mut worded = span.worded[word] & bits;
            span.worded[word] &= !bits;
            while worded != 0 {
                let page = (word << 6) as u64 + u64::from(worded.trailing_zeros());
                self.words
                    .clear(span.base + (page << page_shift), 1 << page_shift);
                worded &= worded - 1;
            }
        });
    }

    /// Moves `length` bytes of pages, with what is stored in them.
    fn move_pages(&mut self, from: u64, to: u64, length: u64) {
        let page = self.config.page_size.0;
        for offset in (0..length).step_by(page as usize) {
            let Some(source) = self.find_span(from + offset) else {
                continue;
            };
            let bit = self.page_in_span(from + offset);
            if !contains(&self.spans[source].resident, bit) {
                continue;
            }
            let target = self.span_at(to + offset);
            let target_bit = self.page_in_span(to + offset);
            let mask = 1 << (target_bit & 63);
            self.spans[target].resident[target_bit >> 6] |= mask;
            self.spans[target].ever[target_bit >> 6] |= mask;
            self.resident += 1;
            if contains(&self.spans[source].worded, bit) {
                self.spans[target].worded[target_bit >> 6] |= mask;
                self.words.relocate(from + offset, to + offset, page);
            }
        }
    }
}

#[cfg(test)]
mod tests;
