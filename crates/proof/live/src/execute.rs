//! Executes a sequence on a model, in the way that the oracle's child executes it on the library.

use crate::allocator_family::{AllocatorFamily, Release};
use crate::cores::cores;
use crate::huge_pages::{aligns_huge_mappings, huge_pages};
use crate::operation::{BlockName, Operation, Sequence, Step};
use crate::wire::{Answer, MAPPED, OTHER_ARENA, STACK_BYTES};
use crate::{Answers, Environment, Layout};
use highwater_allocator::{
    Address, Allocator, Bytes, Kernel, Micros, ThreadId, Variable, Whereabouts,
};
use highwater_compare::UnmapWatch;
use highwater_glibc::{Cores, Glibc, Host, Settings, Version};
use highwater_jemalloc::{
    Jemalloc, Settings as JemallocSettings, ThreadData, Version as JemallocVersion,
};
use highwater_kernel::Config;
use thiserror::Error;

/// The reason why a sequence cannot be executed on a model.
#[derive(Debug, Error)]
pub enum ModelError {
    /// No model of that version of the allocator.
    #[error("{0} is not modelled")]
    Version(Release),
    /// The model does not take this environment.
    #[error("the model refuses the environment: {0}")]
    Environment(String),
}

/// Executes the operations on the model of a release, in that environment and a process of that layout.
///
/// # Errors
/// Where there is no such model.
pub fn execute(
    release: &Release,
    environment: &Environment,
    layout: Layout,
    sequence: &Sequence,
) -> Result<Answers, ModelError> {
    let config = Config {
        brk: Address(layout.brk),
        mmap_top: Address(layout.mappings_top),
        huge_mappings_aligned: release.family == AllocatorFamily::Glibc && aligns_huge_mappings(),
        huge_pages: huge_pages(!environment.asks_for_huge_pages()),
        ..Config::default()
    };
    let mut kernel =
        Kernel::new(config).map_err(|error| ModelError::Environment(error.to_string()))?;
    let threaded = sequence.threads() > 1;
    match release.family {
        AllocatorFamily::Glibc => {
            let mut model = glibc(release, environment, threaded)?;
            Ok(answers(&mut model, &mut kernel, release, layout, sequence))
        }
        AllocatorFamily::Jemalloc => {
            let mut model = jemalloc(release, environment, layout, sequence.asks())?;
            Ok(answers(&mut model, &mut kernel, release, layout, sequence))
        }
    }
}

fn answers(
    model: &mut impl Allocator,
    kernel: &mut Kernel,
    release: &Release,
    layout: Layout,
    sequence: &Sequence,
) -> Answers {
    model.advance(kernel, Micros(0));
    if layout.is_forked {
        kernel.forked();
        model.forked(ThreadId(0));
    }
    let mut executor = Executor {
        model,
        kernel,
        blocks: vec![None; sequence.blocks() as usize],
        touch: sequence.touch,
        now: Micros(0),
        heap_span: None,
    };
    let mut unmaps = UnmapWatch::new(executor.model, executor.kernel);
    let mut unmapped = Vec::new();
    let mut answers = Vec::with_capacity(sequence.steps.len());
    for (index, step) in sequence.steps.iter().enumerate() {
        answers.push(executor.perform(step));
        let gone = unmaps.check(executor.model, executor.kernel);
        unmapped.extend(gone.map(|gone| (index, gone)));
    }
    Answers {
        layout,
        family: release.family,
        heap_span: executor.heap_span,
        answers,
        unmapped,
    }
}

