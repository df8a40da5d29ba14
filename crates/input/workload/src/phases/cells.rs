//! The calls of a program cut into cells, each of calls that come without a long pause.

use super::{MarkPoint, Moment};
use crate::{BlockId, Bytes, Call, MarkId, Micros, Workload};

/// Calls of one cell at most.
pub(super) const MOST_CALLS: usize = 64;

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
    /// Allocations less frees, up to its end, and the same in bytes.
    pub(super) blocks: i64,
    pub(super) live: i64,
}

/// Returns the sum, or the largest number where it does not fit 64 bits.
pub(super) fn added(sum: Bytes, bytes: Bytes) -> Bytes {
    Bytes(sum.0.saturating_add(bytes.0))
}

/// Reads a workload cell by cell.
pub(super) struct Reader<'a> {
    workload: &'a Workload,
    /// A longer pause ends a cell.
    pause: Micros,
    held: Held,
    pub(super) marks: Vec<MarkPoint>,
}

/// What the program holds.
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
        if let Some(kept) = self.sizes.get_mut(block.0 as usize) {
            *kept = u32::try_from(size.0).unwrap_or(u32::MAX);
            self.live += i64::from(*kept);
        }
    }

    fn give(&mut self, block: BlockId) {
        self.blocks -= 1;
        let size = self.sizes.get(block.0 as usize).copied();
        self.live -= i64::from(size.unwrap_or_default());
    }
}

impl<'a> Reader<'a> {
    /// Begins with nothing read; a longer pause than `pause` ends a cell.
    pub(super) fn new(workload: &'a Workload, pause: Micros) -> Self {
        Self {
            workload,
            pause,
            held: Held {
                sizes: vec![0; workload.blocks as usize],
                blocks: 0,
                live: 0,
            },
            marks: Vec::with_capacity(workload.marks.len()),
        }
    }

    /// Reads the cell that begins with an event, and returns it with the number of the event after it.
    pub(super) fn cell(&mut self, first: usize) -> (Cell, usize) {
        let events = &self.workload.events[first..];
        let events = &events[..MOST_CALLS.min(events.len())];
        let mut cell = Cell {
            first: first as u64,
            begins: events[0].time,
            ..Cell::default()
        };
        // Until when the next call belongs to the cell, and how many do.
        let (mut until, mut read) = (cell.begins, 0);
        for event in events {
            if event.time > until {
                break;
            }
            until = Micros(event.time.0.wrapping_add(self.pause.0));
            read += 1;
            match event.call {
                Call::Free { block } => {
                    cell.frees += 1;
                    self.held.give(block);
                }
                Call::Malloc { block, size } | Call::Aligned { block, size, .. } => {
                    self.allocate(&mut cell, block, size);
                }
                Call::Calloc { block, count, size } => {
                    let size = Bytes(size.0.saturating_mul(count.into()));
                    self.allocate(&mut cell, block, size);
                }
                Call::Realloc { block, old, size } => {
                    if let Some(old) = old {
                        self.held.give(old);
                    }
                    self.allocate(&mut cell, block, size);
                }
                Call::ThreadExit | Call::Mallopt { .. } | Call::Forked | Call::Touched(_) => {}
                // What lies between two marks, or two trims, can be asked for.
                Call::Trim { .. } => {
                    cell.trims = read == 1;
                    read -= usize::from(!cell.trims);
                    break;
                }
                Call::Mark(mark) => {
                    self.mark(mark, (first + read) as u64, event.time);
                    break;
                }
            }
        }
        cell.ends = events[read - 1].time;
        cell.calls += cell.frees;
        (cell.blocks, cell.live) = (self.held.blocks, self.held.live);
        (cell, first + read)
    }

    /// Adds an allocation to a cell, whose frees are added to its calls when it ends.
    fn allocate(&mut self, cell: &mut Cell, block: BlockId, size: Bytes) {
        cell.calls += 1;
        cell.bytes = added(cell.bytes, size);
        self.held.take(block, size);
    }

    fn mark(&mut self, mark: MarkId, event: u64, time: Micros) {
        let mark = self.workload.marks.get(mark.0 as usize);
        self.marks.extend(mark.map(|mark| MarkPoint {
            name: mark.name.clone(),
            at: Moment { event, time },
        }));
    }
}
