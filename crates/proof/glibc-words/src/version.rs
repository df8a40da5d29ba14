//! The modelled releases of glibc.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A release of glibc whose rules the model follows.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub enum Version {
    /// Debian 11, Ubuntu 20.04 and their time.
    #[serde(rename = "2.31")]
    V2_31,
    /// Debian 12 and its time.
    #[default]
    #[serde(rename = "2.36")]
    V2_36,
    /// Debian 13 and its time.
    #[serde(rename = "2.41")]
    V2_41,
    /// The release without fastbins.
    #[serde(rename = "2.43")]
    V2_43,
}

impl Version {
    /// Every modelled release, oldest first.
    pub const ALL: [Self; 4] = [Self::V2_31, Self::V2_36, Self::V2_41, Self::V2_43];

    /// The release named like `2.36`, if it is modelled.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }

    /// The release's number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_31 => "2.31",
            Self::V2_36 => "2.36",
            Self::V2_41 => "2.41",
            Self::V2_43 => "2.43",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
