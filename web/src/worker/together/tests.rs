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
    match end_of(in_one(files)) {
        Step::DoneWith(Outcome::Imported { origin }, bytes) => (origin, bytes),
        other => panic!("{other:?}"),
    }
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
        "Process 30, which began with the heap of its ancestors, processes 20, 10."
    );
    let family = [&master, &child, &grandchild].map(|file| Reader::new(&file[..]).expect("one"));
    let expected = read_recording(family.into(), Limits::default()).expect("a family");
    assert_eq!(read(&bytes).expect("a recording"), expected);
    // What it is opened from does not count, so that a link to it finds the same bytes again.
    let [a, b, c] = files;
    assert_eq!(made(&[c, a, b]).1, bytes);
}

#[test]
fn of_several_the_longest_that_is_nobodys_parent_is_opened_and_the_rest_counted() {
    let master = recording(10, None, 1_000, 9000);
    let short = recording(20, Some((10, 100)), 2_000_000, 40);
    let long = recording(21, Some((10, 200)), 2_100_000, 900);
    let (origin, _) = made(&[("m", &master), ("a", &short), ("b", &long)]);
    assert_eq!(
        origin,
        "Process 21, which began with the heap of its parent, process 10. Not shown: 1 other recording; to see it, choose fewer files."
    );
    // Two that have nothing to do with each other.
    let other = recording(11, None, 1_500, 20);
    let (origin, _) = made(&[("m", &other), ("a", &master)]);
    assert!(
        origin.starts_with("Process 10. Not shown: 1 other"),
        "{origin}"
    );
    // An orphan beside a whole family is passed over.
    let orphan = recording(40, Some((7, 1)), 2_000_000, 20_000);
    let (origin, _) = made(&[("o", &orphan), ("m", &master), ("a", &short)]);
    assert!(origin.starts_with("Process 20, "), "{origin}");
    assert!(
        origin.ends_with(" o also needs the recording of process 7."),
        "{origin}"
    );
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
