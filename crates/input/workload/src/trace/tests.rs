//! What the format says, line by line.

use super::*;
use crate::{Address, BlockId, Bytes, Call, Domain, Progress, SiteId, Source, TouchedId};
use std::io::Cursor;
use std::ops::ControlFlow;

fn trace(lines: &str) -> Result<Workload, TraceError> {
    read(format!("highwater-trace 1\n{lines}\n").as_bytes())
}

fn calls(lines: &str) -> Vec<Call> {
    let workload = trace(lines).expect("a good trace");
    workload.events.iter().map(|event| event.call).collect()
}

#[test]
fn the_example_of_the_format() {
    let workload = trace(
        "allocator glibc 2.36\nenv MALLOC_ARENA_MAX=2\npage 4096\ncpus 2\nbrk 0x555555560000\ntouch all\n\
         # any comment\nm 1200 0 0x5555555602a0 4096\nk 250000 0 burst:0 heap_rss=123456789",
    )
    .unwrap();
    assert_eq!(
        workload.header.allocator,
        Some(("glibc".into(), "2.36".into()))
    );
    assert_eq!(
        workload.header.env,
        [("MALLOC_ARENA_MAX".into(), "2".into())]
    );
    assert_eq!(workload.header.brk, Some(Address(0x5555_5556_0000)));
    assert_eq!(workload.recorded, [Address(0x5555_5556_02a0)]);
    assert_eq!(workload.marks[0].value("heap_rss"), Some(123_456_789));
    assert_eq!(workload.events.len(), 2);
}

fn later(lines: &str) -> Result<Workload, TraceError> {
    read(format!("highwater-trace 2\n{lines}\n").as_bytes())
}

#[test]
fn version_2_says_more_and_nothing_of_it_is_taken_for_a_call() {
    let workload = later(
        "kernel 6.1.0\nhuge-pages madvise\nsnapshot 2\ni 0 0 3 libc.so.6+0x1f main\nm 1 0:raw@3 0x1000 4096\n\
         v 1 0@3 map 0x7f0000000000 8192 0x3 libpython3.11.so\ns 2 0 rss=4096 heap=4096\np 2 0 0x1000 0+1 3+2\no 3 0 -1 -65536\n\
         n 4 0\nb 4 0\nf 5 0~2+7 0x1000",
    )
    .unwrap();
    let block = BlockId(0);
    let size = Bytes(4096);
    let calls: Vec<Call> = workload.events.iter().map(|event| event.call).collect();
    let (option, value) = (-1, -65536);
    assert_eq!(
        calls,
        [
            Call::Malloc { block, size },
            Call::Touched(TouchedId(0)),
            Call::Mallopt { option, value },
            Call::Forked,
            Call::Free { block },
        ]
    );
    assert_eq!(workload.events[0].domain, Domain::Raw);
    assert_eq!(workload.events[1].domain, Domain::Object);
    assert_eq!(workload.touched[0].runs[1].skipped, 3);
    assert_eq!(workload.samples[0].event, 1);
    assert_eq!(workload.samples[0].value("heap"), Some(4096));
    assert_eq!(workload.passed_over, 2);
    assert_eq!(workload.events[0].site, SiteId::at(0));
    assert_eq!(workload.events[1].site, SiteId::UNKNOWN);
    assert_eq!(workload.sites, ["libc.so.6+0x1f main".into()]);
    assert_eq!(workload.header.snapshot, 2);
    assert_eq!(workload.header.noted[1].1, "madvise");
}

#[test]
fn what_is_of_no_thread_may_come_after_the_end_of_the_first() {
    let workload = later(
        "m 1 1 0x1000 64\ne 2 0\ns 3 0 rss=4096\nl 3 0 libc.so.6 - /lib/libc.so.6\ni 4 0 7 main\nm 4 1@7 0x2000 64",
    )
    .unwrap();
    assert_eq!(workload.samples.len(), 1);
    assert_eq!(workload.sites, ["main".into()]);
    let mut written = Vec::new();
    write(&workload, None, &mut written).unwrap();
    assert_eq!(read(&written).unwrap(), workload);
}

