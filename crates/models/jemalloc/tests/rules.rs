//! Rules that the real library was found to follow, each by the symptom that showed it.

use highwater_allocator::{Address, Allocator, Bytes, Figures, Kernel, Micros, PageUse, ThreadId};
use highwater_jemalloc::{Jemalloc, Options, ThreadData, Version};
use highwater_kernel::Config;

struct Process {
    kernel: Kernel,
    model: Jemalloc,
}

impl Process {
    fn new(options: Options) -> Self {
        Self::of(Version::V5_3_0, options)
    }

    fn of(version: Version, options: Options) -> Self {
        let mut kernel = Kernel::new(Config::default()).expect("the default is a process");
        let mut model = Jemalloc::new(version, options, 2);
        model.advance(&mut kernel, Micros(0));
        Self { kernel, model }
    }

    fn malloc(&mut self, size: u64) -> Option<Address> {
        self.model
            .malloc(&mut self.kernel, ThreadId::MAIN, Bytes(size))
    }

    fn realloc(&mut self, block: Address, size: u64) -> Option<Address> {
        self.model
            .realloc(&mut self.kernel, ThreadId::MAIN, Some(block), Bytes(size))
    }

    fn figures(&self) -> Figures {
        self.model.figures().expect("jemalloc reports figures")
    }
}

#[test]
fn a_request_that_is_only_rounded_up_to_the_threshold_stays_in_the_threads_arena() {
    let mut process = Process::new(Options::of(Version::V5_3_0));
    let before = process.figures().mapped;
    process.malloc(7_343_728).expect("there is memory");
    assert_eq!(process.figures().mapped - before, Bytes((8 << 20) + 4096));
    process.malloc(8 << 20).expect("there is memory");
    // Another arena has a base of its own.
    assert!(process.figures().mapped - before > Bytes(17 << 20));
}

#[test]
fn a_mapping_that_fails_costs_a_second_structure_for_the_program_break() {
    let mut process = Process::new(Options {
        oversize_threshold: Bytes::ZERO,
        ..Options::of(Version::V5_3_0)
    });
    let before = process.figures().metadata;
    assert_eq!(process.malloc((1 << 47) - 5), None);
    assert_eq!(process.figures().metadata - before, Bytes(2 * 128));
}

#[test]
fn the_first_arena_keeps_freed_extents_below_8_mib_whatever_threshold_is_set() {
    let mut process = Process::new(Options {
        oversize_threshold: Bytes(65_536),
        ..Options::of(Version::V5_3_0)
    });
    let block = process.malloc(58_992).expect("there is memory");
    process
        .model
        .free(&mut process.kernel, ThreadId::MAIN, block);
    assert_eq!(process.figures().dirty, Bytes(65_536 + 4096));
}

#[test]
fn without_retained_memory_a_block_grows_into_what_is_free_behind_it() {
    let mut process = Process::new(Options {
        retain: false,
        dirty_decay_ms: 0,
        ..Options::of(Version::V5_3_0)
    });
    let block = process.malloc(19_119).expect("there is memory");
    assert_eq!(process.realloc(block, 14_337), Some(block));
    assert_eq!(process.realloc(block, 16_385), Some(block));
}

#[test]
fn without_a_threshold_there_is_no_arena_for_very_large_blocks_to_ask_about() {
    let metadata = |oversize_threshold| {
        let options = Options {
            oversize_threshold: Bytes(oversize_threshold),
            asks_for_figures: true,
            ..Options::of(Version::V5_3_0)
        };
        Process::new(options).figures().metadata
    };
    // `sizeof (ctl_arena_t)` with figures
    assert_eq!(metadata(8 << 20) - metadata(0), Bytes(37_856));
}

