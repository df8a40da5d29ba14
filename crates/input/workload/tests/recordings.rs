//! The binary form and text hold the same events, whatever they are; damaged recordings are refused in a sentence.

use flate2::{Compression, write::GzEncoder};
use highwater_hwr::layout::{Control, Stop, control};
use highwater_hwr::read::Reader;
use highwater_hwr::write::Writer;
use highwater_hwr::{Domain, Event, Mapping, MappingCall, Placed, Runs};
use highwater_workload::trace::{self, Limits, TraceError};
use highwater_workload::{Call, Workload};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::Write;

const HEADER: &str = "highwater-trace 2\nallocator glibc 2.36\nbrk 0x555555560000\nkernel 6.1\n";

/// An event with its texts owned, and what lies between it and the event before.
#[derive(Clone, Debug)]
struct Owned {
    kind: u8,
    numbers: [u64; 3],
    pairs: Vec<(String, u64)>,
    runs: Vec<u8>,
    passed: u64,
    thread: u32,
    origin: (u8, u64, u64, u64),
    text: String,
}

fn owned() -> impl Strategy<Value = Owned> {
    let number = prop_oneof![
        0_u64..300,
        (0_u32..46).prop_map(|bit| 1 << bit),
        0_u64..1 << 30
    ];
    let runs = vec((any::<u64>(), 0_u64..1000), 0..4).prop_map(|runs| {
        let mut bytes = Vec::new();
        for (skipped, touched) in runs {
            Runs::write(skipped, touched, |number| bytes.extend_from_slice(number));
        }
        bytes
    });
    let origin = (0_u8..6, 0_u64..4, 0_u64..3, 0_u64..3);
    let pairs = vec(("[a-z\\[\\]:/-]{1,9}", any::<u64>()), 0..4);
    (
        0_u8..15,
        [number.clone(), number.clone(), number],
        pairs,
        runs,
        (0_u64..2000, 0_u32..70_000),
        origin,
    )
        .prop_map(
            |(kind, numbers, pairs, runs, (passed, thread), origin)| Owned {
                kind,
                numbers,
                runs,
                passed: passed / 2,
                thread: thread % 65_536 % if thread % 2 == 0 { 4 } else { 65_536 },
                origin,
                text: match kind {
                    9 => format!("burst:{passed}"),
                    11 | 12 => "main libc.so.6+0x1f".to_owned(),
                    _ => String::new(),
                },
                pairs,
            },
        )
}

impl Owned {
    /// Joins its words.
    fn words(&self) -> String {
        let pairs = self
            .pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"));
        let mut words: Vec<String> = pairs.collect();
        if !self.text.is_empty() {
            words.insert(0, self.text.clone());
        }
        words.join(" ")
    }

    fn event<'a>(&'a self, words: &'a str) -> Event<'a> {
        let [address, other, size] = self.numbers;
        match self.kind {
            0 => Event::Malloc { address, size },
            1 => Event::Calloc {
                address,
                count: other % 4,
                size: size >> 3,
            },
            2 => Event::Aligned {
                address,
                alignment: other & 0xffff_ffff,
                size,
            },
            3 => Event::Realloc {
                address,
                old: other,
                size,
            },
            4 => Event::Free {
                address: address | 1,
            },
            5 => Event::Trim { pad: size },
            6 => Event::Mallopt {
                parameter: (other as i32).into(),
                value: (size as i32).wrapping_neg().into(),
            },
            7 => Event::Fork,
            8 => Event::Child,
            9 => Event::Mark(words.as_bytes()),
            10 => Event::Sample(words.as_bytes()),
            11 => Event::Site {
                number: size + 1,
                frames: words.as_bytes(),
            },
            12 => Event::Mapping(Mapping {
                call: MappingCall::from_number(other % 5).expect("there are five"),
                address: address << 18,
                length: size,
                detail: other,
                owner: words.as_bytes(),
            }),
            13 => Event::Module(words.as_bytes()),
            _ => Event::Touched {
                address,
                runs: Runs::from_bytes(&self.runs).expect("whole runs"),
            },
        }
    }
}

/// Gives events their places.
fn placed<'a>(owned: &'a [Owned], words: &'a [String]) -> Vec<Placed<'a>> {
    let (mut time, mut ticket) = (0, 0);
    let place = |(owned, words): (&'a Owned, &'a String)| {
        let (domain, site, width, gap) = owned.origin;
        time += owned.passed;
        ticket += gap / 2 + 1;
        Placed {
            ticket: ticket - 1,
            width: width / 2,
            time,
            thread: owned.thread,
            domain: match domain {
                0 => Domain::Object,
                1 => Domain::Raw,
                _ => Domain::Unknown,
            },
            site: site / 2,
            event: owned.event(words),
        }
    };
    owned.iter().zip(words).map(place).collect()
}

fn pack(header: &str, control: &Control, events: &[Placed]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), control, header, 4).expect("a vector");
    for event in events {
        writer.placed(event).expect("a vector");
    }
    writer.finish().expect("a vector")
}

