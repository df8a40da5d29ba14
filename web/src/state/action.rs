//! What can happen to the page, and what can follow from it.

use std::rc::Rc;

use highwater_simulator::{Environment, Moment, Sample, Without};

use super::{
    AdviceAction, AdviceWork, Advising, ChartAction, DisplayAction, InspectionAction, OfferAction,
    Place, PlayheadAction, Remote, TableAction, Theme, TourAction, VariantAction,
};
use crate::{
    protocol::{Ask, BlockRow, Loaded, MomentFigures, Order, Outcome, ToldOf},
    subject::Subject,
    variants::VariantId,
    view::{Look, RunView},
    worker_client::Health,
};

/// The user did something, or the address says so.
#[derive(Debug, Clone)]
pub enum Action {
    /// Something happened to the playhead.
    Playhead(PlayheadAction),
    /// Something of the chart is shown, or not any more.
    Chart(ChartAction),
    /// Something happened to a variant.
    Variant(VariantId, VariantAction),
    /// Something was asked of a moment, or is known of it.
    Inspection(InspectionAction),
    /// Something happened to the table of variants.
    Table(TableAction),
    /// Something happened to the tour.
    Tour(TourAction),
    /// Something happened to the search for what would help.
    Advice(AdviceAction),
    /// The user decides about a recording that a link names by an address.
    Offer(OfferAction),
    /// The colours change.
    Display(DisplayAction),
    /// The user chose something to run.
    Choose(Subject),
    /// A link was opened: its text, or none if it cannot be read.
    OpenLink(Option<String>),
    /// A place that a tour names was read: the text of its link, or none if it cannot be. The tour stays open.
    Show(Option<String>),
    /// Such a place is to be shown: an address of the page.
    Go(String),
    /// A link was opened that was made of something else: its text, and what of that was ignored, in sentences.
    OpenWith(String, Vec<String>),
    /// The user has read that.
    Dismiss,
    /// The user wants a link to what is shown, or a frame with it for another page.
    CopyLink(bool),
    /// The user wants the answer with its table and a link as text.
    CopyReview,
    /// The user wants to know why the answer is what it is.
    Why,
    /// A picture could not be drawn.
    SaveFailed,
    /// The user wants the page with what is shown as one file.
    SavePage,
    /// It could not be saved; why, as a sentence.
    NotSaved(String),
    /// The user typed into the field of a parameter.
    EditParameter(usize, String),
    /// Nothing has been typed for a while.
    Due,
    /// The user wants no more of what the workers are busy with.
    Cancel,
    /// The user wants what was cancelled or failed to be tried again.
    Retry,
    /// The help is shown, or not any more.
    ToggleHelp,
    /// The latest change is undone, or done again.
    Undo(bool),
}

/// Something arrived from a worker, or from the browser.
#[derive(Debug)]
pub enum Arrival {
    /// The workers' health changed.
    Health(Health),
    /// The text of a tour is there, or why it is not; whether its step is to be shown, too.
    TourRead(Place, bool, Result<String, String>),
    /// A text of a variant's box was read, or is to be read again: its worker went down.
    Read(VariantId, Rc<str>, Option<Environment>),
    /// The share of a recording that is read.
    LoadProgress(f64),
    /// A recording is there, under its number.
    Loaded(u32, Loaded),
    /// A recording could not be read.
    LoadFailed(u32, String),
    /// A variant has been run.
    Ran(VariantId, Rc<RunView>),
    /// The share of the way to a moment that is looked at.
    LookProgress(VariantId, f64),
    /// The moment could not be looked at; why, where that is for the user to know.
    LookFailed(VariantId, Option<String>),
    /// The share of a variant that is run, and its curve so far.
    Progress(VariantId, f64, Rc<[Sample]>),
    /// A variant could not be run.
    RunFailed(VariantId, String),
    /// A variant's run went down with a worker that had to be ended.
    RunLost(VariantId),
    /// A moment is explained.
    Looked(VariantId, Rc<Look>),
    /// The blocks that are looked at are there.
    Blocks(VariantId, Vec<BlockRow>),
    /// What would be without the pins that were asked about.
    Without(Without),
    /// What was asked for as text.
    Text(String),
    /// What the log says of the words that were looked for.
    Logged(ToldOf),
    /// The figures of a moment of a variant's run are there.
    Figures(VariantId, Rc<Order>, Moment, MomentFigures),
    /// Something for the search with this number.
    Advice(u32, Advising),
}

impl Arrival {
    /// What a worker answers to a question about a moment of a variant's run.
    pub fn answer(id: VariantId, order: &Rc<Order>, moment: Moment, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Looked(looked) => {
                let look = Look::receive(Rc::clone(order), moment, *looked);
                Self::Looked(id, Rc::new(look))
            }
            Outcome::Blocks(rows) => Self::Blocks(id, rows),
            Outcome::Without(without) => Self::Without(without),
            Outcome::Text(text) => Self::Text(text),
            Outcome::Logged(found) => Self::Logged(found),
            Outcome::Figures(figures) => Self::Figures(id, Rc::clone(order), moment, figures),
            // No answer to such a question.
            _ => Self::LookFailed(id, None),
        }
    }
}

/// What changes the state. What arrives is taken, and never kept to be done once more as a press is.
#[derive(Debug)]
pub enum Event {
    /// What the user does.
    Action(Action),
    /// What arrives.
    Arrival(Arrival),
}

impl From<Action> for Event {
    fn from(action: Action) -> Self {
        Self::Action(action)
    }
}

impl From<Arrival> for Event {
    fn from(arrival: Arrival) -> Self {
        Self::Arrival(arrival)
    }
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Get a recording into the workers, under this number.
    Load(Subject, u32),
    /// The workers are to hold the recording again that is shown: another was not read.
    GoBack,
    /// Run something for a variant, in place of what is run for it, and keep a number of maps.
    Run(VariantId, Rc<Order>, u32),
    /// Look at a moment of a variant's run.
    Look(VariantId, Rc<RunView>, Moment),
    /// Ask something else of a moment of a variant's run.
    Ask(VariantId, Rc<RunView>, Moment, Ask),
    /// Find the settings in the text of a variant's box.
    Read(VariantId, Rc<str>),
    /// Drop what is done for a variant.
    Drop(VariantId),
    /// Do something for the search with this number.
    Advise(u32, AdviceWork),
    /// Drop what is done for a search.
    EndAdvice,
    /// Tell the search with this number when a number of seconds is over.
    AdviceTimer(u32, u32),
    /// Put the focus where the search is, or where it is begun.
    FocusAdvice,
    /// Put a text on the clipboard.
    Copy(Rc<str>),
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
    /// Put the answer with its table and a link on the clipboard.
    CopyReview,
    /// Put the focus on the blocks that were just opened.
    FocusBlocks,
    /// Put the focus on the explanation.
    FocusWhy,
    /// Put the focus on the note that was just begun.
    FocusNote,
    /// Show what an address of the page says.
    Go(String),
    /// Get the text of what the page shows first.
    ReadLanding,
    /// Get the text of a tour, and say then whether its step is to be shown.
    ReadTour(Place, bool),
    /// Put the focus where the tour goes on.
    FocusTour,
    /// Fill the screen, or not any more.
    FullScreen(bool),
    /// Fetch a recording.
    Fetch(Remote),
    /// Fetch none any more.
    EndFetch,
    /// Save a picture.
    Save(Picture, Format),
    /// Save the page with what is shown as one file.
    SavePage,
    /// Show the help, or close it.
    ToggleHelp,
    /// Undo the latest change, or do it again.
    Undo(bool),
}

/// What can be saved as a picture.
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
