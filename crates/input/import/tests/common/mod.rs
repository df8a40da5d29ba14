//! Files that the tools themselves wrote, and the program's own part of each.

#![allow(dead_code, reason = "each test uses some of it")]

use flate2::read::MultiGzDecoder;
use highwater_hwr::read::Reader;
use highwater_hwr::{Domain, Event, Placed};
use highwater_import::{Import, ImportError, Losses, Sink};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::path::PathBuf;

/// Returns the bytes of a file of `tests/data`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A call, as far as tests compare it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    pub kind: &'static str,
    pub address: u64,
    pub old: u64,
    pub size: u64,
    pub alignment: u64,
    pub thread: u32,
    pub time: u64,
    pub site: u64,
    pub domain: Domain,
}

/// What a file holds.
#[derive(Default, Debug)]
pub(crate) struct Held {
    pub calls: Vec<Call>,
    pub sites: HashMap<u64, String>,
    pub samples: Vec<(u64, String)>,
    pub mappings: u64,
    pub losses: Losses,
    pub header: String,
}

impl Held {
    fn take(&mut self, placed: &Placed) {
        let mut call = Call {
            kind: "",
            address: 0,
            old: 0,
            size: 0,
            alignment: 0,
            thread: placed.thread,
            time: placed.time,
            site: placed.site,
            domain: placed.domain,
        };
        match placed.event {
            Event::Malloc { address, size } => {
                call = Call {
                    kind: "malloc",
                    address,
                    size,
                    ..call
                };
            }
            Event::Calloc {
                address,
                count,
                size,
            } => {
                let size = count * size;
                call = Call {
                    kind: "calloc",
                    address,
                    size,
                    ..call
                };
            }
            Event::Aligned {
                address,
                alignment,
                size,
            } => {
                call = Call {
                    kind: "aligned",
                    address,
                    size,
                    alignment,
                    ..call
                };
            }
            Event::Realloc { address, old, size } => {
                call = Call {
                    kind: "realloc",
                    address,
                    old,
                    size,
                    ..call
                };
            }
            Event::Free { address } => {
                call = Call {
                    kind: "free",
                    address,
                    ..call
                }
            }
            Event::Site { number, frames } => {
                let frames = String::from_utf8(frames.to_vec()).expect("frames are text");
                self.sites.insert(number, frames);
                return;
            }
            Event::Sample(text) => {
                let text = String::from_utf8(text.to_vec()).expect("samples are text");
                return self.samples.push((placed.time, text));
            }
            Event::Mapping(_) => {
                self.mappings += 1;
                return;
            }
            _ => return,
        }
        self.calls.push(call);
    }

    /// Returns the calls after the first block of a size, up to the next block of another.
    pub(crate) fn between(&self, first: u64, last: u64) -> &[Call] {
        let starts = |size: u64| {
            move |call: &Call| (call.size == size || call.size == size + 1) && call.address != 0
        };
        let start = self
            .calls
            .iter()
            .position(starts(first))
            .expect("the first block is there");
        let rest = &self.calls[start..];
        let end = rest
            .iter()
            .position(starts(last))
            .expect("the last block is there");
        &rest[..=end]
    }
}

impl Sink for Held {
    fn event(&mut self, placed: &Placed) -> io::Result<()> {
        self.take(placed);
        Ok(())
    }
}

/// Reads a file of another tool.
pub(crate) fn import(bytes: &[u8]) -> Result<Held, ImportError> {
    let mut held = Held::default();
    let mut import = Import::open(bytes)?;
    held.header = import.header_text().to_owned();
    while import.step(&mut held)? {}
    held.losses = import.losses().clone();
    Ok(held)
}

/// Reads a recording of our own.
pub(crate) fn recording(name: &str) -> Held {
    let packed = data(name);
    held(MultiGzDecoder::new(&packed[..]))
}

/// Reads a recording.
pub(crate) fn held(source: impl Read) -> Held {
    let mut held = Held::default();
    let mut reader = Reader::new(source).expect("it is a recording");
    while let Some(placed) = reader.next_event().expect("it is whole") {
        held.take(&placed);
    }
    held
}

/// Unpacks a file of `tests/data` that is packed a second time, to be small.
pub(crate) fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = data(name);
    MultiGzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .expect("it is whole");
    bytes
}

/// Counts calls by kind.
pub(crate) fn counts(calls: &[Call]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.kind).or_default() += 1;
    }
    counts
}

/// Returns live bytes after each call that changes them.
pub(crate) fn live(calls: &[Call]) -> Vec<u64> {
    let mut blocks: HashMap<u64, u64> = HashMap::new();
    let (mut live, mut curve) = (0, Vec::new());
    for call in calls {
        let failed = call.kind != "free" && call.address == 0 && call.size > 0;
        let gone = if call.kind == "free" {
            call.address
        } else {
            call.old
        };
        if let (false, Some(size)) = (failed, blocks.remove(&gone)) {
            live -= size;
        }
        if call.kind != "free" && call.address != 0 {
            live += call.size;
            if let Some(size) = blocks.insert(call.address, call.size) {
                live -= size;
            }
        }
        curve.push(live);
    }
    curve
}
