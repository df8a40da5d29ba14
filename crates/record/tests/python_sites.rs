//! Python functions are among the places of a call: those that Python itself names, of the releases that are known.

mod common;

use common::{Owned, Recording, compile_with, folder, library, record, recordings, run};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

/// What a place is called where the interpreter is not known.
const UNKNOWN: &str = "Python_function(";

/// The machine's Python itself, not a script that chooses it; `None` where there is none.
fn python() -> Option<String> {
    let ask = "import sys; print(sys.executable, end='')";
    let output = run(Command::new("python3").args(["-c", ask]))?;
    Some(String::from_utf8(output.stdout).expect("a path"))
}

/// Records a Python program with sites, and variables of the recorder. `None` where there is no Python.
fn recorded(into: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Option<Output> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/python_places.py");
    let library = library(into.parent().expect("a folder"));
    let mut command = Command::new(python()?);
    command.arg(program).args(arguments);
    command.env("HIGHWATER_RECORD_SITES", "8");
    command
        .env("PYTHONMALLOC", "default")
        .env("PYTHONUTF8", "1");
    command.envs(variables.iter().copied());
    let output = run(record(&mut command, &library, into)).expect("it is there");
    assert!(output.status.success(), "{output:?}");
    Some(output)
}

/// Whether the machine's Python is a build that the recorder knows.
fn is_known() -> bool {
    let ask = "import sys, sysconfig; get = sysconfig.get_config_var\n\
        final = sys.implementation.name == 'cpython' and sys.version_info[3] == 'final'\n\
        print(final and (3, 9) <= sys.version_info < (3, 16) and not get('Py_DEBUG') and not get('Py_GIL_DISABLED'))";
    let output = run(Command::new("python3").args(["-c", ask])).expect("it was there just now");
    output.stdout.starts_with(b"True")
}

/// The places from which blocks of so many KiB were allocated, of those sizes that only the program's own blocks have.
fn places(recordings: &[Recording]) -> HashMap<u64, String> {
    let mut names = HashMap::new();
    let mut found = HashMap::new();
    for recording in recordings {
        for event in &recording.events {
            if let Owned::Site(number, places) = event {
                names.insert((recording.control.process, *number), places.clone());
            }
        }
    }
    for recording in recordings {
        for (event, site) in recording.events.iter().zip(&recording.sites) {
            // A child goes on with its parent's sites.
            let own = [recording.control.process, recording.control.parent];
            let places = own.iter().find_map(|process| names.get(&(*process, *site)));
            match event {
                Owned::Call { size, new, .. } if *size >> 10 >= 200 && *new != 0 => {
                    found.extend(places.map(|places| (*size >> 10, places.clone())));
                }
                _ => {}
            }
        }
    }
    found
}

/// Checks what a program said of itself against its recording, and returns how many blocks it spoke of.
fn check(said: &[u8], found: &HashMap<u64, String>) -> usize {
    let said = str::from_utf8(said).expect("Python writes UTF-8");
    let is_known = is_known();
    for line in said.lines() {
        let (size, functions) = line.split_once(' ').expect("a size and functions");
        let places = found.get(&size.parse().expect("a size"));
        let places = places.expect("the block has a site");
        let is_code = |place: &&str| place.contains("+0x") || place.starts_with("0x");
        let in_code = places.split(' ').take_while(is_code).count();
        assert!(
            in_code > 0,
            "the innermost place in code comes first: {places}"
        );
        let named: Vec<_> = places.split(' ').skip(in_code).collect();
        match is_known {
            true => assert_eq!(named, functions.split(' ').collect::<Vec<_>>(), "{places}"),
            false => assert!(
                named.len() == 1 && named[0].starts_with(UNKNOWN),
                "{places}"
            ),
        }
    }
    said.lines().count()
}

#[test]
fn the_functions_are_those_that_python_names() {
    let folder = folder("python-functions");
    let into = folder.join("recorded");
    let Some(output) = recorded(&into, &[], &[]) else {
        return;
    };
    let found = places(&recordings(&into));
    assert!(check(&output.stdout, &found) > 80);
}

#[test]
fn every_object_may_be_a_call_of_the_allocator() {
    let folder = folder("python-malloc");
    let into = folder.join("recorded");
    let Some(output) = recorded(&into, &[], &[("PYTHONMALLOC", "malloc")]) else {
        return;
    };
    let found = places(&recordings(&into));
    assert!(check(&output.stdout, &found) > 80);
}

#[test]
fn a_function_that_is_gone_keeps_its_name_in_later_parts() {
    let folder = folder("python-parts");
    let into = folder.join("recorded");
    let last = [("HIGHWATER_RECORD_LAST", "2097152")];
    let Some(output) = recorded(&into, &["300000"], &last) else {
        return;
    };
    let mut parts = recordings(&into);
    parts.sort_by_key(|part| part.control.monotonic_time);
    let part = parts.pop().expect("a recording");
    assert!(
        part.header.contains("\nsnapshot "),
        "it begins in the middle"
    );
    assert_eq!(check(&output.stdout, &places(&[part])), 1);
}

#[test]
fn names_are_left_out_where_they_are_not_wanted() {
    let folder = folder("python-unwanted");
    let into = folder.join("recorded");
    if recorded(&into, &[], &[("HIGHWATER_RECORD_PYTHON", "no")]).is_none() {
        return;
    }
    let recordings = recordings(&into);
    let events = recordings.iter().flat_map(|recording| &recording.events);
    let mut count = 0;
    for event in events {
        if let Owned::Site(_, places) = event {
            count += 1;
            assert!(!places.contains('('), "{places}");
        }
    }
    assert!(count > 10, "{count} sites");
}

#[test]
fn an_interpreter_that_is_not_known_is_not_read() {
    for (name, release) in [
        ("LATER", "4.5.6"),
        ("CANDIDATE", "3.12.0"),
        ("OTHER_SIZE", "3.12.1"),
        ("OTHER_HEADER", "3.12.1"),
        ("DEBUGGED", "3.12.1"),
        ("OTHER_OFFSETS", "3.13.0"),
        ("OTHER_TEXT", "3.9.1rc1"),
    ] {
        let folder = folder(&format!("unlike-{name}"));
        let define = format!("-D{name}");
        let Some(program) = compile_with("unlike_python", &folder, &["-rdynamic", &define]) else {
            return;
        };
        let (library, into) = (library(&folder), folder.join("recorded"));
        let mut command = Command::new(&program);
        command.env("HIGHWATER_RECORD_SITES", "8");
        let output = run(record(&mut command, &library, &into)).expect("it was compiled");
        assert!(output.status.success(), "{name}: {output:?}");
        assert_eq!(output.stdout, b"done\n");
        let expected = format!(" {UNKNOWN}{release}:not_known)");
        let recordings = recordings(&into);
        let sites = recordings[0].events.iter().filter_map(|event| match event {
            Owned::Site(_, places) => Some(places),
            _ => None,
        });
        let sites: Vec<_> = sites.collect();
        assert!(!sites.is_empty());
        for places in sites {
            assert!(places.ends_with(&expected), "{name}: {places}");
            assert_eq!(places.matches('(').count(), 1, "{name}: {places}");
        }
    }
}
