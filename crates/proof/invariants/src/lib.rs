//! Random programs for the tests of the models, and what must hold of any allocator while they run.
//!
//! A model's test chooses the sizes at which its rules change and its settings, and passes the check of its own structures.
//! The rest is the same for every [`Allocator`]: blocks are as large as requested, aligned, and do not overlap; a trim
//! returns exactly what the model foretold.

use highwater_allocator::{Address, Allocator, Bytes, Kernel, Micros, ThreadId};
use highwater_kernel::Config;
use proptest::prelude::*;
use proptest::sample::Index;

/// One step of a random program.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `malloc(size)`
    Malloc(u64),
    /// `calloc(count, size)`
    Calloc(u64, u64),
    /// `memalign(1 << shift, size)`
    Aligned(u32, u64),
    /// `realloc(block, size)`
    Realloc(Index, u64),
    /// `free(block)`
    Free(Index),
    /// `malloc_trim(pad)`
    Trim(u64),
    /// Microseconds pass.
    Wait(u64),
    /// The thread ends.
    Exit,
}

/// Generates steps: calls with sizes from `size` and alignments up to `1 << max_shift`, now and then `rare`.
pub fn operation<S: Strategy<Value = u64> + 'static>(
    size: impl Fn() -> S,
    max_shift: u32,
    rare: impl Strategy<Value = Operation> + 'static,
) -> impl Strategy<Value = Operation> {
    let index = any::<Index>;
    prop_oneof![
        10 => size().prop_map(Operation::Malloc),
        2 => (prop_oneof![0..5u64, Just(u64::MAX)], size())
            .prop_map(|(count, size)| Operation::Calloc(count, size)),
        1 => (0..=max_shift, size()).prop_map(|(shift, size)| Operation::Aligned(shift, size)),
        3 => (index(), size()).prop_map(|(block, size)| Operation::Realloc(block, size)),
        10 => index().prop_map(Operation::Free),
        1 => rare,
        1 => Just(Operation::Exit),
    ]
}

/// Generates a program: each operation with a number that selects its thread.
pub fn program(
    operation: impl Strategy<Value = Operation>,
    longest: usize,
) -> impl Strategy<Value = Vec<(Operation, usize)>> {
    prop::collection::vec((operation, any::<usize>()), 1..longest)
}

/// Generates a number of threads: one in half of the programs.
pub fn threads() -> impl Strategy<Value = u16> {
    prop_oneof![Just(1), 2..=6u16]
}

/// What an allocator promises of the address of a block.
#[derive(Clone, Copy, Debug)]
pub struct Alignment {
    /// Every block is a multiple of this.
    pub least: Bytes,
    /// Whether an aligned block of no bytes has the requested alignment.
    pub of_empty_blocks: bool,
}

/// A process that runs a program on a model.
pub struct Process<A> {
    kernel: Kernel,
    model: A,
    alignment: Alignment,
    /// Whether the program writes its blocks.
    touch: bool,
    /// The model's check of its own structures.
    check_model: fn(&A, &Kernel),
    /// Address and requested size of each live block.
    live: Vec<(Address, u64)>,
    threads: Vec<ThreadId>,
    now: Micros,
}

impl<A: Allocator> Process<A> {
    /// Begins a process with some threads.
    pub fn new(
        model: A,
        alignment: Alignment,
        threads: u16,
        touch: bool,
        check_model: fn(&A, &Kernel),
    ) -> Self {
        Self {
            kernel: Kernel::new(Config::default()).expect("the default is a process"),
            model,
            alignment,
            touch,
            check_model,
            live: Vec::new(),
            threads: (0..threads).map(ThreadId).collect(),
            now: Micros(0),
        }
    }

    /// The same process with so little room for its heap that this soon meets the mappings.
    pub fn with_little_room(mut self) -> Self {
        let defaults = Config::default();
        let config = Config {
            brk: defaults.mmap_top - Bytes::mib(3),
            ..defaults
        };
        self.kernel = Kernel::new(config).expect("a heap may begin near the mappings");
        self
    }

