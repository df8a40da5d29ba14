//! Recorded traces come back from the binary form as they were, and take the room that is promised.

mod common;

use common::pack;
use flate2::read::GzDecoder;
use highwater_hwr::layout::Stop;
use highwater_hwr::read::{Ending, Reader};
use highwater_hwr::{Event, Stamp};
use std::io::Read;

/// Returns the header's lines and the events of a trace in text.
fn parse(text: &str) -> (String, Vec<(Stamp, Event<'_>)>) {
    let mut header = String::from("highwater-trace 2\n");
    let mut events = Vec::new();
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split(' ').collect();
        let decimal = |at: usize| words[at].parse::<u64>().expect("a decimal number");
        let hex = |at: usize| u64::from_str_radix(&words[at][2..], 16).expect("an address");
        let event = match words[0] {
            "m" => Event::Malloc {
                address: hex(3),
                size: decimal(4),
            },
            "c" => Event::Calloc {
                address: hex(3),
                count: decimal(4),
                size: decimal(5),
            },
            "a" => Event::Aligned {
                address: hex(3),
                alignment: decimal(4),
                size: decimal(5),
            },
            "r" => Event::Realloc {
                address: hex(3),
                old: hex(4),
                size: decimal(5),
            },
            "f" => Event::Free { address: hex(3) },
            "t" => Event::Trim { pad: decimal(3) },
            "e" => Event::ThreadEnd,
            "k" => {
                let text = line.splitn(4, ' ').nth(3).expect("a name");
                Event::Mark(text.as_bytes())
            }
            "end" => continue,
            _ => {
                header += line;
                header.push('\n');
                continue;
            }
        };
        let (time, thread) = (decimal(1), decimal(2) as u32);
        events.push((Stamp { time, thread }, event));
    }
    (header, events)
}

fn unpack(gzip: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(gzip)
        .read_to_string(&mut text)
        .expect("a trace in gzip");
    text
}

/// Packs a trace, reads it back and returns the bytes of a call.
fn bytes_per_call(text: &str) -> f64 {
    let (header, events) = parse(text);
    let packed = pack(&header, &events);
    let mut reader = Reader::new(&packed[..]).expect("a recording");
    assert_eq!(reader.header_text(), header);
    for (ticket, (stamp, event)) in events.iter().enumerate() {
        let placed = reader.next_event().expect("whole").expect("an event");
        assert_eq!(placed.event, *event);
        assert_eq!((placed.time, placed.thread), (stamp.time, stamp.thread));
        assert_eq!((placed.ticket, placed.width), (ticket as u64, 0));
    }
    assert!(reader.next_event().expect("whole").is_none());
    let ending = Ending {
        stop: Stop::Complete,
        is_cut: false,
    };
    assert_eq!(reader.ending(), Some(ending));
    packed.len() as f64 / events.len() as f64
}

#[test]
fn a_call_of_a_python_service_takes_less_than_five_bytes() {
    let text = unpack(include_bytes!(
        "../../../../web/traces/asyncio_burst.hwt.gz"
    ));
    let bytes = bytes_per_call(&text);
    assert!(bytes < 4.8, "{bytes} bytes a call");
}

#[test]
fn calls_of_several_threads_take_less_than_five_bytes() {
    let text = unpack(include_bytes!(
        "../../../fronts/cli/tests/data/service.hwt.gz"
    ));
    let bytes = bytes_per_call(&text);
    assert!(bytes < 4.8, "{bytes} bytes a call");
}

/// Prints the bytes of a call of any traces: `HIGHWATER_TRACES=FOLDER cargo test ... -- --ignored --nocapture`.
#[test]
#[ignore = "it measures traces that the environment names"]
fn bytes_of_a_call_in_other_traces() {
    let folder = std::env::var("HIGHWATER_TRACES").expect("HIGHWATER_TRACES names a folder");
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let text = unpack(&std::fs::read(&path).expect("a file"));
        println!("{} {:.3}", path.display(), bytes_per_call(&text));
    }
}
