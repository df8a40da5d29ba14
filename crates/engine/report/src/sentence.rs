//! A sentence in parts, so that nobody has to look for an address in a text.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::{Address, Bytes, Micros, Origin, Variable};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A piece of a sentence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// The address of a block.
    Address {
        /// As it is written.
        text: String,
        /// What malloc returned for it.
        address: Address,
        /// A range worth looking at around it: from here.
        from: Address,
        /// To here.
        to: Address,
    },
    /// A moment of the run.
    Moment {
        /// As it is written.
        text: String,
        /// The event, from 0.
        event: u64,
        /// Its time.
        time: Micros,
    },
    /// A setting to start the process with.
    Setting {
        /// As it is written: `NAME=VALUE`, or the name alone.
        text: String,
        /// The variable's name.
        name: String,
        /// Its value, where one is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
}

/// A sentence, or a few that belong together.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(transparent)]
pub struct Sentence {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// Bytes shown below a block, where its address is opened.
const BELOW: Bytes = Bytes(256);
/// Bytes shown from a block on.
const ABOVE: Bytes = Bytes(512);

impl Part {
    /// Returns the part as it is written.
    pub fn text(&self) -> &str {
        match self {
            Self::Text { text }
            | Self::Address { text, .. }
            | Self::Moment { text, .. }
            | Self::Setting { text, .. } => text,
        }
    }
}

impl Sentence {
    /// Begins with a text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::default().text(text)
    }

    /// Goes on with a text.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        match self.parts.last_mut() {
            Some(Part::Text { text: before }) => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text { text }),
        }
        self
    }

    /// Goes on with the address of a block.
    pub(crate) fn address(mut self, address: Address) -> Self {
        self.parts.push(Part::Address {
            text: address.to_string(),
            address,
            from: Address(address.0.saturating_sub(BELOW.0)),
            to: address + ABOVE,
        });
        self
    }

    /// Goes on with a moment.
    pub(crate) fn moment(mut self, origin: Origin) -> Self {
        self.parts.push(Part::Moment {
            text: format!(
                "{} (event {})",
                crate::moment::time(origin.time),
                crate::count(origin.event)
            ),
            event: origin.event,
            time: origin.time,
        });
        self
    }

    /// Goes on with a setting.
    pub(crate) fn setting(mut self, variable: &Variable) -> Self {
        self.parts.push(Part::Setting {
            text: format!("{}={}", variable.name, variable.value),
            name: variable.name.clone(),
            value: Some(variable.value.clone()),
        });
        self
    }

    /// Goes on with the name of a setting.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.parts.push(Part::Setting {
            text: name.to_owned(),
            name: name.to_owned(),
            value: None,
        });
        self
    }

    /// Goes on with another sentence.
    pub(crate) fn then(mut self, other: Self) -> Self {
        for part in other.parts {
            match part {
                Part::Text { text } => self = self.text(text),
                part => self.parts.push(part),
            }
        }
        self
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts
            .iter()
            .try_for_each(|part| f.write_str(part.text()))
    }
}
