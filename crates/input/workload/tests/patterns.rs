//! The patterns behave as programs do: nothing is freed twice or lost, and the same seed makes the same calls.

use highwater_workload::pattern::{Generator, Parameters, Program};
use highwater_workload::trace::{read, write};
use highwater_workload::{
    Address, BlockId, Call, Domain, Event, MarkId, Pattern, PatternError, Progress, ThreadId,
    Workload, unwatched,
};
use std::collections::HashMap;
use std::ops::ControlFlow;

fn set(parameters: &str) -> Parameters {
    parameters.parse().expect("in range")
}

/// Small bursts, but for what else is set.
fn small_but(parameters: &str) -> Parameters {
    set(&format!("events=40 cycles=2 requests=40 {parameters}"))
}

fn small() -> Parameters {
    small_but("")
}

/// The patterns that run the service.
const SERVICES: [Pattern; 2] = [Pattern::Sync, Pattern::AsyncFanOut];

fn build(pattern: Pattern, parameters: &Parameters) -> Workload {
    pattern
        .build(parameters, &mut unwatched)
        .expect("parameters in range")
}

/// Sizes of the blocks that live at each mark, by its name. Asserts on the way that only live blocks are let go.
fn live_at_marks(workload: &Workload) -> Vec<(String, u64, u64)> {
    let mut live: Vec<Option<u64>> = vec![None; workload.blocks as usize];
    let (mut bytes, mut count, mut most, mut time) = (0, 0, 0, 0);
    let mut marks = Vec::new();
    for event in &workload.events {
        assert!(event.time.0 >= time);
        time = event.time.0;
        let (block, gone, size) = match event.call {
            Call::Malloc { block, size } | Call::Aligned { block, size, .. } => {
                (Some(block), None, size.0)
            }
            Call::Calloc { block, count, size } => (Some(block), None, size.0 * u64::from(count)),
            Call::Realloc { block, old, size } => (Some(block), old, size.0),
            Call::Free { block } => (None, Some(block), 0),
            Call::Mark(id) => {
                let name = workload.marks[id.0 as usize].name.clone();
                marks.push((name, bytes, count));
                continue;
            }
            _ => continue,
        };
        if let Some(gone) = gone {
            bytes -= live[gone.0 as usize].take().expect("a live block");
            count -= 1;
        }
        if let Some(block) = block {
            let held = live[block.0 as usize].replace(size);
            assert_eq!(held, None, "a number has one block at a time");
            bytes += size;
            count += 1;
            most = most.max(count);
        }
    }
    // A realloc takes a number before it gives one back.
    let most = most as u32;
    assert!((most..=most + 1).contains(&workload.blocks));
    marks
}

#[test]
fn after_a_rest_only_survivors_are_held() {
    for pattern in SERVICES {
        let marks = live_at_marks(&build(pattern, &small()));
        let names: Vec<_> = marks.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "start", "filled:0", "burst:0", "gc:0", "rest:0", "filled:1", "burst:1", "gc:1",
                "rest:1"
            ]
        );
        // What stays is the pool of connections, which the second burst finds there.
        let connections = marks[4].1 - marks[0].1;
        assert!((1..200_000).contains(&connections), "{connections}");
        assert_eq!(marks[4].1, marks[8].1);

        let kept = "survivors=100 survivor_size=700";
        let with = live_at_marks(&build(pattern, &small_but(kept)));
        let decoded = 3 * 6 * 40;
        assert_eq!(with[4].2 - marks[4].2, decoded);
        let bytes = with[8].1 - marks[8].1;
        let mean = bytes / (2 * decoded);
        assert!((700..770).contains(&mean), "{mean} bytes and a header");

        let few = small_but(&format!("{kept} kept=50"));
        let with = live_at_marks(&build(pattern, &few));
        assert_eq!(with[8].2 - marks[8].2, 50);
    }
}