    /// Runs a program to its end and checks what must hold, now and then and at the end; then trims and frees all blocks.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn run(mut self, program: &[(Operation, usize)]) {
        for (index, (operation, by)) in program.iter().enumerate() {
            self.perform(operation, *by);
            if index % 16 == 0 {
                self.check();
            }
        }
        self.check();
        self.trim(Bytes::ZERO);
        self.check();
        for (block, _) in std::mem::take(&mut self.live) {
            self.model.free(&mut self.kernel, ThreadId::MAIN, block);
        }
        self.check();
    }

    fn perform(&mut self, operation: &Operation, by: usize) {
        let index = by % self.threads.len();
        let (kernel, thread) = (&mut self.kernel, self.threads[index]);
        self.model.advance(kernel, self.now);
        match *operation {
            Operation::Malloc(size) => {
                let block = self.model.malloc(kernel, thread, Bytes(size));
                self.hold(block, size);
            }
            Operation::Calloc(count, size) => {
                let block = self.model.calloc(kernel, thread, count, Bytes(size));
                self.hold(block, count.saturating_mul(size));
            }
            Operation::Aligned(shift, size) => {
                let alignment = Bytes(1 << shift);
                let block = self.model.aligned(kernel, thread, alignment, Bytes(size));
                if let Some(block) = block
                    && (size > 0 || self.alignment.of_empty_blocks)
                {
                    assert_eq!(block.0 % alignment.0, 0, "not aligned");
                }
                self.hold(block, size);
            }
            Operation::Realloc(index, size) if !self.live.is_empty() => {
                let index = index.index(self.live.len());
                let (old, _) = self.live[index];
                let block = self.model.realloc(kernel, thread, Some(old), Bytes(size));
                if block.is_some() || size == 0 {
                    self.live.swap_remove(index);
                }
                self.hold(block, size);
            }
            Operation::Free(index) if !self.live.is_empty() => {
                let (block, _) = self.live.swap_remove(index.index(self.live.len()));
                self.model.free(kernel, thread, block);
            }
            Operation::Realloc(..) | Operation::Free(_) => {}
            Operation::Trim(pad) => self.trim(Bytes(pad)),
            Operation::Wait(time) => self.now += Micros(time),
            Operation::Exit => {
                if index > 0 {
                    self.model.thread_exit(kernel, thread);
                    self.threads.swap_remove(index);
                }
            }
        }
    }

    fn hold(&mut self, block: Option<Address>, size: u64) {
        let Some(block) = block else { return };
        let usable = self.model.usable_size(&self.kernel, block);
        assert!(usable.0 >= size, "{usable} for a request of {size}");
        let least = self.alignment.least;
        assert_eq!(block.offset_in(least), Bytes::ZERO, "{block}: not {least}");
        if self.touch && size < 1 << 28 {
            self.kernel.touch(block, Bytes(size));
        }
        self.live.push((block, size));
    }

    fn trim(&mut self, pad: Bytes) {
        let before = self.kernel.rss();
        let foretold = self.model.reclaimable(&self.kernel).bytes;
        self.model.trim(&mut self.kernel, ThreadId::MAIN, pad);
        // An allocator that manages pages has no such call.
        if pad == Bytes::ZERO && self.model.figures().is_none() {
            assert_eq!(before - self.kernel.rss(), foretold, "malloc_trim(0)");
        }
    }

    fn check(&self) {
        (self.check_model)(&self.model, &self.kernel);
        let mut live = self.live.clone();
        live.sort_unstable();
        for pair in live.windows(2) {
            let usable = self.model.usable_size(&self.kernel, pair[0].0);
            assert!(pair[0].0 + usable <= pair[1].0, "blocks overlap");
        }
    }
}
