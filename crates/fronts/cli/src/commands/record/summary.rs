//! What a recording holds, in a few lines on standard error, with the next command.

use crate::input::recorded::in_folder;
use highwater_hwr::Event;
use highwater_hwr::layout::Stop;
use highwater_hwr::read::Reader;
use highwater_report::{count, of};
use std::collections::HashSet;
use std::fmt::Write;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Recordings that the summary lists.
const LISTED: usize = 8;

/// A recording in figures.
struct Figures {
    path: PathBuf,
    calls: u64,
    threads: usize,
    bytes: u64,
    stop: Stop,
    process: u32,
    /// The process that forked it, where that was recorded.
    forked_by: Option<u32>,
    /// The release of an interpreter whose functions the sites lack.
    unknown_python: Option<String>,
    /// Whether jemalloc answered its calls.
    is_jemalloc: bool,
    /// Whether its settings ask jemalloc for background threads.
    asks_background: bool,
}

/// Reads the recordings of a folder and says what they hold; `in_background` are the processes in which jemalloc's background
/// threads ran. Returns whether a process of theirs runs on.
pub(super) fn say(
    folder: &Path,
    program: &Path,
    status: ExitStatus,
    in_background: &HashSet<u32>,
) -> bool {
    let mut recordings: Vec<Figures> = in_folder(folder)
        .iter()
        .filter_map(|path| read(path))
        .collect();
    recordings.sort_by_key(|recording| std::cmp::Reverse(recording.calls));
    let text = describe(&recordings, folder, program, status, in_background);
    crate::console::hint(&text);
    recordings.iter().any(|recording| {
        let process = Path::new("/proc").join(recording.process.to_string());
        recording.stop == Stop::Running && process.exists()
    })
}

fn describe(
    recordings: &[Figures],
    folder: &Path,
    program: &Path,
    status: ExitStatus,
    in_background: &HashSet<u32>,
) -> String {
    let (program, folder) = (program.display(), folder.display());
    let Some(longest) = recordings.first() else {
        return format!(
            "highwater: {program} ({status}) made no allocator call that can be seen. It called none, has an allocator of its \
             own, linked into the program, or could not write to {folder}.\n"
        );
    };
    let calls: u64 = recordings.iter().map(|recording| recording.calls).sum();
    let bytes: u64 = recordings.iter().map(|recording| recording.bytes).sum();
    let mut text = format!(
        "highwater: {program} ({status}): {} of {} in {folder}, {} KiB\n",
        of(calls, "allocator call", "allocator calls"),
        match recordings.len() {
            1 => "one process".to_owned(),
            processes => format!("{processes} processes"),
        },
        count(bytes.div_ceil(1024)),
    );
    list(&mut text, recordings);
    if let Some(unseen) = unseen(recordings) {
        let _ = writeln!(text, "{unseen}");
    }
    background(&mut text, recordings, in_background);
    let unknown = recordings
        .iter()
        .find_map(|one| one.unknown_python.as_deref());
    if let Some(release) = unknown {
        let _ = writeln!(
            text,
            "The call sites lack Python functions: this build of Python {release} is not known. Release builds of 3.9 to 3.15 are."
        );
    }
    let _ = writeln!(text, "Next: highwater replay {}", longest.path.display());
    if let Some(parent) = longest.forked_by {
        let _ = writeln!(
            text,
            "In the page, open it together with the recording of process {parent}: choose or drop both files at once."
        );
    }
    text
}

/// The recordings with the most calls, a line each.
fn list(text: &mut String, recordings: &[Figures]) {
    for recording in recordings.iter().take(LISTED) {
        let name = recording
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let threads = of(recording.threads as u64, "thread", "threads");
        let calls = of(recording.calls, "call", "calls");
        let ending = ending(recording.stop);
        // Writing to a string cannot fail.
        let forked = recording.forked_by;
        let forked = forked.map_or(String::new(), |by| format!(", forked by process {by}"));
        let _ = writeln!(text, "  {name}: {calls}, {threads}{forked}{ending}");
    }
    match recordings.len().saturating_sub(LISTED) {
        0 => {}
        1 => *text += "  and one more\n",
        count => *text += &format!("  and {count} more\n"),
    }
}

