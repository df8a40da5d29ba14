use super::*;
use highwater_hwr::{Domain, Event, Placed, write::Writer};
use highwater_workload::trace::{Limits, read, read_recording};

const HEAP: u64 = 0x5555_5556_0010;

/// A recording of a process that began then with its own events, perhaps forked after so many of its parent's.
fn recording(process: u32, parent: Option<(u32, u64)>, begins: u64, calls: u64) -> Vec<u8> {
    let control = Control {
        process,
        parent: parent.map_or(1, |(parent, _)| parent),
        parent_ticket: parent.map(|(_, ticket)| ticket),
        monotonic_time: begins,
        ..Control::default()
    };
    let text = "highwater-trace 2\nallocator glibc 2.36\n";
    let mut writer = Writer::new(Vec::new(), &control, text, 4).expect("a vector");
    for call in 0..calls {
        let placed = Placed {
            ticket: call,
            width: 0,
            time: call,
            thread: 0,
            domain: Domain::default(),
            site: 0,
            event: Event::Malloc {
                address: HEAP + (u64::from(process) << 20) + call * 32,
                size: 24,
            },
        };
        writer.placed(&placed).expect("a vector");
    }
    writer.finish().expect("a vector")
}

fn in_one(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = FIRST_LINE.as_bytes().to_vec();
    for (name, bytes) in files {
        all.extend(format!("{} {name}\n", bytes.len()).bytes());
    }
    all.push(b'\n');
    all.extend(files.iter().flat_map(|(_, bytes)| bytes.iter()));
    all
}

fn end_of(bytes: Vec<u8>) -> Step {
    let read = move |at: u64, buffer: &mut [u8]| {
        let mut rest = &bytes[bytes.len().min(at as usize)..];
        rest.read(buffer)
    };
    let mut job = Together::of(Rc::new(read));
    loop {
        match job.advance(&mut Engine::default(), &Slice::unlimited()) {
            Step::More(share) => assert!((0.0..=1.0).contains(&share), "{share}"),
            end => return end,
        }
    }
}

fn made(files: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let (origin, bytes) = opened(in_one(files));
    (origin.said, bytes)
}

/// What is said of files that were opened.
#[derive(Debug, PartialEq)]
struct Origin {
    said: String,
    chosen: Option<usize>,
    lines: Vec<String>,
}

impl Origin {
    fn names(&self) -> Vec<&str> {
        let names = self.lines.iter().filter_map(|line| line.split('\t').next());
        names.collect()
    }
}

fn opened(bytes: Vec<u8>) -> (Origin, Vec<u8>) {
    let (origin, bytes) = match end_of(bytes) {
        Step::DoneWith(Outcome::Imported { origin }, written) => (origin, written.into_bytes()),
        other => panic!("{other:?}"),
    };
    let mut lines = origin.lines().map(str::to_owned);
    let (said, chosen) = (lines.next().unwrap_or_default(), lines.next());
    let lines: Vec<String> = lines.collect();
    let chosen = chosen.map(|chosen| {
        let place = lines.iter().position(|line| *line == chosen);
        place.expect("the one that is shown is one of them")
    });
    (
        Origin {
            said,
            chosen,
            lines,
        },
        bytes,
    )
}

