//! What one level of a description says, and how errors name the place.

use super::fault::{Fault, Step};
use super::schema::Level;
use highwater_units::repeated;
use std::ops::RangeInclusive;
use thiserror::Error;

/// What is said at one level, and where.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Said {
    pub(super) within: Option<String>,
    pub(super) place: Vec<Step>,
    pub(super) options: Level,
}

impl Said {
    pub(super) fn new(place: &[Step], options: Level) -> Self {
        Self {
            within: None,
            place: place.to_vec(),
            options,
        }
    }

    pub(super) fn fault(&self, key: &str, message: String) -> Fault {
        Fault::at(&self.place, key, message).within(self.within.as_deref())
    }

    /// A whole number that is said here.
    pub(super) fn whole(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Fault> {
        let said = self.options.get(key).map(|text| whole(text, range));
        said.transpose()
            .map_err(|error| self.fault(key, error.to_string()))
    }
}

/// A text that is no whole number in the range asked for.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the value must be a whole number between {least} and {most}, not {text}")]
pub struct NotWhole {
    least: u64,
    most: u64,
    /// The text, shortened.
    text: String,
}

/// A whole number in a text.
///
/// # Errors
/// The text is no number, or the number is not in the range.
pub fn whole(text: &str, range: RangeInclusive<u64>) -> Result<u64, NotWhole> {
    let number = text.trim().parse().ok();
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| NotWhole {
        least: *range.start(),
        most: *range.end(),
        text: repeated(text),
    })
}

/// The place of the parameters of what lies at a place.
pub(super) fn parameters_place(place: &[Step]) -> Vec<Step> {
    let mut place = place.to_vec();
    place.push(Step::Key("parameters".to_owned()));
    place
}
