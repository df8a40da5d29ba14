use super::*;
use std::os::unix::process::ExitStatusExt;

fn figures(process: u32, asks_background: bool) -> Figures {
    Figures {
        path: PathBuf::from(format!("a.{process}.hwr")),
        calls: 1,
        threads: 1,
        bytes: 1,
        stop: Stop::Exit,
        process,
        began: 0,
        peak: Bytes(0),
        runs_on: false,
        forked_by: None,
        unknown_python: None,
        is_jemalloc: true,
        asks_background,
    }
}

fn said(recordings: &[Figures], in_background: &[u32]) -> String {
    let in_background = in_background.iter().copied().collect();
    let started = Started {
        program: Path::new("p"),
        process: 7,
    };
    describe(
        recordings,
        Path::new("f"),
        &started,
        ExitStatus::from_raw(0),
        &in_background,
    )
}

#[test]
fn background_threads_that_no_setting_asks_for_are_said() {
    let says = "Add --env MALLOC_CONF=background_thread:true to the next commands";
    assert!(said(&[figures(7, false)], &[7]).contains(&format!("{says}.\n")));
    let two = [figures(7, false), figures(8, false)];
    assert!(said(&two, &[8]).contains(&format!("{says} (process 8).\n")));
    assert!(!said(&[figures(7, true)], &[7]).contains(says));
    assert!(!said(&[figures(7, false)], &[8]).contains(says));
    // No setting reaches a jemalloc that a library has for itself.
    let glibc = || Figures {
        is_jemalloc: false,
        ..figures(7, false)
    };
    let text = said(&[glibc()], &[7]);
    assert!(!text.contains(says), "{text}");
    assert!(
        text.contains("memory are not in the recording.\n"),
        "{text}"
    );
    assert!(!said(&[glibc()], &[8]).contains("of its own"));
}

#[test]
fn of_a_forked_process_its_parent_is_said() {
    let forked = Figures {
        forked_by: Some(3),
        ..figures(7, false)
    };
    let text = said(&[forked, figures(3, false)], &[]);
    assert!(
        text.contains("a.7.hwr: 1 call, 1 thread, forked by process 3\n"),
        "{text}"
    );
    assert!(text.contains("a.3.hwr: 1 call, 1 thread\n"), "{text}");
    let page = "\nIn the page, open it together with the recording of process 3: ";
    assert!(text.contains(page), "{text}");
    assert!(!said(&[figures(3, false)], &[]).contains("In the page"));
}

#[test]
fn the_program_itself_comes_next_unless_another_took_twice_the_memory() {
    let of = |process, mebibytes, calls| Figures {
        peak: Bytes::mib(mebibytes),
        calls,
        ..figures(process, false)
    };
    // What the program became.
    let after = |one| Figures {
        path: PathBuf::from("after.hwr"),
        began: 1,
        ..one
    };
    let next = |all: &[Figures]| {
        let text = said(all, &[]);
        let at = text.find("Next: ").expect("a next command");
        text[at..].to_owned()
    };
    for (all, says) in [
        (vec![of(7, 10, 1)], "a.7.hwr\n"),
        (
            vec![of(7, 10, 1), of(8, 9, 5)],
            "a.7.hwr\nIt is the program itself.\n",
        ),
        (
            vec![of(8, 19, 5), of(7, 10, 1)],
            "a.7.hwr\nIt is the program itself; another took more memory.\n",
        ),
        (
            vec![of(8, 20, 1), of(7, 10, 5)],
            "a.8.hwr\nIt is the process that took the most memory.\n",
        ),
        (
            vec![of(8, 0, 9), of(7, 0, 5)],
            "a.7.hwr\nIt is the program itself.\n",
        ),
        (
            vec![of(8, 3, 1), of(7, 3, 5), after(of(7, 2, 1))],
            "after.hwr\nIt is the program itself; another took more memory.\n",
        ),
    ] {
        assert_eq!(next(&all), format!("Next: highwater replay {says}"));
    }
}

#[test]
fn the_most_of_several_measurements_counts() {
    assert_eq!(
        most("s 1 rss=5 heap=9\ns 2 rss=7 heap=1\ns 3 rss=6"),
        Bytes(7)
    );
    assert_eq!(most(""), Bytes(0));
}

#[test]
fn how_an_open_recording_ended_is_said_as_far_as_it_is_known() {
    let open = |began, runs_on| Figures {
        stop: Stop::Running,
        began,
        runs_on,
        ..figures(7, false)
    };
    let ending = |all: &[Figures]| said(all, &[]);
    assert!(ending(&[open(1, true)]).contains("1 thread; runs on\n"));
    assert!(ending(&[open(1, false)]).contains("1 thread; was killed, "));
    let twice = ending(&[figures(7, false), open(0, false), open(1, false)]);
    assert!(twice.contains("; was killed, "), "{twice}");
    let then = Figures {
        began: 2,
        ..figures(7, false)
    };
    let became = ending(&[open(1, false), then]);
    assert!(became.contains("; became another program\n"), "{became}");
    assert!(!became.contains("killed"), "{became}");
}

#[test]
fn processes_without_a_call_are_said() {
    let silent = |process| Figures {
        calls: 0,
        ..figures(process, false)
    };
    assert!(!said(&[figures(7, false)], &[]).contains("can be seen"));
    assert!(said(&[silent(7)], &[]).contains("It made no call that can be seen: it may"));
    let two = [figures(7, false), silent(8)];
    assert!(said(&two, &[]).contains("Process 8 made no call that can be seen: it may"));
    let many: Vec<_> = (0..20).map(silent).chain(two).collect();
    assert!(
        said(&many, &[]).contains("21 of the processes made no call that can be seen: they may")
    );
}

#[test]
fn recordings_that_are_not_listed_are_counted() {
    let many = |count| {
        (0..count)
            .map(|one| figures(one, false))
            .collect::<Vec<_>>()
    };
    assert!(!said(&many(8), &[]).contains(" more\n"));
    assert!(said(&many(9), &[]).contains("\n  and one more\n"));
    assert!(said(&many(18), &[]).contains("\n  and 10 more\n"));
}
