//! What must hold of the model whatever a program does, over random programs and settings.

use highwater_allocator::{Address, Allocator, Bytes, Kernel, ThreadId, Variable};
use highwater_glibc::{Glibc, Host, Settings, Version};
use highwater_kernel::Config;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    Malloc(u64),
    Calloc(u64, u64),
    Aligned(u32, u64),
    Realloc(prop::sample::Index, u64),
    Free(prop::sample::Index),
    Trim(u64),
    Exit,
}

/// The most threads a program has.
const THREADS: u16 = 6;

/// Sizes at which rules change, and any in between.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..200u64,
        6 => 200..1100u64,
        6 => 1000..5000u64,
        4 => 4000..70_000u64,
        3 => 60_000..300_000u64,
        1 => 300_000..40_000_000u64,
        1 => prop::sample::select(vec![
            0, 24, 25, 1032, 1033, 65_519, 65_536, 131_047, 131_048, 131_072, 1 << 31, 1 << 45,
            i64::MAX as u64, 1 << 63, u64::MAX - 40, u64::MAX,
        ]),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        10 => size().prop_map(Operation::Malloc),
        2 => (prop_oneof![0..5u64, Just(u64::MAX)], size()).prop_map(|(n, s)| Operation::Calloc(n, s)),
        1 => (0..64u32, size()).prop_map(|(a, s)| Operation::Aligned(a, s)),
        3 => (index(), size()).prop_map(|(i, s)| Operation::Realloc(i, s)),
        10 => index().prop_map(Operation::Free),
        1 => prop_oneof![Just(0), size()].prop_map(Operation::Trim),
        1 => Just(Operation::Exit),
    ]
}

const ENVIRONMENTS: &[&str] = &[
    "",
    "",
    "MALLOC_TRIM_THRESHOLD_=0",
    "MALLOC_TOP_PAD_=0",
    "MALLOC_TOP_PAD_=-1",
    "MALLOC_MMAP_THRESHOLD_=0",
    "MALLOC_MMAP_THRESHOLD_=16384\nMALLOC_PERTURB_=7",
    "MALLOC_MMAP_MAX_=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535:glibc.malloc.tcache_max=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0:glibc.malloc.tcache_count=1",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_unsorted_limit=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_TEST=1",
    "MALLOC_TOP_PAD_=100000000",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=4194000",
];

struct Program {
    kernel: Kernel,
    model: Glibc,
    live: Vec<(Address, u64)>,
    touch: bool,
    threads: Vec<ThreadId>,
}

impl Program {
    fn new(version: Version, environment: &str, threads: u16, touch: bool) -> Self {
        let pairs = environment
            .split_whitespace()
            .filter_map(|p| p.split_once('='));
        let environment: Vec<_> = pairs
            .map(|(name, value)| Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .collect();
        let settings = Settings::from_environment(version, &environment);
        let host = Host {
            threaded: threads > 1,
            ..Host::default()
        };
        Self {
            kernel: Kernel::new(Config::default()).expect("the default is a process"),
            model: Glibc::new(version, settings.params, host),
            live: Vec::new(),
            touch,
            threads: (0..threads).map(ThreadId).collect(),
        }
    }

    fn perform(&mut self, operation: &Operation, by: usize) {
        let index = by % self.threads.len();
        let (kernel, thread) = (&mut self.kernel, self.threads[index]);
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
                if let Some(block) = block {
                    assert_eq!(block.0 % alignment.0, 0, "not aligned");
                }
                self.got(block, size);
            }
            Operation::Realloc(index, size) => {
                if self.live.is_empty() {
                    return;
                }
                let index = index.index(self.live.len());
                let (old, _) = self.live[index];
                let block = self.model.realloc(kernel, thread, Some(old), Bytes(size));
                if block.is_some() || size == 0 {
                    self.live.swap_remove(index);
                }
                self.got(block, size);
            }
            Operation::Free(index) => {
                if self.live.is_empty() {
                    return;
                }
                let (block, _) = self.live.swap_remove(index.index(self.live.len()));
                self.model.free(kernel, thread, block);
            }
            Operation::Trim(pad) => self.trim(Bytes(pad)),
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
        assert_eq!(block.0 % 16, 0, "every block is a multiple of 16");
        if self.touch && size < 1 << 28 {
            self.kernel.touch(block, Bytes(size));
        }
        self.live.push((block, size));
    }

    fn trim(&mut self, pad: Bytes) {
        let before = self.kernel.rss();
        let foretold = self.model.reclaimable(&self.kernel);
        self.model.trim(&mut self.kernel, ThreadId::MAIN, pad);
        if pad == Bytes::ZERO {
            assert_eq!(before - self.kernel.rss(), foretold, "malloc_trim(0)");
        }
    }

    fn check(&self) {
        self.model.check(&self.kernel);
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
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_heap_stays_whole_and_trimming_gives_what_was_foretold(
        version in prop::sample::select(Version::ALL.to_vec()),
        environment in prop::sample::select(ENVIRONMENTS),
        threads in prop_oneof![Just(1), 2..=THREADS],
        touch in any::<bool>(),
        operations in prop::collection::vec((operation(), any::<usize>()), 1..300),
    ) {
        let mut program = Program::new(version, environment, threads, touch);
        for (index, (operation, by)) in operations.iter().enumerate() {
            program.perform(operation, *by);
            if index % 16 == 0 {
                program.check();
            }
        }
        program.check();
        program.trim(Bytes::ZERO);
        program.check();
        for (block, _) in std::mem::take(&mut program.live) {
            program.model.free(&mut program.kernel, ThreadId::MAIN, block);
        }
        program.check();
    }
}
