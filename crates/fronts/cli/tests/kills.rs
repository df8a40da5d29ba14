//! A command that is killed at any moment: its old files are whole, or the new ones are, and no part of one stays behind.
//!
//! The moments are drawn from a seed as a share of the processor time that the command takes in all, or of the bytes that
//! it writes, so that they fall into every part of it however busy the machine is. `HIGHWATER_KILLS=200` tries more.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// How often each command is killed unless `HIGHWATER_KILLS` says otherwise.
const KILLS: u64 = 8;

const OLD: &[u8] = b"old";

/// A command with the files that it writes.
struct Tried {
    arguments: &'static [&'static str],
    files: &'static [&'static str],
}

const MATRIX: Tried = Tried {
    arguments: &[
        "matrix",
        "environment",
        "--set",
        "events=30",
        "--svg",
        "a.svg",
        "--png",
        "a.png",
        "--csv",
    ],
    files: &["a.svg", "a.png"],
};

const WRITE: Tried = Tried {
    arguments: &["run", "sync", "--write", "w.hwt"],
    files: &["w.hwt"],
};

const WRITE_PACKED: Tried = Tried {
    arguments: &["run", "sync", "--write", "w.hwt.gz"],
    files: &["w.hwt.gz"],
};

/// What a process has done so far: nanoseconds on a processor, and bytes handed to the kernel.
#[derive(Clone, Copy, Default)]
struct Done {
    time: u64,
    written: u64,
}

impl Done {
    /// Reads it while the process lives, or has not been waited for.
    fn of(child: &Child) -> Option<Self> {
        let folder = format!("/proc/{}", child.id());
        let schedule = fs::read_to_string(format!("{folder}/schedstat")).ok()?;
        let io = fs::read_to_string(format!("{folder}/io")).ok()?;
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: "))?;
        Some(Self {
            time: schedule.split(' ').next()?.parse().ok()?,
            written: written.trim().parse().ok()?,
        })
    }
}

/// Numbers from a seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % end.max(1)
    }
}

fn start(folder: &Path, tried: &Tried) -> Child {
    let out = fs::File::create(folder.join("stdout")).expect("made");
    let error = fs::File::create(folder.join("stderr")).expect("made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(tried.arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(out).stderr(error);
    command.spawn().expect("it starts")
}

/// Lets the command run to its end and returns its files and what it took.
fn whole(folder: &Path, tried: &Tried) -> (Vec<Vec<u8>>, Done) {
    let mut child = start(folder, tried);
    let mut done = Done::default();
    while child.try_wait().expect("it can be asked").is_none() {
        done = Done::of(&child).unwrap_or(done);
        std::thread::yield_now();
    }
    let read = |name: &&str| fs::read(folder.join(name)).expect("it is written");
    (tried.files.iter().map(read).collect(), done)
}

/// Sends a signal to a process once it has worked so long or written so much; returns how it ended.
fn killed_at(mut child: Child, at: (u64, u64), signal: i32) -> ExitStatus {
    while child.try_wait().expect("it can be asked").is_none() {
        let done = Done::of(&child).unwrap_or_default();
        if done.time >= at.0 || done.written >= at.1 {
            let (name, process) = (format!("-{signal}"), child.id().to_string());
            // It may have ended by itself just now.
            let _ = Command::new("kill").args([&name, &process]).status();
            break;
        }
        std::thread::yield_now();
    }
    child.wait().expect("it ends")
}

fn is_killed_anywhere(tried: &Tried) {
    let kills = std::env::var("HIGHWATER_KILLS").map_or(KILLS, |text| {
        text.parse().expect("HIGHWATER_KILLS is a number")
    });
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (new, all) = whole(folder, tried);
    let (mut stopped, mut ended) = (0, 0);
    // On a busy machine the signal comes late, and the command may have ended: then it is tried again, until most were stopped.
    let mut seeds = 0..40 * kills;
    while stopped + ended < kills || stopped <= kills / 2 {
        let Some(seed) = seeds.next() else {
            panic!("{stopped} stopped, {ended} ended before");
        };
        for name in tried.files {
            fs::write(folder.join(name), OLD).expect("written");
        }
        let mut numbers = Numbers(seed);
        let signal = [2, 15][numbers.below(2) as usize];
        let at = match seed % 2 {
            0 => (numbers.below(all.time), u64::MAX),
            _ => (u64::MAX, numbers.below(all.written)),
        };
        let status = killed_at(start(folder, tried), at, signal);
        let said = fs::read_to_string(folder.join("stderr")).expect("there");
        match status.code() {
            Some(0) => ended += 1,
            other => {
                assert_eq!(
                    (other, status.signal()),
                    (None, Some(signal)),
                    "seed {seed}"
                );
                stopped += 1;
            }
        }
        assert!(said.lines().count() <= 1, "seed {seed}: {said}");
        for (name, new) in tried.files.iter().zip(&new) {
            let now = fs::read(folder.join(name)).expect("there");
            assert!(
                now == OLD || is_same(&now, new, name),
                "seed {seed}: {name} is neither the old file nor the new one"
            );
            let is_told = said.contains(name);
            assert!(
                !is_told || now == OLD,
                "seed {seed}: {said} but {name} is new"
            );
        }
        let left = fs::read_dir(folder).expect("it can be read");
        let left = left.map(|entry| entry.expect("an entry").file_name());
        let parts: Vec<_> = left
            .filter(|name| name.to_string_lossy().ends_with(".part"))
            .collect();
        assert!(parts.is_empty(), "seed {seed}: {parts:?} left behind");
    }
}

/// Whether a file is whole: pictures have the date, which can change at midnight, so their end is compared.
fn is_same(now: &[u8], new: &[u8], name: &str) -> bool {
    let end = |bytes: &[u8]| bytes[bytes.len().saturating_sub(12)..].to_vec();
    match name.ends_with(".hwt") || name.ends_with(".gz") {
        true => now == new,
        false => end(now) == end(new) && now.len().abs_diff(new.len()) < 64,
    }
}

#[test]
fn pictures_and_tables_that_are_killed_anywhere_are_old_or_new() {
    is_killed_anywhere(&MATRIX);
}

#[test]
fn a_trace_whose_writing_is_killed_anywhere_is_old_or_new() {
    is_killed_anywhere(&WRITE);
}

#[test]
fn a_packed_trace_whose_writing_is_killed_anywhere_is_old_or_new() {
    is_killed_anywhere(&WRITE_PACKED);
}
