//! Generates the operations of a program one by one, and follows which blocks it holds.

use crate::operation::{BlockName, Operation, Step};
use crate::sizes::{Sizes, impossible};
use crate::thread_roles::ThreadRoles;
use fastrand::Rng;

/// Most bytes that a program holds if it writes its blocks: a sequence tests decisions, and pages cost time. A program that
/// writes nothing may hold more.
const WRITTEN_BYTES_MAX: u64 = 8 << 20;
const UNWRITTEN_BYTES_MAX: u64 = 256 << 20;
/// Most bytes that threads hold, in few sequences: more than fit into one of their heaps.
const WRITTEN_BY_THREADS_BYTES_MAX: u64 = 160 << 20;
const UNWRITTEN_BY_THREADS_BYTES_MAX: u64 = 512 << 20;
/// The largest size where alignments beyond a page are asked for. What lies before such a block depends on where the
/// kernel puts its mapping, and from 2 MiB on that depends on the kernel's release: it may round down to a huge page.
const BESIDE_WIDE_ALIGNMENT_MAX: u64 = 960 << 10;
/// Where they are not.
const SIZE_MAX: u64 = 128 << 20;

/// A program in the making.
pub(crate) struct ProgramGenerator {
    pub(crate) rng: Rng,
    pub(crate) steps: Vec<Step>,
    pub(crate) threads: ThreadRoles,
    /// The blocks held, and what was asked for each.
    pub(crate) live: Vec<(BlockName, u64)>,
    pub(crate) live_bytes: u64,
    pub(crate) live_bytes_max: u64,
    wide_alignments: bool,
    pub(crate) size_max: u64,
    /// Whether time passes, and sizes lie about the classes of an allocator of pages.
    pub(crate) timed: bool,
    /// Whether it calls `mallopt`.
    pub(crate) sets_options: bool,
    next: BlockName,
}

impl ProgramGenerator {
    /// Begins a program of one thread, which writes its blocks if `touch` says so.
    pub(crate) fn new(mut rng: Rng, touch: bool) -> Self {
        let wide_alignments = rng.u8(..3) == 0;
        Self {
            rng,
            steps: Vec::new(),
            threads: ThreadRoles::alone(),
            live: Vec::new(),
            live_bytes: 0,
            live_bytes_max: if touch {
                WRITTEN_BYTES_MAX
            } else {
                UNWRITTEN_BYTES_MAX
            },
            wide_alignments,
            size_max: if wide_alignments {
                BESIDE_WIDE_ALIGNMENT_MAX
            } else {
                SIZE_MAX
            },
            timed: false,
            sets_options: false,
            next: 0,
        }
    }

    /// Begins a program with threads. Where the kernel puts large mappings beside their heaps depends on its release, so no
    /// alignments beyond a page are asked for.
    pub(crate) fn with_threads(mut rng: Rng, touch: bool, threads_max: u16) -> Self {
        let threads = ThreadRoles::of_many(&mut rng, threads_max);
        let mut program = Self::new(rng, touch);
        program.threads = threads;
        program.wide_alignments = false;
        program.size_max = SIZE_MAX;
        if !touch {
            program.live_bytes_max = UNWRITTEN_BY_THREADS_BYTES_MAX;
        } else if program.rng.u8(..16) == 0 {
            program.live_bytes_max = WRITTEN_BY_THREADS_BYTES_MAX;
        }
        program
    }

    /// Makes the program one for an allocator that reads the clock.
    pub(crate) fn timed(self) -> Self {
        Self {
            timed: true,
            ..self
        }
    }

    /// Makes the program one that calls `mallopt`.
    pub(crate) fn with_options(self) -> Self {
        Self {
            sets_options: true,
            ..self
        }
    }

    /// Sets any option, also one that does not exist, to a value that programs use, or to any other.
    pub(crate) fn set_option(&mut self) {
        let option = self.rng.i32(-9..=2);
        let value = match (option, self.rng.u8(..8)) {
            (_, 0) => self.rng.i32(..),
            (_, 1) => -1,
            (1, _) => self.rng.i32(0..200),
            (-1 | -3, _) => 1 << self.rng.u8(12..=26),
            (-2, _) => self.rng.i32(0..1 << 20),
            (-4 | -7 | -8, _) => self.rng.i32(0..6),
            _ => self.rng.i32(0..300),
        };
        self.push(Operation::Mallopt { option, value });
    }

    /// Adds an operation, of the thread whose turn it is.
    pub(crate) fn push(&mut self, operation: Operation) {
        let gives_back = matches!(operation, Operation::Free { .. } | Operation::Trim { .. });
        let thread = self.threads.next(&mut self.rng, gives_back);
        self.steps.push(Step { thread, operation });
    }

    /// Ends a thread, if one can end.
    pub(crate) fn end_thread(&mut self) {
        if let Some(thread) = self.threads.leave(&mut self.rng) {
            self.steps.push(Step {
                thread,
                operation: Operation::ThreadExit,
            });
        }
    }

