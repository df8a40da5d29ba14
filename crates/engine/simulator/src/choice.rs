//! The allocators that are modelled, each with its release.

use crate::distributions::systems_with;
use crate::error::SimulatorError;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Difference};
use highwater_glibc::Version;
use highwater_jemalloc::Version as JemallocVersion;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An allocator and its version, written `glibc@2.36`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(try_from = "String", into = "String")]
pub enum Choice {
    /// glibc's malloc.
    Glibc(Version),
    /// jemalloc.
    Jemalloc(JemallocVersion),
}

impl Default for Choice {
    fn default() -> Self {
        Self::Glibc(Version::default())
    }
}

impl Choice {
    /// Everything that is modelled.
    pub fn all() -> impl Iterator<Item = Self> {
        let glibc = Version::ALL.into_iter().map(Self::Glibc);
        glibc.chain(JemallocVersion::ALL.into_iter().map(Self::Jemalloc))
    }

    /// Where it is found.
    pub fn found_in(self) -> String {
        match self {
            Self::Glibc(Version::V2_34ByAffinity) => "RHEL 9 before 2.34-83.el9_3.12".to_owned(),
            Self::Glibc(Version::V2_36ByAffinity) => "Debian 12 before 2.36-9+deb12u8".to_owned(),
            Self::Glibc(version) => {
                let names: Vec<String> = systems_with(version).map(|(name, _)| name).collect();
                names.join(", ")
            }
            Self::Jemalloc(version) => version.found_in().to_owned(),
        }
    }

    /// The images of distributions that have it, by which it can be asked for as well.
    pub fn images(self) -> Vec<String> {
        match self {
            Self::Glibc(version) => systems_with(version).map(|(_, image)| image).collect(),
            Self::Jemalloc(_) => Vec::new(),
        }
    }

    /// The real library with which the model was compared, where that is not the same for all versions.
    pub fn compared_with(self) -> Option<&'static str> {
        match self {
            Self::Glibc(version) => Some(version.compared_with()),
            Self::Jemalloc(_) => None,
        }
    }

    /// What distinguishes it from the other versions of the same allocator.
    pub fn differences(self) -> Vec<Difference> {
        match self {
            Self::Glibc(version) => version.differences(),
            Self::Jemalloc(version) => version.differences(),
        }
    }

    /// The allocator's name and its version.
    pub fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Glibc(version) => ("glibc", version.name()),
            Self::Jemalloc(version) => ("jemalloc", version.name()),
        }
    }

    /// The allocator's name and version, as a trace names them.
    pub fn named(name: &str, version: &str) -> Option<Self> {
        match name {
            "glibc" => Version::parse(version).map(Self::Glibc),
            "jemalloc" => JemallocVersion::parse(version).map(Self::Jemalloc),
            _ => None,
        }
    }

    /// The version of an allocator that is meant where none is named.
    pub(crate) fn unversioned(name: &str) -> Option<Self> {
        match name {
            "glibc" => Some(Self::default()),
            "jemalloc" => Some(Self::Jemalloc(JemallocVersion::default())),
            _ => None,
        }
    }

    /// Below which address a process of this allocator finds its first mappings. Their places matter to jemalloc alone:
    /// its own structures lie in 2 MiB aligned mappings, and its pseudo-random states start from their addresses. This is
    /// where they are in a small program that is started without randomisation.
    pub(crate) fn mmap_top(self) -> Option<Address> {
        match self {
            Self::Glibc(_) => None,
            Self::Jemalloc(version) => Some(version.mappings_top()),
        }
    }

    /// Whether it matters how far apart mappings lie, so that they have to be where a kernel of today puts them.
    pub(crate) fn minds_distances(self) -> bool {
        match self {
            Self::Glibc(_) => false,
            Self::Jemalloc(version) => version.minds_distances(),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc(version) => write!(f, "glibc@{version}"),
            Self::Jemalloc(version) => write!(f, "jemalloc@{version}"),
        }
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for Choice {
    type Error = SimulatorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