#[test]
fn sites_are_the_same_in_every_form_and_in_parts() {
    let mut text = b"highwater-trace 2\nl 0 0 main.py - /srv/main.py\n".to_vec();
    text.extend(b"i 0 0 900 read.py:3 main.py:8\ni 0 0 2 main.py:9\n");
    for number in 0..2000 {
        let (site, address) = ([900, 2, 77][number % 3], 0x1000 + 0x40 * number);
        text.extend(format!("m {number} 0@{site} {address:#x} 24\n").bytes());
    }
    text.extend(b"i 9999 0 77\nf 9999 0@2 0x1000\n");
    let workload = read(&text).unwrap();
    let sites = ["read.py:3 main.py:8".into(), "main.py:9".into(), "".into()];
    assert_eq!(workload.sites, sites);
    let modules = ["main.py - /srv/main.py".into()];
    assert_eq!(workload.modules, modules);
    let seen: Vec<_> = workload.events.iter().map(|event| event.site).collect();
    assert_eq!(&seen[..4], [0, 1, 2, 0].map(SiteId::at));
    assert_eq!(seen.last(), Some(&SiteId::at(1)));
    let mut written = Vec::new();
    write(&workload, None, &mut written).unwrap();
    assert_eq!(read(&written).unwrap(), workload);
    // A part is as long as what is at hand of the text.
    let limits = Limits {
        window: 4096,
        ..Limits::default()
    };
    let open = move |_, at: u64| {
        let mut bytes = Cursor::new(text.clone());
        bytes.set_position(at);
        Ok(Box::new(bytes) as super::Bytes)
    };
    let file = TraceFile::new(1, open, limits);
    let source = Source::traced(file, 0, Vec::new()).unwrap();
    assert_eq!(source.first().sites, sites);
    assert_eq!(source.first().modules, modules);
    let mut parts = source.rest().expect("it is read on the way");
    let mut in_parts = Vec::new();
    while let Some(part) = parts.take().unwrap() {
        in_parts.extend(part.events.iter().map(|event| event.site));
    }
    assert_eq!(in_parts, seen);
}

#[test]
fn what_version_2_has_is_refused_in_version_1() {
    for line in [
        "o 1 0 -1 0",
        "n 1 0",
        "b 1 0",
        "s 1 0 rss=1",
        "p 1 0 0x1000 0+1",
        "v 1 0 map 0x1000 1 0x0",
        "i 1 0 1 main",
        "l 1 0 app - /app",
        "m 1 0:raw 0x1000 1",
        "m 1 0@1 0x1000 1",
    ] {
        assert!(later(line).is_ok(), "{line}");
        assert!(trace(line).is_err(), "{line}");
    }
    assert!(later("kernel 6.1\nm 1 0 0x10 1").is_ok());
    assert!(trace("kernel 6.1\nm 1 0 0x10 1").is_err());
}

#[test]
fn what_version_2_does_not_say_so_is_refused() {
    for line in [
        "o 1 0 1",
        "o 1 0 +1 1",
        "o 1 0 2147483648 0",
        "m 1 0: 0x10 1",
        "m 1 0:Raw 0x10 1",
        "m 1 0@1:raw 0x10 1",
        "m 1 0@0 0x10 1",
        "m 1 0~1@1 0x10 1",
        "m 1 0~1~1 0x10 1",
        "m 1 0+18446744073709551616 0x10 1",
        "m 1 @1 0x10 1",
        "m 1 65536@1 0x10 1",
        "p 1 0 0x10 1",
        "p 1 0 0x10 1+",
        "p 1 0 0x10 +1",
        "p 1 0 0x10 1+1 ",
        "v 1 0 brk 0x10 1 0x0",
        "v 1 0 map 0x10 1",
        "i 1 0 0 main",
        "i 1 0 1  main",
        "s 1 0 rss",
        "n 1 0 1",
    ] {
        let error = later(line).expect_err(line).to_string();
        assert!(error.starts_with("line 2: expected"), "{line}: {error}");
    }
}

