//! The heap map at one moment: for every page of every mapping, what it holds.

use crate::huge_pages::{self, HugePage};
use crate::page_kind::PageKind;
use crate::simulation::Simulation;
use crate::strip::{Strip, StripKind};
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes, Kernel, Micros, PageRun};
use highwater_kernel::{MappingKind, PageState};
use serde::{Deserialize, Serialize};

/// The map at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Frame {
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// The heap of the program break first, then those of other arenas, then mappings by address.
    pub strips: Vec<Strip>,
    /// The huge pages among them.
    #[serde(default)]
    pub huge: Vec<HugePage>,
}

/// A mapping, or the heap of the program break, whose pages are being painted.
struct Canvas {
    kind: StripKind,
    start: Address,
    end: Address,
    /// The pages so far: of the heap of an arena those up to its highest block, of all else every one.
    kinds: Vec<PageKind>,
    top: Option<Address>,
    /// It has more pages than are drawn.
    left_out: bool,
}

/// Mappings beyond this many pages are not drawn page by page: a single block of terabytes must not fill the memory.
const MOST_PAGES: u64 = 1 << 22;

/// Paints the blocks of a process onto the canvases of its mappings, which are ascending.
struct FramePainter {
    canvases: Vec<Canvas>,
    page: Bytes,
    /// How many pages more can be drawn.
    left: u64,
    /// How many heaps of each arena were met.
    heaps: Vec<u16>,
    /// The canvases of these heaps, as they were met: a census goes from arena to arena and from heap to heap.
    met: Vec<usize>,
    /// The canvas that was painted on last.
    latest: usize,
}

impl FramePainter {
    fn new(kernel: &Kernel) -> Self {
        let canvas = |kind, start, end| Canvas {
            kind,
            start,
            end,
            kinds: Vec::new(),
            top: None,
            left_out: false,
        };
        let page = kernel.page_size();
        let brk = kernel.config().brk;
        let (low, high) = (brk.align_down(page), kernel.highest_brk().align_up(page));
        let mut canvases: Vec<Canvas> = kernel
            .mappings()
            .filter(|mapping| mapping.kind == MappingKind::Anonymous)
            .map(|mapping| canvas(StripKind::Mappings, mapping.start, mapping.end))
            .collect();
        if high > low {
            // Where a program was started by its loader its break lies above its mappings.
            let index = canvases.partition_point(|canvas| canvas.start < low);
            canvases.insert(index, canvas(StripKind::Heap, low, high));
        }
        Self {
            canvases,
            page,
            left: MOST_PAGES,
            heaps: Vec::new(),
            met: Vec::new(),
            latest: 0,
        }
    }

    fn paint(&mut self, block: &Block) {
        let block_end = block.start + block.size;
        let Some(index) = self.canvas_of(block.start, block_end) else {
            return;
        };
        let canvas = &mut self.canvases[index];
        if canvas.left_out {
            return;
        }
        let is_heap = block.arena > 0 && !block.mapped;
        let is_first = canvas.kinds.is_empty();
        let end = if is_heap { block_end } else { canvas.end };
        if !canvas.reach(end, self.page, &mut self.left) {
            return;
        }
        if is_heap && is_first {
            let heap = number(&mut self.heaps, block.arena);
            self.met.push(index);
            canvas.kind = StripKind::Arena {
                arena: block.arena,
                heap,
            };
            // What the allocator keeps at a heap's start is no block.
            canvas.fill(
                canvas.start,
                block.start + Bytes(1),
                self.page,
                PageKind::Metadata,
            );
        }
        match block.state {
            BlockState::Live => {
                canvas.fill(block.start, block_end, self.page, PageKind::Live);
            }
            BlockState::Metadata => {
                canvas.fill(block.start, block_end, self.page, PageKind::Metadata);
            }
            BlockState::Parked(_) => {
                canvas.fill(block.start, block_end, self.page, PageKind::Parked);
            }
            BlockState::Free { .. }
            | BlockState::Dirty
            | BlockState::Muzzy
            | BlockState::Retained => {}
            BlockState::Top => canvas.top = Some(block.start),
        }
    }

    /// Paints whole pages, which may go on in the mapping above.
    fn paint_run(&mut self, run: &PageRun) {
        let (mut at, end) = (run.start, run.start + run.size);
        while at < end
            && let Some(index) = self.canvas_of(at, at + self.page)
        {
            let canvas = &mut self.canvases[index];
            let stop = end.min(canvas.end);
            if !canvas.left_out && canvas.reach(canvas.end, self.page, &mut self.left) {
                let page = |at| ((at - canvas.start) / self.page) as usize;
                canvas.kinds[page(at)..page(stop)].fill(PageKind::of(run.used));
            }
            at = stop;
        }
    }

