//! What can happen to the page, and what can follow from it.

use std::rc::Rc;

use highwater_simulator::{Choice, Variant};
use highwater_workload::pattern::Parameters;

use super::Source;
use crate::{
    protocol::Loaded,
    view::{Look, Playhead, RunView},
    worker_client::Health,
};

/// What a timer was set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// The environment has not been typed in for a while.
    Environment,
    /// The parameters have not been changed for a while.
    Parameters,
}

/// Something happened.
#[derive(Debug)]
pub enum Action {
    /// The worker's health changed.
    Health(Health),
    /// The user chose something to run.
    Choose(Source),
    /// The user typed into the field of a parameter.
    EditParameter(usize, String),
    /// The user typed into the environment box, or took a preset.
    EditEnvironment(String),
    /// Another allocator was chosen.
    ChooseAllocator(Choice),
    /// A timer has run out.
    Due(Later),
    /// The user wants no more of what the worker is busy with.
    Cancel,
    /// The user wants what was cancelled or failed to be tried again.
    Retry,
    /// The worker is so far.
    Progress(f64),
    /// A workload is there.
    Loaded(Loaded),
    /// A workload could not be had.
    LoadFailed(String),
    /// The run is there.
    Ran(Rc<RunView>),
    /// The run to compare with is there.
    BaselineRan(Rc<RunView>),
    /// The run could not be made.
    RunFailed(String),
    /// The moment is there.
    Looked(Rc<Look>),
    /// The moment could not be looked at.
    LookFailed(String),
    /// A job went down with a worker that had to be ended.
    Lost,
    /// The playhead was moved to a share of the whole.
    Seek(f64),
    /// The playhead was moved by samples.
    Step(i64),
    /// Play or pause.
    TogglePlay,
    /// Play goes on: so many milliseconds have passed.
    Tick(f64),
    /// How fast to play, as a multiple of the program's own time.
    Speed(f64),
    /// A pin was pointed at (its place among the pins), or none is any more.
    Point(Option<usize>),
    /// Light to dark, or back.
    ToggleTheme,
    /// The user's preference for dark pages changed.
    PrefersDark(bool),
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Get the workload of a source into the worker.
    Load(Source, Parameters),
    /// Run it, in place of whatever runs.
    Run(Variant),
    /// Run it to compare with.
    RunBaseline(Variant),
    /// Look at a moment.
    Look(Playhead),
    /// Drop everything that was asked of the worker.
    DropAll,
    /// Set a timer, in place of the one set before for the same.
    Wait(Later),
    /// Begin to tick.
    StartClock,
    /// Tick no more.
    StopClock,
    /// Apply the colours.
    ApplyTheme(Theme),
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the user prefers everywhere.
    Preferred,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
