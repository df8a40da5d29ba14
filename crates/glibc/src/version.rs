//! The modelled releases of glibc, and the rules that differ between them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A release of glibc whose rules the model follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Version {
    /// Debian 12 and its time.
    #[default]
    #[serde(rename = "2.36")]
    V2_36,
}

impl Version {
    /// Every modelled release, oldest first.
    pub const ALL: [Self; 1] = [Self::V2_36];

    /// The release named like `2.36`, if it is modelled.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }

    /// The release's number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_36 => "2.36",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
