//! What must hold of the model whatever a program does, over random programs, releases, settings and mallocs below.

use highwater_allocator::{
    Address, Allocator, BlockState, Bytes, Kernel, ThreadId, Variable, Whereabouts,
};
use highwater_glibc::{Cores, Glibc, Host, Params, Version as GlibcVersion};
use highwater_jemalloc::Jemalloc;
use highwater_kernel::Config;
use highwater_pymalloc::{Options, Pymalloc, Settings, Version};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Malloc(u64),
    /// So many blocks of a size.
    Fill(u16, u64),
    Calloc(u64, u64),
    Aligned(u32, u64),
    Realloc(prop::sample::Index, u64),
    Free(prop::sample::Index),
    /// Frees every so-manieth block, all of them if that is 1.
    Sweep(usize),
    Trim,
}

/// Sizes at which rules change, and any in between.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        10 => 0..200u64,
        6 => 1..600u64,
        3 => 480..1100u64,
        2 => 1000..70_000u64,
        1 => 60_000..3_000_000u64,
        1 => prop::sample::select(vec![
            0, 1, 16, 17, 488, 489, 512, 513, 1 << 45, i64::MAX as u64, 1 << 63, u64::MAX,
        ]),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        8 => size().prop_map(Operation::Malloc),
        2 => (1..3000u16, 1..512u64).prop_map(|(n, s)| Operation::Fill(n, s)),
        2 => (0..5u64, size()).prop_map(|(n, s)| Operation::Calloc(n, s)),
        1 => (4..14u32, size()).prop_map(|(a, s)| Operation::Aligned(a, s)),
        4 => (index(), size()).prop_map(|(i, s)| Operation::Realloc(i, s)),
        8 => index().prop_map(Operation::Free),
        2 => (1..5usize).prop_map(Operation::Sweep),
        1 => Just(Operation::Trim),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(pools, debug, tracemalloc)| Options {
        pools,
        debug,
        tracemalloc,
    })
}

/// A process and what it holds: where each block lies, and how long it is.
struct Process<A> {
    kernel: Kernel,
    model: Pymalloc<A>,
    held: BTreeMap<u64, u64>,
}

const MAIN: ThreadId = ThreadId::MAIN;

impl<A: Allocator> Process<A> {
    fn new(version: Version, options: Options, malloc: A, page: u64) -> Self {
        let config = Config {
            // Any page may be the first.
            mmap_top: Address(Config::default().mmap_top.0 - page * 4096),
            ..Config::default()
        };
        Self {
            kernel: Kernel::new(config).expect("a process can begin like that"),
            model: Pymalloc::new(version, options, malloc),
            held: BTreeMap::new(),
        }
    }

    fn hold(&mut self, block: Option<Address>, size: u64) {
        let Some(Address(block)) = block else { return };
        let end = block + size.max(1);
        if let Some((before, length)) = self.held.range(..end).next_back() {
            assert!(
                before + (*length).max(1) <= block,
                "{block:#x} is in a block"
            );
        }
        assert!(self.model.usable_size(&self.kernel, Address(block)) >= Bytes(size));
        self.kernel.touch(Address(block), Bytes(size));
        self.held.insert(block, size);
    }

    fn free(&mut self, block: u64) {
        self.held.remove(&block);
        self.model.free(&mut self.kernel, MAIN, Address(block));
    }

    fn any(&self, index: prop::sample::Index) -> Option<u64> {
        let at = (!self.held.is_empty()).then(|| index.index(self.held.len()))?;
        self.held.keys().nth(at).copied()
    }

    fn perform(&mut self, operation: &Operation) {
        match operation {
            Operation::Malloc(size) => {
                let block = self.model.malloc(&mut self.kernel, MAIN, Bytes(*size));
                assert!(block.is_some() || *size > 1 << 40, "malloc({size}) failed");
                self.hold(block, *size);
            }
            Operation::Fill(count, size) => {
                for _ in 0..*count {
                    let block = self.model.malloc(&mut self.kernel, MAIN, Bytes(*size));
                    self.hold(block, *size);
                }
            }
            Operation::Calloc(count, size) => {
                let block = self
                    .model
                    .calloc(&mut self.kernel, MAIN, *count, Bytes(*size));
                self.hold(block, count.saturating_mul(*size));
            }
            Operation::Aligned(shift, size) => {
                let alignment = Bytes(1 << shift);
                let block = self
                    .model
                    .aligned(&mut self.kernel, MAIN, alignment, Bytes(*size));
                // Of no bytes, jemalloc up to 5.3.0 returns its smallest block, however that lies.
                let is_aligned = |block: Address| block.0.is_multiple_of(alignment.0);
                assert!(*size == 0 || block.is_none_or(is_aligned));
                self.hold(block, *size);
            }
            Operation::Realloc(index, size) => self.realloc(*index, *size),
            Operation::Free(index) => {
                if let Some(block) = self.any(*index) {
                    self.free(block);
                }
            }
            Operation::Sweep(every) => {
                let all: Vec<u64> = self.held.keys().copied().step_by(*every).collect();
                all.into_iter().for_each(|block| self.free(block));
            }
            Operation::Trim => {
                self.model.trim(&mut self.kernel, MAIN, Bytes::ZERO);
            }
        }
    }

