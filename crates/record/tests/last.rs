//! Of a long recording only the newest part is kept, and each of its files begins with the blocks that live.

mod common;

use common::{Owned, Recording, check_blocks, compile_with, folder, library, record, recordings};
use highwater_hwr::layout::Stop;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Bytes that are kept in these tests.
const LAST: u64 = 2 << 20;

fn command(program: &Path, arguments: &[&str], library: &Path, into: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    record(&mut command, library, into).env("HIGHWATER_RECORD_LAST", LAST.to_string());
    command.env("HIGHWATER_RECORD_SITES", "4");
    command.stdout(Stdio::null());
    command
}

/// How many calls lay out what lived when a file began.
fn laid_out(recording: &Recording) -> Option<usize> {
    let line = recording
        .header
        .lines()
        .find(|line| line.starts_with("snapshot "))?;
    line["snapshot ".len()..].parse().ok()
}

/// The blocks that live after the calls that lay them out.
fn living(recording: &Recording) -> HashSet<u64> {
    let count = laid_out(recording).expect("a file that begins in the middle");
    let is_call = |event: &&Owned| matches!(event, Owned::Call { .. });
    let calls: Vec<_> = recording.events.iter().filter(is_call).cloned().collect();
    let mut live = HashSet::new();
    check_blocks(&mut live, &calls[..count]);
    live
}

/// Orders the recordings of one process as they follow one another.
fn in_order(folder: &Path) -> Vec<Recording> {
    let mut parts = recordings(folder);
    parts.sort_by_key(|part| part.control.monotonic_time);
    parts
}

#[test]
fn a_part_begins_with_what_lived_when_the_one_before_it_ended() {
    let folder = folder("parts");
    let Some(program) = compile_with("mixer", &folder, &["-fno-omit-frame-pointer"]) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    for arguments in [["4", "1", "300000"], ["1", "1", "900000"]] {
        let _ = fs::remove_dir_all(&into);
        let status = command(&program, &arguments, &library, &into).status();
        assert!(status.expect("it was compiled").success());
        let parts = in_order(&into);
        let [before, last] = &parts[..] else {
            panic!("{} files", parts.len());
        };
        assert_eq!(
            (before.ending.stop, last.ending.stop),
            (Stop::Continued, Stop::Exit)
        );
        for part in &parts {
            // What is laid out comes on top of half of what is kept, and a chunk may be begun.
            assert!(part.bytes <= LAST, "{} bytes", part.bytes);
            assert!(!part.ending.is_cut);
            check_blocks(&mut HashSet::new(), &part.events);
            let names = part.events.iter().filter_map(|event| match event {
                Owned::Site(number, _) => Some(*number),
                _ => None,
            });
            let known: HashSet<_> = names.chain([0]).collect();
            assert!(part.sites.iter().all(|site| known.contains(site)));
            assert!(part.sites.iter().any(|site| *site != 0));
        }
        let mut live = HashSet::new();
        check_blocks(&mut live, &before.events);
        assert_eq!(living(last), live);
        // Nothing else is left: no file that is not complete.
        let left = fs::read_dir(&into).expect("the folder").count();
        assert_eq!(left, 2);
    }
}

#[test]
fn a_short_recording_is_whole() {
    let folder = folder("short-part");
    let Some(program) = compile_with("mixer", &folder, &[]) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    let status = command(&program, &["2", "1", "1000"], &library, &into).status();
    assert!(status.expect("it was compiled").success());
    let parts = recordings(&into);
    assert_eq!((parts.len(), laid_out(&parts[0])), (1, None));
}

#[test]
fn a_forked_child_begins_with_its_parents_blocks() {
    let folder = folder("parts-of-children");
    let Some(program) = compile_with("forks", &folder, &[]) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    let status = command(&program, &["8", "3"], &library, &into).status();
    assert!(status.expect("it was compiled").success());
    let parts = recordings(&into);
    let processes: HashSet<_> = parts.iter().map(|part| part.control.process).collect();
    assert_eq!(processes.len(), 9);
    // The parent's recording is long enough for more than one file.
    let is_child = |part: &&Recording| processes.contains(&part.control.parent);
    assert_eq!(parts.iter().filter(is_child).count(), 8);
    for child in parts.iter().filter(is_child) {
        assert_eq!(child.control.parent_ticket, None);
        assert!(!living(child).is_empty());
        check_blocks(&mut HashSet::new(), &child.events);
    }
}

#[test]
fn a_process_killed_at_any_moment_leaves_files_that_open() {
    let folder = folder("killed-parts");
    let Some(program) = compile_with("mixer", &folder, &[]) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    for round in 0..20_u64 {
        let _ = fs::remove_dir_all(&into);
        let mut started = command(&program, &["3", "1000", "100000"], &library, &into)
            .spawn()
            .expect("it was compiled");
        // When it is killed is chance; that it has begun is not.
        let wanted = round % 4;
        while fs::read_dir(&into).map_or(0, Iterator::count) as u64 <= wanted.min(1) {
            std::thread::yield_now();
        }
        for _ in 0..round * 2000 {
            std::thread::yield_now();
        }
        started.kill().expect("it runs");
        started.wait().expect("it was started");
        for part in in_order(&into) {
            check_blocks(&mut HashSet::new(), &part.events);
            if laid_out(&part).is_some() {
                // A file that begins in the middle has its name once its beginning is complete.
                living(&part);
            }
        }
    }
}
