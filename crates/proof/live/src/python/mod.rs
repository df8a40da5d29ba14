//! The machine's own libpython as an oracle, for holding the model of CPython's object allocator against the real thing.
//!
//! Addresses are not paired but equal: the oracle says where the heap and the mappings of its process begin, the model's
//! begin there, too, and every address and every resident byte has to be the same.

mod generate;
mod talk;

pub use generate::generate_small;

use crate::{Operation, OracleError, Sequence, cores::cores, wire::Record};
use bytemuck::Zeroable;
use highwater_allocator::{Address, Allocator, Bytes, Kernel, ThreadId, Variable};
use highwater_glibc::{Glibc, Host, Settings, Version as GlibcVersion};
use highwater_kernel::Config;
use highwater_pymalloc::{Pymalloc, Version};
use std::io::{BufReader, BufWriter, Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use talk::{
    Found, NO_PYTHON, PYTHON, Question, Ready, Result as Returned, WITH_DEBUG, WITHOUT_POOLS,
};

/// The program, where it was built: it needs x86-64 Linux with glibc.
const PROGRAM: Option<&str> = option_env!("HIGHWATER_PYTHON_ORACLE");

/// Where a system keeps libraries.
const FOLDERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/local/lib",
];

/// The last release whose allocator works without an interpreter.
const LAST_WITHOUT_INTERPRETER: Version = Version::V3_11;

/// A libpython of a modelled release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LibPython {
    /// Its release.
    pub version: Version,
    path: PathBuf,
}

impl LibPython {
    /// The library in that file, whose name says its release.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub fn at(path: &Path) -> Result<Self, OracleError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        let refused = |why| OracleError::Library(path.to_owned(), why);
        let number = name.strip_prefix("libpython");
        let number = number.and_then(|rest| rest.split(".so").next());
        let Some(version) = number.and_then(Version::parse) else {
            return Err(refused("this release is not modelled"));
        };
        if version > LAST_WITHOUT_INTERPRETER {
            return Err(refused(
                "this release cannot be called without an interpreter",
            ));
        }
        Ok(Self {
            version,
            path: path.to_owned(),
        })
    }

    /// Those that are installed and can be asked, and why others cannot.
    pub fn installed() -> (Vec<Self>, Vec<OracleError>) {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        let mut seen: Vec<PathBuf> = Vec::new();
        for folder in FOLDERS {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                let name = path.file_name().map(|name| name.to_string_lossy());
                let is_library = name.is_some_and(|name| {
                    name.starts_with("libpython3.") && name.ends_with(".so.1.0")
                });
                let real = std::fs::canonicalize(&path).unwrap_or(path);
                if is_library && !seen.contains(&real) {
                    seen.push(real.clone());
                    match Self::at(&real) {
                        Ok(library) => found.push(library),
                        Err(reason) => others.push(reason),
                    }
                }
            }
        }
        (found, others)
    }
}

/// What PYTHONMALLOC is set to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// Nothing: pools and malloc.
    Pools,
    /// `malloc`
    Malloc,
    /// `debug`
    Debug,
    /// `malloc_debug`
    MallocDebug,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pools, Self::Malloc, Self::Debug, Self::MallocDebug];

    fn value(self) -> &'static str {
        match self {
            Self::Pools => "",
            Self::Malloc => "malloc",
            Self::Debug => "debug",
            Self::MallocDebug => "malloc_debug",
        }
    }

    fn hooks(self) -> u64 {
        match self {
            Self::Pools => 0,
            Self::Malloc => WITHOUT_POOLS,
            Self::Debug => WITH_DEBUG,
            Self::MallocDebug => WITHOUT_POOLS | WITH_DEBUG,
        }
    }
}

/// What came of a sequence: the addresses that allocating calls returned, resident bytes at marks, zero else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcomes {
    /// Where the heap and the mappings of the process began.
    pub brk: u64,
    /// See there.
    pub mappings_top: u64,
    /// One for each step.
    pub values: Vec<u64>,
}

/// A process that runs sequences on Python's allocator, each on a pristine heap.
#[derive(Debug)]
pub struct PythonOracle {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    replies: BufReader<ChildStdout>,
    glibc: String,
}

