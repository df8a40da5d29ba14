//! Measures the recorded processes from outside, also while they rest: how much of them is resident, by kind of mapping.
//!
//! Each process has a file beside its recording, with a line for each moment: `s TIME key=value ...`, TIME in microseconds since
//! the recording began, values in bytes. The time spent on it stays below 1 %.

use super::living;
use super::requests::get;
use crate::input::recorded::in_folder;
use highwater_hwr::layout::{Stop, control};
use highwater_hwr::read::Reader;
use highwater_hwr::{HEAP_SPAN as SPAN, is_heap_info};
use rustix::time::{ClockId, clock_gettime};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The shortest time between two measurements.
const PERIOD: Duration = Duration::from_millis(100);

/// The measurements on their way, in a thread of this command.
pub(super) struct Sampler {
    end: Sender<()>,
    thread: JoinHandle<HashSet<u32>>,
}

impl Sampler {
    /// Begins to measure the processes that are recorded into a folder.
    pub(super) fn start(folder: PathBuf) -> Self {
        let (end, ended) = channel();
        let thread = thread::spawn(move || measure_until(&ended, &folder));
        Self { end, thread }
    }

    /// Ends the measurements. Returns the processes in which jemalloc's background threads ran.
    pub(super) fn stop(self) -> HashSet<u32> {
        let _ = self.end.send(());
        self.thread.join().unwrap_or_default()
    }
}

/// A process, and when its recording began.
struct Process {
    number: u32,
    beginning: u64,
    recording: PathBuf,
    samples: PathBuf,
    /// How the mapping of its recording ends.
    mapped: String,
}

fn measure_until(ended: &Receiver<()>, folder: &Path) -> HashSet<u32> {
    let mut in_background = HashSet::new();
    let mut known = HashMap::new();
    let mut pause = PERIOD;
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let begun = Instant::now();
        for path in in_folder(folder) {
            let process = known.entry(path).or_insert_with_key(|path| process(path));
            // A process that has ended has no mappings, and a disk that is full no room: neither is an error here.
            if let Some(process) = process {
                let _ = measure(process);
                let number = process.number;
                if !in_background.contains(&number) && has_thread(number, BACKGROUND) {
                    in_background.insert(number);
                }
            }
        }
        pause = PERIOD.max(begun.elapsed() * 99);
    }
    in_background
}

/// How jemalloc 5 names its background threads (`background_thread.c`, `background_thread_entry`).
const BACKGROUND: &str = "jemalloc_bg_thd";

/// Whether a process has a thread of this name.
fn has_thread(process: u32, name: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|thread| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|own| own.trim_end() == name)
    })
}

fn process(path: &Path) -> Option<Process> {
    let recording = Reader::new(BufReader::new(File::open(path).ok()?)).ok()?;
    let control = recording.control();
    Some(Process {
        number: control.process,
        beginning: control.monotonic_time,
        recording: path.to_owned(),
        samples: path.with_extension("samples"),
        mapped: format!("/{}", path.file_name()?.to_str()?),
    })
}

fn measure(process: &Process) -> std::io::Result<()> {
    let (folder, smaps) = living::read(process.number, "smaps")?;
    // A process that has begun another program has another recording, and this one has ended.
    if !smaps.lines().any(|line| line.ends_with(&process.mapped)) {
        return Ok(());
    }
    let memory = File::open(folder.join("mem")).ok();
    let resident = Resident::of(&smaps, |address| {
        let mut bytes = [0; 32];
        let read = memory.as_ref()?.read_exact_at(&mut bytes, address);
        read.is_ok().then_some(bytes)
    });
    // The mappings are empty once the process has ended.
    if resident.rss == 0 {
        return Ok(());
    }
    // What the process did after the recording's end is not in it. The mappings were read before, so an end in between counts.
    let state = get(&File::open(&process.recording)?, control::STATE)?;
    if Stop::from_number(state) != Some(Stop::Running) {
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
    let status = fs::read_to_string(folder.join("status"))?;
    let tables = status.lines().find_map(|line| kibibytes(line, "VmPTE:"));
    let tables = tables.unwrap_or_default();
    let line = format!(
        "s {time} rss={rss} heap={heap} arenas={arenas} anonymous={anonymous} stack={stack} files={files} swap={swap} tables={tables}\n"
    );
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&process.samples)?;
    file.write_all(line.as_bytes())
}

/// Where the recorder has memory of its own in a process, and how far that reaches.
const RECORDER: [u64; 3] = [0x2000_0000_0000, 0x1000_0000_0000, 0x30_0000_0000];
const RECORDER_BYTES: u64 = 0x10_0000_0000;

