//! Makes sequences of operations from a seed: a few phases one after another, each with a bias of its own, on blocks
//! that outlive the phase that made them. Any thread of a sequence may work on the blocks of another.

use crate::operation::{Operation, Sequence};
use crate::program_generator::ProgramGenerator;
use crate::sizes::Sizes;
use fastrand::Rng;

/// The calls that a phase of a sequence prefers.
#[derive(Clone, Copy, Debug)]
enum AllocationBias {
    /// Allocates and frees at random, freeing this many of 16 times.
    Churn(u8),
    /// Allocates many, then frees all or most of them in some order.
    Burst,
    /// Few blocks grow by realloc, others come in between.
    Grow,
    /// Reallocs of any live block to any size.
    Resize,
    /// Aligned blocks among others.
    Align,
    /// calloc over freed blocks.
    Clear,
    /// More of one size than a cache takes, then something large.
    Overflow,
    /// Calls that must fail, among others that do not.
    Fail,
    /// Fills a thread's heap with sizes that hardly ever get mappings of their own, until another heap is added; then frees
    /// all of it, or nearly. Only with threads.
    Tower,
}

impl AllocationBias {
    fn choose(rng: &mut Rng, many: bool) -> Self {
        if many && rng.u8(..8) == 0 {
            return Self::Tower;
        }
        match rng.u8(..16) {
            0..=4 => Self::Churn(rng.u8(4..12)),
            5..=7 => Self::Burst,
            8 | 9 => Self::Grow,
            10 => Self::Resize,
            11 | 12 => Self::Align,
            13 => Self::Clear,
            14 => Self::Overflow,
            _ => Self::Fail,
        }
    }
}

/// Generates the sequence of a seed: up to about two thousand operations, the last a mark.
pub fn generate(seed: u64) -> Sequence {
    let mut rng = Rng::with_seed(seed);
    let touch = rng.u8(..4) != 0;
    write(ProgramGenerator::new(rng, touch), touch)
}

/// Generates a sequence with 2 to `threads_max` threads.
pub fn generate_threads(seed: u64, threads_max: u16) -> Sequence {
    let mut rng = Rng::with_seed(seed);
    let touch = rng.u8(..4) < 2;
    write(
        ProgramGenerator::with_threads(rng, touch, threads_max),
        touch,
    )
}

/// Generates a sequence with up to `threads_max` threads that calls `mallopt` now and then.
pub fn generate_options(seed: u64, threads_max: u16) -> Sequence {
    let mut rng = Rng::with_seed(seed);
    let touch = rng.u8(..4) < 3;
    let program = match threads_max {
        0 | 1 => ProgramGenerator::new(rng, touch),
        most => ProgramGenerator::with_threads(rng, touch, most),
    };
    write(program.with_options(), touch)
}

/// Generates a sequence for an allocator that reads the clock and manages pages, with up to `threads_max` threads.
pub fn generate_timed(seed: u64, threads_max: u16) -> Sequence {
    let mut rng = Rng::with_seed(seed);
    let touch = rng.u8(..4) < 3;
    let program = match threads_max {
        0 | 1 => ProgramGenerator::new(rng, touch),
        most => ProgramGenerator::with_threads(rng, touch, most),
    };
    write(program.timed(), touch)
}

fn write(mut program: ProgramGenerator, touch: bool) -> Sequence {
    for _ in 0..program.rng.u8(1..=5) {
        program.phase();
        program.between();
    }
    program.push(Operation::Mark);
    Sequence {
        steps: program.steps,
        touch,
    }
}

impl ProgramGenerator {
    fn phase(&mut self) {
        let many = self.threads.is_many();
        let bias = AllocationBias::choose(&mut self.rng, many);
        let sizes = if self.timed && self.rng.u8(..3) == 0 {
            Sizes::Classes
        } else if many && self.rng.u8(..10) == 0 {
            Sizes::Heaps
        } else {
            Sizes::choose(&mut self.rng)
        };
        let steps = match self.rng.u8(..4) {
            0 => self.rng.u16(1..20),
            1 | 2 => self.rng.u16(20..150),
            _ => self.rng.u16(150..500),
        };
        match bias {
            AllocationBias::Burst => self.burst(sizes, steps),
            AllocationBias::Grow => self.grow(sizes, steps),
            AllocationBias::Overflow => self.overflow(sizes, steps),
            AllocationBias::Tower => self.tower(),
            _ => {
                for _ in 0..steps {
                    self.step(bias, sizes);
                }
            }
        }
    }