#[test]
fn the_pool_keeps_its_cache_and_nothing_else() {
    for (cache, churn) in [(0, 0), (70, 0), (70, 9), (1_000_000, 50)] {
        let parameters = small_but(&format!("cache={cache} churn={churn} handoff=30.0"));
        let marks = live_at_marks(&build(Pattern::Threads, &parameters));
        let names: Vec<_> = marks.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["start", "burst:0", "rest:0", "burst:1", "rest:1"]);
        let kept = |mark: usize| marks[mark].2 - marks[0].2;
        assert_eq!(kept(1), kept(2));
        if cache < 1000 {
            assert_eq!((kept(2), kept(4)), (cache, cache));
        } else {
            // One row in twenty, more or less.
            assert!((100..300).contains(&kept(2)) && kept(4) > kept(2) + 100);
        }
    }
}

#[test]
fn the_share_that_is_cached_says_how_soon_the_cache_is_full() {
    let kept = |cached: &str| {
        let parameters = small_but(&format!("cache=1000000 cached={cached}"));
        let marks = live_at_marks(&build(Pattern::Threads, &parameters));
        (marks[2].2 - marks[0].2, marks[4].2 - marks[0].2)
    };
    assert_eq!(kept("0"), (0, 0));
    // Of every row: 40 requests with 100 rows each, and as many again.
    assert_eq!(kept("100"), (4000, 8000));
    let (first, second) = kept("0.5");
    assert!(
        (5..40).contains(&first) && second > first,
        "{first} {second}"
    );
}

/// Threads by number, each with how often it allocates, how often it frees what another has allocated, and whether it ends.
fn by_thread(workload: &Workload) -> Vec<(u32, u32, bool)> {
    let mut threads = vec![(0, 0, false); usize::from(workload.last_thread.0) + 1];
    let mut owners = vec![None; workload.blocks as usize];
    for event in &workload.events {
        let thread = event.thread;
        let of_thread = &mut threads[usize::from(thread.0)];
        assert!(!of_thread.2, "thread {thread} has ended");
        match event.call {
            Call::Malloc { block, .. }
            | Call::Calloc { block, .. }
            | Call::Aligned { block, .. }
            | Call::Realloc { block, .. } => {
                of_thread.0 += 1;
                owners[block.0 as usize] = Some(thread);
            }
            Call::Free { block } => {
                of_thread.1 += u32::from(owners[block.0 as usize] != Some(thread));
            }
            Call::ThreadExit => of_thread.2 = true,
            _ => {}
        }
    }
    threads
}

#[test]
fn every_thread_of_the_pool_works_and_frees_what_others_allocated() {
    let parameters = small_but("threads=5");
    let threads = by_thread(&build(Pattern::Threads, &parameters));
    assert_eq!(threads.len(), 6);
    assert_eq!((threads[0].1, threads[0].2), (0, false));
    for (allocated, foreign, ended) in &threads[1..] {
        assert!(*allocated > 100 && *foreign > 20 && !ended, "{threads:?}");
    }
    let alone = small_but("threads=1 cache=0");
    let threads = by_thread(&build(Pattern::Threads, &alone));
    // Nobody to hand anything to: what remains are the messages from the main thread.
    assert_eq!(threads[1].1, 80);
}

#[test]
fn threads_end_and_others_begin() {
    let parameters = small_but("threads=4 churn=7");
    let threads = by_thread(&build(Pattern::Threads, &parameters));
    assert_eq!(threads.len(), 1 + 4 + 2 * 7);
    assert_eq!(threads.iter().filter(|thread| thread.2).count(), 2 * 7);
}

/// Returns the most threads that hold blocks of their own at one time, apart from the main thread.
fn most_threads_that_hold(workload: &Workload) -> usize {
    let mut owners = vec![ThreadId::MAIN; workload.blocks as usize];
    let mut held = vec![0; usize::from(workload.last_thread.0) + 1];
    let mut most = 0;
    for event in &workload.events {
        if let Call::Free { block }
        | Call::Realloc {
            old: Some(block), ..
        } = event.call
        {
            held[usize::from(owners[block.0 as usize].0)] -= 1;
        }
        if let Some(block) = event.call.allocated() {
            owners[block.0 as usize] = event.thread;
            held[usize::from(event.thread.0)] += 1;
        }
        most = most.max(held[1..].iter().filter(|held| **held > 0).count());
    }
    most
}

#[test]
fn no_more_requests_are_in_progress_than_the_limit() {
    let most = |concurrent: u32| {
        let own = small_but(&format!(
            "threads=8 cache=0 handoff=0 concurrent={concurrent}"
        ));
        most_threads_that_hold(&build(Pattern::Threads, &own))
    };
    assert_eq!([0, 1, 3, 200].map(most), [8, 1, 3, 8]);
}

