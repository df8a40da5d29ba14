//! What a search for what would help asks of the workers, and what they answer.
//!
//! The reader has the search itself, and the simulators run what it wants to try. The reader keeps nothing between two
//! questions: each holds all that was tried before. What only passes through the page crosses as bytes in the same form, so that
//! the page has no code for it.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::Bytes;

use super::Order;

/// A search: what it is about, and what the user wants of it.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Asked {
    /// What runs, by the name it has for people.
    pub title: String,
    /// The run as it is.
    pub order: Order,
    /// The text with settings that the user brought, whose form the remedy gets; empty where there is none.
    pub text: String,
    /// How memory is weighed; empty for the usual way.
    pub weigh: String,
    /// MiB that may be resident; empty for those of the order.
    pub cap: String,
    /// The container image; empty where none is named.
    pub image: String,
    /// Who may act, in the order of [`Doer::ALL`](highwater_advise::Doer::ALL).
    pub who: [bool; 3],
}

/// A run that a search wants: a change, on the subject's own load or on another.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// What runs.
    pub order: Order,
    /// Which half of the recording alone; false for the first.
    pub half: Option<bool>,
    /// Whether the search wants to know what keeps memory in it.
    pub is_explained: bool,
}

/// What came of such a run.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Tried {
    /// It was run: its [`Figures`](highwater_advise::Figures), and the [`Reason`](highwater_advise::Reason)s why memory is as it
    /// is, as bytes.
    Done(Vec<u8>),
    /// There was no time for it.
    BrokenOff,
    /// It cannot be run, and why.
    Impossible(String),
}

/// What would help.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Found {
    /// How many changes were run.
    pub run: u32,
    /// What is said of the search as a whole.
    pub said: Vec<String>,
    /// The column of the memory that was weighed, where it is one of them.
    pub weighed: Option<u8>,
    /// The run as it is, then what is worth its cost, then the usual advice.
    pub rows: Vec<Advised>,
    /// What each form of a change to paste is, in the order of [`Form::ALL`](highwater_advise::Form::ALL). That in which the user's
    /// settings were written is as their text is.
    pub forms: Vec<String>,
    /// The form in which the user's settings were written, by its place there.
    pub form: u8,
}

/// A change that was tried, in words.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Advised {
    /// Its number, with a star where no other beats it.
    pub mark: String,
    /// The change.
    pub name: String,
    /// Who makes it; empty for the run as it is.
    pub by: String,
    /// The memory that was weighed.
    pub memory: Bytes,
    /// Its figures, in the order of [`HEADS`](highwater_advise::HEADS).
    pub cells: Vec<String>,
    /// What stands behind them.
    pub note: String,
    /// What is said of it.
    pub said: Vec<String>,
    /// Whether it is worth its cost.
    pub is_worth: bool,
    /// The run with it; none of the run as it is, and none where stages have settings of their own.
    pub order: Option<Order>,
    /// The change to paste, in every form.
    pub pastes: Vec<String>,
}
