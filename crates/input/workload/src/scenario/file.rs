//! Scenarios out of files, with the line of what is wrong in them.

use super::Scenario;
use crate::spec::{Fault, RunSpec, Step, Tree};
use std::ops::Range;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a file is no scenario, or one that cannot be run.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line}: {message}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, with what is allowed, in one line.
    pub message: String,
}

/// A scenario, with the text it was read from.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenarioFile {
    /// What it says.
    pub scenario: Scenario,
    text: String,
}

impl ScenarioFile {
    /// Reads a file's text, TOML or JSON. Whether what it says can be run is seen when it is [planned](Scenario::plan); the
    /// line of what cannot is found by [`Self::locate`].
    ///
    /// # Errors
    /// It is neither, has something of another kind than it must be, or a key that there is not.
    pub fn read(name: &str, text: &str) -> Result<Self, FileError> {
        let mut file = Self {
            scenario: Scenario {
                name: name.to_owned(),
                run: RunSpec::default(),
            },
            text: text.to_owned(),
        };
        let tree = match file.is_json() {
            true => Tree::from_json(text).map_err(|line| FileError {
                line,
                message: "this is no JSON".to_owned(),
            })?,
            false => toml::from_str(text).map_err(|error| FileError {
                line: line(text, error.span()),
                message: error.message().trim().replace('\n', "; "),
            })?,
        };
        file.scenario.run = RunSpec::try_from(tree).map_err(|fault| file.locate(fault))?;
        Ok(file)
    }

    fn is_json(&self) -> bool {
        self.text.trim_start().starts_with('{')
    }

    /// The line of what cannot be run; of JSON it is the first, and the message says the variant and the stage.
    pub fn locate(&self, fault: Fault) -> FileError {
        match self.is_json() {
            true => FileError {
                line: 1,
                message: format!("{}{fault}", fault.path()),
            },
            false => FileError {
                line: line(&self.text, self.span(&fault.place)),
                message: fault.to_string(),
            },
        }
    }

    /// Where a place is in the text: its key's, or, of what is not there, that of what it would stand in.
    fn span(&self, place: &[Step]) -> Option<Range<usize>> {
        let table = DeTable::parse(&self.text).ok()?;
        let mut span = None;
        let mut steps = place.iter().peekable();
        let mut table = table.get_ref();
        while let Some(Step::Key(key)) = steps.next() {
            let found = table.iter().find(|(found, _)| found.get_ref() == key);
            let Some((key, value)) = found else { break };
            span = Some(key.span());
            let mut value: &Spanned<DeValue<'_>> = value;
            if let (Some(Step::Number(number)), DeValue::Array(array)) =
                (steps.peek(), value.get_ref())
            {
                let Some(item) = array.get(*number) else {
                    break;
                };
                value = item;
                span = Some(value.span());
                steps.next();
            }
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        span
    }
}

/// The line of a place in a text, from 1; the first where no place is known.
fn line(text: &str, span: Option<Range<usize>>) -> usize {
    let before = span.map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..before]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}
