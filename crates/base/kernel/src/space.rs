//! The kernel's side of one process, and what there is to see of it.

use crate::config::{Config, ConfigError, OutOfMemory};
use crate::counts::Counts;
use crate::mappings::{Mapping, MappingKind, Mappings};
use crate::pages::{PageState, Span};
use crate::residency::SPAN;
use crate::warm::Warm;
use highwater_units::{Address, Bytes};

/// The kernel's side of one process.
#[derive(Clone)]
pub struct Kernel {
    pub(crate) config: Config,
    pub(crate) page_shift: u32,
    /// Addresses below this are the heap's, others the mappings': the start of a span, so that no span is listed twice.
    pub(crate) middle: u64,
    pub(crate) brk: u64,
    pub(crate) highest_brk: u64,
    pub(crate) mappings: Mappings,
    /// Spans above the first break, ascending, and below the mmap base, descending; `u32::MAX` where none was written.
    pub(crate) low: Vec<u32>,
    pub(crate) high: Vec<u32>,
    pub(crate) spans: Vec<Span>,
    pub(crate) warm: Warm,
    pub(crate) resident: u64,
    pub(crate) peak: u64,
    pub(crate) lazy: u64,
    pub(crate) cap_pages: u64,
    /// Bytes of all mappings, the heap of the program break left aside.
    pub(crate) mapped: u64,
    pub(crate) counts: Counts,
    pub(crate) killed: Option<OutOfMemory>,
}

const USER_SPACE_END: u64 = 1 << 47;

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
        let mut kernel = Self {
            config,
            page_shift: page.trailing_zeros(),
            middle: (config.brk.0 / 2 + top.0 / 2) & !(SPAN - 1),
            brk: config.brk.0,
            highest_brk: config.brk.0,
            mappings: Mappings::new(config.brk.align_up(config.page_size).0, top.0),
            low: Vec::new(),
            high: Vec::new(),
            spans: Vec::new(),
            warm: Warm::new(config.brk.0 / page, config.mmap_top.0 / page),
            resident: 0,
            peak: 0,
            lazy: 0,
            cap_pages: config.cap.unwrap_or(config.memory).min(config.memory).0 / page,
            mapped: 0,
            counts: Counts::default(),
            killed: None,
        };
        if config.brk.offset_in(config.page_size) > Bytes::ZERO {
            // Whoever moved the break into a page has written there: it is resident, and not the allocator's doing.
            kernel.touch(config.brk, Bytes(1));
            kernel.resident = 0;
            kernel.peak = 0;
            kernel.counts = Counts::default();
        }
        Ok(kernel)
    }

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
}

#[cfg(test)]
mod tests;
