//! Where calls come from is in the recording if that is asked for, and frame pointers that lead nowhere do no harm.

mod common;

use common::{Owned, Recording, compile_with, folder, library, record, recordings, run};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

const FRAME_POINTERS: &[&str] = &["-fno-omit-frame-pointer"];

/// Records a program with sites of so many places.
fn recorded(program: &Path, arguments: &[&str], into: &Path, depth: &str) -> Vec<Recording> {
    let library = library(into.parent().expect("a folder"));
    let mut command = Command::new(program);
    command.args(arguments).env("HIGHWATER_RECORD_SITES", depth);
    let output = run(record(&mut command, &library, into)).expect("it is there");
    assert!(output.status.success(), "{output:?}");
    recordings(into)
}

/// The frames of the sites that calls for so many bytes come from, and how many of them have no site.
fn frames_of(recording: &Recording, wanted: u64) -> (HashSet<&str>, usize) {
    let mut names = HashMap::new();
    let (mut found, mut without) = (HashSet::new(), 0);
    for (event, site) in recording.events.iter().zip(&recording.sites) {
        match event {
            Owned::Site(number, frames) => {
                let before = names.insert(*number, frames.as_str());
                assert_eq!(before, None, "site {number} is written once");
            }
            Owned::Call { size, .. } if *size == wanted => match site {
                0 => without += 1,
                site => _ = found.insert(names[site]),
            },
            // What frees has no site.
            Owned::Call { new: 0, .. } => assert_eq!(*site, 0),
            _ => {}
        }
    }
    (found, without)
}

fn only<'a>(frames: &HashSet<&'a str>) -> Vec<&'a str> {
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames.iter().flat_map(|frames| frames.split(' ')).collect()
}

#[test]
fn a_call_is_told_with_those_who_called_its_caller() {
    let folder = folder("chains");
    let Some(program) = compile_with("chains", &folder, FRAME_POINTERS) else {
        return;
    };
    let recordings = recorded(&program, &["3"], &folder.join("recorded"), "8");
    let [recording] = &recordings[..] else {
        panic!("one process");
    };
    let one = frames_of(recording, 1001);
    let other = frames_of(recording, 1002);
    let deep = frames_of(recording, 1003);
    assert_eq!((one.1, other.1, deep.1), (0, 0, 0));
    // The last call for 1001 bytes is made from another line of main.
    assert_eq!(one.0.len(), 2, "{one:?}");
    let other = only(&other.0);
    for frames in &one.0 {
        let frames: Vec<_> = frames.split(' ').collect();
        assert!(frames.len() >= 3, "{frames:?}");
        assert_eq!(frames[0], other[0], "both call from the same place");
        assert_ne!(frames[1], other[1]);
        for frame in &frames[..3] {
            assert!(frame.starts_with("chains+0x"), "{frames:?}");
        }
    }
    let deep = only(&deep.0);
    assert_eq!(deep.len(), 8);
    assert_eq!(deep[0], other[0]);
    assert_eq!(deep[3..].iter().collect::<HashSet<_>>().len(), 1);
    let path = program.display().to_string();
    let is_program = |event: &Owned| match event {
        Owned::Module(text) => {
            let words: Vec<_> = text.split(' ').collect();
            words[0] == "chains" && words[2] == path && words[1].len() >= 16
        }
        _ => false,
    };
    let modules = recording.events.iter().filter(|event| is_program(event));
    assert_eq!(modules.count(), 1, "the program is named once");
}

