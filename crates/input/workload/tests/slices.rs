//! A trace that is read in slices, held against the same one read whole.

use flate2::{Compression, write::GzEncoder};
use highwater_workload::trace::{self, Limits, TraceFile};
use highwater_workload::{Event, Source};
use oorandom::Rand32;
use std::io::{self, Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A program at random that promises its end, with marks.
fn text(seed: u64, events: u32) -> Vec<u8> {
    let mut random = Rand32::new(seed);
    let mut live: Vec<u64> = Vec::new();
    let mut text = String::from("highwater-trace 1\nend counted\nenv A=1\n");
    let (mut time, mut next) = (0, 16);
    for number in 0..events {
        time += u64::from(random.rand_range(0..50));
        let thread = random.rand_range(0..3);
        if number % 97 == 0 {
            text += &format!("k {time} {thread} mark{number} a={number}\n");
        } else if !live.is_empty() && random.rand_range(0..3) == 0 {
            let place = random.rand_range(0..live.len() as u32) as usize;
            text += &format!("f {time} {thread} {:#x}\n", live.swap_remove(place));
        } else {
            next += 16 * u64::from(random.rand_range(1..100));
            live.push(next);
            text += &format!(
                "m {time} {thread} {next:#x} {}\n",
                random.rand_range(0..5000)
            );
        }
    }
    (text + &format!("end {events}\n")).into_bytes()
}

/// The same trace in every form of a file.
fn forms(text: &[u8]) -> [Vec<u8>; 4] {
    let gzip = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).expect("memory takes all");
        gzip.finish().expect("memory takes all")
    };
    let mut packed = Vec::new();
    trace::pack(text, &mut packed).expect("memory takes all");
    [text.to_vec(), gzip(text), gzip(&packed), packed]
}

/// Gives so many bytes at a time at most.
struct Slices(Cursor<Vec<u8>>, usize);

impl Read for Slices {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// Bytes that are read in such slices; after so many openings they are gone.
fn file(bytes: Vec<u8>, slice: usize, window: usize, openings: usize) -> TraceFile {
    let opened = AtomicUsize::new(0);
    let open = move |_, at| {
        if opened.fetch_add(1, Ordering::Relaxed) >= openings {
            return Err(io::Error::other("it is gone"));
        }
        let mut bytes = Cursor::new(bytes.clone());
        bytes.set_position(at);
        Ok(Box::new(Slices(bytes, slice)) as trace::Bytes)
    };
    let limits = Limits {
        window,
        ..Limits::in_parts()
    };
    TraceFile::new(1, open, limits)
}

fn events(parts: &mut highwater_workload::Parts) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(part) = parts.take().expect("it is whole") {
        events.extend(part.events);
    }
    events
}

/// Marks are numbered part by part.
fn without_numbers(events: &[Event]) -> Vec<String> {
    let words = events.iter().map(|event| format!("{event:?}"));
    let words = words.map(|word| match word.find("Mark(") {
        Some(place) => word[..place].to_owned(),
        None => word,
    });
    words.collect()
}

#[test]
fn slices_of_any_size_give_the_events_of_the_whole_and_so_does_a_copy_of_the_reader() {
    for seed in 0..3 {
        let text = text(seed, 4000);
        let whole = trace::read(&text).expect("a good trace");
        let expected = without_numbers(&whole.events);
        for bytes in forms(&text) {
            for (slice, window) in [(1, 1 << 10), (7, 1 << 14), (4096, 300), (1 << 20, 1 << 12)] {
                let file = file(bytes.clone(), slice, window, usize::MAX);
                let source = Source::traced(file, 1, Vec::new()).expect("a good trace");
                assert!(source.is_streamed());
                assert_eq!(source.events(), whole.events.len() as u64);
                let counts = source.counts();
                assert_eq!(counts, Source::from(whole.clone()).counts());
                let mut parts = source.rest().expect("it is read on the way");
                let mut begun = Vec::new();
                for _ in 0..3 {
                    let part = parts.take().expect("it is whole");
                    begun.extend(part.into_iter().flat_map(|part| part.events));
                }
                let mut copy = parts.clone();
                let mut read = begun.clone();
                read.extend(events(&mut parts));
                begun.extend(events(&mut copy));
                assert_eq!(without_numbers(&read), expected, "{slice} {window}");
                assert_eq!(
                    without_numbers(&begun),
                    expected,
                    "of a copy: {slice} {window}"
                );
            }
        }
    }
}

#[test]
fn what_is_cut_off_is_refused_wherever_it_is_cut() {
    let text = text(5, 1500);
    let mut random = Rand32::new(1);
    for bytes in forms(&text) {
        for _ in 0..60 {
            let end = random.rand_range(0..bytes.len() as u32 - 1) as usize;
            let file = file(bytes[..end].to_vec(), 333, 1 << 10, usize::MAX);
            let read = Source::traced(file, 1, Vec::new());
            assert!(read.is_err(), "{end} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_file_that_is_gone_is_an_error_of_the_part_that_is_read() {
    let text = text(9, 3000);
    for bytes in forms(&text) {
        // The first reading opens it once, and once more to see what a packed one holds.
        let openings = 1 + usize::from(bytes.starts_with(&[0x1f, 0x8b]));
        let file = file(bytes, 100, 1 << 10, openings);
        let source = Source::traced(file, 1, Vec::new()).expect("it is there");
        let mut parts = source.rest().expect("it is read on the way");
        let error = parts.take().expect_err("it is gone").to_string();
        assert_eq!(error, "it is gone");
    }
}
