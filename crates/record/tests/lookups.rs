//! A program that asks for the allocator's functions while it runs is recorded as one that was linked with them.

mod common;

use common::{Owned, check_blocks, compile_with, folder, library, record, recordings, run};
use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

/// Runs `looks_up` with and without the recorder, and returns the events.
fn recorded(folder: &Path, argument: Option<&Path>) -> Option<Vec<Owned>> {
    let program = compile_with("looks_up", folder, &["-Wl,--no-as-needed", "-ldl"])?;
    let (library, into) = (library(folder), folder.join("recorded"));
    let command = || {
        let mut command = Command::new(&program);
        command.args(argument);
        command
    };
    let plain = run(&mut command())?;
    assert!(
        plain.status.success(),
        "{}",
        String::from_utf8_lossy(&plain.stdout)
    );
    let output = run(record(&mut command(), &library, &into))?;
    assert_eq!((output.status, output.stdout), (plain.status, plain.stdout));
    let recording = recordings(&into).pop().expect("it allocates");
    check_blocks(&mut HashSet::new(), &recording.events);
    Some(recording.events)
}

/// Counts the calls that allocated so many bytes.
fn allocations(events: &[Owned], bytes: u64) -> usize {
    let is_one = |event: &&Owned| matches!(event, Owned::Call { size, new, .. } if *size == bytes && *new != 0);
    events.iter().filter(is_one).count()
}

#[test]
fn functions_that_are_asked_for_in_the_c_library_alone() {
    let folder = folder("looks-up");
    let Some(events) = recorded(&folder, None) else {
        return;
    };
    assert_eq!(allocations(&events, 777), 100);
    assert!(events.contains(&Owned::Trim));
}

#[test]
fn a_library_that_looks_into_the_c_library_first() {
    let folder = folder("looks-deep");
    let Some(deep) = compile_with("deep", &folder, &["-shared", "-fPIC"]) else {
        return;
    };
    let events = recorded(&folder, Some(&deep)).expect("there is a compiler");
    assert_eq!(allocations(&events, 777), 1, "its constructor");
    assert_eq!(allocations(&events, 778), 50, "its thread");
    assert_eq!(allocations(&events, 779), 50, "its function");
}