fn variables(environment: &Environment) -> Vec<Variable> {
    let lines = environment.lines.iter();
    lines
        .map(|(name, value)| Variable {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}

/// Builds a model of glibc.
fn glibc(
    release: &Release,
    environment: &Environment,
    threaded: bool,
) -> Result<Glibc, ModelError> {
    let known =
        Version::parse(&release.version).ok_or_else(|| ModelError::Version(release.clone()))?;
    let settings = Settings::from_environment(known, &variables(environment));
    let host = Host {
        cores: cores(),
        threaded,
    };
    Ok(Glibc::new(known, settings.params, host))
}

/// Returns the offset of the allocation count in a thread's data, from whose address its pseudo-random state starts
/// (include/jemalloc/internal/tsd.h, `tsd_s`).
fn count_offset(version: &str) -> Option<u64> {
    match version {
        "5.2.1" => Some(16),
        "5.3.0" => Some(824),
        "5.3.1" => Some(936),
        _ => None,
    }
}

/// Whether the allocator has threads of its own, which do something whenever it is time for it.
pub fn has_own_threads(release: &Release, environment: &Environment) -> bool {
    let version = match release.family {
        AllocatorFamily::Jemalloc => JemallocVersion::parse(&release.version),
        AllocatorFamily::Glibc => None,
    };
    version.is_some_and(|version| {
        let settings = JemallocSettings::from_environment(version, &variables(environment));
        settings.options.background_thread
    })
}

/// Builds a model of jemalloc.
fn jemalloc(
    release: &Release,
    environment: &Environment,
    layout: Layout,
    asks: bool,
) -> Result<Jemalloc, ModelError> {
    let version = JemallocVersion::parse(&release.version);
    let known = version.zip(count_offset(&release.version));
    let (version, count_offset) = known.ok_or_else(|| ModelError::Version(release.clone()))?;
    let settings = JemallocSettings::from_environment(version, &variables(environment));
    let mut options = settings.options;
    options.asks_for_figures = asks;
    options.wide_addresses = layout.wide_addresses;
    let [first, second] = layout
        .thread_data
        .map(|at| Address(at.wrapping_sub(count_offset)));
    options.thread_data = Some(ThreadData {
        first,
        second,
        apart: Bytes(STACK_BYTES as u64),
    });
    let Cores { online, allowed } = cores();
    let counted = version.counted_cores(online, allowed);
    Ok(Jemalloc::new(version, options, counted))
}

struct Executor<'a, A> {
    model: &'a mut A,
    kernel: &'a mut Kernel,
    /// Address and size asked for of each named block that is live.
    blocks: Vec<Option<(Address, u64)>>,
    touch: bool,
    /// Address space of a heap of another arena, once there is one.
    heap_span: Option<Bytes>,
    now: Micros,
}

impl<A: Allocator> Executor<'_, A> {
    fn perform(&mut self, step: &Step) -> Answer {
        let thread = ThreadId(step.thread);
        let kernel = &mut *self.kernel;
        match step.operation {
            Operation::Malloc { block, size } => {
                let made = self.model.malloc(kernel, thread, Bytes(size));
                self.made(block, made, 0, size)
            }
            Operation::Calloc { block, count, size } => {
                let made = self.model.calloc(kernel, thread, count, Bytes(size));
                self.made(block, made, 0, count.wrapping_mul(size))
            }
            Operation::Aligned {
                block,
                alignment,
                size,
            } => {
                let alignment = Bytes(alignment);
                let made = self.model.aligned(kernel, thread, alignment, Bytes(size));
                self.made(block, made, 0, size)
            }
            Operation::Realloc { block, old, size } => {
                let given = old.and_then(|old| self.blocks[old as usize]);
                let address = given.map(|(address, _)| address);
                let made = self.model.realloc(kernel, thread, address, Bytes(size));
                if let (Some(old), true) = (old, made.is_some() || size == 0) {
                    self.blocks[old as usize] = None;
                }
                self.made(block, made, given.map_or(0, |(_, size)| size), size)
            }
            others => value(self.make_no_block(thread, others)),
        }
    }

    /// Performs an operation that allocates nothing, and returns what it answers; nothing where that is no number.
    fn make_no_block(&mut self, thread: ThreadId, operation: Operation) -> u64 {
        let kernel = &mut *self.kernel;
        match operation {
            Operation::Trim { pad } => self.model.trim(kernel, thread, Bytes(pad)).into(),
            Operation::Mallopt { option, value } => {
                self.model.mallopt(kernel, thread, option, value).into()
            }
            // Below 0 where pages have gone that huge pages had brought in at the start.
            Operation::Mark => {
                let at_start = self.model.resident_at_start();
                kernel.rss().0.wrapping_sub(at_start.0)
            }
            Operation::Figure(figure) => {
                let figures = self.model.figures();
                figures.map_or(0, |figures| figure.of(&figures).0)
            }
            Operation::Usable { block } => self.usable(block),
            Operation::Free { block } => {
                if let Some((address, _)) = self.blocks[block as usize].take() {
                    self.model.free(kernel, thread, address);
                }
                0
            }
            Operation::Touch { block, from, bytes } => {
                if let Some((address, size)) = self.blocks[block as usize] {
                    let from = from.min(size);
                    kernel.touch(address + Bytes(from), Bytes(bytes.min(size - from)));
                }
                0
            }
            Operation::Wait { us } => {
                self.now = Micros(self.now.0.saturating_add(us));
                self.model.advance(kernel, self.now);
                0
            }
            Operation::ThreadExit => {
                self.model.thread_exit(kernel, thread);
                0
            }
            Operation::Malloc { .. }
            | Operation::Calloc { .. }
            | Operation::Aligned { .. }
            | Operation::Realloc { .. } => 0,
        }
    }

    /// Records a new block and writes the bytes of it that are new.
    fn made(&mut self, block: BlockName, made: Option<Address>, kept: u64, size: u64) -> Answer {
        self.blocks[block as usize] = made.map(|address| (address, size));
        let Some(address) = made else {
            return value(0);
        };
        if self.touch && kept < size {
            self.kernel.touch(address + Bytes(kept), Bytes(size - kept));
        }
        Answer {
            address: address.0,
            value: self.usable(block),
            flags: self.flags(address),
        }
    }

    fn usable(&self, block: BlockName) -> u64 {
        self.blocks[block as usize].map_or(0, |(address, _)| {
            self.model.usable_size(self.kernel, address).0
        })
    }

    /// Returns the flags that the header of a real chunk has for this place.
    fn flags(&mut self, address: Address) -> u64 {
        match self.model.whereabouts(self.kernel, address) {
            Whereabouts::Main | Whereabouts::Pages => 0,
            Whereabouts::Mapping => MAPPED,
            Whereabouts::Heap { base, span } => {
                debug_assert_eq!(
                    base,
                    address.align_down(span),
                    "the base is that of the heap"
                );
                self.heap_span = Some(span);
                OTHER_ARENA
            }
        }
    }
}

/// Returns an answer without an address.
fn value(value: u64) -> Answer {
    Answer {
        address: 0,
        value,
        flags: 0,
    }
}
