//! The kernel's side of one process, and its figures.

use crate::config::{Config, ConfigError, OutOfMemory};
use crate::counts::Counts;
use crate::huge_pages::{HugeMode, PageSize};
use crate::mappings::{Mapping, MappingKind, Mappings};
use crate::page_counts::PageCounts;
use crate::pages::{PageState, Span};
use crate::pages::{SPAN, parts};
use crate::peaks::Peaks;
use crate::scan::Scan;
use crate::tables::Tables;
use crate::vmas::Vmas;
use crate::warm::Warm;
use highwater_units::{Address, Bytes, Pages};

/// The kernel's side of one process.
#[derive(Clone)]
pub struct Kernel {
    pub(crate) config: Config,
    pub(crate) page_shift: u32,
    /// Addresses below this are the heap's, others the mappings': the start of a span, so that no span is listed twice.
    pub(crate) middle: Address,
    pub(crate) brk: Address,
    pub(crate) highest_brk: Address,
    pub(crate) mappings: Mappings,
    /// Spans above the first break, ascending, and below the mmap base, descending; `u32::MAX` where none was written.
    pub(crate) low: Vec<u32>,
    pub(crate) high: Vec<u32>,
    pub(crate) spans: Vec<Span>,
    pub(crate) warm: Warm,
    pub(crate) pages: PageCounts,
    pub(crate) peaks: Peaks,
    pub(crate) cap: Bytes,
    /// Above this something happens: the lower of the cap and `memory.high`.
    pub(crate) limit: Bytes,
    /// Bytes of all mappings, the heap of the program break left aside.
    pub(crate) mapped: Bytes,
    pub(crate) counts: Counts,
    pub(crate) tables: Tables,
    /// The areas, while there may be huge pages.
    pub(crate) areas: Option<Box<Vmas>>,
    pub(crate) scan: Scan,
    pub(crate) killed: Option<OutOfMemory>,
    /// Whether `memory.high` was exceeded once, and nothing could be taken back.
    pub(crate) is_throttled: bool,
    /// Whether nobody has noted it.
    pub(crate) is_throttling_new: bool,
    /// Whether the process is to stop before its next call.
    pub(crate) stops: bool,
    /// Whether no further memory is given.
    pub(crate) refuses: bool,
}

const USER_SPACE_END: u64 = 1 << 47;

impl Kernel {
    /// A process that has allocated nothing.
    ///
    /// # Errors
    /// Where no process can begin like that.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let page = config.page_size.0;
        let size = PageSize::try_from(page)?;
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
            middle: Address(config.brk.0 / 2 + top.0 / 2).align_down(SPAN),
            brk: config.brk,
            highest_brk: config.brk,
            mappings: Mappings::new(config.brk.align_up(config.page_size), top),
            low: Vec::new(),
            high: Vec::new(),
            spans: Vec::new(),
            warm: Warm::new(config.brk.0 / page, config.mmap_top.0 / page),
            pages: PageCounts::default(),
            peaks: Peaks::default(),
            cap: Bytes::ZERO,
            limit: Bytes::ZERO,
            mapped: Bytes::ZERO,
            counts: Counts::default(),
            tables: Tables::new(size),
            areas: (config.huge_pages.mode == HugeMode::Always).then(Box::default),
            scan: Scan::default(),
            killed: None,
            is_throttled: false,
            is_throttling_new: false,
            stops: false,
            refuses: false,
        };
        kernel.set_limits(config.cap, config.high);
        if config.brk.offset_in(config.page_size) > Bytes::ZERO {
            // Whoever moved the break into a page has written there: it is resident, and not the allocator's doing.
            kernel.touch(config.brk, Bytes(1));
            kernel.pages.resident = Pages(0);
            kernel.peaks = Peaks::default();
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
        self.bytes(self.pages.resident)
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

    /// Whether whoever runs the process is to stop before its next call: it was killed, or its first throttling was not noted yet.
    #[inline]
    pub fn stops(&self) -> bool {
        self.stops
    }

    /// Whether the process was throttled for the first time since this was asked.
    #[inline]
    pub fn take_throttled(&mut self) -> bool {
        self.stops = self.is_killed();
        std::mem::take(&mut self.is_throttling_new)
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
            end: self.brk,
            kind: MappingKind::Break,
        };
        (heap.start < heap.end)
            .then_some(heap)
            .into_iter()
            .chain(self.mappings.iter())
    }

    /// The program break.
    pub fn brk(&self) -> Address {
        self.brk
    }

    /// The highest the program break ever was.
    pub fn highest_brk(&self) -> Address {
        self.highest_brk
    }

    /// What the page that holds `at` is.
    pub fn page_state(&self, at: Address) -> PageState {
        match self.find_span(at) {
            Some(id) => self.spans[id].state(self.page_in_span(at)),
            None => PageState::Untouched,
        }
    }

    /// Resident memory among the pages that `[start, end)` reaches into.
    pub fn resident_in(&self, start: Address, end: Address) -> Bytes {
        let mut pages = Pages(0);
        for (from, last) in parts(start, end) {
            if let Some(id) = self.find_span(from) {
                let (first, last) = (self.page_in_span(from), self.page_in_span(last));
                pages += self.spans[id].count_resident(first, last);
            }
        }
        self.bytes(pages)
    }

    #[inline]
    fn bytes(&self, pages: Pages) -> Bytes {
        Bytes(pages.0 << self.page_shift)
    }
}

#[cfg(test)]
mod tests;
