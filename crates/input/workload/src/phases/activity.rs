//! How much a program does when: its calls cut into cells, and the stretches in which next to nothing is called.

use super::cells::{Cell, Reader, added};
use super::{MarkPoint, Moment};
use crate::{Bytes, Micros, Workload};
use highwater_allocator::places_by_key;

/// Bins over which the density of calls at work is taken.
const BINS: usize = 256;

/// The part of the work that is done at the density of work or above it.
const AT_WORK: f64 = 0.8;

/// A stretch in which less than this part of the density of work is done is quiet.
const QUIET: f64 = 0.1;

/// The work done at once that ends a quiet stretch however long it is, as a part of all work.
const BURST: f64 = 0.01;

/// What a program does when.
pub(super) struct Activity {
    pub(super) cells: Vec<Cell>,
    pub(super) marks: Vec<MarkPoint>,
    /// The end, at the last event or later.
    pub(super) ends: Moment,
    /// When the first event is.
    begins: Micros,
    calls: u64,
    bytes: Bytes,
    /// The most bytes that the program holds after a cell.
    most_live: i64,
    /// The time that a unit of work outweighs in a quiet stretch, in microseconds.
    outweighs: f64,
}

/// A stretch in which next to nothing is called: after the last call of one cell, before the first of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quiet {
    /// The cell before it, from 1; 0 where there is none.
    pub(super) after: usize,
    /// The cell after it.
    pub(super) before: usize,
    pub(super) begin: Moment,
    pub(super) end: Moment,
}

impl Quiet {
    /// Returns how long it lasts.
    pub(super) fn lasts(&self) -> Micros {
        self.end.time.saturating_sub(self.begin.time)
    }
}

impl Activity {
    /// Reads a workload once.
    pub(super) fn of(workload: &Workload) -> Self {
        let mut reader = Reader::new();
        reader.part(workload);
        Self::read(reader)
    }

    /// What a program does that was read part by part.
    pub(super) fn read(reader: Reader) -> Self {
        let cut = reader.finish();
        let cells = cut.cells;
        let mut activity = Self {
            calls: cells.iter().map(|cell| u64::from(cell.calls)).sum(),
            bytes: cells
                .iter()
                .fold(Bytes::ZERO, |sum, cell| added(sum, cell.bytes)),
            outweighs: 0.0,
            most_live: cells.iter().map(|cell| cell.live).max().unwrap_or_default(),
            cells,
            marks: cut.marks,
            ends: cut.ends,
            begins: cut.begins,
        };
        activity.outweighs = activity.time_of_work();
        activity
    }

    /// Of a program of which only the marks are known.
    pub(super) fn unknown(marks: Vec<MarkPoint>, ends: Moment) -> Self {
        Self {
            cells: Vec::new(),
            marks,
            ends,
            begins: Micros(0),
            calls: 0,
            bytes: Bytes::ZERO,
            outweighs: 0.0,
            most_live: 0,
        }
    }

    /// The work of a cell, as a part of all work: half by its calls, half by the bytes they ask for.
    pub(super) fn work(&self, cell: &Cell) -> f64 {
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        (share(cell.calls.into(), self.calls) + share(cell.bytes.0, self.bytes.0)) / 2.0
    }

    /// The work of some cells.
    pub(super) fn work_of(&self, from: usize, to: usize) -> f64 {
        let cells = self.cells.get(from..to).unwrap_or_default();
        cells.iter().map(|cell| self.work(cell)).sum()
    }

    /// The time that the work between two cells outweighs.
    pub(super) fn outweighed(&self, from: usize, to: usize) -> f64 {
        self.work_of(from.min(to), from.max(to)) * self.outweighs
    }

    /// Calls in some cells.
    pub(super) fn calls_of(&self, from: usize, to: usize) -> u64 {
        let cells = self.cells.get(from..to).unwrap_or_default();
        cells.iter().map(|cell| u64::from(cell.calls)).sum()
    }

    /// Whether nearly all calls of some cells are frees, of which there must be some.
    pub(super) fn only_frees(&self, from: usize, to: usize) -> bool {
        let cells = self.cells.get(from..to).unwrap_or_default();
        let frees: u64 = cells.iter().map(|cell| u64::from(cell.frees)).sum();
        frees > 0 && frees * 10 >= self.calls_of(from, to) * 9
    }

    /// Blocks that the program holds after the first `cells` cells.
    pub(super) fn blocks_after(&self, cells: usize) -> i64 {
        let last = cells.checked_sub(1).and_then(|last| self.cells.get(last));
        last.map_or(0, |cell| cell.blocks)
    }

    /// The cells that call `malloc_trim`, between two.
    pub(super) fn trims(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        (from..to.min(self.cells.len())).filter(|cell| self.cells[*cell].trims)
    }

    /// The cell in which a number of events has been run, from 1: as many cells have begun by then.
    pub(super) fn cells_until(&self, event: u64) -> usize {
        self.cells.partition_point(|cell| cell.first < event)
    }

