//! What must hold of the model whatever a program does, over random programs and options.

use highwater_allocator::{Address, Allocator, Bytes, Kernel, Micros, ThreadId};
use highwater_jemalloc::{Jemalloc, Options, Version};
use highwater_kernel::Config;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    Malloc(u64),
    Calloc(u64, u64),
    Aligned(u32, u64),
    Realloc(prop::sample::Index, u64),
    Free(prop::sample::Index),
    Wait(u64),
    Exit,
}

/// Sizes at which rules change, and any in between.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..200u64,
        6 => 200..4096u64,
        6 => 4000..40_000u64,
        3 => 30_000..300_000u64,
        1 => 300_000..20_000_000u64,
        1 => prop::sample::select(vec![
            0, 8, 9, 14_336, 14_337, 16_384, 16_385, 32_768, 32_769, 8 << 20, (8 << 20) + 1, 1 << 45,
            0x7000_0000_0000_0000, 0x7000_0000_0000_0001, u64::MAX,
        ]),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        12 => size().prop_map(Operation::Malloc),
        2 => (prop_oneof![0..5u64, Just(u64::MAX)], size()).prop_map(|(n, s)| Operation::Calloc(n, s)),
        1 => (0..24u32, size()).prop_map(|(a, s)| Operation::Aligned(a, s)),
        3 => (index(), size()).prop_map(|(i, s)| Operation::Realloc(i, s)),
        12 => index().prop_map(Operation::Free),
        2 => (0..4_000_000u64).prop_map(Operation::Wait),
        1 => Just(Operation::Exit),
    ]
}

fn options() -> impl Strategy<Value = (Version, Options)> {
    let decay = || prop::sample::select(vec![-1i64, 0, 1, 1000, 10_000]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let version = prop::sample::select(Version::ALL.to_vec());
    let switches = (any::<bool>(), any::<bool>());
    (
        version,
        decay(),
        decay(),
        flags,
        switches,
        0..4u32,
        any::<u64>(),
    )
        .prop_map(|(version, dirty, muzzy, flags, switches, narenas, seed)| {
            let (background_thread, retain, tcache, cache_oblivious) = flags;
            let (experimental_tcache_gc, other_sizes) = switches;
            let usual = Options::of(version);
            let options = Options {
                dirty_decay_ms: dirty,
                muzzy_decay_ms: muzzy,
                background_thread,
                retain,
                tcache,
                cache_oblivious,
                experimental_tcache_gc,
                large_size_classes: usual.large_size_classes ^ other_sizes,
                narenas,
                seed,
                ..usual
            };
            (version, options)
        })
}

struct Program {
    kernel: Kernel,
    model: Jemalloc,
    live: Vec<(Address, u64)>,
    threads: Vec<ThreadId>,
    now: u64,
}

impl Program {
    fn perform(&mut self, operation: &Operation, by: usize) {
        let index = by % self.threads.len();
        let (kernel, thread) = (&mut self.kernel, self.threads[index]);
        self.model.advance(kernel, Micros(self.now));
        match *operation {
            Operation::Malloc(size) => {
                let block = self.model.malloc(kernel, thread, Bytes(size));
                self.got(block, size);
            }
            Operation::Calloc(count, size) => {
                let block = self.model.calloc(kernel, thread, count, Bytes(size));
                self.got(block, count.saturating_mul(size));
            }
            Operation::Aligned(shift, size) => {
                let alignment = Bytes(1 << shift);
                let block = self.model.aligned(kernel, thread, alignment, Bytes(size));
                // memalign of nothing is a block of 8 bytes, whatever alignment was asked for.
                if let Some(block) = block.filter(|_| size > 0) {
                    assert_eq!(block.0 % alignment.0, 0, "not aligned");
                }
                self.got(block, size);
            }
            Operation::Realloc(index, size) if !self.live.is_empty() => {
                let index = index.index(self.live.len());
                let (old, _) = self.live[index];
                let block = self.model.realloc(kernel, thread, Some(old), Bytes(size));
                if block.is_some() || size == 0 {
                    self.live.swap_remove(index);
                }
                self.got(block, size);
            }
            Operation::Free(index) if !self.live.is_empty() => {
                let (block, _) = self.live.swap_remove(index.index(self.live.len()));
                self.model.free(kernel, thread, block);
            }
            Operation::Realloc(..) | Operation::Free(_) => {}
            Operation::Wait(time) => self.now += time,
            Operation::Exit => {
                if index > 0 {
                    self.model.thread_exit(kernel, thread);
                    self.threads.swap_remove(index);
                }
            }
        }
    }

    fn got(&mut self, block: Option<Address>, size: u64) {
        let Some(block) = block else { return };
        let usable = self.model.usable_size(&self.kernel, block);
        assert!(usable.0 >= size, "{usable} for a request of {size}");
        if size < 1 << 28 {
            self.kernel.touch(block, Bytes(size));
        }
        self.live.push((block, size));
    }

    fn check(&self) {
        self.model.check();
        let mut live: Vec<_> = self.live.clone();
        live.sort_unstable();
        for pair in live.windows(2) {
            let usable = self.model.usable_size(&self.kernel, pair[0].0);
            assert!(pair[0].0 + usable <= pair[1].0, "blocks overlap");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn extents_never_overlap_and_every_count_adds_up(
        (version, options) in options(),
        threads in prop_oneof![Just(1), 2..=6u16],
        operations in prop::collection::vec((operation(), any::<usize>()), 1..400),
    ) {
        let mut program = Program {
            kernel: Kernel::new(Config::default()).expect("the default is a process"),
            model: Jemalloc::new(version, options, 2),
            live: Vec::new(),
            threads: (0..threads).map(ThreadId).collect(),
            now: 0,
        };
        for (index, (operation, by)) in operations.iter().enumerate() {
            program.perform(operation, *by);
            if index % 16 == 0 {
                program.check();
            }
        }
        program.check();
        for (block, _) in std::mem::take(&mut program.live) {
            program.model.free(&mut program.kernel, ThreadId::MAIN, block);
        }
        program.check();
    }
}
