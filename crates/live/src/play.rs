//! Plays a sequence on a model, the way the oracle's child plays it on the library.

use crate::cores::cores;
use crate::operation::{BlockName, Operation, Sequence, Step};
use crate::wire::{Answer, MAPPED, OTHER_ARENA};
use crate::{Answers, Environment, Layout};
use highwater_allocator::{Address, Allocator, Bytes, Kernel, ThreadId, Variable, Whereabouts};
use highwater_glibc::{Glibc, Host, Settings, Version};
use highwater_kernel::Config;
use thiserror::Error;

/// Why nothing could be played.
#[derive(Debug, Error)]
pub enum ModelError {
    /// No model of that version of the library.
    #[error("glibc {0} is not modelled")]
    Version(String),
    /// The model does not take this environment.
    #[error("the model refuses the environment: {0}")]
    Environment(String),
}

/// What the model of the library's `version`, in that environment and a process laid out like that, does with the
/// operations.
pub fn play(
    version: &str,
    environment: &Environment,
    layout: Layout,
    sequence: &Sequence,
) -> Result<Answers, ModelError> {
    let config = Config {
        brk: Address(layout.brk),
        mmap_top: Address(layout.mappings_top),
        ..Config::default()
    };
    let mut kernel =
        Kernel::new(config).map_err(|error| ModelError::Environment(error.to_string()))?;
    let mut model = glibc(version, environment, sequence.threads() > 1)?;
    let mut player = Player {
        model: &mut model,
        kernel: &mut kernel,
        blocks: vec![None; sequence.blocks() as usize],
        touch: sequence.touch,
        heap_span: None,
    };
    Ok(Answers {
        layout,
        answers: sequence
            .steps
            .iter()
            .map(|step| player.perform(step))
            .collect(),
        heap_span: player.heap_span,
    })
}

/// The one place that knows how a model is made.
fn glibc(version: &str, environment: &Environment, threaded: bool) -> Result<Glibc, ModelError> {
    let known = Version::parse(version).ok_or_else(|| ModelError::Version(version.to_owned()))?;
    let variables: Vec<Variable> = environment
        .lines
        .iter()
        .map(|(name, value)| Variable {
            name: name.clone(),
            value: value.clone(),
        })
        .collect();
    let settings = Settings::from_environment(known, &variables);
    let host = Host {
        cores: cores(),
        threaded,
    };
    Ok(Glibc::new(known, settings.params, host))
}

struct Player<'a, A> {
    model: &'a mut A,
    kernel: &'a mut Kernel,
    /// Address and size asked for of each named block that is live.
    blocks: Vec<Option<(Address, u64)>>,
    touch: bool,
    /// Address space of a heap of another arena, once there is one.
    heap_span: Option<u64>,
}

impl<A: Allocator> Player<'_, A> {
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
            Operation::Free { block } => {
                if let Some((address, _)) = self.blocks[block as usize].take() {
                    self.model.free(kernel, thread, address);
                }
                value(0)
            }
            Operation::Trim { pad } => {
                let done = self.model.trim(kernel, thread, Bytes(pad));
                value(u64::from(done))
            }
            Operation::Mark => value(kernel.rss().0),
            Operation::Usable { block } => value(self.usable(block)),
            Operation::ThreadExit => {
                self.model.thread_exit(kernel, thread);
                value(0)
            }
        }
    }

    /// The program takes the block and writes what is new in it.
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

    /// Where the block lies, as the header of a real chunk says it.
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
                self.heap_span = Some(span.0);
                OTHER_ARENA
            }
        }
    }
}

/// What is no address.
fn value(value: u64) -> Answer {
    Answer {
        address: 0,
        value,
        flags: 0,
    }
}
