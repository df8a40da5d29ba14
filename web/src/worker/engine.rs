//! What the worker keeps between two jobs: the workload, the variant it was last run through, and a simulation that
//! stands at the moment looked at last.

use std::sync::Arc;

use highwater_simulator::{Simulation, Variant};
use highwater_workload::Workload;

/// The worker's memory.
#[derive(Default)]
pub struct Engine {
    pub(crate) workload: Option<Arc<Workload>>,
    pub(crate) kept: Option<Kept>,
}

/// A run that can be looked at.
pub(crate) struct Kept {
    pub(crate) variant: Variant,
    /// Going forward it continues; going back it begins anew. Copies of it along the way would make going back
    /// quicker, but each holds as much memory as the process it simulates had written.
    pub(crate) cursor: Option<Simulation>,
}

impl Engine {
    /// Takes another workload. What was kept of the one before goes.
    pub(crate) fn take(&mut self, workload: Workload) {
        self.kept = None;
        self.workload = Some(Arc::new(workload));
    }

    /// The workload, or what to do if there is none.
    pub(crate) fn workload(&self) -> Result<Arc<Workload>, String> {
        let workload = self.workload.as_ref().map(Arc::clone);
        workload.ok_or_else(|| "nothing is loaded: choose what to run".to_owned())
    }
}