#[test]
fn known_addresses_of_threads_take_the_place_of_a_seed() {
    let place = |seed, thread_data| {
        let mut process = Process::new(Options {
            seed,
            thread_data,
            ..Options::of(Version::V5_3_0)
        });
        let block = process.malloc(100_000).expect("there is memory");
        block.offset_in(Bytes(4096))
    };
    let data = |first| {
        Some(ThreadData {
            first: Address(first),
            second: Address::NULL,
            apart: Bytes::ZERO,
        })
    };
    assert_eq!(
        place(1, data(0x7fff_0000_1000)),
        place(2, data(0x7fff_0000_1000))
    );
    assert_ne!(
        place(1, data(0x7fff_0000_1000)),
        place(1, data(0x7fff_0000_2008))
    );
    assert_eq!(place(3, data(3)), place(3, None));
}

#[test]
fn a_library_built_for_wider_addresses_has_a_smaller_map_of_pages() {
    let metadata = |wide_addresses| {
        let options = Options {
            wide_addresses,
            asks_for_figures: true,
            ..Options::default()
        };
        Process::new(options).figures().metadata
    };
    // As Debian 12's and Debian 13's report it, with 8 arenas and that of very large blocks.
    assert_eq!(metadata(false), Bytes(2_668_272));
    assert_eq!(metadata(true), Bytes(1_357_408));
}

#[test]
fn what_memalign_gives_for_nothing_and_for_a_page_depends_on_the_release() {
    let usable = |version, alignment| {
        let mut process = Process::of(version, Options::of(version));
        let (kernel, model) = (&mut process.kernel, &mut process.model);
        let block = model.aligned(kernel, ThreadId::MAIN, Bytes(alignment), Bytes::ZERO);
        model.usable_size(kernel, block.expect("there is memory")).0
    };
    let of = |alignment| Version::ALL.map(|version| (version.name(), usable(version, alignment)));
    assert_eq!(of(128), [("5.2.1", 8), ("5.3.0", 8), ("5.3.1", 128)]);
    assert_eq!(of(4096), [("5.2.1", 16_384), ("5.3.0", 8), ("5.3.1", 4096)]);
}

#[test]
fn a_thread_that_began_by_freeing_counts_no_ticks_in_5_2_1() {
    let version = Version::V5_2_1;
    let allocated = |frees_first: bool| {
        let mut process = Process::of(version, Options::of(version));
        let block = process.malloc(8).expect("there is memory");
        let (kernel, model) = (&mut process.kernel, &mut process.model);
        if frees_first {
            model.free(kernel, ThreadId(1), block);
        }
        let own = model.malloc(kernel, ThreadId(1), Bytes(8));
        assert!(own.is_some());
        process.figures().allocated.0
    };
    // The counts of nine arenas lie in a block of 80 bytes; and the block that was freed is gone.
    assert_eq!(allocated(false) - allocated(true), 80 + 8);
}

/// Sizes of runs that the program holds, or jemalloc in its place, with two threads and so many arenas.
fn live_runs(arenas: u32) -> Vec<Bytes> {
    let options = Options {
        narenas: arenas,
        ..Options::of(Version::V5_2_1)
    };
    let mut process = Process::of(Version::V5_2_1, options);
    for thread in [ThreadId::MAIN, ThreadId(1)] {
        let block = process
            .model
            .malloc(&mut process.kernel, thread, Bytes(64))
            .expect("there is memory");
        if thread != ThreadId::MAIN {
            process.model.free(&mut process.kernel, thread, block);
        }
    }
    let mut runs = Vec::new();
    process.model.page_runs(&mut |run| {
        if run.used == PageUse::Live {
            runs.push(run.size);
        }
    });
    process.model.thread_exit(&mut process.kernel, ThreadId(1));
    runs
}

#[test]
fn the_tick_counts_of_many_arenas_are_a_large_block() {
    // The largest small class holds 1,792 counts. The main thread's were taken while the library had one arena.
    let few = live_runs(1700);
    let many = live_runs(1793);
    assert_eq!(many.len(), few.len() + 1, "{few:?}, then {many:?}");
    // The class above, and a page for the random offset.
    assert_eq!(
        many.iter()
            .filter(|size| **size == Bytes(16384 + 4096))
            .count(),
        1
    );
}