/// What a replay has to be told of a program that turned on jemalloc's threads by itself. Where another allocator was recorded,
/// the threads are those of a jemalloc that a library has for itself, as the modules of polars and pyarrow do.
fn background(text: &mut String, recordings: &[Figures], in_background: &HashSet<u32>) {
    let has_threads = |one: &&Figures| in_background.contains(&one.process);
    let of_process = |one: &Figures| match recordings.len() {
        1 => String::new(),
        _ => format!(" (process {})", one.process),
    };
    let mut turned_on = recordings.iter().filter(has_threads);
    if let Some(own) = turned_on.clone().find(|one| !one.is_jemalloc) {
        let _ = writeln!(
            text,
            "A library of the program has a jemalloc of its own, whose calls and memory are not in the recording{}.",
            of_process(own)
        );
    }
    if let Some(one) = turned_on.find(|one| one.is_jemalloc && !one.asks_background) {
        let _ = writeln!(
            text,
            "The program turned on jemalloc's background threads by itself, which is not in the recording. Add \
             --env MALLOC_CONF=background_thread:true to the next commands{}.",
            of_process(one)
        );
    }
}

/// What is said of processes without a call.
fn unseen(recordings: &[Figures]) -> Option<String> {
    let is_whole = |one: &&Figures| one.stop != Stop::Continued;
    let mut without = recordings
        .iter()
        .filter(is_whole)
        .filter(|one| one.calls == 0);
    let first = without.next()?;
    let (who, have) = match (recordings.len(), without.count() + 1) {
        (1, _) => ("It".to_owned(), "it may have an allocator"),
        (_, 1) => (
            format!("Process {}", first.process),
            "it may have an allocator",
        ),
        (_, count) => (
            format!("{count} of the processes"),
            "they may have allocators",
        ),
    };
    Some(format!(
        "{who} made no call that can be seen: {have} linked into the program."
    ))
}

/// What is worth saying of how a recording ended.
fn ending(stop: Stop) -> &'static str {
    match stop {
        Stop::Exit | Stop::Complete => "",
        Stop::Running => {
            "; the process runs on, was killed, became another program, or ended without the C library, as programs in Go do"
        }
        Stop::Asked => "; ended by highwater stop",
        Stop::NoSpace => "; ended early: the disk is full",
        Stop::NoFile => "; ended early: the file could not be opened again or extended",
        Stop::NoMapping => "; ended early: the file system cannot map files into memory",
        Stop::Continued => "; goes on in the next file",
        Stop::Largest => "; ended early: the file reached its largest size",
    }
}

/// Whether an event is a call to the allocator, and no measurement or mark.
fn is_call(event: &Event) -> bool {
    !matches!(
        event,
        Event::ThreadEnd
            | Event::Fork
            | Event::Mark(_)
            | Event::Sample(_)
            | Event::Touched { .. }
            | Event::Mapping(_)
    )
}

fn read(path: &Path) -> Option<Figures> {
    let file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut reader = Reader::new(BufReader::new(file)).ok()?;
    let mut threads = HashSet::new();
    // A damaged file counts as far as it can be read.
    let (mut calls, mut unknown_python) = (0, None);
    while let Ok(Some(placed)) = reader.next_event() {
        if let Event::Site { frames, .. } = placed.event {
            unknown_python = unknown_python.or_else(|| release_not_known(frames));
        }
        threads.insert(placed.thread);
        calls += u64::from(is_call(&placed.event));
    }
    Some(Figures {
        path: path.to_owned(),
        calls,
        threads: threads.len(),
        unknown_python,
        is_jemalloc: (reader.header_text().lines())
            .any(|line| line.starts_with("allocator jemalloc")),
        asks_background: reader.header_text().contains("background_thread:true"),
        bytes,
        process: reader.control().process,
        forked_by: (reader.control().parent_ticket).map(|_| reader.control().parent),
        stop: reader.ending().map_or(Stop::Running, |ending| ending.stop),
    })
}

/// The release of Python that a site names in place of its functions, as the recorder does where it cannot read them.
fn release_not_known(frames: &[u8]) -> Option<String> {
    let last = frames.rsplit(|byte| *byte == b' ').next()?;
    let release = last.strip_prefix(b"Python_function(")?;
    let release = release.strip_suffix(b":not_known)")?;
    Some(String::from_utf8_lossy(release).into_owned())
}

#[cfg(test)]
mod tests {
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
            forked_by: None,
            unknown_python: None,
            is_jemalloc: true,
            asks_background,
        }
    }

    fn said(recordings: &[Figures], in_background: &[u32]) -> String {
        let in_background = in_background.iter().copied().collect();
        let (folder, program) = (Path::new("f"), Path::new("p"));
        describe(
            recordings,
            folder,
            program,
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
            said(&many, &[])
                .contains("21 of the processes made no call that can be seen: they may")
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
}
