//! Any workload that can be written comes back equal; any text that can be read never makes the reader panic.

use highwater_workload::trace::{TraceError, read, write};
use highwater_workload::{
    Address, BlockId, Bytes, Call, Event, Header, Mark, MarkId, Micros, Sample, ThreadId, Touched,
    TouchedId, TouchedRun, Workload,
};
use proptest::prelude::*;

/// A program that makes no mistakes, from raw numbers: each picks a call and its arguments.
fn program(choices: &[(u8, u32, u32)], header: Header) -> Workload {
    let mut workload = Workload {
        header,
        ..Workload::default()
    };
    let (mut live, mut spare): (Vec<BlockId>, Vec<BlockId>) = (Vec::new(), Vec::new());
    let mut time = 0;
    for &(choice, first, second) in choices {
        time += u64::from(first % 1000);
        // The number that was freed last is the next to be given out.
        let block = spare.last().copied().unwrap_or(BlockId(workload.blocks));
        let size = Bytes(u64::from(second));
        let picked = (!live.is_empty()).then(|| first as usize % live.len().max(1));
        let call = match (choice % 8, picked) {
            (0, _) => Call::Calloc {
                block,
                count: first % 9,
                size,
            },
            (1, _) => Call::Aligned {
                block,
                alignment: 1 << (first % 32),
                size,
            },
            (2, Some(picked)) => Call::Realloc {
                block,
                old: Some(live.swap_remove(picked)),
                size,
            },
            (2, None) => Call::Realloc {
                block,
                old: None,
                size,
            },
            (3 | 4, Some(picked)) => Call::Free {
                block: live.swap_remove(picked),
            },
            (5, _) if first % 8 == 0 => Call::Trim { pad: size },
            (5, _) => {
                let id = MarkId(workload.marks.len() as u32);
                workload.marks.push(Mark {
                    name: format!("m:{first}"),
                    measured: vec![("heap_rss".into(), u64::from(second)); first as usize % 3],
                });
                Call::Mark(id)
            }
            _ => Call::Malloc { block, size },
        };
        if matches!(
            call,
            Call::Malloc { .. } | Call::Calloc { .. } | Call::Aligned { .. } | Call::Realloc { .. }
        ) {
            if spare.pop().is_none() {
                workload.blocks += 1;
            }
            let address = 0x10 + 0x20 * workload.recorded.len() as u64;
            workload.recorded.push(Address(address));
            live.push(block);
        }
        if let Call::Free { block }
        | Call::Realloc {
            old: Some(block), ..
        } = call
        {
            spare.push(block);
        }
        let thread = ThreadId((first % 5) as u16);
        workload.last_thread = workload.last_thread.max(thread);
        workload.events.push(Event {
            // Mostly of one kind, so that both versions of the format are written.
            domain: match second % 64 {
                0 => highwater_workload::Domain::Raw,
                _ => highwater_workload::Domain::Object,
            },
            site: highwater_workload::SiteId::UNKNOWN,
            time: Micros(time),
            thread,
            call,
        });
    }
    workload
}

/// Adds what only version 2 of the format has, from raw numbers.
fn add_later(workload: &mut Workload, choices: &[(u8, u32, u32)]) {
    workload.header.snapshot = choices.len() as u64;
    workload.header.noted = vec![("kernel".into(), "6.1 of a day".into())];
    for &(choice, first, second) in choices {
        let at = workload.events.len();
        let time = workload.events.last().map_or(Micros(0), |event| event.time);
        let call = match choice % 4 {
            0 => Call::Mallopt {
                option: first as i32,
                value: second as i32,
            },
            1 if workload.blocks > 0 => {
                let run = |_| TouchedRun {
                    skipped: first.into(),
                    pages: u64::from(second) << 16,
                };
                let id = TouchedId(workload.touched.len() as u32);
                // None was freed, so a block has the number of its allocating call.
                let block = first % workload.blocks;
                workload.touched.push(Touched {
                    block: BlockId(block),
                    allocation: block,
                    recorded: workload.recorded[block as usize],
                    runs: (0..first % 3).map(run).collect(),
                });
                Call::Touched(id)
            }
            2 => Call::Forked,
            _ => {
                workload.alive = workload.alive.max(time);
                workload.samples.push(Sample {
                    event: at as u32,
                    time,
                    text: format!("rss={first} [heap]={second}").into(),
                });
                continue;
            }
        };
        workload.events.push(Event {
            domain: match second % 2 {
                0 => highwater_workload::Domain::Raw,
                _ => highwater_workload::Domain::Object,
            },
            time,
            site: highwater_workload::SiteId::UNKNOWN,
            thread: ThreadId::MAIN,
            call,
        });
    }
}

