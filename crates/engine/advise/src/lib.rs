//! The search for what would help: candidates for a run, each of them run on the models, and those that are worth their cost.
//!
//! A [`Search`] says which candidates to try next and is told what came of each; who runs them, on how many threads and for
//! how long is for the caller to say. So the search has no clock, and the same input gives the same advice, as long as all
//! candidates are run. [`Search::advice`] then returns every candidate with its figures: the ones that are worth their cost,
//! the usual advice whether it helps or not, the finding that explains each, and what other loads make of it.
//!
//! Nothing is claimed of a setting without a run of it.

mod advice;
mod candidate;
mod costs;
mod family;
mod figures;
mod fleet;
mod front;
mod loads;
mod paste;
mod reasons;
mod search;
mod singles;
mod subject;
mod survey;
mod table;
mod words;
mod work;

pub use advice::{Advice, Advised, OnOtherLoad};
pub use candidate::{Candidate, Doer};
pub use costs::{Cost, Costs};
pub use family::{Family, Scope, UnknownFamily};
pub use figures::{Figures, Measure, UnknownMeasure, Weights};
pub use fleet::{
    FleetAdvice, FleetAdvised, FleetError, Line, Unit, candidates, complete, together,
};
pub use highwater_simulator::{Image, UnknownImage};
pub use loads::{HALVES, Load, half, loads, seeds};
pub use paste::{Form, Place, Remedy, UnknownForm, paste};
pub use reasons::Reason;
pub use search::Search;
pub use subject::Subject;
pub use survey::Survey;
pub use table::{HEADS, cells};
pub use work::{Trial, Tried, Work, options};