fn unpack(recording: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let family = vec![Reader::new(recording).expect("a recording")];
    trace::unpack(family, &[], &mut (), &mut text).expect("it is whole");
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_comes_back_from_text_with_all_its_events(owned in vec(owned(), 1..120)) {
        let words: Vec<String> = owned.iter().map(Owned::words).collect();
        let mut events = placed(&owned, &words);
        // A thread that ends is the last of its events.
        let last = events.len() - 1;
        events[last].event = Event::ThreadEnd;
        let packed = pack(HEADER, &Control::default(), &events);
        let text = unpack(&packed);
        let mut again = Vec::new();
        trace::pack(&text, &mut again).expect("a written trace");
        let mut reader = Reader::new(&again[..]).expect("a recording");
        prop_assert_eq!(reader.header_text(), HEADER);
        for event in &events {
            let placed = reader.next_event().expect("whole").expect("an event");
            prop_assert_eq!(placed, *event);
        }
        prop_assert!(reader.next_event().expect("whole").is_none());
        // Both are the same workload.
        let of_text = trace::read(&text).expect("a written trace");
        let of_recording = trace::read(&packed);
        match of_text.events.is_empty() {
            true => prop_assert!(of_recording.is_err()),
            false => prop_assert_eq!(of_recording.expect("a recording"), of_text),
        }
    }

    #[test]
    fn a_damaged_recording_is_refused_or_read_in_whole(
        owned in vec(owned(), 1..60),
        at in any::<prop::sample::Index>(),
        bit in 0_u32..9,
    ) {
        let words: Vec<String> = owned.iter().map(Owned::words).collect();
        let events = placed(&owned, &words);
        let mut packed = pack(HEADER, &Control::default(), &events);
        let whole = trace::read(&packed).ok();
        let at = at.index(packed.len());
        match bit {
            8 => packed.truncate(at),
            bit => packed[at] ^= 1 << bit,
        }
        match trace::read(&packed) {
            // Of the fields that change while a process runs none has a checksum.
            Ok(read) => prop_assert_eq!(Some(read), whole),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}

fn call(ticket: u64, time: u64, thread: u32, event: Event<'_>) -> Placed<'_> {
    Placed {
        ticket,
        width: 0,
        time,
        thread,
        domain: Domain::Unknown,
        site: 0,
        event,
    }
}

fn malloc(address: u64) -> Event<'static> {
    Event::Malloc { address, size: 64 }
}

/// The recordings of a process and of a child that it forked after two calls.
fn family() -> [Vec<u8>; 2] {
    let parent = Control {
        process: 7,
        monotonic_time: 1_000_000,
        ..Control::default()
    };
    let child = Control {
        process: 8,
        parent: 7,
        parent_ticket: Some(3),
        monotonic_time: 51_000_000,
        ..Control::default()
    };
    let events = [
        call(0, 10, 0, malloc(0x1000)),
        call(1, 20, 1, malloc(0x2000)),
        call(2, 30, 1, Event::Fork),
        call(3, 40, 0, malloc(0x3000)),
    ];
    let own = [
        call(0, 5, 1, Event::Free { address: 0x1000 }),
        call(1, 6, 1, malloc(0x3000)),
    ];
    [pack(HEADER, &parent, &events), pack(HEADER, &child, &own)]
}

fn read_family(files: &[&[u8]]) -> Result<Workload, TraceError> {
    let open = |file: &&'static [u8]| Reader::new(*file).expect("a recording");
    let files: Vec<&'static [u8]> = files.iter().map(|file| &*file.to_vec().leak()).collect();
    trace::read_recording(files.iter().map(open).collect(), Limits::default())
}

#[test]
fn a_forked_process_begins_with_what_its_parent_did_before() {
    let [parent, child] = family();
    let workload = read_family(&[&parent, &child]).expect("a family");
    let calls: Vec<_> = workload
        .events
        .iter()
        .map(|event| (event.time.0, event.thread.0))
        .collect();
    assert_eq!(calls, [(10, 0), (20, 1), (30, 1), (50_005, 1), (50_006, 1)]);
    assert_eq!(workload.events[2].call, Call::Forked);
    assert_eq!(workload.skipped, 0);
    assert_eq!(workload.passed_over, 1);
    // As text it is one file, which needs no other.
    let mut text = Vec::new();
    let readers = [&parent, &child].map(|file| Reader::new(&file[..]).expect("a recording"));
    trace::unpack(readers.into(), &[], &mut (), &mut text).expect("a family");
    let read = trace::read(&text).expect("a written trace");
    assert_eq!(read, workload);
}

#[test]
fn a_family_that_is_not_whole_is_refused() {
    let [parent, child] = family();
    let alone = trace::read(&child)
        .expect_err("its parent is missing")
        .to_string();
    assert!(
        alone.contains("together with its parent's, process "),
        "{alone}"
    );
    let strangers = read_family(&[&parent, &parent])
        .expect_err("no child")
        .to_string();
    assert!(strangers.contains("not of a child"), "{strangers}");
    let control = Control {
        process: 7,
        ..Control::default()
    };
    let short = pack(HEADER, &control, &[call(0, 10, 0, malloc(0x1000))]);
    let short = read_family(&[&short, &child])
        .expect_err("too short")
        .to_string();
    assert!(short.contains("process 7, ends before the fork"), "{short}");
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    for (event, what) in [
        (malloc(1 << 48), "event 2 of the recording has an address"),
        (
            Event::Malloc {
                address: 16,
                size: 1 << 47,
            },
            "a size of 2^47",
        ),
        (Event::Trim { pad: 1 << 47 }, "a pad"),
        (
            Event::Mallopt {
                parameter: 1 << 40,
                value: 0,
            },
            "an option",
        ),
    ] {
        let events = [call(0, 0, 0, malloc(0x1000)), call(1, 0, 0, event)];
        let error = trace::read(&pack(HEADER, &Control::default(), &events));
        let error = error.expect_err(what).to_string();
        assert!(error.contains(what), "{error}");
    }
    let ended = [
        call(0, 0, 1, Event::ThreadEnd),
        call(1, 0, 1, malloc(0x1000)),
    ];
    let error = trace::read(&pack(HEADER, &Control::default(), &ended));
    let error = error.expect_err("the thread has ended").to_string();
    assert!(error.contains("a thread that has ended"), "{error}");
    let wrong = pack("highwater-trace 2\nbrk here\n", &Control::default(), &ended);
    let error = trace::read(&wrong).expect_err("no address").to_string();
    assert!(
        error.contains("header, line 2: expected an address"),
        "{error}"
    );
}

#[test]
fn a_mark_that_is_a_sentence_becomes_a_name() {
    let text = Event::Mark(b"the first  burst is over rss=12 now\n");
    let packed = pack(HEADER, &Control::default(), &[call(0, 0, 0, text)]);
    let mark = &trace::read(&packed).expect("a recording").marks[0];
    assert_eq!(mark.name, "the_first_burst_is_over_now");
    assert_eq!(mark.value("rss"), Some(12));
    let again = trace::read(&unpack(&packed)).expect("a written trace");
    assert_eq!(&again.marks[0], mark);
}

#[test]
fn a_recording_whose_writer_was_killed_opens_with_all_its_calls() {
    let events: Vec<_> = (0..1000)
        .map(|at| call(at, at, 0, malloc(0x1000 + at * 64)))
        .collect();
    let mut packed = pack(HEADER, &Control::default(), &events);
    // As a recorder leaves it: no end, and the last chunk not sealed.
    packed.truncate(packed.len() - highwater_hwr::layout::CHUNK_HEADER);
    packed[control::STATE] = Stop::Running as u8;
    packed[control::CHUNKS] = 1;
    let first = highwater_hwr::layout::u32_at(&packed, control::LENGTH) as usize;
    packed[first + highwater_hwr::layout::chunk::SEALED] = 0;
    packed.extend([0; 4096]);
    assert_eq!(
        trace::read(&packed).expect("a recording").events.len(),
        1000
    );
}

#[test]
fn samples_from_beside_lie_where_their_times_say_and_gzip_is_read() {
    let address = 0x5555_5556_0010;
    let at = |time, event| Placed {
        ticket: 0,
        width: 0,
        time,
        thread: 0,
        domain: Domain::default(),
        site: 0,
        event,
    };
    let events = [
        at(10, Event::Malloc { address, size: 24 }),
        at(20, Event::Sample(b"rss=7")),
        at(30, Event::Free { address }),
    ];
    let packed = pack(HEADER, &Control::default(), &events);
    let family = || vec![Reader::new(&packed[..]).expect("a recording")];
    let beside = [
        (0, "heap=1".into()),
        (25, "heap=2".into()),
        (40, "heap=3".into()),
    ];
    let mut joined = Vec::new();
    let converted =
        trace::pack_recording(family(), &beside, &mut (), &mut joined).expect("it is whole");
    assert_eq!(converted.events, 6);
    let mut text = Vec::new();
    trace::unpack(family(), &beside, &mut (), &mut text).expect("it is whole");
    let workload = trace::read(&joined).expect("a recording");
    assert_eq!(trace::read(&text).expect("a trace"), workload);
    let samples: Vec<_> = (workload.samples.iter())
        .map(|sample| (sample.event, sample.time.0, &*sample.text))
        .collect();
    assert_eq!(
        samples,
        [
            (0, 0, "heap=1"),
            (1, 20, "rss=7"),
            (1, 25, "heap=2"),
            (2, 40, "heap=3")
        ]
    );
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&joined).expect("a vector");
    let gzip = gzip.finish().expect("a vector");
    assert!(trace::begins_like_one(&gzip));
    assert_eq!(trace::read(&gzip).expect("a recording"), workload);
    for end in 12..gzip.len() {
        let error = trace::read(&gzip[..end])
            .expect_err("it is cut off")
            .to_string();
        assert!(!error.is_empty());
    }
    let cut = trace::read(&gzip[..gzip.len() - 9]).expect_err("it is cut off");
    assert!(
        cut.to_string()
            .contains("gzip file that holds this recording"),
        "{cut}"
    );
}