/// Each a line that is wrong after a good one, with a word of what the error must say.
const WRONG: &[(&str, &str)] = &[
    ("x 1 0 0x10 1", "a call"),
    ("m", "a call"),
    ("mm 1 0 0x10 1", "a call"),
    ("m  1 0 0x10 1", "TIME"),
    ("m 1 0 0x10  1", "a space"),
    ("m 1 0 0x10 1 ", "end of the line"),
    ("m 1 0 0x10 1 2", "end of the line"),
    ("m 1 0 0x10", "one space"),
    ("m 1 0 10 1", "hex with 0x"),
    ("m 1 0 0x1000000000000 1", "below 2^48"),
    ("m 1 0 0x10 140737488355328", "below 2^47"),
    ("m 1 0 0x0 18446744073709551616", "SIZE"),
    ("m 1 0 0x10 -1", "SIZE"),
    ("m 1 0 0x10 +1", "SIZE"),
    ("m 1 0 0x10 1e3", "SIZE"),
    ("m 1\t0 0x10 1", "TIME"),
    ("m 0 0 0x10 1", "not below"),
    ("m 9007199254740992 0 0x10 1", "2^53"),
    ("m 1 65536 0x10 1", "THREAD"),
    ("m 1 7 0x10 1", "has not ended"),
    ("e 1 7", "has not ended"),
    ("k 1 7 name", "has not ended"),
    ("a 1 0 0x10 4294967296 1", "4294967295"),
    ("c 1 0 0x10 4294967296 4294967296", "COUNT times SIZE"),
    ("r 1 0 0x10 5 1", "OLD"),
    ("t 1 0 0x10", "PAD"),
    ("k 1 0", "one space"),
    ("k 1 0 ", "NAME"),
    ("k 1 0 name rss", "key=value"),
    ("k 1 0 name rss=1k", "key=value"),
    ("k 1 0 name rss=99999999999999999999", "key=value"),
    ("k 1 0 \u{7}", "NAME"),
    ("page 4096", "a call"),
];

#[test]
fn whatever_is_wrong_is_named_with_its_line() {
    for (line, word) in WRONG {
        let error = trace(&format!("e 1 7\n{line}")).expect_err(line);
        assert_eq!(error.line(), Some(3), "{line}");
        let text = error.to_string();
        assert!(text.starts_with("line 3: "), "{text}");
        assert!(text.contains(word), "{line}: {text}");
    }
}

#[test]
fn whatever_is_wrong_in_the_header_is_named_with_its_line() {
    for (line, word) in [
        ("page 4095", "4096, 16384 or 65536"),
        ("page 4096\npage 4096", "at most once"),
        ("cpus 0", "1 to 4096"),
        ("cpus 4097", "1 to 4096"),
        ("cpus", "one space"),
        ("brk 5555", "hex with 0x"),
        ("brk 0x0", "from 0x1000"),
        ("mappings 0x7ffff7fff800", "a multiple of 4096"),
        ("mappings 0x800000000000", "below 2^47"),
        ("touch some", "`all` or `none`"),
        ("touch all\ntouch none", "at most once"),
        ("env NAME", "NAME=VALUE"),
        ("env =x", "NAME=VALUE"),
        ("allocator glibc", "VERSION"),
        ("program ", "the program's name"),
        ("colour blue", "a header line"),
        ("highwater-trace 1", "a header line"),
    ] {
        let text = trace(line).expect_err(line).to_string();
        let at = 1 + line.lines().count();
        assert!(text.starts_with(&format!("line {at}: ")), "{text}");
        assert!(text.contains(word), "{line}: {text}");
    }
}

