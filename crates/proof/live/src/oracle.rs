//! The test's end of the pipe to an oracle process.

use crate::allocator_family::{AllocatorFamily, Release};
use crate::operation::Sequence;
use crate::version_probe::probe_version;
use crate::wire::{Answer, Greeting, MAGIC, Record, Reply, Request};
use crate::{Environment, Library};
use bytemuck::Zeroable;
use highwater_allocator::Bytes;
use highwater_compare::Unmapped;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use thiserror::Error;

/// A process that runs sequences on a C library's malloc, or on jemalloc in place of it, each on a pristine heap.
#[derive(Debug)]
pub struct Oracle {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    replies: BufReader<ChildStdout>,
    release: Release,
    /// The allocator's version in full.
    version: String,
    /// See [`Layout::wide_addresses`].
    wide_addresses: bool,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum OracleError {
    /// The machine has no such library.
    #[error("no live C library available: {0}")]
    Unsupported(&'static str),
    /// A library that cannot be asked.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Library(PathBuf, &'static str),
    /// The process could not be started, or went away.
    #[error("the oracle process is gone: {0}")]
    Gone(std::io::Error),
    /// Whatever answered was no oracle of this version.
    #[error("the oracle does not speak this version of the wire")]
    Stranger,
    /// The sequence is none that a process could perform.
    #[error("it cannot be run on a real library: {0}")]
    Unsound(&'static str),
    /// The child that ran the operations did not end well.
    #[error("the oracle's child ended badly while running the operations (wait status {0:#x})")]
    Died(i64),
}

/// Its words repeat the system's, which is therefore no source of its own.
impl From<std::io::Error> for OracleError {
    fn from(error: std::io::Error) -> Self {
        Self::Gone(error)
    }
}

/// Where a process's memory begins. Addresses are compared without regard to it, but a model must start from the same:
/// where a block of a large alignment lies depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The program break before the first operation.
    pub brk: u64,
    /// Mappings are placed below this address.
    pub mappings_top: u64,
    /// Where jemalloc keeps the count of what the first and the second thread allocated; 0 where it does not. Those of
    /// other threads follow at intervals of [`crate::wire::STACK_BYTES`].
    pub thread_data: [u64; 2],
    /// Whether jemalloc was built for addresses of 57 bits rather than 48.
    pub wide_addresses: bool,
    /// Whether the process was forked from one in which the library had been loaded, before its first call.
    pub is_forked: bool,
}

/// The answers to a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answers {
    /// Of the process that answered.
    pub layout: Layout,
    /// What answered.
    pub family: AllocatorFamily,
    /// One for each step.
    pub answers: Vec<Answer>,
    /// Address space of a thread arena's heap, which only the model reports.
    pub heap_span: Option<Bytes>,
    /// The regions that were unmapped, which only the model reports: each with the index of its step, in ascending order.
    pub unmapped: Vec<(usize, Unmapped)>,
}

/// The program, where it was built: it needs x86-64 Linux with glibc.
const PROGRAM: Option<&str> = option_env!("HIGHWATER_ORACLE");

/// The program itself, for those who run where nothing was built; empty where no oracle can be.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
pub static ORACLE: &[u8] = include_bytes!(env!("HIGHWATER_ORACLE"));
/// Empty: no oracle runs here.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
pub static ORACLE: &[u8] = &[];

/// A library built for addresses of 48 bits maps so much at once for its first block: a leaf of its map of pages has 2 MiB,
/// for which it takes 4. One built for 57 bits has smaller leaves.
const NARROW_MAPPING: u64 = 4 << 20;

/// A break above this lies among the mappings and has no room to move.
const BREAK_MAX: u64 = 0x7000_0000_0000;

impl Oracle {
    /// Starts an oracle on that library, in an environment that holds these lines and nothing else.
    pub fn start(library: &Library, environment: &Environment) -> Result<Self, OracleError> {
        let (oracle, greeting) = Self::start_once(library, environment, false)?;
        if greeting.brk < BREAK_MAX {
            return Ok(oracle);
        }
        // Older kernels put the break of a program that was started through its loader next to the loader, except where
        // they choose addresses at random.
        Self::start_once(library, environment, true).map(|(oracle, _)| oracle)
    }

    fn start_once(
        library: &Library,
        environment: &Environment,
        random: bool,
    ) -> Result<(Self, Greeting), OracleError> {
        let mut child = command(library)?;
        if !random {
            settle_addresses(&mut child);
        }
        let mut child = child
            .env_clear()
            .envs(library.preload.iter().map(|file| ("LD_PRELOAD", file)))
            .envs(environment.lines.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(OracleError::Stranger);
        };
        let mut oracle = Self {
            child,
            requests: Some(BufWriter::new(requests)),
            replies: BufReader::with_capacity(1 << 16, replies),
            release: Release {
                family: AllocatorFamily::Glibc,
                version: String::new(),
            },
            version: String::new(),
            wide_addresses: false,
        };
        let mut greeting = Greeting::zeroed();
        oracle
            .replies
            .read_exact(bytemuck::bytes_of_mut(&mut greeting))?;
        if greeting.magic != MAGIC {
            return Err(OracleError::Stranger);
        }
        let text = String::from_utf8_lossy(&greeting.version);
        oracle.version = text.trim_end_matches('\0').to_owned();
        let is_narrow = greeting.longest_mapping >= NARROW_MAPPING;
        oracle.wide_addresses = greeting.allocator != 0 && !is_narrow;
        // jemalloc's goes on with its commit: `5.3.0-0-g54eaed1d8b`.
        let version = oracle.version.split('-').next().unwrap_or_default();
        let family = match greeting.allocator {
            0 => AllocatorFamily::Glibc,
            _ => AllocatorFamily::Jemalloc,
        };
        oracle.release = Release {
            family,
            version: version.to_owned(),
        };
        Ok((oracle, greeting))
    }