    fn realloc(&mut self, index: prop::sample::Index, size: u64) {
        let old = self.any(index);
        let new = self
            .model
            .realloc(&mut self.kernel, MAIN, old.map(Address), Bytes(size));
        if let Some(old) = old
            && (new.is_some() || size == 0)
        {
            self.held.remove(&old);
        }
        self.hold(new, size);
    }

    /// Everything that can be known must agree with everything else.
    fn check(&self) {
        self.model.check();
        let (mut live, mut end, mut small) = (0, Address::NULL, 0);
        let mut found: Vec<u64> = Vec::new();
        self.model.census(&self.kernel, &mut |block| {
            if block.start < end && block.start.0 > 1 << 46 {
                // Another mapping, which may lie anywhere.
            } else {
                assert!(block.start >= end, "blocks overlap at {}", block.start);
            }
            end = block.start + block.size;
            if block.state == BlockState::Live {
                live += 1;
                found.push(block.user.0);
                small += u64::from(self.is_small(block.user));
            }
        });
        found.sort_unstable();
        let held: Vec<u64> = self.held.keys().copied().collect();
        assert_eq!(found, held, "what is live is what the program holds");
        let objects = self.model.objects(&self.kernel).expect("it has objects");
        let pools = self.held.keys().filter(|at| self.is_small(Address(**at)));
        assert_eq!(small, pools.count() as u64);
        assert!(objects.live + objects.free_in_pools + objects.free_pools <= objects.arena_bytes);
        assert!(live == held.len());
    }

    fn is_small(&self, at: Address) -> bool {
        self.model.whereabouts(&self.kernel, at) == Whereabouts::Pages
            && self.model.inner().whereabouts(&self.kernel, at) != Whereabouts::Pages
    }

    /// Nothing is held any more: at most one arena is left, and nothing live in it.
    fn finish(&mut self) {
        let all: Vec<u64> = self.held.keys().copied().collect();
        all.into_iter().for_each(|block| self.free(block));
        self.model.check();
        let objects = self.model.objects(&self.kernel).expect("it has objects");
        assert_eq!(objects.live, Bytes::ZERO);
        assert_eq!(objects.own.traced, 0);
        assert!(objects.arenas <= 1, "{} arenas of nothing", objects.arenas);
    }
}

fn glibc() -> Glibc {
    let host = Host {
        cores: Cores::all(2),
        threaded: false,
    };
    let settings = highwater_glibc::Settings::from_environment(GlibcVersion::default(), &[]);
    let params: Params = settings.params;
    Glibc::new(GlibcVersion::default(), params, host)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn lists_agree_and_blocks_do_not_overlap(
        version in prop::sample::select(Version::ALL.to_vec()),
        options in options(),
        page in 0..4u64,
        operations in prop::collection::vec(operation(), 1..150),
    ) {
        let mut process = Process::new(version, options, glibc(), page);
        for operation in &operations {
            process.perform(operation);
            process.model.check();
        }
        process.check();
        process.finish();
    }

    #[test]
    fn over_jemalloc_too(
        options in options(),
        operations in prop::collection::vec(operation(), 1..60),
    ) {
        let version = highwater_jemalloc::Version::default();
        let jemalloc = Jemalloc::new(version, highwater_jemalloc::Options::of(version), 2);
        let mut process = Process::new(Version::V3_11, options, jemalloc, 0);
        for operation in &operations {
            process.perform(operation);
        }
        process.model.check();
        process.finish();
    }
}

fn process(version: Version) -> Process<Glibc> {
    Process::new(version, Options::default(), glibc(), 0)
}

fn malloc(process: &mut Process<Glibc>, size: u64) -> u64 {
    let block = process.model.malloc(&mut process.kernel, MAIN, Bytes(size));
    let block = block.expect("there is memory");
    process.hold(Some(block), size);
    block.0
}