#[test]
fn the_first_line_says_what_the_file_is() {
    for (text, word) in [
        ("", "is empty"),
        ("\n", "highwater-trace 2"),
        ("highwater-trace 2\n", "no calls"),
        ("highwater-trace 3\n", "version 1 or 2"),
        ("highwater-trace 10\n", "`10`"),
        ("ELF\u{0}\u{1}\n", "a binary file"),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.line(), Some(1));
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_long_or_binary_field_is_quoted_short() {
    let error = trace(&format!("m 1 0 {} 1", "z".repeat(100_000))).unwrap_err();
    assert!(error.to_string().chars().count() < 160, "{error}");
    let error = read(b"highwater-trace 1\nm 1 0 \x1b[2J\xff 1\n").unwrap_err();
    assert!(!error.to_string().contains('\x1b'), "{error}");
}

#[test]
fn no_error_repeats_what_a_variable_is_set_to() {
    for lines in [
        "env hunter2",
        "env TOKEN hunter2=1",
        "TOKEN=hunter2",
        "m 1 0 0x10 8\nTOKEN=hunter2",
        "k 1 0 name token=hunter2",
    ] {
        let error = trace(lines).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_last_line_may_lack_its_newline_but_not_its_end() {
    let whole = b"highwater-trace 1\nm 1 0 0x10 64";
    let read_whole = read(whole).unwrap();
    assert_eq!((read_whole.events.len(), read_whole.unended), (1, true));
    assert!(!read(b"highwater-trace 1\nm 1 0 0x10 64\n").unwrap().unended);
    let error = read(b"highwater-trace 1\nm 1 0 0x10 64\nm 2 0 0x").unwrap_err();
    assert!(
        matches!(
            error,
            TraceError::CutOff {
                line: 3,
                calls: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("after 1 whole call:"), "{error}");
}

/// A small trace as it is written, packed if asked for.
fn written() -> Vec<u8> {
    let lines = "program x\nenv A=1\nm 1 0 0x10 64\nk 2 0 mark rss=1\nf 3 0 0x10\ne 3 1";
    let mut text = Vec::new();
    write(&trace(lines).unwrap(), None, &mut text).unwrap();
    text
}

#[test]
fn what_was_cut_after_any_byte_is_never_read_as_whole() {
    let text = written();
    assert!(text.ends_with(b"e 3 1\nend 4\n"));
    let whole = read(&text).unwrap();
    // Only its last newline is missing: the count says that nothing else is.
    assert_eq!(read(&text[..text.len() - 1]).unwrap(), whole);
    for end in 0..text.len() - 1 {
        let cut = &text[..end];
        let error = read(cut).unwrap_err();
        assert!(
            match error {
                TraceError::Empty { .. } => cut.is_empty(),
                TraceError::NoCalls { .. }
                | TraceError::EndMissing { .. }
                | TraceError::CutOff { .. }
                | TraceError::Incomplete { .. } => true,
                _ => false,
            },
            "after {end}: {error}"
        );
        if matches!(error, TraceError::EndMissing { .. }) && cut.ends_with(b"\n") {
            let said = error.to_string();
            assert!(said.contains("cut off here") && said.contains("`end counted`"));
            // What the error advises opens what is left.
            let text = String::from_utf8_lossy(cut).replace("end counted\n", "");
            let calls = text.lines().filter(|line| line.as_bytes()[1] == b' ');
            assert_eq!(read(text.as_bytes()).unwrap().events.len(), calls.count());
        }
    }
}

#[test]
fn what_others_wrote_without_an_end_is_told_wherever_a_cut_can_be_seen() {
    let text = b"highwater-trace 1\n# recorder 2\nprogram x\nenv A=1\nm 1 0 0x10 64\nf 3 0 0x10\n";
    let first = b"highwater-trace 1\n# recorder 2\nprogram x\nenv A=1\nm 1 0 0x10 6".len();
    for end in 0..text.len() {
        let cut = &text[..end];
        match read(cut) {
            Err(error) => assert!(!error.to_string().is_empty() && error.line().is_some()),
            Ok(workload) => {
                assert!(end >= first, "no call was read whole after {end}");
                assert_eq!(workload.unended, !cut.ends_with(b"\n"), "after {end}");
            }
        }
        if end < first {
            let error = read(cut).unwrap_err().to_string();
            assert!(!error.contains("delete"), "nothing would be left: {error}");
        }
        // A member of gzip that is whole says nothing of a second one that is missing.
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, cut).unwrap();
        let packed = read(&gzip.finish().unwrap());
        assert_eq!(packed.is_ok(), read(cut).is_ok(), "after {end}");
    }
    assert_eq!(read(text).unwrap().events.len(), 2);
}

#[test]
fn a_trace_without_calls_is_read_only_where_its_end_says_so() {
    for header in ["", "end counted\n", "program x\n", "# a comment\n\n"] {
        let text = format!("highwater-trace 1\n{header}");
        for cut in [text.as_str(), text.trim_end()] {
            let error = read(cut.as_bytes()).unwrap_err();
            let line = cut.lines().count() as u64;
            assert_eq!(error, TraceError::NoCalls { line }, "{cut:?}");
        }
        let whole = read(format!("{text}end 0\n").as_bytes()).unwrap();
        assert!(whole.events.is_empty() && !whole.unended);
    }
    // A line that is dropped is a call that was recorded.
    assert_eq!(trace("f 1 0 0x99").unwrap().skipped, 1);
}

#[test]
fn a_count_of_calls_is_held_against_those_before_it() {
    let text = |lines: &str| read(format!("highwater-trace 1\n{lines}").as_bytes());
    // Lines are counted, whether or not a call is kept of them.
    let kept = text("m 1 0 0x10 64\nf 2 0 0x0\nf 3 0 0x99\n# end 7\n\nend 3\n").unwrap();
    assert_eq!((kept.events.len(), kept.skipped), (1, 1));
    assert_eq!(text("end counted\nend 0\n").unwrap().events.len(), 0);
    for (lines, said, found) in [
        ("m 1 0 0x10 64\nend 2\n", 2, 1),
        ("end counted\nend 1\n", 1, 0),
        ("m 1 0 0x10 64\nend 0\n", 0, 1),
        ("end 12", 12, 0),
    ] {
        let error = text(lines).unwrap_err();
        assert!(
            matches!(error, TraceError::Incomplete { told, read, .. } if (told, read) == (said, found)),
            "{lines}: {error}"
        );
    }
    for (lines, expected) in [
        ("m 1 0 0x10 64\nend 1\nf 2 0 0x10\n", "nothing after"),
        ("m 1 0 0x10 64\nend 1\nend 1\n", "nothing after"),
        ("m 1 0 0x10 64\nend 1 \n", "end of the line"),
        ("m 1 0 0x10 64\nend counted\n", "a call"),
        ("end counted\nend counted\n", "at most once"),
        ("end so\n", "`counted`"),
        ("end counted 3\n", "end of the line"),
    ] {
        let error = text(lines).unwrap_err().to_string();
        assert!(error.contains(expected), "{lines}: {error}");
    }
    let packed = {
        let mut packed = Vec::new();
        write_gzip(&read(&written()).unwrap(), None, &mut packed).unwrap();
        packed
    };
    assert_eq!(read(&packed), read(&written()));
}

#[test]
fn blank_lines_and_carriage_returns_are_no_trouble() {
    let workload =
        read(b"highwater-trace 1\r\n\r\n# x\r\npage 16384\r\nm 1 0 0x10 64\r\n\n").unwrap();
    assert_eq!(workload.header.page, Bytes(16384));
    assert_eq!(workload.events.len(), 1);
}

#[test]
fn unknown_pointers_are_skipped_and_counted() {
    let workload =
        trace("f 1 0 0x50\nf 2 0 0x0\nr 3 0 0x10 0x60 8\nr 4 0 0x0 0x70 0\nf 5 0 0x10").unwrap();
    assert_eq!(workload.skipped, 3);
    let block = BlockId(0);
    let (old, size) = (None, Bytes(8));
    assert_eq!(workload.events[0].call, Call::Realloc { block, old, size });
    assert_eq!(workload.events[1].call, Call::Free { block });
    assert_eq!(workload.events.len(), 2);
}

#[test]
fn a_failed_realloc_leaves_the_old_block_and_one_to_nothing_frees_it() {
    let lines = "m 1 0 0x10 8\nr 2 0 0x0 0x10 99\nf 3 0 0x10";
    assert_eq!(calls(lines)[2], Call::Free { block: BlockId(0) });
    let workload = trace("m 1 0 0x10 8\nr 2 0 0x0 0x10 0\nf 3 0 0x10").unwrap();
    assert_eq!(workload.skipped, 1);
    assert_eq!(workload.recorded, [Address(0x10), Address::NULL]);
}

#[test]
fn a_pointer_returned_twice_names_the_newer_block() {
    let calls = calls("m 1 0 0x10 8\nm 2 0 0x10 9\nf 3 0 0x10");
    assert_eq!(calls[2], Call::Free { block: BlockId(1) });
}

#[test]
fn factors_that_do_not_fit_are_exchanged() {
    let calls = calls("c 1 0 0x10 5000000000 1\nc 2 0 0x0 5000000000 5000000000");
    let (block, size) = (BlockId(0), Bytes(5_000_000_000));
    assert_eq!(
        calls[0],
        Call::Calloc {
            block,
            count: 1,
            size
        }
    );
    let Call::Calloc { count, size, .. } = calls[1] else {
        panic!("a calloc")
    };
    assert_eq!(u64::from(count).checked_mul(size.0), None);
}

#[test]
fn limits_hold_for_text_and_for_events() {
    let text = format!("highwater-trace 1\n{}", "t 1 0 0\n".repeat(1000));
    let limits = Limits {
        text: 1 << 20,
        events: 999,
        ..Limits::default()
    };
    let error = read_with(text.as_bytes(), limits, &mut unwatched).unwrap_err();
    assert_eq!(
        error,
        TraceError::TooManyEvents {
            line: 1001,
            limit: 999
        }
    );
    let limits = Limits {
        text: 8000,
        events: 1000,
        ..Limits::default()
    };
    let error = read_with(text.as_bytes(), limits, &mut unwatched).unwrap_err();
    assert!(matches!(error, TraceError::TooLong { limit: 8000, .. }));
}

#[test]
fn limits_hold_for_marks_their_figures_and_the_header() {
    let many = |line: &str| format!("highwater-trace 1\n{}", line.repeat(1000));
    let limits = Limits {
        marks: 900,
        mark_text: 64_000,
        header: 7_000,
        ..Limits::default()
    };
    let refused = |text: &str, over: u64| {
        let error = read_with(text.as_bytes(), limits, &mut unwatched).unwrap_err();
        match error {
            TraceError::TooMuch { line, limit, .. } => {
                assert_eq!(limit, over);
                line
            }
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&many("k 1 0 a\n"), 900), 902);
    // A name of one byte, and a key of one byte with its number.
    assert_eq!(refused(&many("k 1 0 a a=1 a=1\n"), 64_000), 648);
    assert_eq!(refused(&many("env A=1\n"), 7_000), 877);
    let long_name = format!("highwater-trace 1\nk 1 0 {}\n", "x".repeat(64_001));
    assert_eq!(refused(&long_name, 64_000), 2);
    assert!(read(many("k 1 0 a a=1 a=1\n").as_bytes()).is_ok());
}

#[test]
fn a_line_without_end_is_refused() {
    let text = format!("highwater-trace 1\nprogram {}", "x".repeat(3 << 20));
    assert_eq!(read(text.as_bytes()).unwrap_err().line(), Some(2));
}

#[test]
fn reading_tells_how_far_it_is_and_can_be_stopped() {
    let text = format!("highwater-trace 1\n{}", "t 1 0 0\n".repeat(400_000));
    let mut told = Vec::new();
    let mut keep = |progress: Progress| {
        told.push(progress.share());
        ControlFlow::Continue(())
    };
    read_with(text.as_bytes(), Limits::default(), &mut keep).unwrap();
    assert!(told.len() >= 3 && told.is_sorted() && told.last() == Some(&1.0));
    let mut stop = |_: Progress| ControlFlow::Break(());
    let stopped = read_with(text.as_bytes(), Limits::default(), &mut stop);
    assert_eq!(stopped, Err(TraceError::Cancelled));
}