    /// How much time a unit of work outweighs: the density of work is that at which most of it is done.
    fn time_of_work(&self) -> f64 {
        let whole = self.lasts().0.max(1) as f64;
        let mut bins = [0.0; BINS];
        for cell in &self.cells {
            let share = cell.begins.saturating_sub(self.begins).0 as f64 / whole;
            bins[((share * BINS as f64) as usize).min(BINS - 1)] += self.work(cell);
        }
        let mut done = 0.0;
        let mut density = 0.0;
        // None is less than nothing, so their bits are in their order.
        for place in places_by_key(&bins, |work: &f64| u64::MAX - work.to_bits()) {
            let work = bins[place];
            done += work;
            density = work;
            if done >= AT_WORK {
                break;
            }
        }
        whole / BINS as f64 / (density * QUIET).max(f64::MIN_POSITIVE)
    }

    /// The moment after the last event of the first `cells` cells.
    pub(super) fn after(&self, cells: usize) -> Moment {
        let event = self
            .cells
            .get(cells)
            .map_or(self.ends.event, |cell| cell.first);
        let last = cells.checked_sub(1).and_then(|last| self.cells.get(last));
        Moment {
            event,
            time: last.map_or(self.begins, |cell| cell.ends),
        }
    }

    /// The quiet stretch between two cells.
    fn quiet(&self, after: usize, before: usize) -> Quiet {
        let next = self.cells.get(before);
        Quiet {
            after,
            before,
            begin: self.after(after),
            end: Moment {
                event: next.map_or(self.ends.event, |cell| cell.first),
                time: next.map_or(self.ends.time, |cell| cell.begins),
            },
        }
    }

    /// The quiet part of the stretch between two cells that ends before a third: without what is called at its end.
    pub(super) fn quiet_until(&self, quiet: &Quiet, before: usize) -> Quiet {
        let mut best = (0.0, quiet.after);
        let mut score = 0.0;
        for next in quiet.after..before {
            score += self.gap(next);
            if score > best.0 {
                best = (score, next);
            }
            score -= self.weight(next);
        }
        self.quiet(quiet.after, best.1)
    }

    /// The time between the cell before and this one, or the end.
    fn gap(&self, next: usize) -> f64 {
        let before = next.checked_sub(1).map(|before| self.cells[before].ends);
        let before = before.unwrap_or(self.begins);
        let begins = self
            .cells
            .get(next)
            .map_or(self.ends.time, |cell| cell.begins);
        begins.saturating_sub(before).0 as f64
    }

    /// What a cell outweighs, less what it lasts.
    fn weight(&self, cell: usize) -> f64 {
        let cell = &self.cells[cell];
        self.work(cell) * self.outweighs - cell.ends.saturating_sub(cell.begins).0 as f64
    }

    /// Whether the program holds much more or less after some cells than after others: one part in twenty of the most it holds.
    pub(super) fn is_other(&self, before: usize, after: usize) -> bool {
        let live = |cells: usize| cells.checked_sub(1).map_or(0, |last| self.cells[last].live);
        (live(after) - live(before)).abs() * 20 > self.most_live
    }

    /// All stretches in which time outweighs work. Work that outweighs what was quiet before it, is a burst of its own, or after
    /// which the program holds much more or less than before, ends one.
    pub(super) fn stretches(&self) -> Vec<Quiet> {
        let mut found = Vec::new();
        let burst = BURST * self.outweighs;
        let (mut from, mut score) = (1, 0.0_f64);
        let mut best = (0.0_f64, 1);
        for next in 1..=self.cells.len() {
            score += self.gap(next);
            if score > best.0 {
                best = (score, next);
            }
            if next == self.cells.len() {
                break;
            }
            score -= self.weight(next);
            if best.0 - score > best.0.min(burst) || score <= 0.0 || self.is_other(from, next + 1) {
                if best.0 > 0.0 {
                    found.push(self.quiet(from, best.1));
                }
                (from, score, best) = (next + 1, 0.0, (0.0, next + 1));
            }
        }
        if best.0 > 0.0 {
            found.push(self.quiet(from, best.1));
        }
        found
    }

    /// Calls that would be made in a time at the density of work.
    pub(super) fn calls_at_work(&self, time: Micros) -> f64 {
        time.0 as f64 / (self.outweighs * QUIET) * self.calls as f64
    }

    /// Whether calls are rarer in a quiet stretch than half of what they are on average.
    pub(super) fn is_rare(&self, quiet: &Quiet) -> bool {
        let calls = self.calls_of(quiet.after, quiet.before) as f64;
        calls * self.lasts().0 as f64 * 2.0 <= quiet.lasts().0 as f64 * self.calls as f64
    }

    /// How long the whole is.
    pub(super) fn lasts(&self) -> Micros {
        self.ends.time.saturating_sub(self.begins)
    }
}