    fn step(&mut self, bias: AllocationBias, sizes: Sizes) {
        let frees = match bias {
            AllocationBias::Churn(sixteenths) => sixteenths,
            AllocationBias::Resize => 3,
            _ => 6,
        };
        if self.rng.u8(..16) < frees {
            self.free_any();
        } else {
            let size = self.size(sizes);
            let special = self.rng.u8(..16);
            match bias {
                AllocationBias::Resize if special < 12 => self.resize_any(size),
                AllocationBias::Align if special < 10 => self.align(size),
                AllocationBias::Clear if special < 12 => self.clear(size),
                AllocationBias::Fail if special < 6 => self.fail(),
                _ => self.allocate(size),
            }
        }
        self.now_and_then();
    }

    /// Blocks up to the mmap threshold, as many as may be held, given back last to first, first to last or shuffled, with
    /// a few left; more than once.
    fn tower(&mut self) {
        let least = 1 << self.rng.u8(12..=16);
        let room = self.live_bytes_max.saturating_sub(self.live_bytes);
        let height = self.rng.u64(..=room.min(200 << 20));
        for _ in 0..self.rng.u8(1..=2) {
            let first = self.live.len();
            let mut reached = 0;
            for _ in 0..1500 {
                if reached >= height {
                    break;
                }
                let size = self.rng.u64(least..=131_000);
                reached += size;
                self.allocate(size);
                self.now_and_then();
            }
            let order = self.rng.u8(..3);
            let left = self.rng.usize(..4);
            while self.live.len() > first + left {
                let index = match order {
                    0 => self.live.len() - 1,
                    1 => first,
                    _ => self.rng.usize(first..self.live.len()),
                };
                self.free_at(index);
                self.now_and_then();
            }
            self.push(Operation::Mark);
        }
    }

    /// Allocates many, then frees them last to first, first to last, every other, or shuffled; mostly not quite all.
    fn burst(&mut self, sizes: Sizes, count: u16) {
        let first = self.live.len();
        for _ in 0..count {
            let size = self.size(sizes);
            self.allocate(size);
            self.now_and_then();
        }
        let mut burst = self.live.split_off(first.min(self.live.len()));
        match self.rng.u8(..4) {
            0 => burst.reverse(),
            1 => self.rng.shuffle(&mut burst),
            2 => {
                let mut flip = false;
                let (mut odd, even): (Vec<_>, Vec<_>) = burst.into_iter().partition(|_| {
                    flip = !flip;
                    flip
                });
                odd.extend(even);
                burst = odd;
            }
            _ => {}
        }
        let survivors = [0, 0, 1, 2, burst.len() / 10][self.rng.usize(..5)];
        for (block, size) in burst.into_iter().skip(survivors) {
            self.live_bytes -= size;
            self.push(Operation::Free { block });
            self.now_and_then();
        }
        // The survivors lost their entries with the split: they stay allocated for good, like a leak.
    }

    /// Blocks that grow by steps or by factors, while small ones come and go between them.
    fn grow(&mut self, sizes: Sizes, steps: u16) {
        let mut growing = Vec::new();
        for _ in 0..self.rng.u8(1..=3) {
            let start = self.rng.u64(..2000);
            let block = self.name();
            self.push(Operation::Malloc { block, size: start });
            growing.push((block, start));
        }
        let most = (1 << self.rng.u8(14..26)).min(self.live_bytes_max / 2);
        for _ in 0..steps {
            let which = self.rng.usize(..growing.len());
            let (old, size) = growing[which];
            let size = match self.rng.u8(..8) {
                _ if size > most => self.rng.u64(..=size),
                0 => size + self.rng.u64(1..64),
                1 | 2 => size + self.rng.u64(..5000),
                3 => size + size / 8 + 6,
                4 => size * 3 / 2 + 1,
                5 => size - size / 4,
                _ => size * 2 + 16,
            }
            .min(self.size_max);
            growing[which] = (self.resize(old, size), size);
            if self.rng.u8(..4) == 0 {
                let other = self.size(sizes);
                self.allocate(other);
            }
            if self.rng.u8(..4) == 0 {
                self.free_any();
            }
            self.now_and_then();
        }
        for (block, _) in growing {
            self.push(Operation::Free { block });
        }
    }

