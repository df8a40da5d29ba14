//! The calls of a program cut into cells, each of calls that come without a long pause.

use super::{MarkPoint, Moment};
use crate::{BlockId, Bytes, Call, Event, Micros, Workload};

/// Calls of one cell at most, but in a program of so many that there would be more cells than [`MOST_CELLS`].
const CALLS: u32 = 64;

/// A pause of this part of the whole time ends a cell.
const PAUSES: u64 = 8192;

/// Cells at most.
const MOST_CELLS: usize = 1 << 17;

/// Calls that come one after another without a long pause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Its first event.
    pub(super) first: u64,
    pub(super) begins: Micros,
    pub(super) ends: Micros,
    pub(super) calls: u32,
    pub(super) frees: u32,
    pub(super) bytes: Bytes,
    pub(super) trims: bool,
    /// Whether a mark or a trim ends it.
    is_closed: bool,
    /// Allocations less frees, up to its end, and the same in bytes.
    pub(super) blocks: i64,
    pub(super) live: i64,
}

/// Returns the sum, or the largest number where it does not fit 64 bits.
pub(super) fn added(sum: Bytes, bytes: Bytes) -> Bytes {
    Bytes(sum.0.saturating_add(bytes.0))
}

/// Cuts a program's calls into cells, part by part. How long it takes is known at the end only: up to there a pause counts as
/// long by the time that has passed, and cells between which it turns out short are joined.
pub(super) struct Reader {
    cells: Vec<Cell>,
    /// The cell at hand.
    cell: Option<Cell>,
    /// Calls of one cell at most.
    most: u32,
    events: u64,
    begins: Micros,
    latest: Micros,
    /// Until when the process was seen alive.
    alive: Micros,
    /// A longer pause ends a cell.
    pause: Micros,
    held: Held,
    marks: Vec<MarkPoint>,
}

/// What cutting a program into cells gives.
pub(super) struct Cut {
    pub(super) cells: Vec<Cell>,
    pub(super) marks: Vec<MarkPoint>,
    pub(super) begins: Micros,
    /// The moment of the last event.
    pub(super) ends: Moment,
}

/// What the program holds.
#[derive(Default)]
struct Held {
    /// The bytes of each block; of one of 4 GiB and more, the most that fits.
    sizes: Vec<u32>,
    /// Allocations less frees, and the same in bytes.
    blocks: i64,
    live: i64,
}

impl Held {
    fn take(&mut self, block: BlockId, size: Bytes) {
        self.blocks += 1;
        let number = block.0 as usize;
        if number >= self.sizes.len() {
            self.sizes.resize(number + 1, 0);
        }
        let kept = u32::try_from(size.0).unwrap_or(u32::MAX);
        self.sizes[number] = kept;
        self.live += i64::from(kept);
    }

    fn give(&mut self, block: BlockId) {
        self.blocks -= 1;
        let size = self.sizes.get(block.0 as usize).copied();
        self.live -= i64::from(size.unwrap_or_default());
    }
}

impl Reader {
    /// Begins with nothing read.
    pub(super) fn new() -> Self {
        Self {
            cells: Vec::new(),
            cell: None,
            most: CALLS,
            events: 0,
            begins: Micros(0),
            latest: Micros(0),
            alive: Micros(0),
            pause: Micros(1),
            held: Held::default(),
            marks: Vec::new(),
        }
    }

    /// Reads the next part.
    pub(super) fn part(&mut self, part: &Workload) {
        for event in &part.events {
            self.event(part, event);
        }
        self.alive = self.alive.max(part.alive);
    }

    #[inline]
    fn event(&mut self, part: &Workload, event: &Event) {
        if self.events == 0 {
            (self.begins, self.latest) = (event.time, event.time);
        }
        let is_trim = matches!(event.call, Call::Trim { .. });
        let is_after_pause = event.time.saturating_sub(self.latest) > self.pause && {
            self.set_pause(event.time);
            event.time.saturating_sub(self.latest) > self.pause
        };
        let mut cell = match self.cell.take() {
            Some(cell) if !is_trim && !is_after_pause && self.is_open(&cell) => cell,
            cell => {
                cell.into_iter().for_each(|cell| self.close(cell));
                Cell {
                    first: self.events,
                    begins: event.time,
                    ..Cell::default()
                }
            }
        };
        self.events += 1;
        self.latest = event.time;
        self.call(&mut cell, part, event);
        cell.ends = event.time;
        (cell.blocks, cell.live) = (self.held.blocks, self.held.live);
        self.cell = Some(cell);
    }

