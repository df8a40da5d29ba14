//! Why a run cannot be made.

use highwater_kernel::{Bytes, ConfigError};
use thiserror::Error;

/// Why a workload cannot be run through a variant.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SimulatorError {
    /// The allocator or its version is not modelled.
    #[error(
        "unknown allocator `{asked}`; the models are {known}; or name an image, such as {images}"
    )]
    UnknownAllocator {
        /// What was asked for, shortened.
        asked: String,
        /// What there is.
        known: String,
        /// Some images by which one can be named.
        images: &'static str,
    },
    /// A release that is not modelled, with the nearest one that is.
    #[error("{0}")]
    NotModelled(String),
    /// A machine of that many cores is none.
    #[error("invalid core counts: need 1 ≤ allowed ({allowed}) ≤ cores ({online}) ≤ {most}")]
    Cores {
        /// Cores online.
        online: u32,
        /// Cores the process may run on.
        allowed: u32,
        /// The most there can be.
        most: u32,
    },
    /// The process the workload describes cannot begin.
    #[error("the workload's process cannot start: {0}")]
    Kernel(ConfigError),
    /// The cap is too small to begin with.
    #[error("a cap of {0} bytes is too small; it must be at least one page of {1} bytes")]
    Cap(u64, u64),
    /// The allocator is built for pages of another size.
    #[error(
        "the workload has pages of {0}; the model of jemalloc supports pages of 4096 bytes only"
    )]
    PageSize(Bytes),
    /// A plan without anything to run.
    #[error("the plan has no stages; give it at least one")]
    EmptyPlan,
    /// A stage without anything to run.
    #[error("stage `{0}` has no processes; give it at least one source")]
    EmptyStage(String),
    /// A trace that is read on the way cannot be read to its end, though it could before.
    #[error("the trace cannot be read again: {0}; do not change it while it is replayed")]
    Source(String),
    /// The run was broken off.
    #[error("the run was cancelled")]
    Cancelled,
}
