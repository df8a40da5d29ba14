//! [`Work::Survey`](crate::protocol::Work::Survey): what a search for what would help must know of the calls.

use crate::{
    protocol::{Order, Outcome},
    wire::bytes,
    worker::{Engine, Job, Slice, Step},
};

/// A look through the calls of a run.
pub(crate) struct Survey {
    pub(crate) order: Order,
}

impl Job for Survey {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        match engine.plan(&self.order, slice) {
            Ok(plan) => {
                let survey = highwater_advise::Survey::of(&plan);
                Step::Done(Outcome::Surveyed(bytes(&survey)))
            }
            Err(message) => Step::Failed(message),
        }
    }
}
