//! Real programs run under the recorder as they run without it, and what it writes holds every call in the allocator's order.

mod common;

use common::{Owned, check_blocks, compile, folder, library, record, recordings, run};
use highwater_hwr::layout::Stop;
use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

/// Runs a command with and without the recorder, compares what it writes, and checks each recording. Returns the calls of the
/// longest.
fn compare(name: &str, command: &dyn Fn() -> Command) -> Option<usize> {
    let folder = folder(name);
    let library = library(&folder);
    let into = folder.join("recorded");
    let plain = run(&mut command())?;
    let output = run(record(&mut command(), &library, &into))?;
    assert_eq!(output.status, plain.status);
    assert_eq!(output.stdout, plain.stdout);
    assert_eq!(output.stderr, plain.stderr);
    let recordings = recordings(&into);
    for recording in &recordings {
        if recording.control.parent_ticket.is_none() {
            check_blocks(&mut HashSet::new(), &recording.events);
        }
        assert!(!recording.ending.is_cut);
        let header = &recording.header;
        assert!(header.starts_with("highwater-trace 2\n"), "{header}");
        assert!(
            header.contains("\nallocator ") && header.contains("\nbrk 0x"),
            "{header}"
        );
    }
    recordings
        .iter()
        .map(|recording| recording.events.len())
        .max()
}

/// Runs a command that may be missing; it must make this many calls.
fn check(name: &str, least: usize, program: &str, arguments: &[&str]) {
    let command = || {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    if let Some(calls) = compare(name, &command) {
        assert!(calls >= least, "{calls} calls");
    }
}

#[test]
fn a_python_program() {
    let text = "import json, threading\n\
        data = [{'key%d' % i: 'x' * (i % 900)} for i in range(3000)]\n\
        t = threading.Thread(target=lambda: json.loads(json.dumps(data))); t.start(); t.join()\n\
        print(len(json.dumps(data)))";
    let command = || {
        let mut command = Command::new("python3");
        command.args(["-c", text]).env("PYTHONHASHSEED", "0");
        command
    };
    if let Some(calls) = compare("python", &command) {
        assert!(calls >= 1000, "{calls} calls");
    }
}

#[test]
fn all_settings_of_an_allocator_are_in_the_header() {
    let settings = [
        (
            "GLIBC_TUNABLES",
            "glibc.malloc.tcache_count=3:unknown=1:glibc.malloc.mmap_threshold=65536:glibc.malloc.arena_max=2",
        ),
        ("MALLOC_CONF", "narenas:2,dirty_decay_ms:5"),
        ("MALLOC_TOP_PAD_", "0"),
        ("NOT_OF_AN_ALLOCATOR", "glibc.malloc.arena_max=7"),
    ];
    // A loader that is started by hand moves the words that the kernel laid on the stack.
    let by_hand = ["/lib64/ld-linux-x86-64.so.2", "/usr/bin/env"];
    for (name, program) in [("settings", &["env"][..]), ("settings-by-hand", &by_hand)] {
        if program
            .iter()
            .any(|file| file.starts_with('/') && !Path::new(file).exists())
        {
            eprintln!("{program:?} is not there");
            continue;
        }
        let folder = folder(name);
        let (library, into) = (library(&folder), folder.join("recorded"));
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).envs(settings);
        let output = run(record(&mut command, &library, &into)).expect("it is there");
        assert!(output.status.success());
        let recordings = recordings(&into);
        let header = &recordings.first().expect("it allocates").header;
        let mut lines: Vec<&str> = (header.lines())
            .filter(|line| line.starts_with("env "))
            .collect();
        lines.sort_unstable();
        let known = settings[..3]
            .iter()
            .map(|(name, value)| format!("env {name}={value}"));
        assert_eq!(lines, known.collect::<Vec<_>>());
    }
}

#[test]
fn fewer_cores_than_there_are_stand_in_the_header() {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .expect("it names the cores");
    let first = allowed.trim().split(['-', ',']).next().expect("the first");
    let folder = folder("one-core");
    let (library, into) = (library(&folder), folder.join("recorded"));
    let mut command = Command::new("taskset");
    command.args(["-c", first, "env"]);
    let Some(output) = run(record(&mut command, &library, &into)) else {
        return;
    };
    assert!(output.status.success());
    let recordings = recordings(&into);
    // `taskset` itself began with all that this test may use.
    let mut headers = recordings.iter().map(|recording| &recording.header);
    let header = headers.find(|header| header.contains("/env\n") || header.contains(" env\n"));
    let header = header.expect("it allocates");
    let is_one_of_one = header.contains("\ncpus 1\n");
    assert_eq!(header.contains("\ncpus-allowed 1\n"), !is_one_of_one);
}