fn headers() -> impl Strategy<Value = Header> {
    (
        proptest::option::of("[a-z]{1,8}( [a-z=]{1,8})?"),
        proptest::option::of(("[a-z]{1,8}", "[0-9.]{1,5}")),
        proptest::collection::vec(("[A-Z_]{1,9}", "[ -~]{0,12}"), 0..3),
        proptest::sample::select(vec![4096, 16384, 65536]),
        1u32..=4096,
        proptest::option::of(0x1000u64..1 << 47),
        proptest::option::of(1u64..1 << 35),
        any::<bool>(),
    )
        .prop_map(
            |(program, allocator, env, page, cpus, brk, top, touch)| Header {
                program,
                allocator,
                env,
                page: Bytes(page),
                cpus,
                cpus_allowed: (cpus % 3 == 0).then_some(cpus / 3),
                brk: brk.map(Address),
                mappings: top.map(|page| Address(page * 4096)),
                touch,
                ..Header::default()
            },
        )
}

fn text_of(workload: &Workload) -> Vec<u8> {
    let mut text = Vec::new();
    write(workload, None, &mut text).expect("written to memory");
    text
}

/// One way to spoil a text.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Truncate(usize),
    DropLine(usize),
    SwapLines(usize, usize),
    RepeatLine(usize),
    Replace(usize, &'static str),
}

fn damages() -> impl Strategy<Value = Damage> {
    let absurd = vec![
        "18446744073709551616",
        "0xffffffffffffffff",
        "-1",
        "",
        " ",
        "0x",
        "65536",
        "4294967296",
        "\u{0}",
        "\r",
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        any::<usize>().prop_map(Damage::Truncate),
        any::<usize>().prop_map(Damage::DropLine),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Damage::SwapLines(one, other)),
        any::<usize>().prop_map(Damage::RepeatLine),
        (any::<usize>(), proptest::sample::select(absurd))
            .prop_map(|(at, text)| Damage::Replace(at, text)),
    ]
}

