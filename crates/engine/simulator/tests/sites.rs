//! Call sites: what is held is counted where it was allocated, and pins are named, whichever way the trace is read.

use std::io::Cursor;

use highwater_simulator::{Bytes, Diagnosis, Simulation, Variant};
use highwater_workload::{
    Source,
    trace::{self, Limits, TraceFile},
};

/// A program that holds blocks of several sites, has freed small ones into the cache, and leaves free memory below others.
fn text() -> Vec<u8> {
    let mut text = String::from(
        "highwater-trace 2\ni 0 0 1 load(a.py:3) main(a.py:9)\ni 0 0 2 serve(a.py:5) main(a.py:9)\ni 0 0 3 drop(a.py:7)\n",
    );
    for block in 0..300 {
        let (site, size) = [(1, 5000), (2, 40), (7, 700)][block % 3];
        text += &format!(
            "m {block} 0@{site} {:#x} {size}\n",
            0x10000 + block * 0x2000
        );
    }
    // Every second of the large ones goes, and seven of the small ones, which the cache takes.
    for block in (0..300).step_by(6).chain((1..21).step_by(3)) {
        text += &format!("f 400 0@3 {:#x}\n", 0x10000 + block * 0x2000);
    }
    text += "m 500 0 0x900000 100\nr 501 0@2 0x900040 0x900000 300\n";
    text.into_bytes()
}

fn at_its_end(source: impl Into<Source>) -> Diagnosis {
    let mut simulation = Simulation::new(source, &Variant::default()).expect("it can run");
    simulation.run_until(u64::MAX);
    simulation.diagnose()
}

fn whole() -> Diagnosis {
    at_its_end(trace::read(&text()).expect("well formed"))
}

#[test]
fn what_is_held_is_counted_where_it_was_allocated() {
    let diagnosis = whole();
    let shares = diagnosis.sites.expect("the trace names sites");
    let named: Vec<_> = shares.sites.iter().map(|share| &share.site[..]).collect();
    let names = [
        "load(a.py:3) main(a.py:9)",
        "",
        "serve(a.py:5) main(a.py:9)",
    ];
    assert_eq!(named, names);
    let [load, unnamed, serve] = &shares.sites[..] else {
        panic!("{shares:?}");
    };
    assert_eq!(
        (load.allotted.live, load.allotted.live_blocks),
        (Bytes(250_000), 50)
    );
    assert_eq!(
        (unnamed.allotted.live, unnamed.allotted.live_blocks),
        (Bytes(70_000), 100)
    );
    // What was resized is held by who resized it.
    assert_eq!(
        (serve.allotted.live, serve.allotted.live_blocks),
        (Bytes(93 * 40 + 300), 94)
    );
    assert_eq!(
        (serve.allotted.parked, serve.allotted.parked_blocks),
        (Bytes(7 * 48), 7)
    );
    let places: Vec<_> = shares.places.iter().map(|share| &share.place[..]).collect();
    assert_eq!(places, ["load(a.py:3)", "", "serve(a.py:5)"]);
    let mut sum = (shares.from_unknown.live, shares.from_unknown.parked);
    for share in &shares.sites {
        sum = (sum.0 + share.allotted.live, sum.1 + share.allotted.parked);
    }
    assert_eq!(sum, (diagnosis.live, diagnosis.parked));
    assert_eq!(shares.unlisted, 0);
}

#[test]
fn pins_say_where_they_were_allocated_and_freed() {
    let diagnosis = whole();
    let pins = diagnosis.pins.iter().filter(|pin| pin.behind > Bytes(1000));
    let mut seen = (false, false);
    for pin in pins {
        match pin.freed {
            None => {
                assert_eq!(
                    pin.allocated_in.as_deref(),
                    Some("serve(a.py:5) main(a.py:9)")
                );
                seen.0 = true;
            }
            Some(_) => {
                assert_eq!(pin.freed_in.as_deref(), Some("drop(a.py:7)"));
                seen.1 = true;
            }
        }
    }
    assert_eq!(seen, (true, true), "{:?}", diagnosis.pins);
}

#[test]
fn a_trace_that_is_read_on_the_way_names_the_same_sites() {
    let limits = Limits {
        window: 4096,
        ..Limits::default()
    };
    let open = move |_, at: u64| {
        let mut bytes = Cursor::new(text());
        bytes.set_position(at);
        Ok(Box::new(bytes) as trace::Bytes)
    };
    let source = Source::traced(TraceFile::new(1, open, limits), 0, Vec::new());
    let source = source.expect("well formed");
    assert!(source.is_streamed());
    assert_eq!(at_its_end(source), whole());
}

#[test]
fn without_sites_nothing_is_said_of_them() {
    let text = b"highwater-trace 1\nm 1 0 0x1000 100\n";
    let diagnosis = at_its_end(trace::read(text).expect("well formed"));
    assert_eq!(diagnosis.sites, None);
}

#[test]
fn stacks_that_lead_to_one_place_are_added_up() {
    let mut text = String::from("highwater-trace 2\n");
    for number in 0..300 {
        text += &format!("i {number} 0 {} read(a.py:1) caller{number}\n", number + 1);
        text += &format!(
            "m {number} 0@{} {:#x} 100\n",
            number + 1,
            0x10000 + number * 0x100
        );
    }
    text += "i 400 0 900 write(a.py:2)\nm 400 0@900 0x900000 64\nm 401 0 0x900100 7\n";
    let diagnosis = at_its_end(trace::read(text.as_bytes()).expect("well formed"));
    let shares = diagnosis.sites.expect("the trace names sites");
    let places: Vec<_> = (shares.places.iter())
        .map(|share| (&share.place[..], share.stacks, share.allotted.live))
        .collect();
    let expected = [
        ("read(a.py:1)", 300, Bytes(30_000)),
        ("write(a.py:2)", 1, Bytes(64)),
    ];
    assert_eq!(places, expected);
    assert_eq!((shares.sites.len(), shares.unlisted), (100, 0));
    assert_eq!(shares.from_unknown.live, Bytes(7));
    let (count, others) = shares.beyond(1);
    assert_eq!((count, others.live), (1, Bytes(64)));
}
