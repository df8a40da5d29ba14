//! What can happen to the page, and what can follow from it.

use std::rc::Rc;

use highwater_simulator::{Address, Choice, Environment, Micros, PageKind, Without};

use crate::{
    protocol::{Ask, BlockRow, Loaded, MomentFigures, Order, ToldKind},
    state::{At, Place},
    subject::Subject,
    variants::VariantId,
    view::{Look, Playhead, RunView},
    worker_client::Health,
};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Action {
    /// The workers' health changed.
    Health(Health),
    /// The user chose something to run.
    Choose(Subject),
    /// A link was opened: its text, or none if it cannot be read.
    OpenLink(Option<String>),
    /// A place that a tour names was read: the text of its link, or none if it cannot be. The tour stays open.
    Show(Option<String>),
    /// Such a place is to be shown: an address of the page.
    Go(String),
    /// A tour is to be read, and its step shown.
    ReadTour(Place),
    /// The text of a tour is there, or why it is not; whether its step is to be shown, too.
    TourRead(Place, bool, Result<String, String>),
    /// So many steps on in the tour.
    TurnTour(i64),
    /// To this step of it, from 0.
    GoToStep(usize),
    /// The tour is over.
    CloseTour,
    /// The tour is given as a talk, or not any more.
    Talk(bool),
    /// A link was opened that was made of something else: its text, and what of that was ignored, in sentences.
    OpenWith(String, Vec<String>),
    /// The user has read that.
    Dismiss,
    /// The user wants a link to what is shown, or a frame with it for another page.
    CopyLink(bool),
    /// The user wants a picture as a file.
    Save(Picture, Format),
    /// The browser could not draw it.
    SaveFailed,
    /// The user typed into the field of a parameter.
    EditParameter(usize, String),
    /// The user typed into the environment box of a variant, or took a preset.
    EditEnvironment(VariantId, String),
    /// A long text of a variant's box was read, or is to be read again: its worker went down.
    Read(VariantId, Rc<str>, Option<Environment>),
    /// Another allocator was chosen.
    ChooseAllocator(VariantId, Choice),
    /// A variant is called otherwise.
    Rename(VariantId, String),
    /// A variant gets the next colour.
    Recolour(VariantId),
    /// A variant is doubled.
    Duplicate(VariantId),
    /// A variant goes.
    Remove(VariantId),
    /// A variant is looked into.
    Select(VariantId),
    /// A variant stands beside it, or none does any more.
    Compare(Option<VariantId>),
    /// The others are held against this one.
    Baseline(VariantId),
    /// Nothing has been typed for a while.
    Due,
    /// The user wants no more of what the workers are busy with.
    Cancel,
    /// The user wants what was cancelled or failed to be tried again.
    Retry,
    /// So much of a recording is read.
    LoadProgress(f64),
    /// A recording is there, under its number.
    Loaded(u32, Loaded),
    /// A recording could not be had.
    LoadFailed(u32, String),
    /// So much of a variant is run.
    Progress(VariantId, f64),
    /// A variant has been run.
    Ran(VariantId, Rc<RunView>),
    /// A variant could not be run.
    RunFailed(VariantId, String),
    /// A variant's run went down with a worker that had to be ended.
    RunLost(VariantId),
    /// The moment is there.
    Looked(VariantId, Rc<Look>),
    /// The moment could not be looked at; why, where that is for the user to know.
    LookFailed(VariantId, Option<String>),
    /// The blocks at an address of a variant are looked at, or none are any more.
    OpenBlocks(Option<(VariantId, Address, Address)>),
    /// The blocks are there.
    Blocks(VariantId, Vec<BlockRow>),
    /// What would be if the first so many pins were gone?
    AskWithout(usize),
    /// That.
    Without(Without),
    /// Only decisions of this kind are shown, or all.
    OnlyDecisions(Option<ToldKind>),
    /// The table is sorted by a column: rising, falling, or not.
    Sort(usize),
    /// The table is of another moment.
    CompareAt(At),
    /// The table is of the moment at the playhead.
    CompareHere,
    /// The figures of a moment of a variant's run are there.
    Figures(VariantId, Rc<Order>, Playhead, MomentFigures),
    /// The table was copied.
    Copied,
    /// Pages of a kind are shown on the map, or not any more.
    ToggleKind(PageKind),
    /// The chart shows a part of the time, or all of it.
    Zoom(Option<(Micros, Micros)>),
    /// The playhead was moved.
    Seek(Micros),
    /// The playhead was moved by samples.
    Step(i64),
    /// The playhead was moved by events.
    StepEvent(i64),
    /// The playhead was moved to the next mark, or the one before.
    StepMark(i64),
    /// Play, or do not.
    Play(bool),
    /// Play or pause.
    TogglePlay,
    /// Play goes on: so many milliseconds have passed.
    Tick(f64),
    /// How fast to play, as a multiple of the program's own time.
    Speed(f64),
    /// A pin was pointed at (its place among the pins), or none is any more.
    Point(Option<usize>),
    /// The help is shown, or not any more.
    ToggleHelp,
    /// Light to dark, or back.
    ToggleTheme,
    /// Dark, or light.
    Theme(bool),
    /// The user's preference for dark pages changed.
    PrefersDark(bool),
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Get a recording into the workers, under this number.
    Load(Subject, u32),
    /// The workers are to hold the recording again that is shown: another was not read.
    GoBack,
    /// Run something for a variant, in place of what is run for it, and keep so many maps.
    Run(VariantId, Rc<Order>, u32),
    /// Look at a moment of a variant's run.
    Look(VariantId, Rc<RunView>, Playhead),
    /// Ask something else of a moment of a variant's run.
    Ask(VariantId, Rc<RunView>, Playhead, Ask),
    /// Find the settings in the long text of a variant's box.
    Read(VariantId, Rc<str>),
    /// Drop what is done for a variant.
    Drop(VariantId),
    /// Drop everything that was asked of the workers.
    DropAll,
    /// Wait until nothing has been typed for a while.
    Wait,
    /// Begin to tick.
    StartClock,
    /// Tick no more.
    StopClock,
    /// Apply the colours.
    ApplyTheme(Theme),
    /// Put a link to what is shown on the clipboard, or a frame with it.
    CopyLink(bool),
    /// Show what an address of the page says.
    Go(String),
    /// Get the text of a tour, and say then whether its step is to be shown.
    ReadTour(Place, bool),
    /// Put the focus where the tour goes on.
    FocusTour,
    /// Fill the screen, or not any more.
    FullScreen(bool),
    /// Save a picture.
    Save(Picture, Format),
    /// Show the help, or close it.
    ToggleHelp,
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

/// What can be had as a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// The curves of all variants.
    Chart,
    /// The heap map of a variant.
    Map(VariantId),
}

/// In which form a picture is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As it is drawn.
    Svg,
    /// In pixels.
    Png,
}
