//! Measures the recorded processes from outside, also while they rest: how much of them is resident, by kind of mapping.
//!
//! Each process has a file beside its recording, with a line for each moment: `s TIME key=value ...`, TIME in microseconds since
//! the recording began, values in bytes. The time spent on it stays below 1 %.

use crate::recorded::in_folder;
use highwater_hwr::read::Reader;
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The shortest time between two measurements.
const PERIOD: Duration = Duration::from_millis(100);

/// The measurements on their way, in a thread of this command.
pub(super) struct Sampler {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Sampler {
    /// Begins to measure the processes that are recorded into a folder.
    pub(super) fn start(folder: PathBuf) -> Self {
        let (end, ended) = channel();
        let thread = thread::spawn(move || measure_until(&ended, &folder));
        Self { end, thread }
    }

    /// Ends the measurements.
    pub(super) fn stop(self) {
        let _ = self.end.send(());
        let _ = self.thread.join();
    }
}

/// A process, and when its recording began.
struct Process {
    number: u32,
    beginning: u64,
    samples: PathBuf,
}

fn measure_until(ended: &Receiver<()>, folder: &Path) {
    let mut known = HashMap::new();
    let mut pause = PERIOD;
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let begun = Instant::now();
        for path in in_folder(folder) {
            let process = known.entry(path).or_insert_with_key(|path| process(path));
            // A process that has ended has no mappings, and a disk that is full no room: neither is an error here.
            if let Some(process) = process {
                let _ = measure(process);
            }
        }
        pause = PERIOD.max(begun.elapsed() * 99);
    }
}

fn process(path: &Path) -> Option<Process> {
    let recording = Reader::new(BufReader::new(File::open(path).ok()?)).ok()?;
    let control = recording.control();
    Some(Process {
        number: control.process,
        beginning: control.monotonic_time,
        samples: path.with_extension("samples"),
    })
}

fn measure(process: &Process) -> std::io::Result<()> {
    let smaps = fs::read_to_string(format!("/proc/{}/smaps", process.number))?;
    let resident = Resident::of(&smaps);
    // The mappings are empty once the process has ended.
    if resident.rss == 0 {
        return Ok(());
    }
    let now = clock_gettime(ClockId::Monotonic);
    let now = now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64;
    let time = now.saturating_sub(process.beginning) / 1000;
    let Resident {
        rss,
        heap,
        arenas,
        anonymous,
        stack,
        files,
        swap,
    } = resident;
    let line = format!(
        "s {time} rss={rss} heap={heap} arenas={arenas} anonymous={anonymous} stack={stack} files={files} swap={swap}\n"
    );
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&process.samples)?;
    file.write_all(line.as_bytes())
}

/// Resident bytes by kind of mapping. The recorder's own are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Resident {
    rss: u64,
    /// The heap of the program break.
    heap: u64,
    /// Mappings that begin where glibc's heaps of thread arenas do, at multiples of 64 MiB.
    arenas: u64,
    /// Other anonymous mappings: large blocks, Python's arenas, stacks of threads.
    anonymous: u64,
    /// The stack of the main thread.
    stack: u64,
    /// Code and other files.
    files: u64,
    swap: u64,
}

impl Resident {
    fn of(smaps: &str) -> Self {
        let mut all = Self::default();
        let mut mapping = Mapping::Own;
        let mut end = String::new();
        for line in smaps.lines() {
            if let Some(begun) = Mapping::of(line) {
                let ends = line.split(' ').next().and_then(|ends| ends.split_once('-'));
                let (begin, new_end) = ends.unwrap_or_default();
                // A library's data without contents in its file follow the rest of it.
                let is_rest = matches!((mapping, begun), (Mapping::Own, Mapping::Anonymous));
                mapping = match is_rest && begin == end {
                    true => Mapping::Own,
                    false => begun,
                };
                end = new_end.to_owned();
            } else if let Some(bytes) = kibibytes(line, "Rss:") {
                all.add(mapping, bytes);
            } else if let Some(bytes) = kibibytes(line, "Swap:") {
                all.swap += bytes;
            }
        }
        all
    }

    fn add(&mut self, mapping: Mapping, bytes: u64) {
        let kind = match mapping {
            Mapping::Own => return,
            Mapping::Heap => &mut self.heap,
            Mapping::Arena => &mut self.arenas,
            Mapping::Anonymous => &mut self.anonymous,
            Mapping::Stack => &mut self.stack,
            Mapping::File => &mut self.files,
        };
        *kind += bytes;
        self.rss += bytes;
    }
}

#[derive(Clone, Copy)]
enum Mapping {
    Own,
    Heap,
    Arena,
    Anonymous,
    Stack,
    File,
}

impl Mapping {
    /// Returns the kind that the first line of a mapping tells; `None` for any other line.
    fn of(line: &str) -> Option<Self> {
        const ARENA: u64 = 64 << 20;
        let mut fields = line.split_ascii_whitespace();
        let (first, _) = fields.next()?.split_once('-')?;
        let begin = u64::from_str_radix(first, 16).ok()?;
        let name = fields.nth(4).unwrap_or_default();
        Some(match name {
            "[heap]" => Self::Heap,
            "[stack]" => Self::Stack,
            "" if begin.is_multiple_of(ARENA) => Self::Arena,
            name if name.starts_with("[anon:glibc: malloc arena") => Self::Arena,
            _ if name.ends_with(".hwr") || line.contains("libhighwater_record") => Self::Own,
            name if name.starts_with('/') => Self::File,
            _ => Self::Anonymous,
        })
    }
}

fn kibibytes(line: &str, key: &str) -> Option<u64> {
    let value = line.strip_prefix(key)?.trim().strip_suffix(" kB")?;
    Some(value.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::Resident;

    #[test]
    fn mappings_count_by_kind_and_the_recorders_own_do_not() {
        let smaps = "\
55a0-55b0 r-xp 00000000 fe:00 1 /usr/bin/app\nRss:                  40 kB\nSwap: 4 kB\n\
55c000-55d000 rw-p 00000000 00:00 0  [heap]\nRss: 400 kB\n\
200000010000-200000020000 rw-s 00000000 fe:00 9 /data/app.1.hwr\nRss: 64 kB\n\
7e0000000000-7e0000010000 rw-p 00000000 fe:00 9 /data/libhighwater_record.so\nRss: 8 kB\n\
7e0000010000-7e0000040000 rw-p 00000000 00:00 0 \nRss: 24 kB\n\
7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \nRss: 12 kB\nVmFlags: rd wr\n\
7f1230000000-7f1230021000 rw-p 00000000 00:00 0 \nRss: 8 kB\n\
7ffd0000-7ffe0000 rw-p 00000000 00:00 0 [stack]\nRss: 16 kB\n";
        let kib = |count: u64| count * 1024;
        let expected = Resident {
            rss: kib(476),
            heap: kib(400),
            arenas: kib(20),
            anonymous: 0,
            stack: kib(16),
            files: kib(40),
            swap: kib(4),
        };
        assert_eq!(Resident::of(smaps), expected);
    }
}
