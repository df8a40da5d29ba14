//! Runs a workload through a variant and records curves, marks, the state of every page, the
//! allocator's decisions, and why memory that is free does not go back.
//!
//! [`Simulation`] is one process, stepped event by event. [`run`] drives one from beginning to end and returns the
//! [`Recording`]; [`Simulation::diagnose`] and [`Simulation::frame`] look at any moment. A run depends on nothing but
//! its workload and variant: the same give the same recording, native or in WebAssembly.

mod address_filter;
mod arenas;
mod blocks;
mod check;
mod choice;
mod diagnosis;
mod distributions;
mod error;
mod feed;
mod findings;
mod fleet;
mod frame;
mod huge_pages;
mod image;
mod measured;
mod nearest;
mod outcome;
mod page_kind;
mod page_shares;
mod pins;
mod places;
mod plan;
mod plan_run;
mod recording;
mod sample;
mod settings;
mod settings_by_reader;
mod simulation;
mod site_shares;
mod snapshot;
mod snapshots;
mod strip;
mod variant;

pub use arenas::ArenaShare;
pub use blocks::{BlockView, Without};
pub use check::{Addresses, Difference};
pub use choice::Choice;
pub use diagnosis::Diagnosis;
pub use error::SimulatorError;
pub use findings::{
    Action, CacheKind, Cause, Churn, Commonest, Cost, Finding, FreeInArena, Gain, Remedy, Rule,
};
pub use frame::Frame;
pub use highwater_allocator::Difference as VersionDifference;
pub use highwater_allocator::{
    Address, Block, BlockState, Bytes, Cache, Considered, Counters, DecayRule, Decimal, Decision,
    Effect, Figures, FreePages, Micros, Objects, Obstacle, OwnMemory, PurgeReason, Refusal, Remark,
    Tone, Variable, Whereabouts, places_by_key, repeated,
};
pub use highwater_compare::Place;
pub use highwater_glibc::Cores;
pub use highwater_jemalloc::{
    Preset as JemallocPreset, Version as JemallocVersion, presets as jemalloc_presets,
};
pub use highwater_kernel::{HugeMode, Khugepaged, PageSize};
pub use highwater_settings::{Environment, is_read, parse_lines};
pub use highwater_workload::{Moment, Phase, PhaseKind, PhaseSource, Phases};
pub use huge_pages::HugePage;
pub use image::{INSTALLS_JEMALLOC, Image, UnknownImage};
pub use measured::{Measured, RealProcess, Rest};
pub use nearest::Asked;
pub use outcome::{Outcome, StageOutcome, Summary};
pub use page_kind::PageKind;
pub use page_shares::{PageShares, Waits};
pub use pins::{Origin, OwnBlock, Pin, PinState, UnlistedPins};
pub use places::{innermost, places};
pub use plan::{ALLOCATOR, Plan, Sources, Stage, variant_of};
pub use plan_run::{PlanRun, run_plan};
pub use recording::{Explain, Options, Recording, Run, TimedDecision, run};
pub use sample::{MarkSample, Quoted, Sample};
pub use settings::{Chosen, Judged, choose, judge};
pub use simulation::{Killed, Simulation};
pub use site_shares::{Allotted, PlaceShare, SiteShare, SiteShares};
pub use snapshot::Snapshot;
pub use snapshots::Snapshots;
pub use strip::{Strip, StripKind};
pub use variant::{Machine, PythonVersion, Variant};
