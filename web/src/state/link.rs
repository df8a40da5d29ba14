//! The state as a text that travels in the page's address: JSON with the description of the run (`run`), the marks of its
//! variants (`marks`), the step of a tour (`tour`), notes at moments (`notes`), and what of it is shown (`view`).
//!
//! The form is a promise: links made today open in every later release. Names stand for what the catalogue has, never numbers; a
//! key that is not known is refused, so that a link of a later release is not opened as something else. Links of the
//! first form are turned into this one (`lines`).
//!
//! A link is passed on. It holds the variables that an allocator reads and no others, and of one that holds others they are
//! not read.

mod entries;
mod follow;
mod lines;
mod read;
mod view;
mod write;

use highwater_simulator::{Address, Choice, Micros};
use highwater_workload::spec::Level;

use super::{Note, Place};
use crate::{
    form::{EnvironmentForm, ParameterForm},
    subject::Subject,
};
use view::View;

/// Links: what one that was opened leaves to be done, and what was copied.
#[derive(Default)]
pub struct Links {
    /// How many were opened, readable or not: whoever opens one knows by it that it is shown.
    pub opened: u64,
    /// What was left out of the address, in sentences, until the user has read it.
    pub notes: Vec<String>,
    /// Whether the address held more than what was read of it.
    pub holds_more: bool,
    /// Whether one was copied just before, and whether as a frame for another page.
    pub copied: Option<bool>,
    /// Whether the answer was copied just before.
    pub reviewed: bool,
    /// What a link says of a subject that is still being read.
    awaited: Option<Link>,
    /// The moment that it says, until all runs are there.
    pub(super) time: Option<Micros>,
    /// The blocks that it says, until they can be asked for.
    pub(super) blocks: Option<(Address, Address)>,
    /// The boxes as they were before it was opened, by the letters of their variants.
    boxes: Vec<(usize, EnvironmentForm)>,
}

impl Links {
    /// Keeps what a link says only where that may be about a subject: a file is known by its checksum once it is read, whatever
    /// its name.
    pub(super) fn keep_for(&mut self, subject: &Subject) {
        let is_file = |subject: &Subject| matches!(subject, Subject::File(_));
        let may_be_of = |link: &Link| {
            link.subject == *subject
                || link.checksum.is_some() && is_file(subject) && is_file(&link.subject)
        };
        self.awaited.take_if(|link| !may_be_of(link));
    }
}

/// What a link says, read and checked.
#[derive(Debug, Clone, PartialEq)]
struct Link {
    subject: Subject,
    /// Of the recording that it was made with.
    checksum: Option<u32>,
    form: ParameterForm,
    variants: Vec<Linked>,
    /// What it says of all variants, where they are those that the subject begins with.
    over: Through,
    /// The first one's settings then.
    settings: Option<EnvironmentForm>,
    view: View,
    /// The notes at moments.
    marked: Vec<Note>,
    tour: Option<Place>,
    /// Whether it held more than what was read of it.
    holds_more: bool,
    /// What of it is otherwise than it says, in sentences.
    notes: Vec<String>,
}

/// A variant in it.
#[derive(Debug, Clone, PartialEq)]
struct Linked {
    /// The name that somebody typed; empty where nobody did.
    name: String,
    /// The name that it was given for these settings.
    given: Option<String>,
    letter: usize,
    colour: usize,
    base: usize,
    through: Through,
}

/// What a variant is run through; where it says none, as its base has it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Through {
    allocator: Option<Choice>,
    environment: Option<EnvironmentForm>,
    options: Level,
}

#[cfg(test)]
mod tests;
