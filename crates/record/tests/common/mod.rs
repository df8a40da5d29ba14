//! Runs programs under the recorder and reads what it wrote.

#![allow(dead_code)] // Each test file uses a part of it.

use highwater_hwr::layout::Control;
use highwater_hwr::read::{Ending, Reader};
use highwater_hwr::{Event, MappingCall};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test, empty at first.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Writes the library into a folder.
pub(crate) fn library(folder: &Path) -> PathBuf {
    assert!(
        !highwater_record::LIBRARY.is_empty(),
        "this target has a recorder"
    );
    let path = folder.join("libhighwater_record.so");
    fs::write(&path, highwater_record::LIBRARY).expect("the library can be written");
    path
}

/// Compiles a program of `tests/programs`; `None` where there is no compiler.
pub(crate) fn compile(name: &str, folder: &Path) -> Option<PathBuf> {
    compile_with(name, folder, &[])
}

/// Compiles a program of `tests/programs` with options; `None` where there is no compiler.
pub(crate) fn compile_with(name: &str, folder: &Path, options: &[&str]) -> Option<PathBuf> {
    let program = folder.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/programs/{name}.c"));
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O1", "-w"])
        .args(options)
        .arg("-o")
        .arg(&program)
        .arg(source)
        .arg("-pthread");
    let Ok(output) = compiler.output() else {
        eprintln!("there is no C compiler: {name} is not tested");
        return None;
    };
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name} does not compile: {message}"
    );
    Some(program)
}

/// Has a command recorded into a folder.
pub(crate) fn record<'a>(command: &'a mut Command, library: &Path, into: &Path) -> &'a mut Command {
    command
        .env("LD_PRELOAD", library)
        .env("HIGHWATER_RECORD", into)
}

/// Runs a command that must be there; `None` if it is not installed.
pub(crate) fn run(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("{command:?} is not installed");
            None
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// A recording that was read to its end.
pub(crate) struct Recording {
    pub(crate) path: PathBuf,
    pub(crate) control: Control,
    pub(crate) header: String,
    pub(crate) ending: Ending,
    pub(crate) events: Vec<Owned>,
    /// The number of the site of each; 0 if it has none.
    pub(crate) sites: Vec<u64>,
    pub(crate) bytes: u64,
}

/// An event without its text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Owned {
    Call {
        thread: u32,
        new: u64,
        old: u64,
        size: u64,
    },
    Mark(String),
    End(u32),
    Fork,
    Mallopt(i64, i64),
    Sample(String),
    /// The block, and its runs of pages: those left out before each, then its own.
    Touched(u64, Vec<(u64, u64)>),
    Mapping {
        call: MappingCall,
        address: u64,
        length: u64,
        owner: String,
    },
    Trim,
    Site(u64, String),
    Module(String),
}

/// Reads every recording of a folder.
pub(crate) fn recordings(folder: &Path) -> Vec<Recording> {
    let files = fs::read_dir(folder).expect("the folder of the recordings");
    let paths = files.map(|file| file.expect("a file").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension() == Some("hwr".as_ref()))
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Recording {
    let file = File::open(path).expect("a recording");
    let bytes = file.metadata().expect("a file").len();
    let mut reader = Reader::new(BufReader::new(file)).expect("a recording");
    let (mut events, mut sites) = (Vec::new(), Vec::new());
    let mut last_time = 0;
    while let Some(placed) = reader.next_event().expect("a whole recording") {
        assert!(placed.time >= last_time, "time never falls");
        last_time = placed.time;
        assert_eq!((placed.ticket, placed.width), (events.len() as u64, 0));
        let thread = placed.thread;
        let call = |new, old, size| Owned::Call {
            thread,
            new,
            old,
            size,
        };
        sites.push(placed.site);
        events.push(match placed.event {
            Event::Malloc { address, size } | Event::Aligned { address, size, .. } => {
                call(address, 0, size)
            }
            Event::Calloc {
                address,
                count,
                size,
            } => call(address, 0, count * size),
            Event::Realloc { address, old, size } => call(address, old, size),
            Event::Free { address } => call(0, address, 0),
            Event::Mark(text) => Owned::Mark(String::from_utf8_lossy(text).into_owned()),
            Event::ThreadEnd => Owned::End(thread),
            Event::Fork => Owned::Fork,
            Event::Mallopt { parameter, value } => Owned::Mallopt(parameter, value),
            Event::Sample(text) => Owned::Sample(String::from_utf8_lossy(text).into_owned()),
            Event::Touched { address, runs } => Owned::Touched(address, runs.iter().collect()),
            Event::Mapping(mapping) => Owned::Mapping {
                call: mapping.call,
                address: mapping.address,
                length: mapping.length,
                owner: String::from_utf8_lossy(mapping.owner).into_owned(),
            },
            Event::Trim { .. } => Owned::Trim,
            Event::Site { number, frames } => {
                Owned::Site(number, String::from_utf8_lossy(frames).into_owned())
            }
            Event::Module(text) => Owned::Module(String::from_utf8_lossy(text).into_owned()),
            Event::Child => panic!("a recorder does not write this"),
        });
    }
    Recording {
        path: path.to_owned(),
        control: *reader.control(),
        header: reader.header_text().to_owned(),
        ending: reader.ending().expect("the end"),
        events,
        sites,
        bytes,
    }
}

/// Follows the blocks that live: no block is returned while it lives, and none is freed that does not. Both hold only if
/// every call was recorded, from the first on, in the allocator's own order.
pub(crate) fn check_blocks(live: &mut HashSet<u64>, events: &[Owned]) {
    let mut ended = HashSet::new();
    for (at, event) in events.iter().enumerate() {
        match *event {
            Owned::Call {
                thread,
                new,
                old,
                size,
            } => {
                assert!(
                    !ended.contains(&thread),
                    "event {at}: thread {thread} has ended"
                );
                let failed = new == 0 && old != 0 && size != 0;
                assert!(
                    old == 0 || failed || live.remove(&old),
                    "event {at}: {old:#x} does not live"
                );
                assert!(
                    new == 0 || live.insert(new),
                    "event {at}: {new:#x} lives already"
                );
            }
            Owned::End(thread) => assert!(ended.insert(thread), "event {at}: {thread} ends again"),
            _ => {}
        }
    }
}
