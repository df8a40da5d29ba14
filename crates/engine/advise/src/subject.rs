//! What help is looked for: a run, and what may be changed of it.

use crate::costs::Costs;
use crate::family::{Family, Scope};
use crate::figures::Weights;
use crate::loads::Load;
use crate::survey::Survey;
use highwater_simulator::Image;
use highwater_simulator::{Choice, JemallocVersion, Plan, SimulatorError};

/// What help is looked for.
pub struct Subject {
    /// The run as it is, with one stage at least.
    pub plan: Plan,
    /// What is known of its calls. Whoever only searches, and has others run the work, needs no calls in the plan.
    pub survey: Survey,
    /// Which kinds of change are tried.
    pub scope: Scope,
    /// How memory is weighed; if none is said, by what stays after the last rest, or else at the end, or else on average.
    pub weights: Option<Weights>,
    /// What faults and calls cost.
    pub costs: Costs,
    /// The jemalloc that can be had.
    pub jemalloc: Choice,
    /// Other loads of the same program.
    pub loads: Vec<Load>,
}

impl Subject {
    /// One with nothing said but what runs.
    pub fn new(plan: Plan) -> Self {
        Self {
            survey: Survey::of(&plan),
            plan,
            scope: Scope::default(),
            weights: None,
            costs: Costs::default(),
            jemalloc: Choice::Jemalloc(JemallocVersion::default()),
            loads: Vec::new(),
        }
    }

    /// Tries the jemalloc that can be installed in an image; none where no package of it is known.
    ///
    /// # Errors
    /// The package's release has no model near it.
    pub fn take_image(&mut self, image: &Image) -> Result<(), SimulatorError> {
        match image.jemalloc() {
            Some(name) => self.jemalloc = Choice::nearest(&name)?.choice,
            None => self.scope.leave_out(Family::Jemalloc),
        }
        Ok(())
    }

    /// The allocator that runs.
    pub(crate) fn allocator(&self) -> Choice {
        let first = self.plan.stages.first();
        first.map_or_else(Choice::default, |stage| stage.variant.allocator)
    }
}