/// Resident bytes by kind of mapping. The recorder's own are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Resident {
    rss: u64,
    /// The heap of the program break.
    heap: u64,
    /// Mappings that have glibc's heaps of thread arenas.
    arenas: u64,
    /// Other anonymous mappings: large blocks, Python's arenas.
    anonymous: u64,
    /// Stacks.
    stack: u64,
    /// Code and other files.
    files: u64,
    swap: u64,
}

impl Resident {
    /// Counts the mappings by kind. `memory` reads the first bytes at an address of the process, where that may be done.
    fn of(smaps: &str, memory: impl Fn(u64) -> Option<[u8; 32]>) -> Self {
        let mut mappings: Vec<Mapping> = Vec::new();
        let mut all = Self::default();
        for line in smaps.lines() {
            if let Some(mapping) = Mapping::of(line) {
                mappings.push(mapping);
            } else if let Some(bytes) = kibibytes(line, "Rss:") {
                if let Some(mapping) = mappings.last_mut() {
                    mapping.resident += bytes;
                }
            } else if let Some(bytes) = kibibytes(line, "Swap:") {
                all.swap += bytes;
            }
        }
        for at in 0..mappings.len() {
            let before = at.checked_sub(1).map(|before| mappings[before]);
            let kind = match kind_of(before, mappings[at], mappings.get(at + 1).copied()) {
                // What cannot be read may be a heap.
                Kind::Arena
                    if memory(mappings[at].begin).is_some_and(|bytes| !is_heap_info(&bytes)) =>
                {
                    Kind::Anonymous
                }
                kind => kind,
            };
            mappings[at].kind = kind;
            all.add(kind, mappings[at].resident);
        }
        all
    }

    fn add(&mut self, kind: Kind, bytes: u64) {
        let sum = match kind {
            Kind::Own => return,
            Kind::Heap => &mut self.heap,
            Kind::Arena => &mut self.arenas,
            Kind::Anonymous | Kind::Reserved => &mut self.anonymous,
            Kind::Stack => &mut self.stack,
            Kind::File => &mut self.files,
        };
        *sum += bytes;
        self.rss += bytes;
    }
}

#[derive(Clone, Copy)]
struct Mapping {
    begin: u64,
    end: u64,
    kind: Kind,
    resident: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Own,
    Heap,
    Arena,
    Anonymous,
    /// Memory without a name that nobody may read.
    Reserved,
    Stack,
    File,
}

/// Returns the kind of a mapping, which those before and behind it decide where it has no name.
fn kind_of(before: Option<Mapping>, mapping: Mapping, next: Option<Mapping>) -> Kind {
    /// Nobody has larger guards below the stacks of threads.
    const GUARD: u64 = 1 << 20;
    if mapping.kind != Kind::Anonymous {
        return mapping.kind;
    }
    let before = before.filter(|before| before.end == mapping.begin);
    let next = next.filter(|next| next.begin == mapping.end);
    let reaches = |next: Mapping| {
        next.kind == Kind::Reserved && next.end >= mapping.end.next_multiple_of(SPAN)
    };
    let ends = mapping.end.is_multiple_of(SPAN) || next.is_some_and(reaches);
    let is_guard =
        |before: Mapping| before.kind == Kind::Reserved && before.end - before.begin <= GUARD;
    match before {
        _ if mapping.begin.is_multiple_of(SPAN) && ends => Kind::Arena,
        // A library's data without contents in its file follow the rest of it.
        Some(before) if before.kind == Kind::Own => Kind::Own,
        Some(before) if is_guard(before) => Kind::Stack,
        _ => Kind::Anonymous,
    }
}

impl Mapping {
    /// Reads the first line of a mapping; `None` for any other line.
    fn of(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (begin, end) = fields.next()?.split_once('-')?;
        let address = |digits| u64::from_str_radix(digits, 16).ok();
        let (begin, end) = (address(begin)?, address(end)?);
        let may = fields.next()?;
        let name = fields.nth(3).unwrap_or_default();
        let is_recorders = |place: &u64| (*place..place + RECORDER_BYTES).contains(&begin);
        let kind = match name {
            // Its file has another name until its beginning is complete.
            _ if RECORDER.iter().any(is_recorders) => Kind::Own,
            "[heap]" => Kind::Heap,
            "[stack]" => Kind::Stack,
            "" if may.starts_with("---") => Kind::Reserved,
            _ if line.contains("libhighwater_record") => Kind::Own,
            name if name.starts_with('/') => Kind::File,
            _ => Kind::Anonymous,
        };
        Some(Self {
            begin,
            end,
            kind,
            resident: 0,
        })
    }
}