#[test]
fn sessions_survive_as_records_do() {
    let none = live_at_marks(&build(Pattern::AsyncFanOut, &small()));
    let kept = small_but("sessions=100.0");
    let marks = live_at_marks(&build(Pattern::AsyncFanOut, &kept));
    // A dict and its table.
    assert_eq!(marks[4].2 - none[4].2, 2 * 3 * 6 * 40);
}

#[test]
fn a_reader_of_pages_holds_less_at_once() {
    let peak = |page| {
        let parameters = small_but(&format!("page={page}"));
        peak_of(&build(Pattern::AsyncFanOut, &parameters)).0
    };
    assert!(peak(10) * 2 < peak(0), "{} {}", peak(10), peak(0));
}

#[test]
fn threads_of_a_pool_decode_and_the_loop_lets_go() {
    let parameters = small_but("executor=4");
    let threads = by_thread(&build(Pattern::AsyncFanOut, &parameters));
    assert_eq!(threads.len(), 5);
    for (allocated, foreign, ended) in &threads[1..] {
        assert!(*allocated > 100 && *foreign == 0 && !ended, "{threads:?}");
    }
    assert!(
        threads[0].1 > 1000,
        "the main thread frees what others decoded"
    );
}

#[test]
fn a_program_can_trim_from_time_to_time() {
    let parameters = small_but("trim_every=0.5");
    let workload = build(Pattern::AsyncFanOut, &parameters);
    let trims = workload
        .events
        .iter()
        .filter(|event| matches!(event.call, Call::Trim { .. }));
    let seconds = workload.events.last().map_or(0, |event| event.time.0) / 1_000_000;
    assert!((trims.count() as u64).abs_diff(2 * seconds) <= 3);
}

#[test]
fn the_same_seed_makes_the_same_calls_and_another_makes_others() {
    for pattern in Pattern::ALL {
        let one = build(pattern, &small());
        assert_eq!(one, build(pattern, &small()));
        let other = build(pattern, &small_but("seed=2"));
        assert_ne!(one.events, other.events);
    }
}

/// Returns the number of a workload's calls and a checksum of them (FNV-1a), of their trace without what frames it and of
/// their domains.
fn digest(workload: &Workload) -> (usize, u64) {
    let allocating = workload
        .events
        .iter()
        .filter_map(|event| event.call.allocated());
    // Every block gets an address of its own, so that the sum depends on no number that is used again.
    let addresses: Vec<_> = (1..)
        .zip(allocating)
        .map(|(number, _)| Address(number * 0x10))
        .collect();
    let mut text = Vec::new();
    let mut calls = workload.clone();
    for event in &mut calls.events {
        event.domain = Domain::default();
    }
    write(&calls, Some(&addresses), &mut text).expect("it is a possible trace");
    let calls = text.split_inclusive(|byte| *byte == b'\n');
    let frame = [&b"#"[..], b"program ", b"page ", b"cpus ", b"end "];
    let calls = calls.filter(|line| !frame.iter().any(|word| line.starts_with(word)));
    let domains = workload.events.iter().map(|event| event.domain as u8);
    let bytes = calls.flatten().copied().chain(domains);
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (workload.events.len(), sum)
}

/// Guards the generator and its dependencies: a change of these figures is a change of every shared link.
#[test]
fn the_calls_of_the_defaults_stay_what_they_are() {
    let of_defaults = |pattern| digest(&build(pattern, &Parameters::default()));
    assert_eq!(
        Pattern::ALL.map(of_defaults),
        [
            (327_406, 8_711_278_746_524_418_255),
            (328_029, 17_741_715_655_770_850_965),
            (264_399, 11_461_535_791_553_756_892),
            (881_280, 15_821_703_048_396_649_587),
            (234_635, 16_536_222_909_677_723_712)
        ]
    );
}