    /// Fills the caches of a few sizes beyond what they take, in rounds, with something large in between. With small
    /// blocks kept between them the rest stays in pieces of one size, waiting to be sorted.
    fn overflow(&mut self, sizes: Sizes, steps: u16) {
        for _ in 0..(steps / 20).max(1) {
            let first = self.live.len();
            let size = self.size(sizes) % 1100;
            let count = self.rng.u8(5..30);
            let apart = self.rng.bool();
            for _ in 0..count {
                self.allocate(size);
                if apart {
                    let block = self.name();
                    self.push(Operation::Malloc { block, size: 24 });
                }
            }
            while self.live.len() > first && self.rng.u8(..24) != 0 {
                let index = self.rng.usize(first..self.live.len());
                self.free_at(index);
            }
            if self.rng.bool() {
                let large = self.rng.u64(1000..70_000);
                self.allocate(large);
            }
            for _ in 0..self.rng.u8(..=count) {
                self.allocate(size);
            }
            if self.rng.bool() {
                self.free_any();
            }
            self.now_and_then();
        }
    }

    /// Between phases: perhaps everything goes, or a trim.
    fn between(&mut self) {
        if self.rng.u8(..4) == 0 {
            while let Some(last) = self.live.len().checked_sub(1) {
                self.free_at(last);
            }
        }
        if self.rng.u8(..4) == 0 {
            self.trim();
        }
        if self.timed && self.rng.bool() {
            self.wait();
        }
        if self.threads.is_many() {
            for _ in 0..self.rng.u8(..4) {
                self.threads.arrive();
            }
            while self.rng.u8(..3) == 0 {
                self.end_thread();
            }
        }
        self.push(Operation::Mark);
    }

    /// What may happen at any time, seldom.
    fn now_and_then(&mut self) {
        if self.threads.is_many() {
            match self.rng.u16(..600) {
                0..=14 => self.threads.arrive(),
                15..=18 => self.end_thread(),
                _ => {}
            }
        }
        if self.timed && self.rng.u8(..60) == 0 {
            self.wait();
        }
        if self.sets_options && self.rng.u8(..40) == 0 {
            self.set_option();
        }
        match self.rng.u16(..400) {
            0..=5 => self.push(Operation::Mark),
            6 => self.trim(),
            7..=9 => self.ask_size(),
            10 | 11 => {
                let size = self.rng.u64(..200_000);
                self.resize_any(size);
            }
            12 => self.align(100),
            13 => self.clear(5000),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_seed_always_makes_the_same_sequence() {
        assert_eq!(generate(7), generate(7));
        assert_ne!(generate(7), generate(8));
    }

    #[test]
    fn every_kind_of_operation_comes_up() {
        let kinds = |sequence: Sequence| {
            let records = sequence.steps.into_iter();
            records.map(|step| step.operation.to_record(step.thread).code)
        };
        let alone: HashSet<u16> = (0..100).map(generate).flat_map(kinds).collect();
        assert_eq!(alone.len(), 8);
        let threads = (0..100).map(|seed| generate_threads(seed, 16));
        let many: HashSet<u16> = threads.flat_map(kinds).collect();
        assert_eq!(many.len(), 9);
    }

    #[test]
    fn options_are_set_where_they_are_asked_for() {
        let options = |sequence: Sequence| {
            let operations = sequence.steps.into_iter().map(|step| step.operation);
            operations.filter_map(|operation| match operation {
                Operation::Mallopt { option, .. } => Some(option),
                _ => None,
            })
        };
        let sequences = (0..100).map(|seed| generate_options(seed, 1 + seed as u16 % 16));
        let known: HashSet<i32> = sequences.flat_map(options).collect();
        assert!((-8..=1).all(|option| known.contains(&option)), "{known:?}");
        assert!(
            (0..100)
                .map(generate)
                .all(|sequence| options(sequence).next().is_none())
        );
    }

    #[test]
    fn time_passes_where_it_matters() {
        let kinds = |sequence: Sequence| {
            let records = sequence.steps.into_iter();
            records.map(|step| step.operation.to_record(step.thread).code)
        };
        let timed = (0..100).map(|seed| generate_timed(seed, 1 + seed as u16 % 16).asking());
        let codes: HashSet<u16> = timed.flat_map(kinds).collect();
        assert!(codes.contains(&crate::wire::WAIT) && codes.contains(&crate::wire::FIGURE));
        assert!(!codes.contains(&crate::wire::MARK) && !codes.contains(&crate::wire::USABLE));
    }

    #[test]
    fn threads_begin_late_end_early_and_do_nothing_after() {
        let sequences: Vec<Sequence> = (0..300).map(|seed| generate_threads(seed, 16)).collect();
        assert!(sequences.iter().all(Sequence::is_sound));
        let firsts = sequences.iter().map(|sequence| sequence.steps[0].thread);
        assert!(firsts.collect::<HashSet<u16>>().len() > 4);
        let counts: HashSet<u32> = sequences.iter().map(Sequence::threads).collect();
        assert!((2..=16).all(|count| counts.contains(&count)), "{counts:?}");
        assert!((0..100).all(|seed| generate(seed).threads() == 1));
    }
}
