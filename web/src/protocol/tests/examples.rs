//! Messages of which nothing is left out.

use super::{diagnosis::diagnosis, *};

pub(super) fn requests() -> Vec<Request> {
    let works = [
        Work::Load { trace: 3 },
        Work::Run {
            order: order(Variant::default(), 1),
            frames: 0,
        },
        Work::Run {
            order: order(full_variant(), 64),
            frames: 120,
        },
        Work::Look {
            order: order(full_variant(), 2),
            stage: 1,
            first_event: 5,
            begins: Micros(6),
            event: u64::MAX,
            time: Micros(1 << 40),
            ask: Ask::Why,
        },
        look(Ask::Blocks {
            from: Address(1),
            to: Address(u64::MAX),
        }),
        look(Ask::Without {
            pins: vec![Address(7)],
        }),
        look(Ask::Sizes),
        look(Ask::State),
        look(Ask::Log {
            words: "trim".to_owned(),
            kind: Some(ToldKind::Refused),
        }),
        Work::Read {
            text: "ENV A=\u{fc}\n".to_owned(),
        },
    ];
    let start = |work| Request::Start {
        job: JobId(7),
        work,
    };
    let cancel = Request::Cancel {
        job: JobId(u32::MAX),
    };
    works.into_iter().map(start).chain([cancel]).collect()
}

fn loaded() -> [Outcome; 2] {
    [
        Outcome::Loaded(Loaded {
            program: None,
            checksum: 0xffff_fffe,
            calls: 0,
            blocks: 0,
            threads: 1,
            marks: 0,
            lasts: Micros(0),
            is_long: false,
            skipped: 0,
            unended: true,
            recorded: None,
            allocator: Choice::default(),
            environment: vec![],
            origin: None,
        }),
        Outcome::Loaded(Loaded {
            program: Some("Grüße, app.py".to_owned()),
            checksum: 0xffff_fffe,
            calls: 304_161,
            blocks: 152_000,
            threads: 7,
            marks: 12,
            lasts: Micros(10_136_196),
            is_long: true,
            skipped: 2,
            unended: true,
            recorded: Some("jemalloc 5.3.0".to_owned()),
            allocator: full_variant().allocator,
            environment: full_variant().environment,
            origin: Some("read as memray 12".to_owned()),
        }),
    ]
}

pub(super) fn responses() -> Vec<Response> {
    let outcomes = [
        Outcome::Ran(Box::new(ran(vec![]))),
        Outcome::Ran(Box::new(ran(vec![frame()]))),
        looked(Diagnosis {
            figures: None,
            pages: None,
            objects: None,
            ..diagnosis()
        }),
        looked(diagnosis()),
        Outcome::Blocks(vec![BlockRow {
            address: Address(1),
            size: Bytes(2),
            kind: PageKind::Muzzy,
            state: "free".to_owned(),
            requested: None,
            allocated: None,
            freed: diagnosis().pins.first().and_then(|pin| pin.freed),
        }]),
        Outcome::Without(Without {
            gone: 1,
            given_back: Bytes(2),
            rss: Bytes(3),
            top: Bytes(4),
            reclaimable: Bytes(5),
        }),
        Outcome::Text("<tr>".to_owned()),
        Outcome::Logged(ToldOf {
            count: 3,
            latest: vec![],
        }),
        Outcome::Read(Environment {
            variables: full_variant().environment,
            remarks: vec![
                Remark {
                    within: Some("MALLOC_CONF".to_owned()),
                    ..Remark::new("narenas", Tone::Invalid, "Ignored.")
                },
                Remark::new("MALLOC_CONF", Tone::NotRead, ""),
            ],
            refused: full_variant().environment,
            other_lines: 70_000,
            linked: true,
        }),
    ];
    let job = JobId(300);
    let finished = |outcome| Response::Finished { job, outcome };
    let others = [
        Response::Ready {
            version: "0.1.0".to_owned(),
        },
        Response::Progress {
            job,
            done: 0.25,
            curve: vec![Sample::default()],
        },
        Response::Failed {
            job,
            message: "line 3: there is no `x`".to_owned(),
        },
        Response::Cancelled { job },
    ];
    let outcomes = loaded().into_iter().chain(outcomes);
    outcomes.map(finished).chain(others).collect()
}

fn look(ask: Ask) -> Work {
    Work::Look {
        order: order(full_variant(), 1),
        stage: 0,
        first_event: 0,
        begins: Micros(0),
        event: 1,
        time: Micros(2),
        ask,
    }
}

fn order(variant: Variant, workers: u32) -> Order {
    let stage = |calls| StageOrder {
        name: "a stage".to_owned(),
        calls,
        workers,
        trims: Some(Trims::Idle(Micros(7))),
        variant: variant.clone(),
    };
    let pattern = Calls::Pattern {
        pattern: Pattern::AsyncFanOut,
        values: vec![0.0, -1.5, 1e300],
    };
    Order {
        stages: vec![stage(Calls::Trace(2)), stage(pattern)],
    }
}

/// A variant of which nothing is left out.
fn full_variant() -> Variant {
    Variant {
        allocator: "jemalloc@5.3.0".parse().expect("it is modelled"),
        environment: vec![Variable {
            name: "MALLOC_CONF".to_owned(),
            value: String::new(),
        }],
        cap: Some(Bytes(u64::MAX)),
        high: Some(Bytes(1)),
        cores: Some(Cores {
            online: 8,
            allowed: 3,
        }),
        seed: Some(0),
        python: Some(PythonVersion::V3_14),
        machine: Machine {
            thp: Some(HugeMode::Always),
            khugepaged: Khugepaged::Everything,
            page_size: Some(PageSize::Kib64),
        },
    }
}