/// Guards every parameter: each is set to another value than its default, alone and together with others.
#[test]
fn the_calls_of_set_parameters_stay_what_they_are() {
    let runs = [
        (
            Pattern::Sync,
            "streams=2 subscribers=3 events=30 payload=5000 shape=mixed batch=7 page=9",
        ),
        (
            Pattern::Sync,
            "events=20 cycles=2 socket=socket payload=70000 pause=12.5 trim=yes seed=9",
        ),
        (
            Pattern::AsyncFanOut,
            "events=30 executor=3 shape=chunks survivors=40.5 survivor_size=900 kept=25",
        ),
        (
            Pattern::AsyncFanOut,
            "events=30 payload=3000 shape=small sessions=33.333 trim_every=0.75 rest=2.5 preload=3 modules=20",
        ),
        (
            Pattern::AsyncFanOut,
            "events=40 socket=1 page=7 executor=2 cycles=1 pause=0 survivors=5 sessions=2",
        ),
        (
            Pattern::Threads,
            "threads=5 requests=40 rows=30 row=900 handoff=37.5 cache=60 churn=6 cycles=2 seed=77",
        ),
        (
            Pattern::Threads,
            "threads=1 requests=20 rows=9 handoff=100 cache=0 rest=0 trim=1",
        ),
        (
            Pattern::Jobs,
            "threads=3 jobs=50 strings=120 heavy=12.5 weight=9 retained=2.5 collect=3 cache=70 cycles=2",
        ),
        (
            Pattern::Jobs,
            "jobs=30 strings=900 heavy=0 retained=0 cache=0 rest=1.5 trim=yes seed=4294967295",
        ),
        (
            Pattern::Tasks,
            "tasks=12 blocks=17 block=70000 result=9000 modules=30 cycles=2 rest=0.25 trim=yes seed=5",
        ),
    ];
    let of_run = |(pattern, set): (Pattern, &str)| digest(&build(pattern, &set.parse().unwrap()));
    assert_eq!(
        runs.map(of_run),
        [
            (220_609, 4_478_986_497_896_878_738),
            (105_696, 4_564_111_413_742_866_649),
            (299_800, 12_771_064_865_366_369_875),
            (2_585_039, 6_068_797_807_497_085_105),
            (110_231, 10_785_138_601_769_171_998),
            (25_594, 9_463_161_419_137_117_763),
            (9653, 3_298_968_767_521_624_090),
            (65_971, 11_465_957_931_611_917_506),
            (176_321, 7_250_512_775_634_320_910),
            (11_321, 6_262_859_716_092_874_850)
        ]
    );
}

#[test]
fn made_burst_by_burst_the_calls_are_the_same_but_for_the_numbers_of_their_blocks() {
    for pattern in Pattern::ALL {
        let whole = build(pattern, &small());
        let mut generator = Generator::new(pattern, &small()).unwrap();
        let (mut events, mut marks, mut blocks) = (Vec::new(), Vec::new(), 0);
        while let Some(part) = generator.next(&mut unwatched).unwrap() {
            assert!(part.last_thread <= whole.last_thread);
            let first = marks.len() as u32;
            events.extend(part.events.iter().map(|event| Event {
                call: match event.call {
                    Call::Mark(id) => Call::Mark(MarkId(id.0 + first)),
                    call => call,
                },
                ..*event
            }));
            marks.extend(part.marks);
            blocks = part.blocks;
        }
        assert_eq!(marks, whole.marks);
        assert_eq!(numbered(events), numbered(whole.events));
        assert_eq!(blocks, whole.blocks);
    }
}

/// Returns events with every block numbered by its allocation.
fn numbered(mut events: Vec<Event>) -> Vec<Event> {
    let mut latest = HashMap::new();
    let mut count = 0;
    for event in &mut events {
        match &mut event.call {
            Call::Free { block } => *block = latest[block],
            Call::Realloc { old: Some(old), .. } => *old = latest[old],
            _ => {}
        }
        if let Call::Malloc { block, .. }
        | Call::Calloc { block, .. }
        | Call::Aligned { block, .. }
        | Call::Realloc { block, .. } = &mut event.call
        {
            latest.insert(*block, BlockId(count));
            *block = BlockId(count);
            count += 1;
        }
    }
    events
}