    /// What answers.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The allocator's name and version in full, of the C library with those of the distribution's package:
    /// `GNU C Library (...) ...`.
    pub fn banner(&self) -> Option<String> {
        if self.release.family == AllocatorFamily::Jemalloc {
            let bits = if self.wide_addresses { 57 } else { 48 };
            return Some(format!(
                "jemalloc {}, built for addresses of {bits} bits",
                self.version
            ));
        }
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).ok()?;
        probe_version(&maps)
    }

    /// Runs the operations and says what came of each. No time passes in waits.
    pub fn answer(&mut self, sequence: &Sequence) -> Result<Answers, OracleError> {
        self.answer_in(sequence, false)
    }

    /// Runs the operations in real time: each wait lasts as long as it says, also for threads of the library's own. That takes the
    /// oracle's own process, which answers nothing afterwards.
    pub fn answer_in_real_time(&mut self, sequence: &Sequence) -> Result<Answers, OracleError> {
        self.answer_in(sequence, true)
    }

    fn answer_in(&mut self, sequence: &Sequence, waits: bool) -> Result<Answers, OracleError> {
        if let Some(why) = sequence.unsound() {
            return Err(OracleError::Unsound(why));
        }
        let records: Vec<Record> = sequence
            .steps
            .iter()
            .map(|step| step.operation.to_record(step.thread))
            .collect();
        let request = Request {
            records: records.len() as u64,
            blocks: sequence.blocks().into(),
            threads: sequence.threads(),
            touch: sequence.touch.into(),
            timed: 0,
            asks: sequence.asks().into(),
            waits: waits.into(),
            unused: 0,
        };
        let reply = self.ask(request, &records)?;
        let mut answers = vec![Answer::zeroed(); reply.answers as usize];
        self.replies
            .read_exact(bytemuck::cast_slice_mut(&mut answers))?;
        if reply.status != 0 {
            return Err(OracleError::Died(reply.status));
        }
        Ok(Answers {
            layout: Layout {
                brk: reply.brk,
                mappings_top: reply.mappings_top,
                wide_addresses: self.wide_addresses,
                thread_data: [reply.main_thread_data, reply.second_thread_data],
                is_forked: !waits,
            },
            family: self.release.family,
            answers,
            heap_span: None,
            unmapped: Vec::new(),
        })
    }

    /// Runs the operations, all of the main thread, and says how much processor time they took: from the first to the
    /// end of the last, writing the blocks included where `touch` says so, marks left out. Every block that `records`
    /// name is below `blocks`.
    pub fn time(
        &mut self,
        records: &[Record],
        blocks: u32,
        touch: bool,
    ) -> Result<Duration, OracleError> {
        let request = Request {
            records: records.len() as u64,
            blocks: blocks.into(),
            threads: 1,
            touch: touch.into(),
            timed: 1,
            asks: 0,
            waits: 0,
            unused: 0,
        };
        let reply = self.ask(request, records)?;
        if reply.status != 0 {
            return Err(OracleError::Died(reply.status));
        }
        Ok(Duration::from_nanos(reply.nanoseconds))
    }

    fn ask(&mut self, request: Request, records: &[Record]) -> Result<Reply, OracleError> {
        let pipe = self.requests.as_mut().ok_or(OracleError::Stranger)?;
        pipe.write_all(bytemuck::bytes_of(&request))?;
        pipe.write_all(bytemuck::cast_slice(records))?;
        pipe.flush()?;
        let mut reply = Reply::zeroed();
        self.replies
            .read_exact(bytemuck::bytes_of_mut(&mut reply))?;
        Ok(reply)
    }
}

/// The program, on that library.
fn command(library: &Library) -> Result<Command, OracleError> {
    let Some(program) = library.program.as_deref().or(PROGRAM.map(Path::new)) else {
        return Err(OracleError::Unsupported(
            "only x86-64 Linux with glibc is modelled",
        ));
    };
    Ok(match &library.unpacked {
        None => Command::new(program),
        Some(unpacked) => {
            let mut command = Command::new(&unpacked.loader);
            command.arg("--library-path").arg(&unpacked.search);
            command.arg(program);
            command
        }
    })
}

/// Keeps addresses from being chosen at random, where that is allowed; where it is not, addresses are still compared by
/// what does not depend on it.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
fn settle_addresses(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: two system calls between fork and exec, which need nothing of the process.
    unsafe {
        command.pre_exec(|| {
            let now = libc::personality(0xffff_ffff);
            if now != -1 {
                libc::personality((now | libc::ADDR_NO_RANDOMIZE) as _);
            }
            Ok(())
        });
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
fn settle_addresses(_: &mut Command) {}

/// The oracle ends when its requests do.
impl Drop for Oracle {
    fn drop(&mut self) {
        self.requests = None;
        // Nothing is left to be done for a process that cannot even be waited for.
        let _ = self.child.wait();
    }
}
