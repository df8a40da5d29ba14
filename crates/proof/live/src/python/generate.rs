//! Sequences for an object allocator, made from a seed: mostly small blocks, in bursts that fill arenas and in part empty them.

use crate::operation::{BlockName, Operation, Sequence};
use fastrand::Rng;

/// What a sequence holds at most: enough for its table of arenas to grow.
const BYTES_MAX: u64 = 24 << 20;

struct ProgramGenerator {
    rng: Rng,
    operations: Vec<Operation>,
    held: Vec<(BlockName, u64)>,
    bytes: u64,
    next: BlockName,
}

/// The sequence of that seed: some thousands of operations of one thread, with marks between them.
pub fn generate_small(seed: u64) -> Sequence {
    let mut rng = Rng::with_seed(seed);
    let touch = rng.u8(..4) != 0;
    let mut program = ProgramGenerator {
        rng,
        operations: Vec::new(),
        held: Vec::new(),
        bytes: 0,
        next: 0,
    };
    for _ in 0..program.rng.u8(1..=5) {
        match program.rng.u8(..4) {
            0 | 1 => program.churn(),
            _ => program.burst(),
        }
        program.operations.push(Operation::Mark);
    }
    Sequence::of_main(program.operations, touch)
}

impl ProgramGenerator {
    /// Sizes at which rules change, and any in between.
    fn size(&mut self) -> u64 {
        match self.rng.u8(..32) {
            0..=19 => self.rng.u64(1..200),
            20..=25 => self.rng.u64(1..=512),
            26 => [0, 1, 16, 17, 384, 385, 488, 489, 496, 497, 512, 513][self.rng.usize(..12)],
            27..=29 => self.rng.u64(513..5000),
            30 => self.rng.u64(5000..120_000),
            _ => self.rng.u64(120_000..400_000),
        }
    }

    fn allocate(&mut self, size: u64) {
        if self.bytes + size > BYTES_MAX {
            return;
        }
        let block = self.next;
        self.next += 1;
        self.operations.push(match self.rng.u8(..16) {
            0 => Operation::Calloc {
                block,
                count: size,
                size: 1,
            },
            1 => Operation::Realloc {
                block,
                old: None,
                size,
            },
            _ => Operation::Malloc { block, size },
        });
        self.held.push((block, size));
        self.bytes += size;
    }

    fn free(&mut self, index: usize) {
        let (block, size) = self.held.swap_remove(index);
        self.bytes -= size;
        self.operations.push(Operation::Free { block });
    }

    fn resize(&mut self, index: usize) {
        let (old, before) = self.held[index];
        let size = match self.rng.u8(..3) {
            // Into the same class, or just out of it.
            0 => before.saturating_sub(self.rng.u64(..=before / 3)),
            1 => before + self.rng.u64(..=before / 4),
            _ => self.size(),
        };
        let block = self.next;
        self.next += 1;
        let old = Some(old);
        self.operations
            .push(Operation::Realloc { block, old, size });
        self.bytes = self.bytes - before + size;
        self.held[index] = (block, size);
    }

    fn churn(&mut self) {
        for _ in 0..self.rng.u16(50..3000) {
            let any = self.rng.usize(..self.held.len().max(1));
            let some = any < self.held.len();
            match self.rng.u8(..16) {
                0..=5 if some => self.free(any),
                6 | 7 if some => self.resize(any),
                _ => {
                    let size = self.size();
                    self.allocate(size);
                }
            }
        }
    }

    /// Many blocks of few sizes; then most of them go, in some order.
    fn burst(&mut self) {
        let sizes: Vec<u64> = (0..self.rng.u8(1..8)).map(|_| self.size()).collect();
        for _ in 0..self.rng.u16(100..12_000) {
            let size = sizes[self.rng.usize(..sizes.len())];
            self.allocate(size);
        }
        self.operations.push(Operation::Mark);
        let one_of = [0, 0, 5, 60, 1000][self.rng.usize(..5)];
        match self.rng.u8(..3) {
            0 => {}
            1 => self.held.reverse(),
            _ => self.rng.shuffle(&mut self.held),
        }
        let mut index = self.held.len();
        while index > 0 {
            index -= 1;
            if one_of == 0 || self.rng.u16(..one_of) != 0 {
                self.free(index);
            }
        }
    }
}
