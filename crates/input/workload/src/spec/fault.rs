//! What is wrong with the description of a run, and where.

use highwater_units::repeated;
use std::fmt;

/// One step on the way to a place in the description of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// To what stands under a key.
    Key(String),
    /// To one of several of the same name, from 0.
    Number(usize),
}

/// What is wrong with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// It cannot be what it is, or does not go with another.
    Invalid,
    /// It is a name that nothing has.
    Unknown,
}

/// Why something cannot be run as it is described.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// The scenario in whose own description it is, where that is not the one that was checked.
    pub within: Option<String>,
    /// Where.
    pub place: Vec<Step>,
    /// What kind of thing is wrong.
    pub kind: FaultKind,
    /// What is wrong there, with what is allowed; it does not repeat the key.
    pub message: String,
}

impl Fault {
    /// A fault at a key of a place.
    pub fn at(place: &[Step], key: &str, message: impl Into<String>) -> Self {
        let mut fault = Self::of(place, message);
        fault.place.push(Step::Key(key.to_owned()));
        fault
    }

    /// A fault of a whole place.
    pub fn of(place: &[Step], message: impl Into<String>) -> Self {
        Self {
            within: None,
            place: place.to_vec(),
            kind: FaultKind::Invalid,
            message: message.into(),
        }
    }

    /// A name under a key that nothing has.
    pub fn unknown(place: &[Step], key: &str, message: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Unknown,
            ..Self::at(place, key, message)
        }
    }

    /// The same fault, in the description of a scenario.
    #[must_use]
    pub fn within(mut self, scenario: Option<&str>) -> Self {
        self.within = self.within.or(scenario.map(str::to_owned));
        self
    }

    /// The variant and the stage that it is in, in words: `variant 2, stage 1: `.
    pub fn path(&self) -> String {
        let numbers = self.place.windows(2).filter_map(|steps| match steps {
            [Step::Key(key), Step::Number(number)] => Some(format!("{key} {}", number + 1)),
            _ => None,
        });
        match numbers.collect::<Vec<_>>().join(", ") {
            path if path.is_empty() => path,
            path => path + ": ",
        }
    }

    /// The keys on the way to it, the last one last.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.place.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Number(_) => None,
        })
    }
}

/// The key, and what is wrong with it. What is wrong with a parameter names it by itself.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = self.keys().rev();
        match (keys.next(), keys.next()) {
            (Some(_), Some("parameters")) | (None, _) => f.write_str(&self.message),
            (Some(key), _) => write!(f, "{}: {}", repeated(key), self.message),
        }
    }
}

impl std::error::Error for Fault {}
