//! A recording survives whatever ends the process, and whatever ends the recording leaves the process alone.

mod common;

use common::{Owned, check_blocks, compile, folder, library, record, recordings, run};
use highwater_hwr::layout::{Stop, control};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Reads the number of calls that the program has completed.
fn completed(path: &Path) -> u64 {
    let mut number = [0; 8];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut number, 0));
    read.map_or(0, |()| u64::from_le_bytes(number))
}

/// Waits until the program has completed this many calls.
fn wait_for(child: &mut Child, path: &Path, calls: u64) {
    while completed(path) < calls {
        assert!(
            child.try_wait().expect("a child").is_none(),
            "it runs for ever"
        );
        std::thread::yield_now();
    }
}

#[test]
fn no_completed_call_is_lost_when_the_process_is_killed() {
    let folder = folder("kills");
    let Some(program) = compile("counter", &folder) else {
        return;
    };
    let library = library(&folder);
    let mut state = 1_u64;
    for round in 0..200 {
        let (into, counter) = (
            folder.join("recorded"),
            folder.join(format!("calls-{round}")),
        );
        let mut command = Command::new(&program);
        let mut child = record(command.arg(&counter), &library, &into)
            .spawn()
            .expect("it is there");
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        wait_for(&mut child, &counter, 1 + (state >> 33) % 200_000);
        child.kill().expect("it runs");
        child.wait().expect("a child");
        let recording = recordings(&into).pop().expect("a recording");
        assert_eq!(recording.ending.stop, Stop::Running);
        assert!(!recording.ending.is_cut);
        check_blocks(&mut HashSet::new(), &recording.events);
        let mark = Owned::Mark("begin answer=42".into());
        let begin = recording
            .events
            .iter()
            .position(|event| *event == mark)
            .expect("the mark");
        let is_call = |event: &&Owned| matches!(event, Owned::Call { .. });
        let calls = recording.events[begin..].iter().filter(is_call).count() as u64;
        let counted = completed(&counter);
        // The process may have been killed between a call's end and its counting.
        assert!(
            (counted..=counted + 1).contains(&calls),
            "{calls} recorded of {counted}"
        );
        fs::remove_dir_all(into).expect("a folder");
        fs::remove_file(counter).expect("a file");
    }
}

/// Writes a 32-bit field of a recording's control block, as the command does.
fn set(file: &File, field: usize, value: u32) {
    file.write_all_at(&value.to_le_bytes(), field as u64)
        .expect("the recording's file");
}

#[test]
fn a_mark_and_a_stop_are_asked_for_from_outside() {
    let folder = folder("asked");
    let Some(program) = compile("counter", &folder) else {
        return;
    };
    let (library, into, counter) = (
        library(&folder),
        folder.join("recorded"),
        folder.join("calls"),
    );
    let mut command = Command::new(program);
    let mut child = record(command.arg(&counter), &library, &into)
        .spawn()
        .expect("it is there");
    wait_for(&mut child, &counter, 1000);
    let path = recordings(&into).pop().expect("a recording").path;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("the recording");
    file.write_all_at(b"rest:1", control::MARK_TEXT as u64)
        .expect("the file");
    set(&file, control::MARK_LENGTH, 6);
    set(&file, control::MARK_REQUEST, 1);
    let before = completed(&counter);
    wait_for(&mut child, &counter, before + 1000);
    set(&file, control::STOP_REQUEST, 1);
    let before = completed(&counter);
    wait_for(&mut child, &counter, before + 100_000);
    let recording = recordings(&into).pop().expect("a recording");
    child.kill().expect("it runs");
    child.wait().expect("a child");
    assert_eq!(recording.ending.stop, Stop::Asked);
    assert!(recording.events.contains(&Owned::Mark("rest:1".into())));
    assert!(
        recordings(&into)[0].events == recording.events,
        "nothing comes after the stop"
    );
}

#[test]
fn a_file_that_may_not_grow_ends_the_recording_and_not_the_program() {
    let folder = folder("limit");
    let Some(program) = compile("mixer", &folder) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -f 700; exec \"$0\" 2 1 60000"])
        .arg(program);
    let output = run(record(&mut command, &library, &into)).expect("there is a shell");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"done\n");
    let recording = recordings(&into)
        .into_iter()
        .max_by_key(|recording| recording.bytes)
        .expect("a recording");
    assert_eq!(recording.ending.stop, Stop::Largest);
    assert!(recording.events.len() > 10_000);
    check_blocks(&mut HashSet::new(), &recording.events);
}

#[test]
fn where_no_file_may_be_as_long_as_its_beginning_there_is_none() {
    let folder = folder("no-room");
    let Some(program) = compile("mixer", &folder) else {
        return;
    };
    let (library, into) = (library(&folder), folder.join("recorded"));
    for limit in [0, 1, 8] {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -f {limit}; exec \"$0\" 2 1 100"))
            .arg(&program);
        let output = run(record(&mut command, &library, &into)).expect("there is a shell");
        assert!(output.status.success(), "{limit}: {:?}", output.status);
        // The shell was recorded before it set the limit.
        assert!(recordings(&into).len() <= 1);
        let files = fs::read_dir(&into).expect("the shell's");
        let unnamed = files.filter_map(Result::ok).filter(|file| {
            let name = file.file_name();
            !name.to_string_lossy().ends_with(".hwr")
        });
        assert_eq!(unnamed.count(), 0);
        fs::remove_dir_all(&into).expect("the shell's");
    }
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_program_as_it_is() {
    let folder = folder("refused");
    let library = library(&folder);
    let mut command = Command::new("ls");
    let output = run(record(
        command.arg("/proc/self/status"),
        &library,
        Path::new("/proc/none"),
    ))
    .expect("ls");
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
}

#[test]
fn nothing_of_the_environment_but_allocator_settings_is_in_the_file() {
    let folder = folder("environment");
    let (library, into) = (library(&folder), folder.join("recorded"));
    let mut command = Command::new("ls");
    command
        .arg("SECRET-ARGUMENT")
        .env("TOKEN", "SECRET-VALUE")
        .env("MALLOC_ARENA_MAX", "2")
        .env("HIGHWATER_RECORD_ARGUMENTS", "no")
        .stderr(Stdio::null());
    run(record(&mut command, &library, &into)).expect("ls");
    let recording = recordings(&into).pop().expect("a recording");
    assert!(
        recording.header.contains("\nenv MALLOC_ARENA_MAX=2\n"),
        "{}",
        recording.header
    );
    assert!(
        recording.header.contains("\nprogram ls\n"),
        "{}",
        recording.header
    );
    let bytes = fs::read(recording.path).expect("the file");
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"MALLOC_ARENA_MAX") && !holds(b"SECRET") && !holds(b"libhighwater"));
}