fn kibibytes(line: &str, key: &str) -> Option<u64> {
    let value = line.strip_prefix(key)?.trim().strip_suffix(" kB")?;
    Some(value.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::{Process, Resident, has_thread, measure};
    use highwater_hwr::layout::{Control, Stop, control};
    use highwater_hwr::write::Writer;
    use std::fs;

    #[test]
    fn a_thread_is_found_by_its_name() {
        let (waits, ends) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("a_thread_of_own".to_owned());
            let thread = thread.spawn_scoped(scope, || {
                waits.wait();
                ends.wait();
            });
            thread.expect("a thread");
            waits.wait();
            assert!(has_thread(std::process::id(), "a_thread_of_own"));
            assert!(!has_thread(std::process::id(), "a_thread_of_"));
            ends.wait();
        });
    }

    #[test]
    fn a_process_whose_recording_has_ended_is_measured_no_more() {
        let own = std::env::current_exe().expect("this program");
        let name = own.file_name().and_then(|name| name.to_str());
        let folder = std::env::temp_dir();
        let number = std::process::id();
        let process = Process {
            number,
            beginning: 0,
            recording: folder.join(format!("ended.{number}.hwr")),
            samples: folder.join(format!("ended.{number}.samples")),
            mapped: format!("/{}", name.expect("a plain name")),
        };
        let file = Writer::new(Vec::new(), &Control::default(), "", 0).and_then(Writer::finish);
        let mut file = file.expect("a recording");
        let mut lines = |stop: Stop| {
            file[control::STATE..][..4].copy_from_slice(&(stop as u32).to_le_bytes());
            fs::write(&process.recording, &file).expect("a file");
            measure(&process).expect("this process is measured");
            fs::read_to_string(&process.samples).map_or(0, |text| text.lines().count())
        };
        assert_eq!(lines(Stop::Running), 1);
        for stop in [Stop::Asked, Stop::NoSpace, Stop::NoFile, Stop::Largest] {
            assert_eq!(lines(stop), 1, "{stop:?}");
        }
        assert_eq!(lines(Stop::Running), 2);
        let _ = fs::remove_file(&process.recording);
        let _ = fs::remove_file(&process.samples);
    }

    #[test]
    fn mappings_count_by_kind_and_the_recorders_own_do_not() {
        let smaps = "\
55a0-55b0 r-xp 00000000 fe:00 1 /usr/bin/app\nRss:                  40 kB\nSwap: 4 kB\n\
55c000-55d000 rw-p 00000000 00:00 0  [heap]\nRss: 400 kB\n\
200000010000-200000020000 rw-s 00000000 fe:00 9 /data/app.1.hwr\nRss: 64 kB\n\
200400000000-200400010000 rw-p 00000000 00:00 0 \nRss: 64 kB\n\
7e0000000000-7e0000010000 rw-p 00000000 fe:00 9 /data/libhighwater_record.so\nRss: 8 kB\n\
7e0000010000-7e0000040000 rw-p 00000000 00:00 0 \nRss: 24 kB\n\
7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \nRss: 12 kB\nVmFlags: rd wr\n\
7f0000021000-7f0004000000 ---p 00000000 00:00 0 \nRss: 0 kB\n\
7f1230000000-7f1230021000 rw-p 00000000 00:00 0 \nRss: 8 kB\n\
7f1240000000-7f1240001000 ---p 00000000 00:00 0 \nRss: 0 kB\n\
7f1240001000-7f1240801000 rw-p 00000000 00:00 0 \nRss: 20 kB\n\
7ffd0000-7ffe0000 rw-p 00000000 00:00 0 [stack]\nRss: 16 kB\n";
        let kib = |count: u64| count * 1024;
        let expected = Resident {
            rss: kib(496),
            heap: kib(400),
            arenas: kib(12),
            // It begins where a heap of an arena might, and nothing behind it reaches to such a heap's end.
            anonymous: kib(8),
            stack: kib(16 + 20),
            files: kib(40),
            swap: kib(4),
        };
        assert_eq!(Resident::of(smaps, |_| None), expected);
        // What begins like a heap of an arena is one if it says so itself.
        let info = |words: [u64; 4]| words.map(u64::to_le_bytes).concat().try_into().ok();
        let heap = info([0x7f00_0000_0030, 0, 0x21000, 0x21000]);
        assert_eq!(Resident::of(smaps, |_| heap), expected);
        let others = Resident {
            arenas: 0,
            anonymous: kib(8 + 12),
            ..expected
        };
        let go = info([0xc000_0000_0100, 0xc000_0000_0200, 3, 4]);
        assert_eq!(Resident::of(smaps, |_| go), others);
    }
}