fn spoil(text: &mut Vec<u8>, damage: &Damage) {
    if text.is_empty() {
        return;
    }
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|&b| b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let (length, count) = (text.len(), lines.len());
    match *damage {
        Damage::Flip(at, byte) => return text[at % length] = byte,
        Damage::Truncate(at) => return text.truncate(at % length),
        Damage::DropLine(at) => drop(lines.remove(at % count)),
        Damage::SwapLines(one, other) => lines.swap(one % count, other % count),
        Damage::RepeatLine(at) => lines.push(lines[at % count].clone()),
        Damage::Replace(at, with) => {
            let line = &mut lines[at % count];
            let mut fields: Vec<_> = line.split(|&b| b == b' ').map(<[u8]>::to_vec).collect();
            let field = at / count % fields.len();
            fields[field] = with.into();
            *line = fields.join(&b' ');
        }
    }
    *text = lines.concat();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_equal(
        choices in proptest::collection::vec(any::<(u8, u32, u32)>(), 0..200),
        header in headers(),
    ) {
        let workload = program(&choices, header);
        let text = text_of(&workload);
        let again = read(&text).expect("a written trace");
        prop_assert_eq!(&again, &workload);
        prop_assert_eq!(text_of(&again), text);
    }

    #[test]
    fn what_only_version_2_has_reads_back_equal(
        choices in proptest::collection::vec(any::<(u8, u32, u32)>(), 0..60),
        later in proptest::collection::vec(any::<(u8, u32, u32)>(), 0..60),
    ) {
        // Touched pages are those of a block that is live, so none is freed.
        let without_frees = |&(choice, first, second): &(u8, u32, u32)| match choice % 8 {
            2..=4 => (0, first, second),
            _ => (choice, first, second),
        };
        let choices: Vec<_> = choices.iter().map(without_frees).collect();
        let mut workload = program(&choices, Header::default());
        add_later(&mut workload, &later);
        workload.last_thread = workload.events.iter().map(|event| event.thread).max().unwrap_or_default();
        let text = text_of(&workload);
        prop_assert!(text.starts_with(b"highwater-trace 2\n"));
        let again = read(&text).expect("a written trace");
        prop_assert_eq!(&again, &workload);
        prop_assert_eq!(text_of(&again), text);
    }

    #[test]
    fn a_spoiled_trace_is_read_or_refused_by_line(
        choices in proptest::collection::vec(any::<(u8, u32, u32)>(), 0..60),
        damage in proptest::collection::vec(damages(), 1..4),
    ) {
        let mut workload = program(&choices, Header::default());
        if choices.len() % 2 == 0 {
            add_later(&mut workload, &choices);
        }
        let mut text = text_of(&workload);
        for damage in &damage {
            spoil(&mut text, damage);
        }
        let lines = text.split(|&b| b == b'\n').count() as u64;
        match read(&text) {
            Ok(workload) => {
                // Whatever was read is whole: it can be written, and comes back.
                let again = read(&text_of(&workload)).expect("a written trace");
                prop_assert_eq!(&again.events, &workload.events);
                prop_assert_eq!(&again.recorded, &workload.recorded);
            }
            Err(error) => {
                let line = error.line().expect("a line");
                prop_assert!((1..=lines).contains(&line), "{} of {}", line, lines);
                // Of a file that is no trace at all it says what it is instead of where.
                let is_foreign =
                    matches!(error, TraceError::NotATrace { .. } | TraceError::Empty { .. });
                let named = format!("line {line}: ");
                prop_assert!(is_foreign || error.to_string().starts_with(&named));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), gzip in any::<bool>()) {
        let mut bytes = bytes;
        if gzip {
            bytes.splice(0..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        }
        if let Err(error) = read(&bytes) {
            prop_assert!(error.line().is_some());
        }
    }
}

#[test]
fn a_tab_in_a_name_is_read_and_written_alike() {
    let text =
        b"highwater-trace 1\nend counted\nprogram a\tb\npage 4096\ncpus 2\nenv A\tB=\tc\nk 1 0 x\ty k\t=1\nend 1\n";
    let workload = read(text).expect("a good trace");
    assert_eq!(text_of(&workload), text);
}

#[test]
fn what_is_no_trace_is_not_written() {
    let refused = |workload: Workload| write(&workload, None, &mut Vec::new()).is_err();
    let event = |call| Event {
        domain: highwater_workload::Domain::Object,
        site: highwater_workload::SiteId::UNKNOWN,
        time: Micros(0),
        thread: ThreadId::MAIN,
        call,
    };
    let mut workload = Workload::default();
    workload
        .events
        .push(event(Call::Free { block: BlockId(0) }));
    assert!(refused(workload.clone()));
    workload.events[0] = event(Call::Mark(MarkId(3)));
    assert!(refused(workload.clone()));
    workload.events.clear();
    workload.header.program = Some("two\nlines".into());
    assert!(refused(workload.clone()));
    workload.header.program = None;
    assert!(write(&workload, Some(&[Address(16)]), &mut Vec::new()).is_err());
    assert!(!refused(workload));
}