fn phase(source: PhaseSource) -> Phase {
    let at = |event, time| Moment {
        event,
        time: Micros(time),
    };
    Phase {
        kind: PhaseKind::Rest,
        begin: at(1, 2),
        end: at(3, 4),
        name: "rest:0".to_owned(),
        is_marked: true,
        source,
    }
}

fn ran(frames: Vec<Frame>) -> Ran {
    Ran {
        took_ms: 61.75,
        calls: 304_111,
        page_size: Bytes(4096),
        summary: Summary {
            peak: Bytes(217_690_112),
            peak_live: Bytes(1),
            after_burst: Bytes(2),
            after_rest: Bytes(3),
            live: Bytes(4),
            free: Bytes(14),
            reclaimable: Bytes(5),
            memory_current: Bytes(15),
            huge: Bytes(16),
            lazy_free: Bytes(17),
            trims: 6,
            trimmed: Bytes(7),
            at_end: Bytes(8),
            faults: 53_147,
            syscalls: 911,
            killed: 9,
            near_cap: frames.first().map(|_| Micros(10)),
            throttled: frames.first().map(|_| Micros(11)),
        },
        answer: Default::default(),
        stages: vec![StageRan {
            name: "four workers".to_owned(),
            begins: Micros(11),
            first_event: 12,
            killed: vec![Micros(13)],
        }],
        marks: vec![MarkAt {
            name: "after the burst".to_owned(),
            event: 1,
            time: Micros(10_136_196),
        }],
        phases: Phases(vec![
            phase(PhaseSource::Mark("rest:0".to_owned())),
            phase(PhaseSource::Calls(7)),
        ]),
        samples: samples(),
        frames,
        real: RealProcess {
            as_recorded: true,
            moments: vec![Measured {
                time: Micros(14),
                process: Bytes(15),
                model: Bytes(16),
                not_compared: Bytes(17),
                rest: Rest {
                    files: Bytes(18),
                    stacks: Bytes(19),
                    python: Bytes(20),
                    others: Bytes(21),
                    page_tables: Bytes(22),
                },
            }],
            count: 23,
            apart: Bytes(24),
        },
    }
}

fn samples() -> Vec<Sample> {
    let sample = Sample {
        event: 304_161,
        time: Micros(10_136_196),
        rss: Bytes(217_690_112),
        trim_threshold: Bytes(1 << 60),
        reclaimable: None,
        ..Sample::default()
    };
    let other = Sample {
        reclaimable: Some(Bytes(0)),
        figures: Some(Figures {
            dirty: Bytes(4096),
            ..Figures::default()
        }),
        ..sample
    };
    vec![sample, other]
}

/// A heap map with a strip of every kind.
fn frame() -> Frame {
    let strip = |kind, runs, top| Strip {
        kind,
        start: Address(0x5555_5555_5000),
        pages: 12,
        runs,
        top,
    };
    let arena = StripKind::Arena {
        arena: 3,
        heap: u16::MAX,
    };
    Frame {
        event: 1 << 33,
        time: Micros(7),
        huge: vec![HugePage {
            start: Address(0x5555_5555_5000),
            pages: 512,
            used: 4,
            unwritten: u32::MAX,
        }],
        strips: vec![
            strip(StripKind::Heap, vec![(0, 1), (2, 7), (4, 4)], None),
            strip(arena, vec![(1, 12)], Some(Address(0x7fff_e800_1010))),
            strip(StripKind::Mappings, vec![], None),
        ],
    }
}

fn looked(diagnosis: Diagnosis) -> Outcome {
    let kinds = [
        ToldKind::GaveBack,
        ToldKind::Refused,
        ToldKind::Took,
        ToldKind::Changed,
        ToldKind::Failed,
    ];
    let told = |kind| Told {
        time: Micros(5),
        kind,
        words: "trim refused".to_owned(),
        times: 4096,
    };
    Outcome::Looked(Box::new(Looked {
        diagnosis,
        decisions: kinds.map(told).into(),
        findings: vec![said()],
        decided: 1 << 33,
        kinds: vec![
            ToldOf {
                count: 1 << 34,
                latest: kinds.map(told).into(),
            },
            ToldOf {
                count: 0,
                latest: vec![],
            },
        ],
        frame: frame(),
    }))
}

/// A finding in words, with a part of every kind.
fn said() -> Said {
    Said {
        kind: "parked".to_owned(),
        sentences: vec![
            Sentence {
                parts: vec![
                    Part::Text {
                        text: "A chunk at ".to_owned(),
                    },
                    Part::Address {
                        text: "0x1010".to_owned(),
                        address: Address(0x1010),
                        from: Address(0xf10),
                        to: Address(0x1210),
                    },
                    Part::Moment {
                        text: "0.01 s (event 9)".to_owned(),
                        event: 9,
                        time: Micros(10_000),
                    },
                    Part::Setting {
                        text: "MALLOC_ARENA_MAX=1".to_owned(),
                        name: "MALLOC_ARENA_MAX".to_owned(),
                        value: Some("1".to_owned()),
                    },
                ],
            },
            Sentence { parts: Vec::new() },
        ],
    }
}