#[test]
fn a_block_of_512_bytes_lies_in_a_pool_and_one_more_byte_in_the_heap() {
    let mut process = process(Version::V3_11);
    let (small, large) = (malloc(&mut process, 512), malloc(&mut process, 513));
    let heap = process.kernel.config().brk.0;
    assert!(small > large && large - heap < 1 << 20);
    assert_eq!(small % 16_384, 48, "the first block of its pool");
    let nothing = malloc(&mut process, 0);
    assert!(nothing - heap < 1 << 20, "nothing is a byte of malloc's");
}

#[test]
fn shrinking_moves_a_block_only_if_a_quarter_is_saved() {
    let mut process = process(Version::V3_11);
    let block = malloc(&mut process, 128);
    let mut to = |size| {
        let new =
            process
                .model
                .realloc(&mut process.kernel, MAIN, Some(Address(block)), Bytes(size));
        new.expect("there is memory").0
    };
    assert_eq!(to(97), block, "more than three quarters of 128");
    assert_ne!(to(96), block);
}

#[test]
fn the_last_arena_with_free_pools_stays() {
    let mut process = process(Version::V3_9);
    let blocks: Vec<u64> = (0..2000).map(|_| malloc(&mut process, 512)).collect();
    let arenas =
        |process: &Process<Glibc>| process.model.objects(&process.kernel).map(|o| o.arenas);
    assert_eq!(
        arenas(&process),
        Some(5),
        "seven blocks in each of 64 pools"
    );
    blocks.into_iter().for_each(|block| process.free(block));
    assert_eq!(arenas(&process), Some(1));
    let mapped = process.kernel.counts().syscalls.munmap;
    assert_eq!(mapped, 4);
}

#[test]
fn one_object_keeps_an_arena() {
    let mut process = process(Version::V3_11);
    let blocks: Vec<u64> = (0..20_000).map(|_| malloc(&mut process, 512)).collect();
    let before = process.kernel.rss();
    let mut kept = 0;
    for (index, block) in blocks.into_iter().enumerate() {
        // One of all that an arena holds.
        if index % 1953 == 7 {
            kept += 1;
        } else {
            process.free(block);
        }
    }
    let objects = process
        .model
        .objects(&process.kernel)
        .expect("it has objects");
    assert_eq!(objects.arenas, kept);
    assert_eq!(objects.live, Bytes(512 * u64::from(kept)));
    assert_eq!(process.kernel.rss(), before, "nothing goes back");
    assert_eq!(objects.arenas_half_free, kept);
}

#[test]
fn the_table_of_arenas_is_a_block_of_mallocs_and_doubles() {
    let mut process = process(Version::V3_11);
    // 31 in a pool, and 63 or 64 pools in each arena.
    for _ in 0..32_500 {
        malloc(&mut process, 512);
    }
    let objects = process
        .model
        .objects(&process.kernel)
        .expect("it has objects");
    assert_eq!(objects.arenas, 17);
    assert_eq!(objects.own.table, Bytes(32 * 48));
    assert_eq!(
        objects.own.radix_tree,
        Bytes(3 << 17),
        "a node of 256 KiB and a leaf of 128"
    );
    let mut own = Vec::new();
    process.model.census(&process.kernel, &mut |block| {
        if block.state == BlockState::Metadata && !block.mapped {
            own.push(block.size.0);
        }
    });
    assert!(
        own.contains(&(32 * 48 + 16)),
        "the table is the allocator's own: {own:?}"
    );
    let counters = process.model.decisions().counters();
    assert_eq!(
        (counters.object_arenas_mapped, counters.arena_tables_grown),
        (17, 2)
    );
}

#[test]
fn tracemalloc_costs_two_blocks_of_mallocs_for_each() {
    let environment = [Variable {
        name: "PYTHONTRACEMALLOC".to_owned(),
        value: "1".to_owned(),
    }];
    let settings = Settings::from_environment(Version::V3_11, &environment);
    let traced = |options| {
        let mut process = Process::new(Version::V3_11, options, glibc(), 0);
        for _ in 0..10_000 {
            malloc(&mut process, 64);
        }
        process.kernel.rss()
    };
    let more = traced(settings.options) - traced(Options::default());
    // 32 and 48 bytes of glibc's heap, and 32768 buckets at the most.
    assert!(
        more > Bytes(80 * 10_000) && more < Bytes(80 * 10_000 + 8 * 65_536),
        "{more}"
    );
}