impl PythonOracle {
    /// Starts an oracle with that library.
    ///
    /// # Errors
    /// Where there can be none.
    pub fn start(library: &LibPython) -> Result<Self, OracleError> {
        let unsupported = OracleError::Unsupported("the oracle needs x86-64 Linux with glibc");
        let program = PROGRAM.ok_or(unsupported)?;
        let mut child = Command::new(program)
            .env_clear()
            .env("LD_PRELOAD", &library.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::from(ErrorKind::BrokenPipe).into());
        };
        let mut oracle = Self {
            child,
            requests: Some(BufWriter::new(requests)),
            replies: BufReader::with_capacity(1 << 16, replies),
            glibc: String::new(),
        };
        let mut ready = Ready::zeroed();
        let heard = oracle
            .replies
            .read_exact(bytemuck::bytes_of_mut(&mut ready));
        let refused = |why| Err(OracleError::Library(library.path.clone(), why));
        if heard.is_ok() && ready.says == NO_PYTHON {
            return refused("the library exports no allocator");
        }
        if heard.is_err() || ready.says != PYTHON {
            return refused("the library cannot be loaded");
        }
        let text = String::from_utf8_lossy(&ready.version);
        oracle.glibc = text.trim_end_matches('\0').to_owned();
        Ok(oracle)
    }

    /// The version of the C library below.
    pub fn glibc(&self) -> &str {
        &self.glibc
    }

    /// Runs the operations, all of the main thread, and says what came of each.
    ///
    /// # Errors
    /// Where the oracle went away, or its child did not end well.
    pub fn answer(&mut self, sequence: &Sequence, choice: Choice) -> Result<Outcomes, OracleError> {
        let records: Vec<Record> = sequence
            .steps
            .iter()
            .map(|step| step.operation.to_record(0))
            .collect();
        let question = Question {
            records: records.len() as u64,
            blocks: sequence.blocks().into(),
            touch: sequence.touch.into(),
            hooks: choice.hooks(),
        };
        let pipe = self
            .requests
            .as_mut()
            .ok_or(Error::from(ErrorKind::BrokenPipe))?;
        pipe.write_all(bytemuck::bytes_of(&question))?;
        pipe.write_all(bytemuck::cast_slice(&records))?;
        pipe.flush()?;
        let mut found = Found::zeroed();
        let replies = &mut self.replies;
        replies.read_exact(bytemuck::bytes_of_mut(&mut found))?;
        let mut values = vec![Returned(0); records.len()];
        replies.read_exact(bytemuck::cast_slice_mut(&mut values))?;
        if found.status != 0 {
            return Err(OracleError::Died(found.status));
        }
        Ok(Outcomes {
            brk: found.brk,
            mappings_top: found.mappings_top,
            values: values.into_iter().map(|value| value.0).collect(),
        })
    }
}

/// The oracle ends when its requests do.
impl Drop for PythonOracle {
    fn drop(&mut self) {
        self.requests = None;
        // Nothing is left to be done for a process that cannot even be waited for.
        let _ = self.child.wait();
    }
}

/// What the model does with the operations, in a process that begins like the one that answered; nothing where the C library
/// is not modelled.
pub fn execute_python(
    version: Version,
    glibc: &str,
    choice: Choice,
    sequence: &Sequence,
    like: &Outcomes,
) -> Option<Outcomes> {
    let glibc = GlibcVersion::parse(glibc)?;
    let host = Host {
        cores: cores(),
        threaded: false,
    };
    let below = Glibc::new(glibc, Settings::from_environment(glibc, &[]).params, host);
    let environment = [Variable {
        name: "PYTHONMALLOC".to_owned(),
        value: choice.value().to_owned(),
    }];
    let settings = highwater_pymalloc::Settings::from_environment(version, &environment);
    let mut model = Pymalloc::new(version, settings.options, below);
    let config = Config {
        brk: Address(like.brk),
        mmap_top: Address(like.mappings_top),
        ..Config::default()
    };
    let mut kernel = Kernel::new(config).ok()?;
    let mut held: Vec<Option<(Address, u64)>> = vec![None; sequence.blocks() as usize];
    let steps = sequence.steps.iter();
    let values = steps.map(|step| {
        perform(
            &step.operation,
            &mut model,
            &mut kernel,
            &mut held,
            sequence.touch,
        )
    });
    Some(Outcomes {
        values: values.collect(),
        ..like.clone()
    })
}

fn perform(
    operation: &Operation,
    model: &mut Pymalloc<Glibc>,
    kernel: &mut Kernel,
    held: &mut [Option<(Address, u64)>],
    touch: bool,
) -> u64 {
    const MAIN: ThreadId = ThreadId::MAIN;
    let (block, made, kept, size) = match *operation {
        Operation::Malloc { block, size } => {
            (block, model.malloc(kernel, MAIN, Bytes(size)), 0, size)
        }
        Operation::Calloc { block, count, size } => {
            let made = model.calloc(kernel, MAIN, count, Bytes(size));
            (block, made, 0, count.wrapping_mul(size))
        }
        Operation::Realloc { block, old, size } => {
            let given = old.and_then(|old| held[old as usize]);
            let made = model.realloc(kernel, MAIN, given.map(|held| held.0), Bytes(size));
            if let (Some(old), Some(_)) = (old, made) {
                held[old as usize] = None;
            }
            (block, made, given.map_or(0, |held| held.1), size)
        }
        Operation::Free { block } => {
            if let Some((address, _)) = held[block as usize].take() {
                model.free(kernel, MAIN, address);
            }
            return 0;
        }
        Operation::Mark => return kernel.rss().0,
        _ => return 0,
    };
    held[block as usize] = made.map(|address| (address, size));
    let Some(address) = made else { return 0 };
    if touch && kept < size {
        kernel.touch(address + Bytes(kept), Bytes(size - kept));
    }
    address.0
}
