//! The modelled releases of glibc.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A release of glibc whose rules the model follows. Two are in here twice, because their packages changed a rule.
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
    /// RHEL 8 and its family.
    #[serde(rename = "2.28")]
    V2_28,
    /// Debian 11, Ubuntu 20.04 and their time.
    #[serde(rename = "2.31")]
    V2_31,
    /// RHEL 9 and its family since 2.34-83.el9_3.12.
    #[serde(rename = "2.34")]
    V2_34,
    /// RHEL 9 before: the limit of arenas follows the affinity mask.
    #[serde(rename = "2.34-60.el9")]
    V2_34ByAffinity,
    /// Ubuntu 22.04.
    #[serde(rename = "2.35")]
    V2_35,
    /// Debian 12 since 2.36-9+deb12u8.
    #[default]
    #[serde(rename = "2.36")]
    V2_36,
    /// 2.36 as it was released, and Debian 12 before: the limit of arenas follows the affinity mask.
    #[serde(rename = "2.36-9+deb12u7")]
    V2_36ByAffinity,
    /// Ubuntu 24.04, RHEL 10 and its family.
    #[serde(rename = "2.39")]
    V2_39,
    /// Fedora 41.
    #[serde(rename = "2.40")]
    V2_40,
    /// Debian 13 and its time.
    #[serde(rename = "2.41")]
    V2_41,
    /// Fedora 43, Ubuntu 25.10.
    #[serde(rename = "2.42")]
    V2_42,
    /// Ubuntu 26.04 and its time: the first release without fastbins.
    #[serde(rename = "2.43")]
    V2_43,
    /// The release of July 2026.
    #[serde(rename = "2.44")]
    V2_44,
}

impl Version {
    /// Every modelled release, oldest first.
    pub const ALL: [Self; 13] = [
        Self::V2_28,
        Self::V2_31,
        Self::V2_34,
        Self::V2_34ByAffinity,
        Self::V2_35,
        Self::V2_36,
        Self::V2_36ByAffinity,
        Self::V2_39,
        Self::V2_40,
        Self::V2_41,
        Self::V2_42,
        Self::V2_43,
        Self::V2_44,
    ];

    /// The release named like `2.36`, if it is modelled.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }

    /// The release's number, or the last package of it with other rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_28 => "2.28",
            Self::V2_31 => "2.31",
            Self::V2_34 => "2.34",
            Self::V2_34ByAffinity => "2.34-60.el9",
            Self::V2_35 => "2.35",
            Self::V2_36 => "2.36",
            Self::V2_36ByAffinity => "2.36-9+deb12u7",
            Self::V2_39 => "2.39",
            Self::V2_40 => "2.40",
            Self::V2_41 => "2.41",
            Self::V2_42 => "2.42",
            Self::V2_43 => "2.43",
            Self::V2_44 => "2.44",
        }
    }

    /// The real library with which the model of this release was compared, call by call.
    pub fn compared_with(self) -> &'static str {
        match self {
            Self::V2_28 => "none: its rules were read in the source of the release's branch",
            Self::V2_31 => "Debian's 2.31-13+deb11u11",
            Self::V2_34ByAffinity | Self::V2_36ByAffinity => {
                "none: only which cores count differs, which was read in the source"
            }
            Self::V2_36 => "Debian's 2.36-9+deb12u14",
            Self::V2_34 | Self::V2_35 | Self::V2_39 | Self::V2_42 => {
                "a build of the release's branch"
            }
            Self::V2_40 => "none: its malloc.c and arena.c are those of 2.39, line by line",
            Self::V2_41 => "Debian's 2.41-12+deb13u5",
            Self::V2_43 => "Debian's 2.43-7",
            Self::V2_44 => "Debian's 2.44-3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