#[test]
fn frame_pointers_that_lead_nowhere_do_no_harm() {
    for (name, flags) in [
        ("broken-kept", FRAME_POINTERS),
        ("broken-omitted", &["-fomit-frame-pointer"]),
    ] {
        let folder = folder(name);
        let Some(program) = compile_with("chains", &folder, flags) else {
            return;
        };
        for depth in ["8", "1"] {
            let into = folder.join(depth);
            let recordings = recorded(&program, &["40"], &into, depth);
            assert_eq!(recordings.len(), 1);
            for size in [1004, 2001, 3001, 3002, 4001] {
                let (frames, without) = frames_of(&recordings[0], size);
                assert_eq!(without, 0, "{name}: {size}");
                for frames in frames {
                    // What is no code is no place.
                    let frames: Vec<_> = frames.split(' ').collect();
                    let is_known = |frame: &&str| frame.contains("+0x");
                    assert!(frames.iter().all(is_known), "{name}: {frames:?}");
                    assert!(depth == "8" || frames.len() == 1, "{frames:?}");
                    assert!(frames[0].starts_with("chains+0x"), "{frames:?}");
                }
            }
        }
    }
}

#[test]
fn the_tables_of_sites_take_no_room_in_the_librarys_file() {
    // They have 12 MiB, and are zeros at first.
    assert!(highwater_record::LIBRARY.len() < 1 << 20);
}

#[test]
fn without_being_asked_for_there_are_none() {
    let folder = folder("no-sites");
    let Some(program) = compile_with("chains", &folder, FRAME_POINTERS) else {
        return;
    };
    for depth in ["0", "", "many"] {
        let into = folder.join(format!("recorded-{depth}"));
        let recordings = recorded(&program, &["1"], &into, depth);
        let is_site = |event: &Owned| matches!(event, Owned::Site(..) | Owned::Module(_));
        assert!(!recordings[0].events.iter().any(is_site));
        assert!(recordings[0].sites.iter().all(|site| *site == 0));
    }
}

#[test]
fn a_forked_child_goes_on_with_its_parents_sites() {
    let folder = folder("forked-sites");
    let Some(program) = compile_with("forks", &folder, FRAME_POINTERS) else {
        return;
    };
    let recordings = recorded(&program, &["8", "3"], &folder.join("recorded"), "8");
    let (children, parents): (Vec<_>, Vec<_>) = recordings
        .iter()
        .partition(|recording| recording.control.parent_ticket.is_some());
    let numbers = |events: &[Owned]| -> HashSet<u64> {
        let number = |event: &Owned| match event {
            Owned::Site(number, _) => Some(*number),
            _ => None,
        };
        events.iter().filter_map(number).collect()
    };
    assert_eq!((children.len(), parents.len()), (8, 1));
    for child in children {
        let ticket = child.control.parent_ticket.expect("a child's") as usize;
        let before = numbers(&parents[0].events[..ticket]);
        let own = numbers(&child.events);
        assert!(before.is_disjoint(&own), "a number has one meaning");
        for site in child.sites.iter().filter(|site| **site != 0) {
            assert!(before.contains(site) || own.contains(site), "site {site}");
        }
    }
}

#[test]
fn a_python_program_has_sites_and_runs_as_before() {
    let folder = folder("python-sites");
    let library = library(&folder);
    let text = "import json, threading, ctypes\n\
        data = [{'key%d' % i: 'x' * (i % 900)} for i in range(3000)]\n\
        t = threading.Thread(target=lambda: json.loads(json.dumps(data))); t.start(); t.join()\n\
        print(len(json.dumps(data)))";
    let command = || {
        let mut command = Command::new("python3");
        command
            .args(["-c", text])
            .env("HIGHWATER_RECORD_SITES", "8");
        command
    };
    let Some(plain) = run(&mut command()) else {
        return;
    };
    let into = folder.join("recorded");
    let output = run(record(&mut command(), &library, &into)).expect("it is there");
    assert_eq!((output.status, output.stdout), (plain.status, plain.stdout));
    let recordings = recordings(&into);
    let longest = recordings
        .iter()
        .max_by_key(|recording| recording.events.len());
    let longest = longest.expect("Python's");
    let calls = longest.events.iter().zip(&longest.sites);
    let (with, without) = calls
        .filter(|(event, _)| matches!(event, Owned::Call { size, .. } if *size > 0))
        .fold((0, 0), |(with, without), (_, site)| match site {
            0 => (with, without + 1),
            _ => (with + 1, without),
        });
    assert!(with > 1000 && without == 0, "{with}, {without} without");
}