    fn is_open(&self, cell: &Cell) -> bool {
        !cell.is_closed && self.events - cell.first < self.most.into()
    }

    #[inline]
    fn call(&mut self, cell: &mut Cell, part: &Workload, event: &Event) {
        match event.call {
            call if call.is_refused() => cell.calls += 1,
            Call::Free { block } => {
                cell.calls += 1;
                cell.frees += 1;
                self.held.give(block);
            }
            Call::Malloc { block, size } | Call::Aligned { block, size, .. } => {
                self.allocate(cell, block, size);
            }
            Call::Calloc { block, count, size } => {
                let size = Bytes(size.0.saturating_mul(count.into()));
                self.allocate(cell, block, size);
            }
            Call::Realloc { block, old, size } => {
                if let Some(old) = old {
                    self.held.give(old);
                }
                self.allocate(cell, block, size);
            }
            Call::ThreadExit | Call::Mallopt { .. } | Call::Forked | Call::Touched(_) => {}
            // What lies between two marks, or two trims, can be asked for.
            Call::Trim { .. } => {
                cell.trims = true;
                cell.is_closed = true;
            }
            Call::Mark(mark) => {
                cell.is_closed = true;
                let mark = part.marks.get(mark.0 as usize);
                let at = Moment {
                    event: self.events,
                    time: event.time,
                };
                self.marks.extend(mark.map(|mark| MarkPoint {
                    name: mark.name.clone(),
                    at,
                }));
            }
        }
    }

    /// Adds an allocation to a cell.
    fn allocate(&mut self, cell: &mut Cell, block: BlockId, size: Bytes) {
        cell.calls += 1;
        cell.bytes = added(cell.bytes, size);
        self.held.take(block, size);
    }

    fn set_pause(&mut self, now: Micros) {
        self.pause = (now.saturating_sub(self.begins) / PAUSES).max(Micros(1));
    }

    #[cold]
    fn close(&mut self, cell: Cell) {
        if self.cells.len() == MOST_CELLS {
            self.set_pause(self.latest);
            self.join();
            while self.cells.len() > MOST_CELLS / 2 && self.most < u32::MAX / 2 {
                self.most *= 2;
                self.join();
            }
        }
        self.cells.push(cell);
    }

    /// Joins cells between which there is no long pause.
    fn join(&mut self) {
        let (pause, most) = (self.pause, self.most);
        let mut ends = self.cells.iter().skip(1).map(|next| next.first);
        let mut after: Vec<u64> = ends.by_ref().collect();
        after.push(self.cell.map_or(self.events, |cell| cell.first));
        let mut after = after.into_iter();
        let mut joined: Vec<Cell> = Vec::with_capacity(self.cells.len());
        for cell in &self.cells {
            let end = after.next().unwrap_or(cell.first);
            match joined.last_mut() {
                Some(last)
                    if !last.is_closed
                        && !cell.trims
                        && cell.begins.saturating_sub(last.ends) <= pause
                        && end - last.first <= most.into() =>
                {
                    *last = Cell {
                        ends: cell.ends,
                        calls: last.calls + cell.calls,
                        frees: last.frees + cell.frees,
                        bytes: added(last.bytes, cell.bytes),
                        is_closed: cell.is_closed,
                        blocks: cell.blocks,
                        live: cell.live,
                        ..*last
                    };
                }
                _ => joined.push(*cell),
            }
        }
        self.cells = joined;
    }

    /// Returns everything that was read.
    pub(super) fn finish(mut self) -> Cut {
        let last = self.cell.take();
        last.into_iter().for_each(|cell| self.close(cell));
        let ends = self.latest.max(self.alive);
        self.set_pause(ends);
        self.join();
        Cut {
            ends: Moment {
                event: self.events,
                time: ends,
            },
            cells: self.cells,
            marks: self.marks,
            begins: self.begins,
        }
    }
}
