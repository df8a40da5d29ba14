//! What a recording holds, in a few lines on standard error, with the next command.

use crate::input::recorded::in_folder;
use highwater_hwr::Event;
use highwater_hwr::layout::Stop;
use highwater_hwr::read::Reader;
use highwater_report::of;
use highwater_simulator::Bytes;
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
    /// Nanoseconds of the monotonic clock at its beginning.
    began: u64,
    /// The most memory that was resident at once, as far as it was measured.
    peak: Bytes,
    /// Whether the process is still there.
    runs_on: bool,
    /// The process that forked it, where that was recorded.
    forked_by: Option<u32>,
    /// The release of an interpreter whose functions the sites lack.
    unknown_python: Option<String>,
    /// Whether jemalloc answered its calls.
    is_jemalloc: bool,
    /// Whether its settings ask jemalloc for background threads.
    asks_background: bool,
}

/// The program that was asked for, and the process that it was started as.
pub(super) struct Started<'a> {
    pub(super) program: &'a Path,
    pub(super) process: u32,
}

impl Figures {
    /// What orders recordings: memory, and calls where none was measured.
    fn size(&self) -> (Bytes, u64) {
        (self.peak, self.calls)
    }
}

/// Reads the recordings of a folder and says what they hold; `in_background` are the processes in which jemalloc's background
/// threads ran. Returns whether a process of theirs runs on.
pub(super) fn say(
    folder: &Path,
    program: &Started,
    status: ExitStatus,
    in_background: &HashSet<u32>,
) -> bool {
    let mut recordings: Vec<Figures> = in_folder(folder)
        .iter()
        .filter_map(|path| read(path))
        .collect();
    recordings.sort_by_key(|recording| std::cmp::Reverse(recording.size()));
    let text = describe(&recordings, folder, program, status, in_background);
    crate::console::hint(&text);
    recordings.iter().any(|recording| recording.runs_on)
}

fn describe(
    recordings: &[Figures],
    folder: &Path,
    started: &Started,
    status: ExitStatus,
    in_background: &HashSet<u32>,
) -> String {
    let (program, folder) = (started.program.display(), folder.display());
    let Some(next) = next(recordings, started.process) else {
        return format!(
            "highwater: {program} ({status}) made no allocator call that can be seen. It called none, has an allocator of its \
             own, linked into the program, or could not write to {folder}.\n"
        );
    };
    let calls: u64 = recordings.iter().map(|recording| recording.calls).sum();
    let bytes: u64 = recordings.iter().map(|recording| recording.bytes).sum();
    let mut text = format!(
        "highwater: {program} ({status}): {} of {} in {folder}, {}\n",
        of(calls, "allocator call", "allocator calls"),
        match recordings.len() {
            1 => "one process".to_owned(),
            processes => format!("{processes} processes"),
        },
        Bytes(bytes),
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
    let _ = writeln!(text, "Next: highwater replay {}", next.path.display());
    text += &which(next, recordings, started.process);
    if let Some(parent) = next.forked_by {
        let _ = writeln!(
            text,
            "In the page, open it together with the recording of process {parent}: choose or drop both files at once."
        );
    }
    text
}

/// The recording to look at first: that of the program that was asked for, unless another process took at least twice as much
/// memory, as the servers that a script starts do.
fn next(recordings: &[Figures], asked: u32) -> Option<&Figures> {
    let largest = recordings.iter().max_by_key(|one| one.size())?;
    // What it became last is the program.
    let own = recordings.iter().filter(|one| one.process == asked);
    let own = own.max_by_key(|one| one.began);
    let is_own = |own: &&Figures| largest.peak.0 < own.peak.0.saturating_mul(2).max(1);
    Some(own.filter(is_own).unwrap_or(largest))
}

/// Which of several processes the next command is for.
fn which(next: &Figures, recordings: &[Figures], asked: u32) -> String {
    let others = recordings.iter().filter(|one| one.process != next.process);
    let most = others.map(|one| one.peak).max();
    match most {
        None => String::new(),
        Some(_) if next.process != asked => {
            "It is the process that took the most memory.\n".to_owned()
        }
        Some(most) if most > next.peak => {
            "It is the program itself; another took more memory.\n".to_owned()
        }
        Some(_) => "It is the program itself.\n".to_owned(),
    }
}

/// The recordings of the processes that took the most memory, a line each.
fn list(text: &mut String, recordings: &[Figures]) {
    for recording in recordings.iter().take(LISTED) {
        let name = recording
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let threads = of(recording.threads as u64, "thread", "threads");
        let calls = of(recording.calls, "call", "calls");
        let took = match recording.peak {
            Bytes(0) => String::new(),
            peak => format!(", up to {peak} resident"),
        };
        let follows =
            |other: &Figures| other.process == recording.process && other.began > recording.began;
        let ending = match recording.stop {
            Stop::Running if recordings.iter().any(follows) => "; became another program",
            Stop::Running if recording.runs_on => "; runs on",
            stop => ending(stop),
        };
        // Writing to a string cannot fail.
        let forked = recording.forked_by;
        let forked = forked.map_or(String::new(), |by| format!(", forked by process {by}"));
        let _ = writeln!(text, "  {name}: {calls}, {threads}{took}{forked}{ending}");
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
            "; was killed, became a program that the recorder does not reach (static, setuid, or with an LD_PRELOAD of its own), or ended without the C library, as programs in Go do"
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
    let beside = std::fs::read_to_string(path.with_extension("samples"));
    let mut peak = most(&beside.unwrap_or_default());
    while let Ok(Some(placed)) = reader.next_event() {
        if let Event::Site { frames, .. } = placed.event {
            unknown_python = unknown_python.or_else(|| release_not_known(frames));
        }
        if let Event::Sample(text) = placed.event {
            peak = peak.max(most(&String::from_utf8_lossy(text)));
        }
        threads.insert(placed.thread);
        calls += u64::from(is_call(&placed.event));
    }
    let process = reader.control().process;
    let stop = reader.ending().map_or(Stop::Running, |ending| ending.stop);
    Some(Figures {
        began: reader.control().monotonic_time,
        peak,
        runs_on: stop == Stop::Running && Path::new("/proc").join(process.to_string()).exists(),
        path: path.to_owned(),
        calls,
        threads: threads.len(),
        unknown_python,
        is_jemalloc: (reader.header_text().lines())
            .any(|line| line.starts_with("allocator jemalloc")),
        asks_background: reader.header_text().contains("background_thread:true"),
        bytes,
        process,
        forked_by: (reader.control().parent_ticket).map(|_| reader.control().parent),
        stop,
    })
}

/// The most that measurements say of resident memory.
fn most(samples: &str) -> Bytes {
    let words = samples.split_ascii_whitespace();
    let resident = words.filter_map(|word| word.strip_prefix("rss=")?.parse().ok());
    Bytes(resident.max().unwrap_or_default())
}

/// The release of Python that a site names in place of its functions, as the recorder does where it cannot read them.
fn release_not_known(frames: &[u8]) -> Option<String> {
    let last = frames.rsplit(|byte| *byte == b' ').next()?;
    let release = last.strip_prefix(b"Python_function(")?;
    let release = release.strip_suffix(b":not_known)")?;
    Some(String::from_utf8_lossy(release).into_owned())
}

#[cfg(test)]
mod tests;