/// The most bytes held at one time, and the number of calls.
fn peak_of(workload: &Workload) -> (u64, usize) {
    let mut sizes = vec![0; workload.blocks as usize];
    let (mut held, mut peak) = (0u64, 0);
    for event in &workload.events {
        let (block, gone, size) = match event.call {
            Call::Malloc { block, size } => (Some(block), None, size.0),
            Call::Calloc { block, count, size } => (Some(block), None, size.0 * u64::from(count)),
            Call::Realloc { block, old, size } => (Some(block), old, size.0),
            Call::Free { block } => (None, Some(block), 0),
            _ => (None, None, 0),
        };
        held -= gone.map_or(0, |gone| sizes[gone.0 as usize]);
        if let Some(block) = block {
            sizes[block.0 as usize] = size;
        }
        held += size;
        peak = peak.max(held);
    }
    (peak, workload.events.len())
}

#[test]
fn both_do_the_same_work_and_the_fan_out_holds_more_at_once() {
    let peak = |pattern| {
        let parameters = set("events=150");
        peak_of(&build(pattern, &parameters))
    };
    let (alone, alone_calls) = peak(Pattern::Sync);
    let (together, together_calls) = peak(Pattern::AsyncFanOut);
    assert!(together > 4 * alone, "{together} {alone}");
    assert!(alone_calls.abs_diff(together_calls) < alone_calls / 20);
}

#[test]
fn the_bounds_hold_over_the_whole_range() {
    for (payload, events, batch) in [
        (64, 2000, 1),
        (30_000, 7, 20_000),
        (16 << 20, 1, 1),
        (70_000, 50, 3),
    ] {
        for pattern in SERVICES {
            let parameters = set(&format!(
                "payload={payload} events={events} batch={batch} shape={} socket={} page={} streams=1 subscribers=2 cycles=2 \
                 rest=0 survivors=50 sessions=10 trim=1 modules=20 trim_every=1",
                payload % 4,
                events % 2,
                batch % 5
            ));
            let workload = build(pattern, &parameters);
            assert!((workload.events.len() as u64) <= parameters.most_calls(Program::Service));
            let marks = live_at_marks(&workload);
            assert_eq!(marks.last().map(|mark| mark.0.as_str()), Some("trimmed"));
        }
    }
}

#[test]
fn the_bounds_of_the_pool_hold_over_the_whole_range() {
    for (threads, rows, row, cache, churn) in [
        (1, 1, 64, 0, 0),
        (256, 3, 64, 9, 1000),
        (3, 1, 16 << 20, 1_000_000, 1),
        (2, 20_000, 64, 100, 0),
    ] {
        let parameters = set(&format!(
            "threads={threads} rows={rows} row={row} cache={cache} churn={churn} handoff=50 requests=6 cycles=2 rest=0 \
             trim=1"
        ));
        let workload = build(Pattern::Threads, &parameters);
        assert!((workload.events.len() as u64) <= parameters.most_calls(Program::Pool));
        let marks = live_at_marks(&workload);
        assert_eq!(marks.last().map(|mark| mark.0.as_str()), Some("trimmed"));
        // Freeing every block once and no ended thread's work: by_thread and live_at_marks assert it.
        by_thread(&workload);
    }
}

#[test]
fn a_generated_trace_reads_back() {
    for (pattern, churn) in [(Pattern::AsyncFanOut, 0), (Pattern::Threads, 5)] {
        let workload = build(pattern, &small_but(&format!("churn={churn}")));
        let mut text = Vec::new();
        write(&workload, None, &mut text).unwrap();
        let again = read(&text).unwrap();
        assert_eq!(again.events, workload.events);
        assert_eq!(again.header, workload.header);
        assert_eq!(again.last_thread, workload.last_thread);
        let allocating = |event: &&Event| event.call.allocated().is_some();
        let allocating = workload.events.iter().filter(allocating).count();
        assert_eq!(again.recorded.len(), allocating);
    }
}

#[test]
fn building_can_be_stopped() {
    let mut told = 0;
    let mut watch = |progress: Progress| {
        told += 1;
        assert!(progress.done <= progress.total);
        if told < 10 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let stopped = Pattern::Sync.build(&small(), &mut watch);
    assert_eq!(stopped, Err(PatternError::Cancelled));
    assert!("fanout".parse::<Pattern>().is_err());
    assert_eq!("async_fanout".parse(), Ok(Pattern::AsyncFanOut));
}

#[test]
fn names_travel_as_json() {
    assert_eq!(
        serde_json::to_string(&Pattern::AsyncFanOut).unwrap(),
        r#""async_fanout""#
    );
}