    /// Lets time pass: mostly little, seldom more than the longest decay.
    pub(crate) fn wait(&mut self) {
        let most = match self.rng.u8(..16) {
            0 => 25_000_000,
            1..=3 => 3_000_000,
            4..=8 => 200_000,
            _ => 2_000,
        };
        let us = self.rng.u64(1..most);
        self.push(Operation::Wait { us });
    }

    /// Asks for the usable size of a block, where that leaves the allocator unchanged: jemalloc makes a cache for a thread
    /// whose first call this is.
    pub(crate) fn ask_size(&mut self) {
        if self.timed {
            return;
        }
        if let Some(&(block, _)) = self.rng.choice(&self.live) {
            self.push(Operation::Usable { block });
        }
    }

    pub(crate) fn trim(&mut self) {
        let pad = match self.rng.u8(..8) {
            0 => self.rng.u64(..10_000),
            1 => self.rng.u64(..1_000_000),
            2 => 4096,
            _ => 0,
        };
        self.push(Operation::Trim { pad });
    }

    /// Chooses a size of that kind. One that takes a large part of what the program may hold is rare.
    pub(crate) fn size(&mut self, sizes: Sizes) -> u64 {
        let size = sizes.next(&mut self.rng).min(self.size_max);
        if size > self.live_bytes_max / 4 && self.rng.u8(..8) != 0 {
            return size / 32;
        }
        size
    }

    pub(crate) fn name(&mut self) -> BlockName {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn hold(&mut self, block: BlockName, size: u64) {
        self.live.push((block, size));
        self.live_bytes += size;
        while self.live_bytes > self.live_bytes_max && !self.live.is_empty() {
            self.free_any();
        }
    }

    pub(crate) fn allocate(&mut self, size: u64) {
        let block = self.name();
        let operation = match self.rng.u8(..32) {
            0 => Operation::Calloc {
                block,
                count: 1,
                size,
            },
            1 => Operation::Realloc {
                block,
                old: None,
                size,
            },
            _ => Operation::Malloc { block, size },
        };
        self.push(operation);
        self.hold(block, size);
    }

    pub(crate) fn clear(&mut self, size: u64) {
        let block = self.name();
        let count = self.rng.u64(1..=8);
        let each = size / count;
        self.push(Operation::Calloc {
            block,
            count,
            size: each,
        });
        self.hold(block, count * each);
    }

    /// Allocates with an alignment: mostly powers of two from below malloc's own alignment to a page or to 1 MiB, now and then no power of two.
    pub(crate) fn align(&mut self, size: u64) {
        let alignment = match self.rng.u8(..16) {
            0 => self.rng.u64(..4096),
            1..=3 if self.wide_alignments => 1 << self.rng.u8(12..=20),
            _ => 1 << self.rng.u8(3..=12),
        };
        let block = self.name();
        self.push(Operation::Aligned {
            block,
            alignment,
            size,
        });
        self.hold(block, size);
    }

    pub(crate) fn fail(&mut self) {
        let block = self.name();
        let size = impossible(&mut self.rng);
        let operation = match self.rng.u8(..4) {
            0 => Operation::Calloc {
                block,
                count: self.rng.u64(..5).max(1),
                size,
            },
            1 => Operation::Aligned {
                block,
                alignment: 1 << self.rng.u8(3..=16),
                size,
            },
            2 => Operation::Realloc {
                block,
                old: self.rng.choice(&self.live).map(|(block, _)| *block),
                size,
            },
            _ => Operation::Malloc { block, size },
        };
        self.push(operation);
    }

    pub(crate) fn resize(&mut self, old: BlockName, size: u64) -> BlockName {
        let block = self.name();
        let old = Some(old);
        self.push(Operation::Realloc { block, old, size });
        block
    }

    pub(crate) fn resize_any(&mut self, size: u64) {
        if self.live.is_empty() {
            return self.allocate(size);
        }
        let index = self.rng.usize(..self.live.len());
        let (old, old_size) = self.live.swap_remove(index);
        self.live_bytes -= old_size;
        let size = match self.rng.u8(..8) {
            0 => old_size + old_size / 8,
            1 => old_size / 2,
            2 => old_size.saturating_sub(self.rng.u64(..64)),
            3 => old_size + self.rng.u64(..64),
            4 => old_size + 16 * self.rng.u64(1..8),
            _ => size,
        }
        .min(self.size_max);
        let block = self.resize(old, size);
        self.hold(block, size);
    }

    /// Frees the newest block, the oldest or any.
    pub(crate) fn free_any(&mut self) {
        let count = self.live.len();
        if count == 0 {
            return;
        }
        let index = match self.rng.u8(..4) {
            0 => count - 1,
            1 => 0,
            _ => self.rng.usize(..count),
        };
        self.free_at(index);
    }

    pub(crate) fn free_at(&mut self, index: usize) {
        let (block, size) = self.live.swap_remove(index);
        self.live_bytes -= size;
        self.push(Operation::Free { block });
    }
}
