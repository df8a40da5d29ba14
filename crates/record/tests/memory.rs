//! What a program did with its memory is in its recording: the pages it touched, what it mapped itself, and how much was
//! resident.

mod common;

use common::{Owned, Recording, compile, folder, library, record, recordings, run};
use highwater_hwr::MappingCall;
use highwater_hwr::layout::Stop;
use std::process::Command;

/// Records a program of the tests, which must end with this status. `None` where there is no compiler.
fn recorded(program: &str, argument: &str, status: i32) -> Option<Recording> {
    let folder = folder(&format!("memory-{program}-{argument}"));
    let program = compile(program, &folder)?;
    let (library, into) = (library(&folder), folder.join("recorded"));
    let mut command = Command::new(program);
    let output = run(record(command.arg(argument), &library, &into))?;
    assert_eq!(output.status.code(), Some(status));
    recordings(&into).pop()
}

/// Returns the blocks of at least this many bytes, in the order of their allocation.
fn blocks(recording: &Recording, least: u64) -> Vec<(u64, u64)> {
    let block = |event: &Owned| match *event {
        Owned::Call { new, size, .. } if size >= least => Some((new, size)),
        _ => None,
    };
    recording.events.iter().filter_map(block).collect()
}

/// Returns the runs that the recording has of a block, each with its place.
fn touched(recording: &Recording, block: u64) -> Vec<(usize, &[(u64, u64)])> {
    let runs = |(at, event): (usize, &'_ Owned)| match event {
        Owned::Touched(address, _) if *address == block => Some(at),
        _ => None,
    };
    let places = recording.events.iter().enumerate().filter_map(runs);
    let runs_at = |at: usize| match &recording.events[at] {
        Owned::Touched(_, runs) => (at, runs.as_slice()),
        _ => unreachable!(),
    };
    places.map(runs_at).collect()
}

#[test]
fn a_page_of_a_gibibyte() {
    let Some(recording) = recorded("touches", "one", 0) else {
        return;
    };
    let (block, _) = blocks(&recording, 1 << 30)[0];
    let touched = touched(&recording, block);
    let (last, runs) = touched.last().expect("the pages before it is freed");
    // The allocator writes the block's header into its first page.
    assert_eq!(*runs, [(0, 1), (999, 1), (999, 1)]);
    let freed = Owned::Call {
        thread: 0,
        new: 0,
        old: block,
        size: 0,
    };
    assert_eq!(recording.events[last + 1], freed);
    let mark = Owned::Mark("touched".into());
    let mark = recording.events.iter().position(|event| *event == mark);
    let (before, runs) = touched[touched.len() - 2];
    assert_eq!(runs, [(0, 1), (999, 1)]);
    // A sample lies between them.
    assert_eq!(Some(before + 2), mark, "the pages are known at the mark");
    assert!(recording.events.contains(&Owned::Mallopt(-3, 128 << 10)));
}

#[test]
fn a_buffer_that_doubles_and_is_never_filled() {
    let Some(recording) = recorded("touches", "double", 0) else {
        return;
    };
    let blocks = blocks(&recording, 1 << 20);
    assert_eq!(blocks.len(), 7);
    for &(block, size) in blocks.iter().take(6) {
        let pages: Vec<u64> = touched(&recording, block)
            .iter()
            .map(|(_, runs)| runs.iter().map(|run| run.1).sum())
            .collect();
        // The eighth that was written: its last line lies within its last page, 16 bytes behind its beginning.
        let eighth = size / 8 / 4096;
        assert!(pages.contains(&eighth), "{size}: {pages:?}, not {eighth}");
    }
}

#[test]
fn a_block_that_is_never_freed() {
    let Some(recording) = recorded("touches", "kept", 0) else {
        return;
    };
    let (block, _) = blocks(&recording, 64 << 20)[0];
    let touched = touched(&recording, block);
    let (_, runs) = touched.last().expect("the pages at the end");
    assert_eq!(*runs, [(0, 1), (9, 5)]);
}

/// Returns what the last sample of the allocator's heaps says under a key.
fn sampled(recording: &Recording, key: &str) -> Option<u64> {
    let of_heaps = |event: &'_ Owned| match event {
        Owned::Sample(text) if text.contains(" heap=") => Some(text.clone()),
        _ => None,
    };
    let text = recording.events.iter().rev().find_map(of_heaps)?;
    let mut pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.find(|pair| pair.0 == key)?.1.parse().ok()
}

#[test]
fn samples_tell_the_allocators_memory_from_the_rest() {
    let Some(recording) = recorded("touches", "heaps", 0) else {
        return;
    };
    let kib = |key: &str| sampled(&recording, key).map(|bytes| bytes >> 10);
    // Written: 300 KiB of the heap beside what the C library has there, 200 KiB of a thread's arena, 5 pages of a mapped block
    // and the one with its header.
    assert!(
        (304..=360).contains(&kib("heap").expect("the heap")),
        "{:?}",
        kib("heap")
    );
    assert!(
        (204..=240).contains(&kib("arenas").expect("the arena")),
        "{:?}",
        kib("arenas")
    );
    assert_eq!(kib("mapped"), Some(24));
    assert!(kib("anon") >= Some(304 + 204 + 24));
    assert!(
        (8..=200).contains(&kib("stack").expect("two stacks")),
        "{:?}",
        kib("stack")
    );
    assert!(kib("tables") > Some(0));
    // Blocks that are not followed may have mappings of their own.
    let small = recorded("touches", "small", 0).expect("as before");
    assert!(sampled(&small, "heap").is_some());
    assert_eq!(sampled(&small, "mapped"), None);
}

