//! Plays a sequence on a model, the way the oracle's child plays it on the library.

use crate::operation::{BlockName, Operation, Sequence};
use crate::wire::Answer;
use crate::{Answers, Environment, Layout};
use highwater_allocator::{Address, Allocator, Bytes, Kernel, ThreadId, Variable};
use highwater_glibc::{Glibc, Settings, Version};
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
    let mut model = glibc(version, environment)?;
    let mut player = Player {
        model: &mut model,
        kernel: &mut kernel,
        blocks: vec![None; sequence.blocks() as usize],
        touch: sequence.touch,
    };
    let answers = sequence.operations.iter();
    Ok(Answers {
        layout,
        answers: answers.map(|operation| player.perform(operation)).collect(),
    })
}

/// The one place that knows how a model is made.
fn glibc(version: &str, environment: &Environment) -> Result<Glibc, ModelError> {
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
    Ok(Glibc::new(known, settings.params))
}

struct Player<'a, A> {
    model: &'a mut A,
    kernel: &'a mut Kernel,
    /// Address and size asked for of each named block that is live.
    blocks: Vec<Option<(Address, u64)>>,
    touch: bool,
}

impl<A: Allocator> Player<'_, A> {
    fn perform(&mut self, operation: &Operation) -> Answer {
        let main = ThreadId::MAIN;
        let kernel = &mut *self.kernel;
        match *operation {
            Operation::Malloc { block, size } => {
                let made = self.model.malloc(kernel, main, Bytes(size));
                self.made(block, made, 0, size)
            }
            Operation::Calloc { block, count, size } => {
                let made = self.model.calloc(kernel, main, count, Bytes(size));
                self.made(block, made, 0, count.wrapping_mul(size))
            }
            Operation::Aligned {
                block,
                alignment,
                size,
            } => {
                let alignment = Bytes(alignment);
                let made = self.model.aligned(kernel, main, alignment, Bytes(size));
                self.made(block, made, 0, size)
            }
            Operation::Realloc { block, old, size } => {
                let given = old.and_then(|old| self.blocks[old as usize]);
                let address = given.map(|(address, _)| address);
                let made = self.model.realloc(kernel, main, address, Bytes(size));
                if let (Some(old), true) = (old, made.is_some() || size == 0) {
                    self.blocks[old as usize] = None;
                }
                self.made(block, made, given.map_or(0, |(_, size)| size), size)
            }
            Operation::Free { block } => {
                if let Some((address, _)) = self.blocks[block as usize].take() {
                    self.model.free(kernel, main, address);
                }
                answer(0, 0)
            }
            Operation::Trim { pad } => {
                let done = self.model.trim(kernel, main, Bytes(pad));
                answer(0, u64::from(done))
            }
            Operation::Mark => answer(0, kernel.rss().0),
            Operation::Usable { block } => answer(0, self.usable(block)),
        }
    }

    /// The program takes the block and writes what is new in it.
    fn made(&mut self, block: BlockName, made: Option<Address>, kept: u64, size: u64) -> Answer {
        self.blocks[block as usize] = made.map(|address| (address, size));
        let Some(address) = made else {
            return answer(0, 0);
        };
        if self.touch && kept < size {
            self.kernel.touch(address + Bytes(kept), Bytes(size - kept));
        }
        answer(address.0, self.usable(block))
    }

    fn usable(&self, block: BlockName) -> u64 {
        self.blocks[block as usize].map_or(0, |(address, _)| {
            self.model.usable_size(self.kernel, address).0
        })
    }
}

fn answer(address: u64, value: u64) -> Answer {
    Answer { address, value }
}