    /// The canvas that holds a range. Blocks come one after another, so mostly it is that of the block before.
    fn canvas_of(&mut self, start: Address, end: Address) -> Option<usize> {
        let holds = |canvas: &Canvas| canvas.start <= start && end <= canvas.end;
        if !self.canvases.get(self.latest).is_some_and(holds) {
            let after = self.canvases.partition_point(|c| c.start <= start);
            self.latest = after.checked_sub(1)?;
        }
        holds(&self.canvases[self.latest]).then_some(self.latest)
    }

    fn finish(mut self, kernel: &Kernel) -> Vec<Strip> {
        for canvas in &mut self.canvases {
            if canvas.kinds.is_empty() {
                canvas.reach(canvas.end, self.page, &mut self.left);
            }
        }
        let drawn = |kind: fn(&StripKind) -> bool| {
            let canvases = self.canvases.iter();
            canvases.filter(move |canvas| kind(&canvas.kind) && !canvas.left_out)
        };
        let heap = drawn(|kind| *kind == StripKind::Heap);
        let arenas = self.met.iter().map(|index| &self.canvases[*index]);
        let strips = heap.chain(arenas.filter(|canvas| !canvas.left_out));
        let mut strips: Vec<Strip> = strips.map(|canvas| canvas.strip(kernel)).collect();
        let mut end = Address::NULL;
        for canvas in drawn(|kind| *kind == StripKind::Mappings) {
            let strip = canvas.strip(kernel);
            match strips.last_mut() {
                Some(last) if canvas.start == end => last.append(strip),
                _ => strips.push(strip),
            }
            end = canvas.end;
        }
        strips
    }
}

/// The number of a heap of an arena that is met for the first time.
fn number(heaps: &mut Vec<u16>, arena: u16) -> u16 {
    let arena = usize::from(arena);
    if heaps.len() <= arena {
        heaps.resize(arena + 1, 0);
    }
    heaps[arena] += 1;
    heaps[arena]
}

impl Canvas {
    /// Makes sure that all pages below `end` are there; `false` where they are too many.
    fn reach(&mut self, end: Address, page: Bytes, left: &mut u64) -> bool {
        let pages = (end.align_up(page) - self.start) / page;
        let more = pages.saturating_sub(self.kinds.len() as u64);
        if more > *left {
            *left += self.kinds.len() as u64;
            self.kinds = Vec::new();
            self.left_out = true;
            return false;
        }
        *left -= more;
        if more > 0 {
            self.kinds.resize(pages as usize, PageKind::Free);
        }
        true
    }

    /// Says what lies from `start` to `end`; the stronger stays.
    fn fill(&mut self, start: Address, end: Address, page: Bytes, kind: PageKind) {
        let first = ((start - self.start) / page) as usize;
        let last = ((end - Bytes(1) - self.start) / page) as usize;
        for page in &mut self.kinds[first..=last] {
            *page = (*page).min(kind);
        }
    }

    fn strip(&self, kernel: &Kernel) -> Strip {
        let is_unwritten = |at| kernel.unwritten_in(at, at + Bytes(1)) > Bytes::ZERO;
        let mut address = self.start;
        let mut runs: Vec<(u8, u32)> = Vec::new();
        for kind in &self.kinds {
            let kind = match kernel.page_state(address) {
                // An allocator writes to what it uses itself: the rest of its own memory is resident only where it lies in a huge page.
                PageState::Resident if *kind == PageKind::Metadata && is_unwritten(address) => {
                    PageKind::Free
                }
                PageState::Resident | PageState::Reclaimable => *kind,
                PageState::GivenBack => PageKind::GivenBack,
                PageState::Untouched => PageKind::Untouched,
            };
            match runs.last_mut() {
                Some(last) if last.0 == kind as u8 => last.1 += 1,
                _ => runs.push((kind as u8, 1)),
            }
            address = address + kernel.page_size();
        }
        Strip {
            kind: self.kind,
            start: self.start,
            pages: self.kinds.len() as u64,
            runs,
            top: self.top,
        }
    }
}

impl Simulation {
    /// The map as it is now. Mappings are left out where all together have more than four million pages.
    pub fn frame(&self) -> Frame {
        let mut painter = FramePainter::new(&self.kernel);
        if self.figures().is_some() {
            self.model.page_runs(&mut |run| painter.paint_run(&run));
        } else {
            let paint = &mut |block| painter.paint(&block);
            self.model.census(&self.kernel, paint);
        }
        let strips = painter.finish(&self.kernel);
        Frame {
            event: self.position(),
            time: self.now(),
            huge: huge_pages::of_strips(&self.kernel, &strips),
            strips,
        }
    }
}
