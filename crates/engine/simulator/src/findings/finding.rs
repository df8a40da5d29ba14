//! A finding: one cause with the memory it is about, its rule and its remedies.

use super::kinds::Cause;
use super::remedy::Remedy;
use crate::pins::Origin;
use highwater_allocator::{Address, Bytes, Micros};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One reason why memory is as it is: what, how much, by which rule, and what changes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    #[serde(flatten)]
    pub cause: Cause,
    /// Resident bytes it is about; never more than are resident. Zero where a finding is about time or calls.
    pub bytes: Bytes,
    /// The rule of the allocator behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// What changes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

/// A rule of an allocator and the function it is found in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Its name here.
    pub id: Cow<'static, str>,
    /// The allocator's own function.
    pub function: Cow<'static, str>,
}

impl Rule {
    pub(super) const fn of(id: &'static str, function: &'static str) -> Self {
        Self {
            id: Cow::Borrowed(id),
            function: Cow::Borrowed(function),
        }
    }
}

impl Finding {
    pub(super) fn new(cause: Cause, bytes: Bytes) -> Self {
        Self {
            cause,
            bytes,
            rule: None,
            remedies: Vec::new(),
        }
    }

    pub(super) fn by(mut self, id: &'static str, function: &'static str) -> Self {
        self.rule = Some(Rule::of(id, function));
        self
    }

    pub(super) fn with(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    /// Returns every address it names, for checks and links.
    pub fn addresses(&self) -> Vec<Address> {
        match &self.cause {
            Cause::Parked { example, .. } => vec![*example],
            Cause::LargestPin { pin, .. } => vec![pin.address],
            Cause::SmallPins {
                examples,
                commonest,
                ..
            } => {
                let mut all = examples.clone();
                all.push(commonest.example);
                all
            }
            _ => Vec::new(),
        }
    }

    /// Moves every moment and event by where a stage of a longer run begins.
    pub fn moved(&mut self, events: u64, time: Micros) {
        let origin = |origin: &mut Origin| {
            origin.event += events;
            origin.time += time;
        };
        match &mut self.cause {
            Cause::RisenThreshold { first, latest, .. } => {
                origin(first);
                origin(latest);
            }
            Cause::LargestPin { pin, .. } => {
                pin.allocated.iter_mut().for_each(origin);
                pin.freed.iter_mut().for_each(origin);
            }
            Cause::SmallPins { commonest, .. } => {
                commonest.allocated.iter_mut().for_each(origin);
            }
            Cause::HeapChurn { churn, .. } | Cause::MappingChurn { churn, .. } => {
                churn.first += time;
                churn.latest += time;
            }
            _ => {}
        }
    }

    /// Whether it is a note beside the causes: what could be given back, what the figures rest on.
    pub(super) fn is_note(&self) -> bool {
        matches!(
            self.cause,
            Cause::MallocTrim { .. }
                | Cause::NothingToPurge {}
                | Cause::OtherTops { .. }
                | Cause::SharedArenas { .. }
                | Cause::PeakHeld { .. }
                | Cause::RecordedTime {}
        )
    }
}
