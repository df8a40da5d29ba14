//! The heap map at one moment: for every page of every mapping, what it holds.

use crate::simulation::Simulation;
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes, Kernel, Micros};
use highwater_kernel::{MappingKind, PageState};
use serde::{Deserialize, Serialize};

/// What a page holds, the strongest first: one live byte makes a page live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PageKind {
    /// Something the program holds, or the allocator's own.
    Live = 0,
    /// Nothing live, but a block that was freed and is kept by a cache.
    Parked = 1,
    /// Nothing in use, and resident.
    Free = 2,
    /// Was resident once and is not now.
    GivenBack = 3,
    /// Never written.
    Untouched = 4,
}

impl PageKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Live,
        Self::Parked,
        Self::Free,
        Self::GivenBack,
        Self::Untouched,
    ];
}

/// What a strip of the map is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StripKind {
    /// The heap of the program break, up to the highest it ever was.
    Heap,
    /// Mappings that lie side by side.
    Mappings,
}

/// A stretch of address space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Strip {
    /// What it is.
    pub kind: StripKind,
    /// Where its first page begins.
    pub start: Address,
    /// How many pages it has.
    pub pages: u64,
    /// Its pages in ascending order: runs of a kind (as its number) and of a length.
    pub runs: Vec<(u8, u32)>,
    /// Where the heap's top begins, for the heap.
    pub top: Option<Address>,
}

/// The map at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// The heap first, then mappings by address.
    pub strips: Vec<Strip>,
}

/// A strip in the making.
struct Canvas {
    kind: StripKind,
    start: Address,
    end: Address,
    page: Bytes,
    kinds: Vec<PageKind>,
    top: Option<Address>,
}

impl Canvas {
    fn new(kind: StripKind, start: Address, end: Address, page: Bytes) -> Self {
        let start = start.align_down(page);
        let end = end.align_up(page);
        Self {
            kind,
            start,
            end,
            page,
            kinds: vec![PageKind::Free; ((end - start) / page) as usize],
            top: None,
        }
    }

    fn paint(&mut self, block: &Block) {
        let kind = match block.state {
            BlockState::Live | BlockState::Metadata => PageKind::Live,
            BlockState::Parked(_) => PageKind::Parked,
            BlockState::Free { .. } => return,
            BlockState::Top => {
                self.top = Some(block.start);
                return;
            }
        };
        let first = ((block.start - self.start) / self.page) as usize;
        let last = ((block.start + block.size - Bytes(1) - self.start) / self.page) as usize;
        for page in &mut self.kinds[first..=last] {
            if kind == PageKind::Live || *page == PageKind::Free {
                *page = kind;
            }
        }
    }

    fn finish(mut self, kernel: &Kernel) -> Strip {
        let mut address = self.start;
        for kind in &mut self.kinds {
            match kernel.page_state(address) {
                PageState::Resident | PageState::Reclaimable => {}
                PageState::GivenBack => *kind = PageKind::GivenBack,
                PageState::Untouched => *kind = PageKind::Untouched,
            }
            address = address + self.page;
        }
        Strip {
            kind: self.kind,
            start: self.start,
            pages: self.kinds.len() as u64,
            runs: self
                .kinds
                .chunk_by(|a, b| a == b)
                .map(|run| (run[0] as u8, run.len() as u32))
                .collect(),
            top: self.top,
        }
    }
}

/// Mappings beyond this many pages are not drawn page by page: a single block of terabytes must not fill the memory.
const MOST_PAGES: u64 = 1 << 22;

impl Simulation {
    /// The map as it is now. Mappings are left out where all together have more than four million pages.
    pub fn frame(&self) -> Frame {
        let mut canvases = self.canvases();
        self.model.census(&self.kernel, &mut |block| {
            let after = canvases.partition_point(|canvas| canvas.start <= block.start);
            if let Some(canvas) = after.checked_sub(1).map(|index| &mut canvases[index])
                && block.start + block.size <= canvas.end
            {
                canvas.paint(&block);
            }
        });
        Frame {
            event: self.position(),
            time: self.now(),
            strips: canvases
                .into_iter()
                .map(|canvas| canvas.finish(&self.kernel))
                .collect(),
        }
    }

    /// Empty strips for everything that is mapped, ascending.
    fn canvases(&self) -> Vec<Canvas> {
        let kernel = &self.kernel;
        let page = kernel.page_size();
        let mut ranges: Vec<(StripKind, Address, Address)> = Vec::new();
        let brk = kernel.config().brk;
        if kernel.highest_brk() > brk {
            ranges.push((StripKind::Heap, brk, kernel.highest_brk()));
        }
        let mappings = kernel.mappings();
        for mapping in mappings.filter(|m| m.kind == MappingKind::Anonymous) {
            match ranges.last_mut() {
                Some((StripKind::Mappings, _, end)) if *end == mapping.start => *end = mapping.end,
                _ => ranges.push((StripKind::Mappings, mapping.start, mapping.end)),
            }
        }
        let mut pages = 0;
        ranges.retain(|(_, start, end)| {
            let more = (*end - *start) / page;
            let fits = pages + more <= MOST_PAGES;
            pages += if fits { more } else { 0 };
            fits
        });
        ranges
            .into_iter()
            .map(|(kind, start, end)| Canvas::new(kind, start, end, page))
            .collect()
    }
}