#[test]
fn a_perl_program() {
    let text = "my %h; for my $i (1..20000) { $h{\"key$i\"} = 'v' x ($i % 300); delete $h{'key' . ($i/2)} } print scalar %h";
    check("perl", 40_000, "perl", &["-e", text]);
}

#[test]
fn a_database() {
    let text = "create table t(a integer primary key, b text); \
        with recursive c(x) as (select 1 union all select x+1 from c where x<5000) \
        insert into t select x, printf('%d', x * 7919 % 5000) from c; \
        create index i on t(b); delete from t where a%3=0; select count(*), sum(b) from t;";
    check("sqlite", 5_000, "sqlite3", &[":memory:", text]);
}

#[test]
fn a_version_control_system() {
    check("git", 100, "git", &["help", "--all", "--no-verbose"]);
}

#[test]
fn a_shell_and_the_programs_that_it_starts() {
    let text = "for i in 1 2 3; do (echo $i; exec cat /dev/null) | cat; done; exit 5";
    check("shell", 50, "sh", &["-c", text]);
}

/// Compiles a program, runs it with arguments and checks it.
fn check_compiled(name: &str, source: &str, arguments: &[&str]) -> Option<usize> {
    let folder = folder(&format!("{name}-program"));
    let program = compile(source, &folder)?;
    compare(name, &|| {
        let mut command = Command::new(&program);
        command.args(arguments);
        command
    })
}

#[test]
fn sixteen_threads() {
    if let Some(calls) = check_compiled("sixteen", "mixer", &["16", "1", "3000"]) {
        assert!(calls >= 16 * 3000);
    }
}

#[test]
fn threads_that_end_together() {
    check_compiled("churn", "mixer", &["64", "5", "100"]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("churn/recorded");
    for recording in recordings(&folder) {
        let ends = recording
            .events
            .iter()
            .filter(|event| matches!(event, Owned::End(_)));
        // The last to end is found only by a later call.
        assert!(ends.count() >= 319, "each thread's end is in the file");
    }
}

#[test]
fn a_program_that_is_not_disturbed() {
    let folder = folder("undisturbed-program");
    let Some(program) = compile("undisturbed", &folder) else {
        return;
    };
    compare("undisturbed", &|| {
        // The same places in every run.
        let mut command = Command::new("setarch");
        command.arg("-R").arg(&program);
        command
    });
}

#[test]
fn workers_that_are_forked_while_threads_allocate() {
    let folder = folder("forks");
    let Some(program) = compile("forks", &folder) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    let mut command = Command::new(program);
    let output = run(record(command.args(["8", "3"]), &library, &into)).expect("it is there");
    assert_eq!(output.stdout, b"8\n");
    let recordings = recordings(&into);
    let is_child = |recording: &&common::Recording| recording.control.parent_ticket.is_some();
    let parent = recordings
        .iter()
        .find(|recording| !is_child(recording))
        .expect("the parent's");
    assert_eq!(recordings.len(), 9);
    for child in recordings.iter().filter(is_child) {
        assert_eq!(child.control.parent, parent.control.process);
        assert_eq!(child.ending.stop, Stop::Exit, "they end by _exit");
        let ticket = child.control.parent_ticket.expect("a child's") as usize;
        assert_eq!(parent.events[ticket - 1], Owned::Fork);
        let mut live = HashSet::new();
        check_blocks(&mut live, &parent.events[..ticket]);
        check_blocks(&mut live, &child.events);
    }
}

#[test]
fn marks_are_one_line_each() {
    let folder = folder("marks");
    let Some(program) = compile("marks", &folder) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    run(record(&mut Command::new(program), &library, &into)).expect("it is there");
    let recording = recordings(&into).pop().expect("it writes marks");
    let marks: Vec<_> = (recording.events.iter())
        .filter_map(|event| match event {
            Owned::Mark(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(marks, ["two_lines_and_[31m more", "blanks around"]);
}

#[test]
fn a_daemon_whose_starter_has_ended() {
    let folder = folder("daemon");
    let Some(program) = compile("daemon", &folder) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    let output = run(record(&mut Command::new(program), &library, &into)).expect("it is there");
    assert!(output.status.success());
    let recordings = recordings(&into);
    let [starter, daemon] = by_age(&recordings)[..] else {
        panic!("two processes call the allocator");
    };
    assert_eq!(daemon.control.parent, starter.control.process);
    let ticket = daemon.control.parent_ticket.expect("a child's") as usize;
    assert_eq!(starter.events[ticket - 1], Owned::Fork);
    let mut live = HashSet::new();
    check_blocks(&mut live, &starter.events[..ticket]);
    check_blocks(&mut live, &daemon.events);
}

/// Returns recordings in the order in which they began.
fn by_age(recordings: &[common::Recording]) -> Vec<&common::Recording> {
    let mut sorted: Vec<_> = recordings.iter().collect();
    sorted.sort_by_key(|recording| recording.control.monotonic_time);
    sorted
}