fn refused(files: &[(&str, &[u8])]) -> String {
    match end_of(in_one(files)) {
        Step::Failed(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_forked_process_is_read_with_its_ancestors_in_any_order() {
    let master = recording(10, None, 1_000, 5000);
    let child = recording(20, Some((10, 3000)), 2_000_000, 40);
    let grandchild = recording(30, Some((20, 25)), 3_000_000, 700);
    let files: [(&str, &[u8]); 3] = [
        ("worker.30.hwr", &grandchild),
        ("master.10.hwr", &master),
        ("worker.20.hwr", &child),
    ];
    let (origin, bytes) = made(&files);
    assert_eq!(
        origin,
        "Process 30, which began with the heap of its ancestors, processes 20, 10. These files hold 3 recordings that can be shown: choose another in the list above."
    );
    let family = [&master, &child, &grandchild].map(|file| Reader::new(&file[..]).expect("one"));
    let expected = read_recording(family.into(), Limits::default()).expect("a family");
    assert_eq!(read(&bytes).expect("a recording"), expected);
    // What it is opened from does not count, so that a link to it finds the same bytes again.
    let [a, b, c] = files;
    assert_eq!(made(&[c, a, b]).1, bytes);
}

#[test]
fn of_several_that_with_the_most_events_which_is_nobodys_parent_comes_first() {
    let master = recording(10, None, 1_000, 9000);
    let short = recording(20, Some((10, 100)), 2_000_000, 40);
    let long = recording(21, Some((10, 200)), 2_100_000, 900);
    let files: [(&str, &[u8]); 3] = [("m", &master), ("a", &short), ("b", &long)];
    let (origin, _) = opened(in_one(&files));
    assert_eq!(
        origin.said,
        "Process 21, which began with the heap of its parent, process 10. These files hold 3 recordings that can be shown: choose another in the list above."
    );
    assert_eq!(
        (origin.names(), origin.chosen),
        (vec!["b", "a", "m"], Some(0))
    );
    // Two that have nothing to do with each other.
    let other = recording(11, None, 1_500, 20);
    let (origin, _) = made(&[("m", &other), ("a", &master)]);
    assert!(origin.starts_with("Process 10. These files"), "{origin}");
    // Recorders leave room: how long a file is says little of what it holds.
    let mut roomy = short.clone();
    roomy.resize(roomy.len() + (1 << 20), 0);
    let (origin, _) = opened(in_one(&[("m", &master), ("a", &roomy), ("b", &long)]));
    assert_eq!(origin.names(), ["b", "a", "m"]);
    // An orphan beside a whole family is passed over.
    let orphan = recording(40, Some((7, 1)), 2_000_000, 20_000);
    let (origin, _) = opened(in_one(&[("o", &orphan), ("m", &master), ("a", &short)]));
    assert!(origin.said.starts_with("Process 20, "), "{origin:?}");
    assert!(
        (origin.said).contains(" o also needs the recording of process 7."),
        "{origin:?}"
    );
    assert_eq!(origin.names(), ["a", "m"]);
    // With only one there is no choice.
    assert_eq!(opened(in_one(&[("m", &master)])).0.lines, [""; 0]);
}

#[test]
fn a_choice_says_what_was_run_and_how_much_was_recorded() {
    let mut writer = Writer::new(
        Vec::new(),
        &Control {
            process: 12,
            ..Control::default()
        },
        "highwater-trace 2\nprogram python -m uvicorn app:app\nallocator glibc 2.36\n",
        4,
    )
    .expect("a vector");
    for call in 0..1500 {
        let stamp = highwater_hwr::Stamp {
            time: call * 2000,
            thread: 0,
        };
        let (address, size) = (HEAP + call * 32, 24);
        let event = Event::Malloc { address, size };
        writer.event(stamp, &event).expect("a vector");
    }
    let named = writer.finish().expect("a vector");
    let plain = recording(10, None, 1_000, 1);
    let (origin, _) = opened(in_one(&[("app.12.hwr", &named), ("plain.hwr", &plain)]));
    assert_eq!(
        origin.lines,
        [
            "app.12.hwr\t(process 12, 1,500 events, 3.00 s, python -m uvicorn app:app)",
            "plain.hwr\t(process 10, 1 event, 0 s)"
        ]
    );
}

#[test]
fn the_one_that_was_chosen_last_is_opened() {
    let master = recording(10, None, 1_000, 9000);
    let child = recording(20, Some((10, 100)), 2_000_000, 40);
    let files: [(&str, &[u8]); 2] = [("m", &master), ("a", &child)];
    let choose = |place: &str, files: Vec<u8>| {
        [format!("{FIRST_LINE}{CHOSEN}{place}\n").into_bytes(), files].concat()
    };
    let first = opened(choose("1", in_one(&files)));
    assert_eq!((first.0.chosen, first.0.names()), (Some(1), vec!["a", "m"]));
    assert!(first.0.said.starts_with("Process 10. "), "{first:?}");
    assert_eq!(first.1, opened(in_one(&[files[0]])).1);
    // Each choice stands before the ones made before it.
    let again = opened(choose("0", choose("1", in_one(&files))));
    assert_eq!(again, opened(in_one(&files)));
    // What is not there is not chosen.
    for place in ["2", "18446744073709551616", "", "-1", "x"] {
        assert_eq!(
            opened(choose(place, in_one(&files))),
            opened(in_one(&files))
        );
    }
}

#[test]
fn the_samples_beside_it_come_along() {
    let master = recording(10, None, 1_000_000, 50);
    let child = recording(20, Some((10, 30)), 3_000_000, 50);
    let (_, bytes) = made(&[
        ("app.10.hwr", &master),
        ("app.20.hwr", &child),
        ("app.20.samples", b"s 7 rss=1\n"),
        ("app.10.samples", b"s 1 rss=9\n"),
    ]);
    let samples = read(&bytes).expect("a recording").samples;
    let samples: Vec<_> = samples.iter().map(|one| (one.time.0, &*one.text)).collect();
    assert_eq!(samples, [(2007, "rss=1")]);
    let broken: &[(&str, &[u8])] = &[("app.10.hwr", &master), ("app.10.samples", b"x\n")];
    assert!(refused(broken).contains("app.10.samples, line 1"));
}

#[test]
fn what_cannot_be_opened_says_which_file_and_what_to_do() {
    let orphan = recording(20, Some((10, 30)), 3_000_000, 50);
    let stranger = recording(11, None, 1_000, 50);
    let message = refused(&[("worker.20.hwr", &orphan), ("notes.txt", b"none")]);
    assert!(
        message.starts_with("worker.20.hwr is of a forked process"),
        "{message}"
    );
    assert!(message.contains("process 10"), "{message}");
    let message = refused(&[("a", b"\n\nno"), ("b", b"")]);
    assert!(message.starts_with("none of these files"), "{message}");
    // The parent's ends before the fork.
    let parent = recording(10, None, 1_000, 20);
    let message = refused(&[("m", &parent), ("w", &orphan)]);
    assert!(message.contains("ends before the fork"), "{message}");
    for cut in 0..FIRST_LINE.len() + 30 {
        let bytes = in_one(&[("m", &stranger)]);
        let step = end_of(bytes[..cut].to_vec());
        assert!(matches!(step, Step::Failed(_)), "{cut}: {step:?}");
    }
    for head in [
        "-1 m\n\n",
        "9 m\n18446744073709551615 n\n\n",
        "1e3 m\n\n",
        "9\n\n",
    ] {
        let step = end_of(format!("{FIRST_LINE}{head}").into_bytes());
        assert!(matches!(step, Step::Failed(_)), "{head}: {step:?}");
    }
}

#[test]
fn a_page_takes_several_files_for_none_of_its_own() {
    use crate::worker::load::Load;
    let bytes = in_one(&[("m", &recording(10, None, 1_000, 20))]);
    let mut load = Load::new(crate::worker::Bytes::Here(bytes), 1);
    let step = load.advance(&mut Engine::default(), &Slice::unlimited());
    assert!(matches!(step, Step::Done(Outcome::Foreign(_))), "{step:?}");
}