#[test]
fn a_process_is_measured_whose_first_thread_has_ended() {
    let Some(recording) = recorded("touches", "alone", 0) else {
        return;
    };
    assert_eq!(sampled(&recording, "mapped"), Some(12 << 20));
    assert!(sampled(&recording, "rss") > Some(12 << 20));
    let (block, _) = blocks(&recording, 4 << 20)[1];
    assert!(!touched(&recording, block).is_empty());
}

#[test]
fn what_a_thread_gives_back_at_its_end_comes_before_the_next_measurement() {
    let Some(recording) = recorded("touches", "ended", 0) else {
        return;
    };
    // Both are noticed at the next call of another thread.
    let is_so = |pair: &[Owned]| matches!(pair, [Owned::End(_), Owned::Sample(_)]);
    assert!(recording.events.windows(2).any(is_so));
}

#[test]
fn what_the_recorder_itself_has_resident_does_not_count() {
    let Some(recording) = recorded("touches", "resident", 0) else {
        return;
    };
    let is_mark =
        |event: &Owned| matches!(event, Owned::Mark(text) if text.starts_with("resident-"));
    let at = recording.events.iter().rposition(is_mark);
    let at = at.expect("the last of its marks");
    let Owned::Mark(mark) = &recording.events[at] else {
        unreachable!();
    };
    let beside: u64 = mark["resident-".len()..].parse().expect("a number");
    let before = Recording {
        events: recording.events[..at].to_vec(),
        ..recording
    };
    let sampled = sampled(&before, "rss").map(|bytes| bytes >> 10);
    assert_eq!(sampled, Some(beside));
}

#[test]
fn more_large_blocks_than_are_followed() {
    let Some(recording) = recorded("touches", "many", 0) else {
        return;
    };
    let all = blocks(&recording, 130 << 10);
    assert_eq!(all.len(), 9000);
    let followed = all
        .iter()
        .filter(|block| !touched(&recording, block.0).is_empty());
    assert!(followed.take(2000).count() == 2000);
    assert!(sampled(&recording, "heap").is_some());
    assert_eq!(sampled(&recording, "mapped"), None);
}

#[test]
fn memory_beside_the_allocator() {
    let Some(recording) = recorded("maps", "", 3) else {
        return;
    };
    let calls: Vec<_> = recording
        .events
        .iter()
        .filter_map(|event| match event {
            Owned::Mapping {
                call,
                address,
                length,
                owner,
            } => Some((*call, *address, *length, owner.as_str())),
            _ => None,
        })
        .collect();
    let [map, remap, advise, unmap, moved] = calls[..] else {
        panic!("{calls:?}");
    };
    assert_eq!((map.0, map.2), (MappingCall::Map, 1 << 20));
    assert_eq!((remap.0, remap.2), (MappingCall::Remap, 4 << 20));
    assert_eq!(advise, (MappingCall::Advise, remap.1, 1 << 20, "maps"));
    assert_eq!(unmap, (MappingCall::Unmap, remap.1, 4 << 20, "maps"));
    assert_eq!((moved.0, moved.3), (MappingCall::Break, "maps"));
    assert_eq!(recording.ending.stop, Stop::Exit, "it ends by _exit");
}

#[test]
fn the_allocators_own_mappings_are_not_among_them() {
    let folder = folder("memory-python");
    let (library, into) = (library(&folder), folder.join("recorded"));
    let text =
        "blocks = [bytearray(300000) for _ in range(50)]; small = [[i] for i in range(200000)]";
    let mut command = Command::new("python3");
    if run(record(command.args(["-c", text]), &library, &into)).is_none() {
        return;
    }
    // The command may be a script that starts the interpreter.
    let is_python = |recording: &Recording| {
        let name = recording.path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("python")
    };
    let recordings = recordings(&into).into_iter().filter(is_python);
    let recording = recordings.max_by_key(|recording| recording.events.len());
    let recording = recording.expect("a recording");
    let owners: Vec<_> = recording
        .events
        .iter()
        .filter_map(|event| match event {
            Owned::Mapping {
                call: MappingCall::Map,
                owner,
                length,
                ..
            } => Some((owner.as_str(), *length)),
            _ => None,
        })
        .collect();
    assert!(
        owners.len() > 5 && owners.iter().all(|(owner, _)| owner.contains("python")),
        "Python's arenas, and nothing of malloc's: {owners:?}"
    );
    let arenas = sampled(&recording, "python");
    assert!(arenas > Some(2 << 20), "{arenas:?} resident in them");
    let samples = recording
        .events
        .iter()
        .filter_map(|event| match event {
            Owned::Sample(text) => text.strip_prefix("rss="),
            _ => None,
        })
        .map(|text| text.split(' ').next().unwrap_or_default().parse::<u64>());
    let largest = samples.map(|rss| rss.expect("a number")).max();
    assert!(largest > Some(20 << 20), "{largest:?} resident");
}
